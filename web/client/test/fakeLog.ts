import type { Change } from "../src/change.ts";
import type { SyncAnswer } from "../src/replica.ts";
import type { Counts, InboxFilter, InboxStatus, Item } from "../src/types.ts";
import type { InboxPage } from "../src/inbox.ts";

/** A step of the log that was committed, as the service pushes it; `last` is 0 where only the counts changed. */
export interface Push {
  first: number;
  last: number;
  items: Item[];
  counts: Counts;
}

export interface CatchUp {
  steps: Push[];
  /** Where the log has been read up to. */
  position: number;
}

/** A copy of the log, as a backup has it. */
export interface Backup {
  head: number;
  oldest: number;
  items: Item[];
}

/**
 * One user's log, with the service's rules: a new item takes the next place as its `seq`, a change the next as its `rev`. What it hands out
 * is frozen, so that a client that changes it is found out.
 */
export class FakeLog {
  epoch = 1000;
  head = 0;
  /** The oldest `seq` that may still be there. */
  oldest = 1;
  /** Every item that ever arrived, by its id, and when, on the clock of the tests. */
  readonly arrived = new Map<string, { seq: number; epoch: number; at: number }>();
  /** Told of every commit, and of a restore. */
  readonly onPush = new Set<(push: Push) => void>();
  readonly onRestore = new Set<() => void>();
  #items = new Map<number, Item>();

  get items(): Item[] {
    return [...this.#items.values()].sort((a, b) => a.seq - b.seq);
  }

  get counts(): Counts {
    const listed = this.items.filter((item) => selects(item, {}));
    return { unseen: listed.filter((item) => item.seenAt === null).length, unread: listed.filter((item) => item.readAt === null).length };
  }

  find(id: string): Item | undefined {
    return this.items.find((item) => item.id === id);
  }

  // What senders and time do.

  add(fields: Partial<Item> = {}): Item {
    const seq = ++this.head;
    const id = `ntf_${this.epoch}_${seq}`;
    const item = Object.freeze({
      id, seq, rev: seq, eventId: `evt_${this.epoch}_${seq}`, type: "test", title: `Item ${seq}`, body: null, url: null, imageUrl: null,
      data: null, actions: null, category: null, priority: "normal" as const, createdAt: now(), seenAt: null, readAt: null, archivedAt: null,
      snoozedUntil: null, withdrawnAt: null, ...fields,
    });
    this.#items.set(seq, item);
    this.arrived.set(id, { seq, epoch: this.epoch, at: Date.now() });
    this.#push(seq, [item]);
    return item;
  }

  /** A later event of the same collapse key takes the place of an unread item. */
  replace(id: string, title: string): void {
    const item = this.find(id);
    if (item !== undefined && selects(item, { status: "unread" })) {
      this.#apply([item], (old) => ({ ...old, title, eventId: `evt_${this.epoch}_${this.head + 1}`, seenAt: null }));
    }
  }

  withdraw(id: string): void {
    const item = this.find(id);
    if (item !== undefined) {
      this.#apply([item], (old) => (old.withdrawnAt === null ? { ...old, withdrawnAt: now() } : old));
    }
  }

  /** Brings back what was snoozed until now, as unseen. */
  wake(): void {
    const due = this.items.filter((item) => item.snoozedUntil !== null && Date.parse(item.snoozedUntil) <= Date.now());
    this.#apply(due, (old) => (old.archivedAt === null ? { ...old, snoozedUntil: null, seenAt: null, readAt: null } : { ...old, snoozedUntil: null }));
  }

  /** Retention: keeps the newest so many. */
  trim(keep: number): void {
    const before = this.counts;
    const gone = this.items.slice(0, Math.max(0, this.#items.size - keep));
    for (const { seq } of gone) {
      this.#items.delete(seq);
      this.oldest = seq + 1;
    }
    const { counts } = this;
    if (counts.unseen !== before.unseen || counts.unread !== before.unread) {
      this.#tell({ first: 0, last: 0, items: [], counts });
    }
  }

  backup(): Backup {
    return { head: this.head, oldest: this.oldest, items: this.items };
  }

  /** Goes back to a backup: another history begins. */
  restore({ head, oldest, items }: Backup): void {
    Object.assign(this, { epoch: this.epoch + 1, head, oldest });
    this.#items = new Map(items.map((item) => [item.seq, item]));
    for (const tell of [...this.onRestore]) {
      tell();
    }
  }

  // What clients ask for.

  /** Makes a change; returns how many items it changed. */
  act(change: Change): number {
    const before = this.head;
    const { action, ids, before: through = Infinity } = change;
    const filter = { status: action === "unarchive" ? "archived" : action === "unsnooze" ? "snoozed" : "inbox", ...change.filter } as const;
    const named = this.items.filter((item) => item.seq <= through && (ids === undefined ? selects(item, filter) : ids.includes(item.id)));
    this.#apply(named, (item) => changeItem(item, change));
    return this.head - before;
  }

  page(filter: InboxFilter, after: number, limit: number): InboxPage {
    const found = this.list(filter).filter((item) => item.seq < after);
    const data = found.slice(0, limit);
    return { data, nextCursor: found.length > limit ? String(data.at(-1)?.seq) : null, counts: this.counts, epoch: this.epoch, head: this.head };
  }

  /** Everything that a filter selects, newest first. */
  list(filter: InboxFilter): Item[] {
    return this.items.reverse().filter((item) => selects(item, filter));
  }

  sync(after: number, epoch: number, limit: number): SyncAnswer {
    const { counts } = this;
    if (this.isUseless(after, epoch)) {
      return { epoch: this.epoch, head: this.head, reset: true, items: [], hasMore: false, counts };
    }
    const { steps, position } = this.catchUp(after, limit);
    const items = new Map<number, Item>();
    for (const item of steps.flatMap((step) => step.items)) {
      items.set(item.seq, item);
    }
    return { epoch: this.epoch, head: position, reset: false, items: [...items.values()], hasMore: position < this.head, counts };
  }

  isUseless(after: number, epoch: number): boolean {
    return epoch !== this.epoch || after > this.head || after < this.oldest - 1;
  }

  /**
   * What lies after a position, in the order of the log. A new item that was changed since comes at its `seq`, labelled with that, in its
   * latest state, and once more at its `rev`; where nothing lies between, once.
   */
  catchUp(after: number, limit: number): CatchUp {
    const added = this.items.filter((item) => item.seq > after).slice(0, limit);
    const changed = this.items.filter((item) => item.rev > after && item.rev !== item.seq).sort((x, y) => x.rev - y.rev).slice(0, limit);
    const { counts } = this;
    const steps: Push[] = [];
    let [a, c, position] = [0, 0, after];
    for (let places = 0; places < limit && (a < added.length || c < changed.length); places++) {
      const [next, change] = [added[a], changed[c]];
      if (next !== undefined && (change === undefined || next.seq < change.rev)) {
        a++;
        position = next.seq;
        if (next.withdrawnAt !== null) {
          continue; // Gone before the client ever saw it.
        }
        const following = added[a];
        if (change?.seq === next.seq && (following === undefined ? added.length < limit : following.seq > change.rev)) {
          c++;
          position = change.rev;
          steps.push({ first: next.seq, last: next.rev, items: [next], counts });
        } else {
          steps.push({ first: next.seq, last: next.seq, items: [Object.freeze({ ...next, rev: next.seq })], counts });
        }
      } else if (change !== undefined) {
        c++;
        position = change.rev;
        if (change.withdrawnAt === null || change.seq <= after) {
          steps.push({ first: change.rev, last: change.rev, items: [change], counts });
        }
      }
    }
    const isComplete = a === added.length && c === changed.length && added.length < limit && changed.length < limit;
    return { steps, position: isComplete ? this.head : position };
  }

  #apply(items: Item[], change: (item: Item) => Item): void {
    const first = this.head + 1;
    const changed: Item[] = [];
    for (const item of items) {
      const after = change(item);
      if (after !== item) {
        const stored = Object.freeze({ ...after, rev: ++this.head });
        this.#items.set(item.seq, stored);
        changed.push(stored);
      }
    }
    if (changed.length > 0) {
      this.#push(first, changed);
    }
  }

  #push(first: number, items: Item[]): void {
    this.#tell({ first, last: this.head, items, counts: this.counts });
  }

  #tell(push: Push): void {
    for (const tell of [...this.onPush]) {
      tell(push);
    }
  }
}

