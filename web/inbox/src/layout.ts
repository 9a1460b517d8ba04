/** Where a list stood under its reader; see {@link Layout.anchor}. */
export interface Anchor {
  readonly keys: readonly string[];
  readonly tops: Float64Array;
  /** The first row that is in sight. */
  readonly index: number;
  readonly scrollTop: number;
}

/** Rows of different heights below each other, of which only some have been measured. Arithmetic only; all lengths in CSS pixels. */
export class Layout {
  #keys: readonly string[] = [];
  #indexes = new Map<string, number>();
  #heights = new Map<string, number>();
  /** Where each row starts, and after them where the last one ends. Replaced, never changed: an {@link Anchor} holds on to it. */
  #tops = new Float64Array(1);
  #dirty = false;

  /** The height of rows that were not measured yet. */
  constructor(public estimate = 88) {}

  get keys(): readonly string[] {
    return this.#keys;
  }

  /** The height of all rows together. */
  get total(): number {
    return this.top(this.#keys.length);
  }

  /** -1 where there is no such row. */
  indexOf(key: string): number {
    return this.#indexes.get(key) ?? -1;
  }

  /** Where a row starts. */
  top(index: number): number {
    return this.#fresh()[index] ?? 0;
  }

  /** Keys are unique. What was measured of those that stay is kept, the rest is forgotten. False where nothing is different. */
  setKeys(keys: readonly string[]): boolean {
    if (keys.length === this.#keys.length && keys.every((key, index) => key === this.#keys[index])) {
      return false;
    }
    const heights = new Map<string, number>();
    let sum = 0;
    for (const key of keys) {
      const height = this.#heights.get(key);
      if (height !== undefined) {
        heights.set(key, height);
        sum += height;
      }
    }
    if (heights.size > 0) {
      // Rows that are still to come are most likely as high as their neighbours; right guesses keep the scroll bar steady.
      this.estimate = sum / heights.size;
    }
    this.#keys = keys;
    this.#heights = heights;
    this.#indexes = new Map(keys.map((key, index) => [key, index]));
    this.#dirty = true;
    return true;
  }

  /** What a row turned out to be. A height of 0 is that of something hidden, and tells nothing. */
  measure(key: string, height: number): void {
    if (height > 0 && this.#indexes.has(key) && this.#heights.get(key) !== height) {
      this.#heights.set(key, height);
      this.#dirty = true;
    }
  }

  /** The row that covers this place, or the closest one; -1 where there are none. */
  at(y: number): number {
    return rowAt(this.#fresh(), y);
  }

  /** The rows that touch the stretch from `from` to `to`, and those of `keep`; ascending. */
  rows(from: number, to: number, keep: readonly (string | null)[] = []): number[] {
    const rows = new Set<number>();
    if (this.#keys.length > 0) {
      for (let index = this.at(from), last = this.at(to); index <= last; index++) {
        rows.add(index);
      }
    }
    for (const key of keep) {
      const index = key === null ? -1 : this.indexOf(key);
      if (index >= 0) {
        rows.add(index);
      }
    }
    return [...rows].sort((a, b) => a - b);
  }

  /** Remembers what is in sight, before rows or heights change. */
  anchor(scrollTop: number): Anchor {
    return { keys: this.#keys, tops: this.#fresh(), index: this.at(scrollTop), scrollTop };
  }

  /**
   * How far to scroll so that what was in sight stays where it was: by the first row that was, or the next one that is still there; to the
   * end where all of them are gone. A list that stood at its top stays there, to show what is new.
   */
  restore({ keys, tops, index, scrollTop }: Anchor): number {
    if (scrollTop <= 0) {
      return scrollTop;
    }
    for (let old = Math.max(0, index); old < keys.length; old++) {
      const now = this.indexOf(keys[old] ?? "");
      if (now >= 0) {
        return Math.max(0, this.top(now) + scrollTop - (tops[old] ?? 0));
      }
    }
    return this.total;
  }

  #fresh(): Float64Array {
    if (this.#dirty) {
      this.#dirty = false;
      const tops = new Float64Array(this.#keys.length + 1);
      let top = 0;
      this.#keys.forEach((key, index) => {
        tops[index] = top;
        top += this.#heights.get(key) ?? this.estimate;
      });
      tops[this.#keys.length] = top;
      this.#tops = tops;
    }
    return this.#tops;
  }
}

/** The last row that starts at or before `y`. */
function rowAt(tops: Float64Array, y: number): number {
  let low = 0;
  let high = tops.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] ?? 0) <= y) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return high < 0 ? -1 : low;
}
