import type { EventRequest } from "./api.ts";

/** The command that sends this event from a shell, with the key of Development. */
export function curlText(origin: string, event: Omit<EventRequest, "id">): string {
  return [
    `curl ${origin}/v1/events`,
    "-H 'Authorization: Bearer sk_dev_local'",
    "-H 'Content-Type: application/json'",
    `-d ${quote(inLines(event))}`,
  ].join(" \\\n  ");
}

/** JSON, with a line for each field. */
function inLines(fields: object): string {
  const lines = Object.entries(fields).map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{\n${lines.join(",\n")}\n  }`;
}

/** One word of a POSIX shell, whatever it holds. */
function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
