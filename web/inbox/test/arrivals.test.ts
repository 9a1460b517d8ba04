import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { onArrivals } from "../src/arrivals.ts";
import { fakeClient, type FakeClient } from "./fakeClient.ts";

let client: FakeClient;
let told: string[];
let end: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  client = fakeClient();
  told = [];
  end = onArrivals(client, {
    one: (item) => told.push(item.title),
    many: (count, replaces) => told.push(replaces.length === 0 ? `${count} new` : `${count} new for ${replaces.join()}`),
  });
});

afterEach(() => {
  end();
  vi.useRealTimers();
});

const arrive = (...titles: string[]) => {
  for (const title of titles) {
    client.arrive({ id: title, title });
  }
};

describe("live", () => {
  test("a few are told one by one", () => {
    arrive("a", "b", "c");
    expect(told).toEqual(["a", "b", "c"]);
  });

  test("more than three in two seconds are told as one, which grows", () => {
    arrive("a", "b", "c", "d", "e", "f");
    expect(told).toEqual(["a", "b", "c", "4 new for a,b,c,d", "5 new", "6 new"]);
  });

  test("three in two seconds, again and again, are told one by one", () => {
    for (const titles of [["a", "b", "c"], ["d", "e", "f"]]) {
      arrive(...titles);
      vi.advanceTimersByTime(2_000);
    }
    expect(told).toEqual(["a", "b", "c", "d", "e", "f"]);
  });

  test("after a burst is over, single ones are told again", () => {
    arrive("a", "b", "c", "d");
    vi.advanceTimersByTime(2_000);
    arrive("e");
    expect(told).toEqual(["a", "b", "c", "4 new for a,b,c,d", "e"]);
  });

  test("a critical one is told also in a burst", () => {
    arrive("a", "b", "c", "d");
    client.arrive({ title: "fire", priority: "critical" });
    expect(told.at(-1)).toBe("fire");
  });

  test("what was seen elsewhere is not told", () => {
    client.arrive({ title: "a", seenAt: "2027-01-01T00:00:00Z" });
    expect(told).toEqual([]);
  });
});

describe("after a connection was lost", () => {
  const miss = (...titles: string[]) => {
    for (const title of titles) {
      client.arrive({ title }, true);
    }
  };

  test("all that was missed is told as one, once it has come", () => {
    miss("a", "b", "c");
    expect(told).toEqual([]);
    client.synced({ missed: 3 });
    expect(told).toEqual(["3 new"]);
  });

  test("a single one is told as itself", () => {
    miss("a");
    client.synced({ missed: 1 });
    expect(told).toEqual(["a"]);
  });

  test("nothing missed, nothing told", () => {
    client.synced({ missed: 0 });
    expect(told).toEqual([]);
  });

  test("what was seen elsewhere meanwhile does not count, and critical ones are told by themselves", () => {
    miss("a", "b", "c");
    client.arrive({ title: "seen", seenAt: "2027-01-01T00:00:00Z" }, true);
    client.arrive({ title: "fire", priority: "critical" }, true);
    client.synced({ missed: 5 });
    expect(told).toEqual(["fire", "3 new"]);
  });

  test("the first connection of a device tells nothing", () => {
    miss("a", "b");
    client.synced({ missed: 2, first: true });
    expect(told).toEqual([]);
  });

  test("each time is counted by itself", () => {
    miss("a", "b");
    client.synced({ missed: 2 });
    miss("c", "d", "e");
    client.synced({ missed: 3 });
    expect(told).toEqual(["2 new", "3 new"]);
  });
});
