/** Which items are ticked. Ranges go from the last one that was, in the order of the list. */
export class Selection {
  #keys = new Set<string>();
  #last: string | null = null;

  get size(): number {
    return this.#keys.size;
  }

  get keys(): string[] {
    return [...this.#keys];
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** Ticks or unticks one; with `range`, everything from the last one to it is made like the last one. */
  toggle(key: string, range = false, order: readonly string[] = []): void {
    const from = this.#last === null ? -1 : order.indexOf(this.#last);
    const to = order.indexOf(key);
    if (range && from >= 0 && to >= 0) {
      const on = this.#last !== null && this.#keys.has(this.#last);
      for (const each of order.slice(Math.min(from, to), Math.max(from, to) + 1)) {
        this.#set(each, on);
      }
    } else {
      this.#set(key, !this.#keys.has(key));
    }
    this.#last = key;
  }

  /** Ticks all of these, or none where all of them are. */
  toggleAll(order: readonly string[]): void {
    const on = order.some((key) => !this.#keys.has(key));
    for (const key of order) {
      this.#set(key, on);
    }
  }

  /** Forgets what the list does not hold any more. */
  keep(order: { has(key: string): boolean }): void {
    for (const key of this.#keys) {
      if (!order.has(key)) {
        this.#keys.delete(key);
      }
    }
  }

  clear(): void {
    this.#keys.clear();
    this.#last = null;
  }

  #set(key: string, on: boolean): void {
    if (on) {
      this.#keys.add(key);
    } else {
      this.#keys.delete(key);
    }
  }
}