function now(): string {
  return new Date().toISOString();
}

/** Which items the service's lists hold; written anew, and not taken from the client, so that each checks the other. */
function selects(item: Item, { status = "inbox", category }: InboxFilter): boolean {
  const isListed = item.archivedAt === null && item.snoozedUntil === null;
  const has: Record<InboxStatus, boolean> = {
    all: true,
    inbox: isListed,
    unseen: isListed && item.seenAt === null,
    seen: isListed && item.seenAt !== null,
    unread: isListed && item.readAt === null,
    read: isListed && item.readAt !== null,
    archived: item.archivedAt !== null,
    snoozed: item.archivedAt === null && item.snoozedUntil !== null,
  };
  return item.withdrawnAt === null && has[status] && (category === undefined || category === item.category);
}

/** A change of an item, as the service makes it; the same object where nothing changes. */
function changeItem(item: Item, { action, snoozedUntil = null }: Change): Item {
  const after: Item = { ...item };
  switch (item.withdrawnAt === null ? action : "none") {
    case "seen":
      after.seenAt ??= now();
      break;
    case "read":
      after.seenAt ??= now();
      after.readAt ??= now();
      break;
    case "unread":
      after.readAt = null;
      break;
    case "archive":
      after.archivedAt ??= now();
      break;
    case "unarchive":
      after.archivedAt = null;
      break;
    case "snooze":
      after.snoozedUntil = snoozedUntil;
      break;
    case "unsnooze":
      after.snoozedUntil = null;
      break;
  }
  return JSON.stringify(after) === JSON.stringify(item) ? item : after;
}
