import type { Counts, Item } from "./wire";

/** The newest notifications of one user, newest first, each once, in its latest state. */
export class Inbox {
  #items = new Map<string, Item>();
  #counts: Counts = { unseen: 0, unread: 0 };
  #countsVersion = 0;

  constructor(readonly limit = 50) {}

  get counts(): Counts {
    return this.#counts;
  }

  /** Rises with each set of counts, so that an older answer can be told from a newer message. */
  get countsVersion(): number {
    return this.#countsVersion;
  }

  get items(): Item[] {
    return [...this.#items.values()].filter((item) => item.archivedAt === null).sort((a, b) => b.seq - a.seq);
  }

  /** Takes the item unless a later state of it is known. Returns whether it was taken, and whether it is new here. */
  apply(item: Item): { taken: boolean; isNew: boolean } {
    const known = this.#items.get(item.id);
    if (known !== undefined && known.rev >= item.rev) {
      return { taken: false, isNew: false };
    }
    this.#items.set(item.id, item);
    this.#trim();
    return { taken: this.#items.has(item.id), isNew: known === undefined && this.#items.has(item.id) };
  }

  /** Takes changed items. One that is not on the page stays off it: it is older than what is shown. */
  update(items: readonly Item[]): void {
    for (const item of items) {
      if (this.#items.has(item.id)) {
        this.apply(item);
      }
    }
  }

  /** Takes the counts of a message, which follow the order of the connection. */
  setCounts(counts: Counts): void {
    this.#counts = counts;
    this.#countsVersion++;
  }

  /** Takes the counts of an answer, unless a message has brought others since it was asked for. */
  setCountsAsked(counts: Counts, versionWhenAsked: number): void {
    if (this.#countsVersion === versionWhenAsked) {
      this.setCounts(counts);
    }
  }

  /** Starts over, for a log that is not the one known so far. */
  clear(): void {
    this.#items.clear();
  }

  #trim(): void {
    if (this.#items.size <= this.limit) {
      return;
    }
    const oldest = [...this.#items.values()].reduce((a, b) => (a.seq < b.seq ? a : b));
    this.#items.delete(oldest.id);
  }
}
