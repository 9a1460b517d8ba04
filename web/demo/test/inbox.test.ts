import { expect, test } from "vitest";
import { Inbox } from "../src/inbox";
import type { Item } from "../src/wire";

function item(seq: number, rev = seq, change: Partial<Item> = {}): Item {
  return {
    id: `ntf_${seq}`,
    seq,
    rev,
    eventId: `evt_${seq}`,
    type: "demo.message",
    title: `No. ${seq}`,
    body: null,
    url: null,
    imageUrl: null,
    priority: "normal",
    createdAt: "2026-01-01T00:00:00Z",
    seenAt: null,
    readAt: null,
    archivedAt: null,
    snoozedUntil: null,
    withdrawnAt: null,
    ...change,
  };
}

const seqs = (inbox: Inbox): number[] => inbox.items.map((entry) => entry.seq);

test("items are listed newest first, each once", () => {
  const inbox = new Inbox();
  expect(inbox.apply(item(2))).toEqual({ taken: true, isNew: true });
  inbox.apply(item(1));
  inbox.apply(item(3));
  expect(inbox.apply(item(2))).toEqual({ taken: false, isNew: false });
  expect(seqs(inbox)).toEqual([3, 2, 1]);
});

test("the highest rev wins, in whichever order the states come", () => {
  const inbox = new Inbox();
  inbox.apply(item(1, 5, { readAt: "2026-01-01T00:00:05Z" }));
  expect(inbox.apply(item(1, 1)).taken).toBe(false);
  expect(inbox.items[0]?.readAt).not.toBeNull();
  expect(inbox.apply(item(1, 6, { readAt: null }))).toEqual({ taken: true, isNew: false });
  expect(inbox.items[0]?.readAt).toBeNull();
});

test("a change of an item that is not shown does not bring it in", () => {
  const inbox = new Inbox();
  inbox.apply(item(1));
  inbox.update([item(1, 9, { seenAt: "2026-01-01T00:00:05Z" }), item(4, 10)]);
  expect(seqs(inbox)).toEqual([1]);
  expect(inbox.items[0]?.rev).toBe(9);
});

test("archived items leave the list, and come back when unarchived", () => {
  const inbox = new Inbox();
  inbox.apply(item(1));
  inbox.update([item(1, 2, { archivedAt: "2026-01-01T00:00:05Z" })]);
  expect(seqs(inbox)).toEqual([]);
  inbox.update([item(1, 3)]);
  expect(seqs(inbox)).toEqual([1]);
});

test("the list keeps the newest up to its limit", () => {
  const inbox = new Inbox(3);
  for (let seq = 1; seq <= 5; seq++) {
    inbox.apply(item(seq));
  }
  expect(seqs(inbox)).toEqual([5, 4, 3]);
  expect(inbox.apply(item(1, 9))).toEqual({ taken: false, isNew: false });
  expect(seqs(inbox)).toEqual([5, 4, 3]);
});

test("counts are the server's, and an answer never overwrites a later message", () => {
  const inbox = new Inbox();
  inbox.apply(item(1));
  expect(inbox.counts).toEqual({ unseen: 0, unread: 0 });

  const asked = inbox.countsVersion;
  inbox.setCounts({ unseen: 7, unread: 9 });
  inbox.setCountsAsked({ unseen: 1, unread: 1 }, asked);
  expect(inbox.counts).toEqual({ unseen: 7, unread: 9 });

  inbox.setCountsAsked({ unseen: 0, unread: 9 }, inbox.countsVersion);
  expect(inbox.counts).toEqual({ unseen: 0, unread: 9 });
});
