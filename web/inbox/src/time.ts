/** Times as readers want them, in their language and zone, and one timer that keeps them true. */

const minute = 60_000;
const day = 24 * 60 * minute;

/** "now", "5 min. ago", "yesterday", "in 2 hr.", "12 Mar", "12 Mar 2024". Times in milliseconds since 1970, or as the service sends them. */
export function relativeTime(time: number | string, locale: string, now = Date.now()): string {
  const at = toMs(time);
  if (Number.isNaN(at)) {
    return "";
  }
  const ahead = at - now;
  const distance = Math.abs(ahead);
  const format = relativeFormat(locale);
  if (distance < 45_000) {
    return format.format(0, "second");
  }
  if (distance < 59.5 * minute) {
    return format.format(Math.sign(ahead) * Math.max(1, Math.round(distance / minute)), "minute");
  }
  const days = calendarDays(at, now);
  if (distance < 23.5 * 60 * minute && (days === 0 || distance < 12 * 60 * minute)) {
    return format.format(Math.sign(ahead) * Math.max(1, Math.round(distance / (60 * minute))), "hour");
  }
  if (Math.abs(days) < 7) {
    return format.format(days, "day");
  }
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return dateFormat(locale, sameYear ? "day" : "year").format(at);
}

/** The whole of it, for a tooltip: "Friday, 12 March 2027 at 14:03". */
export function fullTime(time: number | string, locale: string): string {
  const at = toMs(time);
  return Number.isNaN(at) ? "" : dateFormat(locale, "full").format(at);
}

/** Calls back about every 15 seconds while the page is visible, and at once when it becomes visible again. Returns what ends it. */
export function onTick(callback: () => void): () => void {
  // A wrapper, so that the same function can be given twice.
  const entry = (): void => {
    callback();
  };
  ticking.add(entry);
  if (ticking.size === 1) {
    document.addEventListener("visibilitychange", schedule);
    timer = setInterval(tick, 15_000);
  }
  return () => {
    if (ticking.delete(entry) && ticking.size === 0) {
      document.removeEventListener("visibilitychange", schedule);
      clearInterval(timer);
    }
  };
}

const ticking = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function schedule(): void {
  clearInterval(timer);
  if (document.visibilityState === "visible") {
    timer = setInterval(tick, 15_000);
    tick();
  }
}

function tick(): void {
  for (const callback of [...ticking]) {
    callback();
  }
}

function toMs(time: number | string): number {
  return typeof time === "number" ? time : Date.parse(time);
}

/** How many midnights lie between; also right on days of 23 or 25 hours. */
function calendarDays(at: number, now: number): number {
  return Math.round((new Date(at).setHours(0, 0, 0, 0) - new Date(now).setHours(0, 0, 0, 0)) / day);
}

const relativeFormats = new Map<string, Intl.RelativeTimeFormat>();

function relativeFormat(locale: string): Intl.RelativeTimeFormat {
  let format = relativeFormats.get(locale);
  if (format === undefined) {
    format = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
    relativeFormats.set(locale, format);
  }
  return format;
}

const dateStyles = {
  day: { day: "numeric", month: "short" },
  year: { day: "numeric", month: "short", year: "numeric" },
  full: { dateStyle: "full", timeStyle: "short" },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

const dateFormats = new Map<string, Intl.DateTimeFormat>();

function dateFormat(locale: string, style: keyof typeof dateStyles): Intl.DateTimeFormat {
  const key = `${style} ${locale}`;
  let format = dateFormats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(locale, dateStyles[style]);
    dateFormats.set(key, format);
  }
  return format;
}
