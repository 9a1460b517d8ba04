import type { Counts, Item, StateEvent } from "./types.ts";

/**
 * What the user's log says, as the tab with the connection hears it and passes it on to the others. `prev` is the place of the log before a
 * message: who is not there yet has missed something.
 */
export type Message =
  | { kind: "notification"; prev: number; item: Item; counts: Counts; missed: boolean }
  | { kind: "updated"; prev: number; items: Item[]; counts: Counts }
  | { kind: "counts"; counts: Counts }
  /** Everything up to `head` has been told. */
  | { kind: "synced"; prev: number; epoch: number; head: number; recovered: boolean; missed: number; first: boolean; counts: Counts }
  /** What was told before is of no use. */
  | { kind: "reset"; epoch: number; head: number; first: boolean; counts: Counts }
  | { kind: "state"; state: StateEvent };

/** The service's answer to `GET /v1/me/inbox/sync`. */
export interface SyncAnswer {
  epoch: number;
  head: number;
  reset: boolean;
  items: Item[];
  hasMore: boolean;
  counts: Counts;
}

/** A place in the user's log. */
export interface Position {
  epoch: number;
  at: number;
}

/** Where this tab is in the user's log, and whether what comes next follows without a gap. */
export class Replica {
  /** Up to here everything has been told; null before the first word. */
  position: Position | null = null;
  /** Since this place everything has passed through here; what was fetched earlier may lack what lies between. */
  anchor = Infinity;

  start(position: Position): void {
    this.position = position;
    this.anchor = position.at;
  }

  /** `new`: take it; `old`: it is here already; `gap`: something before it is not. */
  place(prev: number, rev: number): "new" | "old" | "gap" {
    if (this.position === null || prev > this.position.at) {
      return "gap";
    }
    return rev > this.position.at ? "new" : "old";
  }

  advance(at: number): void {
    if (this.position !== null && at > this.position.at) {
      this.position = { ...this.position, at };
    }
  }
}

/** The messages that an answer of `sync` stands for, in the order of the log. */
export function messagesOf(answer: SyncAnswer, from: Position): Message[] {
  const { items, counts } = answer;
  // As over a connection: what is new stands at its `seq`, and once more at its `rev` where it was changed since.
  const steps = items.filter(({ seq }) => seq > from.at).map((item) => ({ at: item.seq, isNew: true, item: { ...item, rev: item.seq } }));
  steps.push(...items.filter(({ seq, rev }) => rev > Math.max(seq, from.at)).map((item) => ({ at: item.rev, isNew: false, item })));
  let prev = from.at;
  return steps.sort((a, b) => a.at - b.at).map(({ at, isNew, item }) => {
    const message: Message = isNew ? { kind: "notification", prev, item, counts, missed: true } : { kind: "updated", prev, items: [item], counts };
    prev = at;
    return message;
  });
}
