import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyChange, matches, type Action, type Change } from "../src/change.ts";
import { Store, type Pending, type Range } from "../src/store.ts";
import type { InboxFilter, Item } from "../src/types.ts";
import { FakeLog } from "./fakeLog.ts";

const actions: Action[] = ["seen", "read", "unread", "archive", "unarchive", "snooze", "unsnooze"];
const filters: InboxFilter[] = (["inbox", "unseen", "seen", "unread", "read", "archived", "snoozed", "all"] as const).flatMap((status) => [{ status }, { status, category: "a" }]);
const later = "2030-01-01T00:00:00.000Z";

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ action: fc.constantFrom(...actions), ids: fc.array(fc.nat(6).map((seq) => `ntf_1000_${seq}`), { minLength: 1, maxLength: 3 }) }),
  fc.record({ action: fc.constantFrom(...actions), filter: fc.constantFrom(...filters, {}), before: fc.nat(8) }),
).map((made) => (made.action === "snooze" ? { ...made, snoozedUntil: later } : made));

/** What of an item decides where it is shown. */
const flags = (item: Item): unknown => [item.seenAt !== null, item.readAt !== null, item.archivedAt !== null, item.snoozedUntil !== null, item.withdrawnAt !== null];

describe("the client's rules are the service's", () => {
  it("for what a change does, and which lists hold an item", () => {
    fc.assert(fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      const log = new FakeLog();
      for (const category of ["a", "a", null, "b", "a", null]) {
        log.add({ category });
      }
      log.withdraw("ntf_1000_5");
      let { items } = log;
      for (const made of changes) {
        log.act(made);
        items = items.map((item) => applyChange(made, item, new Date().toISOString()));
        expect(items.map(flags)).toEqual(log.items.map(flags));
        for (const filter of filters) {
          expect(items.filter((item) => matches(item, filter)).reverse().map(({ id }) => id)).toEqual(log.list(filter).map(({ id }) => id));
        }
      }
    }), { numRuns: 300, seed: 1 });
  });
});

type Step = { put: number[] } | { add: Change } | { settle: number; done: boolean };

it("the store shows the latest that was said of each item, in any order, with the open changes on top", () => {
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ put: fc.array(fc.nat(60), { maxLength: 5 }) }),
    fc.record({ add: change }),
    fc.record({ settle: fc.nat(5), done: fc.constant(false) }),
  );
  fc.assert(fc.property(fc.array(change, { maxLength: 10 }), fc.array(step, { maxLength: 30 }), fc.nat(6), fc.nat(7), (history, steps, floor, top) => {
    const log = new FakeLog();
    const said: Item[] = ["a", null, "b", "a", "a", null].map((category) => log.add({ category }));
    for (const made of history) {
      log.act(made);
      said.push(...log.items.filter((item) => !said.includes(item)));
    }
    const store = new Store();
    const ranges: Range[] = filters.map((filter) => ({ filter, floor, top }));
    for (const range of ranges) {
      store.ranges.add(range);
    }
    const known = new Map<string, Item>();
    let open: Pending[] = [];
    for (const now of steps) {
      if ("put" in now) {
        const items = now.put.map((at) => said[at % said.length]).filter((item) => item !== undefined);
        store.put(items);
        for (const item of items.filter(({ seq }) => seq >= floor)) {
          known.set(item.id, (known.get(item.id)?.rev ?? 0) < item.rev ? item : (known.get(item.id) ?? item));
        }
      } else if ("add" in now) {
        open.push(store.add(now.add, later));
      } else {
        const settled = open[now.settle];
        if (settled !== undefined) {
          store.settle(settled, now.done);
          open = open.filter((one) => one !== settled);
        }
      }
      const shown = [...known.values()].map((item) => open.reduce((view, pending) => applyChange(pending.change, view, later), item)).sort((a, b) => b.seq - a.seq);
      for (const range of ranges) {
        const expected = shown.filter((item) => matches(item, range.filter));
        expect(store.list(range)).toEqual({ items: expected.filter(({ seq }) => seq <= top), pendingNew: expected.filter(({ seq }) => seq > top).length });
      }
    }
  }), { numRuns: 200, seed: 1 });
});

it("a change that was done stays until the service has spoken of the item again", () => {
  const log = new FakeLog();
  const item = log.add();
  const store = new Store();
  store.ranges.add({ filter: {}, floor: 0, top: Infinity });
  store.put([item]);
  const pending = store.add({ action: "read", ids: [item.id] }, later);
  store.sending(pending);
  store.settle(pending, true);
  expect(store.get(item.id)?.readAt).toBe(later);
  store.put([{ ...item, rev: 2, readAt: null }]);
  expect(store.get(item.id)?.readAt).toBeNull();
});

it("forgets what no list shows, once that is much", () => {
  const store = new Store();
  const range: Range = { filter: {}, floor: 0, top: Infinity };
  store.ranges.add(range);
  const log = new FakeLog();
  const item = log.add();
  store.put(Array.from({ length: 2000 }, (_, i) => ({ ...item, id: `ntf_${i}`, seq: i + 1, rev: i + 1 })));
  range.floor = 1991;
  store.sweep();
  expect(store.get("ntf_0")).toBeUndefined();
  expect(store.list(range).items).toHaveLength(10);
});
