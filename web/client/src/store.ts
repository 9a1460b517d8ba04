import { applyChange, matches, type Change } from "./change.ts";
import type { InboxFilter, Item } from "./types.ts";

/** A change that is shown and not yet decided. */
export interface Pending {
  readonly change: Change;
  /** When it was made, as a time of the wire. */
  readonly at: string;
  /** The store's clock when it was last sent; what the server said since may know more. */
  sentAt: number;
}

interface Entry {
  /** The item as the server last told it. */
  base: Item;
  /** The store's clock at that. */
  at: number;
  /** With the pending changes applied. */
  view: Item;
}

/** What one list covers: everything that matches, from `floor` upwards. */
export interface Range {
  readonly filter: Readonly<InboxFilter>;
  /** The lowest `seq` that has been loaded; 0 where there is nothing below. */
  floor: number;
  /** The highest `seq` that is shown; what is above waits. */
  top: number;
}

/**
 * The items this tab knows, each in its latest state, and the changes on top that the server has not confirmed. Lists are ranges of it, so
 * whatever brings news of an item brings it to all of them.
 */
export class Store {
  readonly ranges = new Set<Range>();
  /** While a page is on its way, what is said meanwhile belongs to it. */
  loading = 0;
  /** Rises with whatever can change a list. */
  version = 0;
  #byId = new Map<string, Entry>();
  /** In the order of `seq`. */
  #order: Entry[] = [];
  #pending: Pending[] = [];
  #clock = 0;

  /** Takes in what the server says; what is older than what is known changes nothing. */
  put(items: readonly Item[]): void {
    this.#clock++;
    for (const item of items) {
      const known = this.#byId.get(item.id);
      if (known === undefined) {
        if (this.#isWanted(item)) {
          this.#insert({ base: item, at: this.#clock, view: this.#show(item) });
        }
      } else if (item.rev > known.base.rev) {
        known.base = item;
        known.at = this.#clock;
        known.view = this.#show(item);
      }
    }
    this.version++;
  }

  /**
   * Takes in a page, which is all that `filter` selects from `low` up to, and without, `high` at a place of the log: what else is known of that
   * range, and no later, is so no more.
   */
  putPage(items: readonly Item[], filter: Readonly<InboxFilter>, low: number, high: number, head: number): void {
    const ids = new Set(items.map(({ id }) => id));
    const kept = this.#order.filter(({ base }) =>
      base.seq < low || base.seq >= high || base.rev > head || ids.has(base.id) || !matches(base, filter));
    if (kept.length < this.#order.length) {
      this.#keep(kept);
    }
    this.put(items);
  }

  /** The item as it is shown, if it is known. */
  get(id: string): Item | undefined {
    return this.#byId.get(id)?.view;
  }

  /** The items of a range, newest first, and how many wait above it. */
  list(range: Range): { items: Item[]; pendingNew: number } {
    const items: Item[] = [];
    let pendingNew = 0;
    for (let i = this.#order.length - 1; i >= 0; i--) {
      const view = (this.#order[i] as Entry).view;
      if (view.seq < range.floor) {
        break;
      }
      if (matches(view, range.filter)) {
        if (view.seq > range.top) {
          pendingNew++;
        } else {
          items.push(view);
        }
      }
    }
    return { items, pendingNew };
  }

  /** Shows a change, before anybody has confirmed it. */
  add(change: Change, at: string): Pending {
    const pending = { change, at, sentAt: this.#clock };
    this.#pending.push(pending);
    this.#showAll();
    return pending;
  }

  /** It goes out now. */
  sending(pending: Pending): void {
    pending.sentAt = this.#clock;
  }

  /**
   * It is decided. Where it was done, items that the server has not spoken of since keep it, until it does; where it was refused, they are as before.
   */
  settle(pending: Pending, done: boolean): void {
    this.#pending = this.#pending.filter((one) => one !== pending);
    if (done) {
      for (const entry of this.#order) {
        if (entry.at <= pending.sentAt) {
          entry.base = applyChange(pending.change, entry.base, pending.at);
        }
      }
    }
    this.#showAll();
  }

  /** What is known may be of another history: everything is forgotten but the pending changes. */
  clear(): void {
    this.#byId.clear();
    this.#order = [];
    this.version++;
  }

  /** Forgets what no list shows, once that is much. */
  sweep(): void {
    if (this.loading > 0 || this.#order.length < 1000) {
      return;
    }
    const kept = this.#order.filter((entry) => this.#isCovered(entry.base));
    if (kept.length < this.#order.length / 2) {
      this.#keep(kept);
    }
  }

  #keep(entries: Entry[]): void {
    this.#order = entries;
    this.#byId = new Map(entries.map((entry) => [entry.base.id, entry]));
  }

  #isWanted(item: Item): boolean {
    return this.loading > 0 || this.#isCovered(item);
  }

  #isCovered(item: Item): boolean {
    for (const range of this.ranges) {
      if (item.seq >= range.floor) {
        return true;
      }
    }
    return false;
  }

  #insert(entry: Entry): void {
    const { seq } = entry.base;
    let at = this.#order.length;
    if (at > 0 && (this.#order[at - 1] as Entry).base.seq > seq) {
      let low = 0;
      while (low < at) {
        const middle = (low + at) >> 1;
        if ((this.#order[middle] as Entry).base.seq < seq) {
          low = middle + 1;
        } else {
          at = middle;
        }
      }
    }
    this.#order.splice(at, 0, entry);
    this.#byId.set(entry.base.id, entry);
  }

  #show(item: Item): Item {
    return this.#pending.reduce((shown, { change, at }) => applyChange(change, shown, at), item);
  }

  #showAll(): void {
    for (const entry of this.#order) {
      entry.view = this.#show(entry.base);
    }
    this.version++;
  }
}
