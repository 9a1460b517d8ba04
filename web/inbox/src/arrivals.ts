import type { Item, NotifyClient } from "@notifications/client";

/** More than so many within {@link span} are told as their number. */
const most = 3;
/** In milliseconds. */
const span = 2_000;

export interface ArrivalHandlers {
  /** One arrived. */
  one: (item: Item) => void;
  /** So many arrived together, those in `replaces` among them, which `one` was called with. Called again, with the same `burst`, as their number grows. */
  many: (count: number, replaces: readonly string[], burst: number) => void;
}

let bursts = 0;

/**
 * Tells of what arrives at a client and has not been seen elsewhere, without flooding: a burst is told as one, and so is what was missed
 * when the connection comes back. Critical ones are always told one by one. Returns what ends it.
 */
export function onArrivals(client: NotifyClient, { one, many }: ArrivalHandlers): () => void {
  let recent: { id: string; at: number }[] = [];
  let burst = { id: 0, count: 0 };
  let missed: Item[] = [];
  let seenElsewhere = 0;

  const live = (item: Item): void => {
    const now = Date.now();
    recent = [...recent.filter(({ at }) => now - at < span), { id: item.id, at: now }].slice(-most - 1);
    if (recent.length <= most) {
      burst = { id: 0, count: 0 };
      one(item);
    } else if (burst.count === 0) {
      burst = { id: ++bursts, count: recent.length };
      many(burst.count, recent.map(({ id }) => id), burst.id);
    } else {
      burst.count++;
      many(burst.count, [], burst.id);
    }
  };

  const offs = [
    client.on("notification", (event) => {
      const { item } = event;
      if (item.seenAt !== null || item.archivedAt !== null || item.snoozedUntil !== null || item.withdrawnAt !== null) {
        seenElsewhere += event.missed ? 1 : 0;
      } else if (item.priority === "critical") {
        seenElsewhere += event.missed ? 1 : 0;
        one(item);
      } else if (!event.missed) {
        live(item);
      } else if (missed.length < 2) {
        missed.push(item);
      }
    }),
    client.on("synced", (event) => {
      const count = Math.max(missed.length, event.missed - seenElsewhere);
      const [only] = missed;
      missed = [];
      seenElsewhere = 0;
      if (event.first || count === 0) {
        return;
      }
      if (count === 1 && only !== undefined) {
        one(only);
      } else {
        many(count, [], ++bursts);
      }
    }),
  ];
  return () => {
    for (const off of offs) {
      off();
    }
  };
}
