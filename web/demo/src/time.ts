/** Milliseconds since 1970 with their fraction, of an RFC 3339 time; NaN when it is none. */
export function parseTime(text: string): number {
  const fraction = /\.(\d+)/.exec(text)?.[1];
  const whole = Date.parse(text.replace(/\.\d+/, ""));
  return fraction === undefined ? whole : whole + Number(`0.${fraction}`) * 1000;
}

/** The current time in milliseconds since 1970, with its fraction as long as the page's fine clock follows the system's. */
export function now(): number {
  const fine = performance.timeOrigin + performance.now();
  const coarse = Date.now();
  return Math.abs(fine - coarse) < 50 ? fine : coarse;
}

/** A span as a reader wants it: "0.8 ms", "124 ms", "3.4 s", "2 min 5 s". */
export function span(ms: number): string {
  if (ms < 9.95) {
    return `${Math.max(0, ms).toFixed(1)} ms`;
  }
  if (ms < 999.5) {
    return `${Math.round(ms)} ms`;
  }
  if (ms < 59_950) {
    return `${(ms / 1000).toFixed(1)} s`;
  }
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** The time of day in the reader's zone, to the millisecond: "14:03:22.104". */
export function timeOfDay(ms: number): string {
  const date = new Date(Math.floor(ms));
  const two = (n: number): string => String(n).padStart(2, "0");
  const thousandths = String(date.getMilliseconds()).padStart(3, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${thousandths}`;
}
