/** The current time in milliseconds since 1970, with its fraction as long as the page's fine clock follows the system's. */
export function now(): number {
  const fine = performance.timeOrigin + performance.now();
  const coarse = Date.now();
  return Math.abs(fine - coarse) < 50 ? fine : coarse;
}

/** A span as a reader wants it, to the millisecond that the service's clock counts in: "<1 ms", "124 ms", "3.4 s", "2 min 5 s"; never torn apart. */
export function span(ms: number, locale = "en"): string {
  if (ms < 0.95) {
    return "<1\u00a0ms";
  }
  if (ms < 999.5) {
    return `${Math.round(ms)}\u00a0ms`;
  }
  if (ms < 59_950) {
    return `${new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(ms / 1000)}\u00a0s`;
  }
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}\u00a0min\u00a0${seconds % 60}\u00a0s`;
}
