export interface Person {
  id: string;
  name: string;
}

export const people: readonly Person[] = [
  { id: "ada", name: "Ada" },
  { id: "ben", name: "Ben" },
  { id: "cleo", name: "Cleo" },
];

/** Recipients of an event, as the service names them. */
export function recipients(to: readonly string[] | "everyone"): string[] {
  return to === "everyone" ? ["all"] : to.map((id) => `user:${id}`);
}

/** Which of the people here get what is sent to these recipients. */
export function reached(to: readonly string[]): string[] {
  return people.filter(({ id }) => to.includes("all") || to.includes(`user:${id}`)).map(({ id }) => id);
}
