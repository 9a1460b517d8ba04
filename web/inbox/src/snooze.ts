import type { Labels } from "./labels/labels.ts";

export interface SnoozeChoice {
  label: keyof Labels & ("snoozeLater" | "snoozeTomorrow" | "snoozeMonday");
  until: Date;
}

/** What is offered at this time of day, in the reader's own time zone. Nothing is offered twice, and "later today" not when it would be night. */
export function snoozeChoices(now: Date): SnoozeChoice[] {
  const later = new Date(now);
  // Full hours read better than 16:47.
  later.setHours(now.getHours() + 3, now.getMinutes() < 30 ? 0 : 60, 0, 0);
  const tomorrow = morning(now, 1);
  // 1 to 7 days ahead; on Sundays tomorrow is that Monday.
  const monday = morning(now, (8 - now.getDay()) % 7 || 7);
  const choices: SnoozeChoice[] = [{ label: "snoozeTomorrow", until: tomorrow }];
  if (later.getDate() === now.getDate() && later.getHours() < 22) {
    choices.unshift({ label: "snoozeLater", until: later });
  }
  if (monday.getTime() !== tomorrow.getTime()) {
    choices.push({ label: "snoozeMonday", until: monday });
  }
  return choices;
}

/** Nine in the morning, some days from now. */
export function morning(now: Date, days: number): Date {
  const date = new Date(now);
  date.setDate(now.getDate() + days);
  date.setHours(9, 0, 0, 0);
  return date;
}

/** A local time as `<input type="datetime-local">` has it: `2027-03-12T09:00`. */
export function localInput(date: Date): string {
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** "Fri 9:00 AM", or "12 Mar, 9:00 AM" where that is a week away or more. */
export function snoozeTime(until: Date, locale: string, now = Date.now()): string {
  const near = until.getTime() - now < 6 * 24 * 3_600_000;
  const day = near ? ({ weekday: "short" } as const) : ({ day: "numeric", month: "short" } as const);
  return new Intl.DateTimeFormat(locale, { ...day, hour: "numeric", minute: "2-digit" }).format(until);
}
