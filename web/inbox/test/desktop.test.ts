// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { showOnDesktop } from "../src/desktop.ts";
import { en } from "../src/labels/en.ts";
import { setOn } from "../src/settings.ts";
import type { Item } from "@notifications/client";
import { fakeClient, type FakeClient } from "./fakeClient.ts";

interface Shown {
  title: string;
  options: NotificationOptions;
  closed: boolean;
  onclick: (() => void) | null;
}

let shown: Shown[];
let permission: NotificationPermission;
let refuses: boolean;
let focused: boolean;
/** Names, by how many hold them. */
let locks: Map<string, number>;
let tabs: { client: FakeClient; opened: (Item | null)[]; end: () => void }[];

class FakeNotification implements Shown {
  static get permission() {
    return permission;
  }
  closed = false;
  onclick: (() => void) | null = null;
  onclose: (() => void) | null = null;
  constructor(
    readonly title: string,
    readonly options: NotificationOptions,
  ) {
    if (refuses) {
      throw new TypeError("Illegal constructor.");
    }
    shown.push(this);
  }
  close() {
    this.closed = true;
    this.onclose?.();
  }
}

/** Web Locks, as far as claims need them. */
const fakeLocks = {
  async request(name: string, options: { ifAvailable?: boolean; mode?: string }, run: (lock: object | null) => unknown) {
    const holders = locks.get(name) ?? 0;
    if (holders > 0 && options.mode !== "shared") {
      await run(null);
      return;
    }
    locks.set(name, holders + 1);
    await run({});
    locks.set(name, (locks.get(name) ?? 1) - 1);
  },
  query: () => Promise.resolve({ held: [...locks].filter(([, holders]) => holders > 0).map(([name]) => ({ name })) }),
};

const settle = () => vi.advanceTimersByTimeAsync(0);

function open(count: number, wanted = () => true) {
  tabs = Array.from({ length: count }, () => {
    const client = fakeClient();
    const opened: (Item | null)[] = [];
    const end = showOnDesktop(client, { labels: () => en, wanted, open: (item) => opened.push(item) });
    return { client, opened, end };
  });
}

async function arrive(item: Partial<Item>) {
  for (const { client } of tabs) {
    client.arrive(item);
  }
  await settle();
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("Notification", FakeNotification);
  vi.spyOn(document, "hasFocus").mockImplementation(() => focused);
  Object.defineProperty(navigator, "locks", { value: fakeLocks, configurable: true });
  shown = [];
  locks = new Map();
  permission = "granted";
  refuses = false;
  focused = false;
  setOn("desktop", true);
});

afterEach(async () => {
  for (const { end } of tabs) {
    end();
  }
  await vi.runAllTimersAsync();
  setOn("desktop", false);
  setOn("sound", false);
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("a notification of the system", () => {
  test("is shown by one of many tabs, under the item's own tag", async () => {
    open(3);
    await arrive({ id: "ntf_1", title: "Order shipped", body: "On its way", imageUrl: "https://example.com/a.png" });
    expect(shown).toHaveLength(1);
    expect(shown[0]).toMatchObject({
      title: "Order shipped",
      options: { body: "On its way", tag: "notify.ntf_1", icon: "https://example.com/a.png", silent: false, requireInteraction: false },
    });
  });

  test("is shown for each item", async () => {
    open(2);
    await arrive({ id: "ntf_1" });
    await arrive({ id: "ntf_2" });
    expect(shown.map(({ options }) => options.tag)).toEqual(["notify.ntf_1", "notify.ntf_2"]);
  });

  test("stands for a whole burst", async () => {
    open(1);
    for (const id of ["a", "b", "c", "d", "e"]) {
      tabs[0]?.client.arrive({ id });
    }
    await settle();
    expect(shown.map(({ title }) => title)).toContain("4 new notifications");
    expect(shown.filter(({ options }) => options.tag === "notify.several")).toHaveLength(1);
  });

  test("leads to its item", async () => {
    open(1);
    await arrive({ id: "ntf_1" });
    shown[0]?.onclick?.();
    expect(tabs[0]?.opened).toMatchObject([{ id: "ntf_1" }]);
    expect(shown[0]?.closed).toBe(true);
  });

  test("goes when the item is read elsewhere", async () => {
    open(1);
    await arrive({ id: "ntf_1" });
    tabs[0]?.client.change("ntf_1", { seenAt: "2027-01-01T00:00:00Z" });
    expect(shown[0]?.closed).toBe(false);
    tabs[0]?.client.change("ntf_1", { readAt: "2027-01-01T00:00:00Z" });
    expect(shown[0]?.closed).toBe(true);
  });

  test("stays until it is dismissed where it is critical, and is silent where the chime sounds", async () => {
    setOn("sound", true);
    open(1);
    await arrive({ priority: "critical" });
    expect(shown[0]?.options).toMatchObject({ requireInteraction: true, silent: true });
  });

  test("loads no picture from where it should not", async () => {
    open(1);
    await arrive({ imageUrl: "javascript:alert(1)" });
    expect(shown[0]?.options).not.toHaveProperty("icon");
  });
});

describe("none is shown", () => {
  test("until the user has switched it on", async () => {
    setOn("desktop", false);
    open(1);
    await arrive({});
    expect(shown).toEqual([]);
  });

  test.each(["default", "denied"] as const)("where the permission is %s", async (state) => {
    permission = state;
    open(1);
    await arrive({});
    expect(shown).toEqual([]);
  });

  test("where the application does not want it", async () => {
    open(1, () => false);
    await arrive({});
    expect(shown).toEqual([]);
  });

  test("while the user looks at one of the tabs, this one or another", async () => {
    focused = true;
    open(1);
    focused = false;
    const looking = tabs;
    open(1);
    await arrive({});
    expect(shown).toEqual([]);
    tabs.push(...looking);
  });

  test("where the browser has the class and refuses to make one", async () => {
    refuses = true;
    open(1);
    await arrive({});
    expect(shown).toEqual([]);
  });
});
