/** How many are due at a rate that may change at any time. */
export class Pacer {
  #due = 0;
  #at: number;

  /**
   * @param rate So many a second.
   * @param now In milliseconds, on a clock that only goes forward.
   * @param most What could not be sent in time is not made up for beyond this: the sender must not drown the one who is slow.
   */
  constructor(
    public rate: number,
    now: number,
    private readonly most = 1000,
  ) {
    this.#at = now;
  }

  /** Takes what is due by now. */
  take(now: number): number {
    this.#due = Math.min(this.most, this.#due + (this.rate * Math.max(0, now - this.#at)) / 1000);
    this.#at = now;
    const whole = Math.floor(this.#due);
    this.#due -= whole;
    return whole;
  }
}

/** Whether what arrives is what was sent: all of it, each once, in order. Sent ones are numbered from 1. */
export class Ledger {
  sent = 0;
  received = 0;
  twice = 0;
  disordered = 0;
  #highest = 0;
  #got = new Set<number>();

  take(n: number): void {
    if (this.#got.has(n)) {
      this.twice++;
      return;
    }
    this.#got.add(n);
    this.received++;
    if (n < this.#highest) {
      this.disordered++;
    }
    this.#highest = Math.max(this.#highest, n);
  }

  get isClean(): boolean {
    return this.twice === 0 && this.disordered === 0;
  }

  get isComplete(): boolean {
    return this.isClean && this.received === this.sent;
  }
}

/** Percentiles of the latest values. */
export class Recent {
  #values: number[] = [];
  #next = 0;

  constructor(private readonly keep = 2000) {}

  add(value: number): void {
    this.#values[this.#next] = value;
    this.#next = (this.#next + 1) % this.keep;
  }

  /** The smallest value that so great a part (0 to 1) does not exceed, for each part asked for; null where there are none. */
  at(...parts: readonly number[]): (number | null)[] {
    const sorted = [...this.#values].sort((a, b) => a - b);
    return parts.map((part) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? null);
  }
}

/** Counts what happened within the last second. Times are milliseconds. */
export class PerSecond {
  #marks: { at: number; count: number }[] = [];

  add(count: number, at: number): void {
    this.#marks.push({ at, count });
  }

  at(now: number): number {
    this.#marks = this.#marks.filter((mark) => now - mark.at < 1000);
    return this.#marks.reduce((sum, { count }) => sum + count, 0);
  }
}

/** How smoothly the page is drawn. Times are milliseconds. */
export class Frames {
  #at: number[] = [];

  add(at: number): void {
    this.#at.push(at);
    while (this.#at.length > 1 && at - (this.#at[0] ?? at) > 1000) {
      this.#at.shift();
    }
  }

  /** Frames a second, and the longest that one took, within the last second; null before there are two. */
  get smoothness(): { fps: number; longest: number } | null {
    const first = this.#at[0];
    const last = this.#at.at(-1);
    if (first === undefined || last === undefined || last === first) {
      return null;
    }
    const gaps = this.#at.slice(1).map((at, i) => at - (this.#at[i] ?? at));
    return { fps: Math.round(((this.#at.length - 1) * 1000) / (last - first)), longest: Math.max(...gaps) };
  }
}

/** The rates of the slider, from 1 to 500 a second: each step is the same factor. `position` is 0 to 100. */
export function rateAt(position: number): number {
  return Math.round(500 ** (Math.min(100, Math.max(0, position)) / 100));
}
