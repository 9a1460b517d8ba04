import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Inbox } from "../src/types.ts";
import { FakeBrowser, pass, type Tab } from "./fakeBrowser.ts";
import { FakeService } from "./fakeService.ts";

let service: FakeService;
let browser: FakeBrowser;
let tab: Tab;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  service = new FakeService();
  browser = new FakeBrowser(service);
  tab = browser.open();
});

afterEach(() => {
  vi.useRealTimers();
});

const pages = (): number => service.to("/v1/me/inbox").length;
const titles = (inbox: Inbox): string[] => inbox.getState().items.map(({ title }) => title);

function add(many: number, category: string | null = null): void {
  for (let i = 0; i < many; i++) {
    service.log.add({ category });
  }
}

describe("loading", () => {
  it("goes from idle over loading to ready, page by page", async () => {
    add(5);
    const inbox = tab.client.inbox({ pageSize: 2 });
    expect(inbox.getState()).toEqual({ items: [], counts: null, hasMore: false, status: "idle", error: null, pendingNew: 0 });
    void inbox.load();
    expect(inbox.getState().status).toBe("loading");
    void inbox.load();
    await pass(50);
    void inbox.load();
    expect(pages()).toBe(1);
    expect(inbox.getState()).toMatchObject({ status: "ready", hasMore: true, counts: { unseen: 5, unread: 5 } });
    expect(titles(inbox)).toEqual(["Item 5", "Item 4"]);
    void inbox.loadMore();
    expect(inbox.getState().status).toBe("more");
    void inbox.loadMore();
    await pass(50);
    expect(titles(inbox)).toEqual(["Item 5", "Item 4", "Item 3", "Item 2"]);
    await Promise.all([inbox.loadMore(), pass(50)]);
    expect(titles(inbox)).toHaveLength(5);
    expect(inbox.getState().hasMore).toBe(false);
    await inbox.loadMore();
    expect(pages()).toBe(3);
  });

  it("asks once where it connects and loads at the same time", async () => {
    add(3);
    tab.client.connect();
    void tab.client.inbox().load();
    await pass(200);
    expect(tab.titles()).toEqual(["Item 3", "Item 2", "Item 1"]);
    expect(pages()).toBeLessThanOrEqual(2);
  });

  it("tells an error, and tries again", async () => {
    add(3);
    const inbox = tab.client.inbox({ pageSize: 2 });
    service.faults.push({ status: 503, code: "unavailable" });
    await Promise.all([inbox.load(), pass(50)]);
    expect(inbox.getState()).toMatchObject({ status: "error", error: { code: "unavailable" }, items: [] });
    await Promise.all([inbox.load(), pass(50)]);
    expect(inbox.getState()).toMatchObject({ status: "ready", error: null });
    service.faults.push("network");
    await Promise.all([inbox.loadMore(), pass(50)]);
    expect(inbox.getState()).toMatchObject({ status: "error", error: { code: "network" } });
    expect(titles(inbox)).toHaveLength(2);
    await Promise.all([inbox.loadMore(), pass(50)]);
    expect(titles(inbox)).toHaveLength(3);
    expect(tab.all("error").map(({ code }) => code)).toEqual(["unavailable", "network"]);
  });

  it("tries again by itself once the service is back", async () => {
    add(1);
    service.isDown = true;
    tab.client.connect();
    const inbox = tab.client.inbox();
    await Promise.all([inbox.load(), pass(50)]);
    expect(inbox.getState().status).toBe("error");
    service.isDown = false;
    await pass(60_000);
    expect(titles(inbox)).toEqual(["Item 1"]);
  });

  it("anew drops the older pages, also one that is on its way", async () => {
    add(5);
    const inbox = tab.client.inbox({ pageSize: 2 });
    await Promise.all([inbox.load(), pass(50)]);
    void inbox.loadMore();
    void inbox.refresh();
    await pass(50);
    expect(titles(inbox)).toEqual(["Item 5", "Item 4"]);
    expect(inbox.getState()).toMatchObject({ status: "ready", hasMore: true });
  });

  it("takes the last of several answers, however they overtake each other", async () => {
    add(1);
    const inbox = tab.client.inbox();
    service.latency = () => 100;
    void inbox.refresh();
    await pass(150);
    service.latency = () => 1;
    add(1);
    void inbox.refresh();
    await pass(500);
    expect(titles(inbox)).toEqual(["Item 2", "Item 1"]);
  });

  it("keeps what is heard while a page is on its way", async () => {
    add(4);
    tab.client.connect();
    const inbox = tab.client.inbox({ pageSize: 2 });
    await Promise.all([inbox.load(), pass(100)]);
    service.latency = () => 50;
    void inbox.loadMore();
    await pass(70);
    service.log.act({ action: "archive", ids: [service.log.items[0]?.id ?? ""] });
    await pass(300);
    expect(titles(inbox)).toEqual(["Item 4", "Item 3", "Item 2"]);
  });

  it("fetches again what was fetched before the place the log is followed from", async () => {
    add(1, "a");
    const [first, second] = [tab.client.inbox({ filter: { category: "a" } }), tab.client.inbox({ filter: { category: "b" } })];
    await Promise.all([first.load(), pass(50)]);
    add(1, "a");
    add(1, "b");
    await Promise.all([second.load(), pass(50)]);
    tab.client.connect();
    await pass(200);
    expect(titles(first)).toEqual(["Item 2", "Item 1"]);
  });

  it("bounds the page size, and shares a list of the same filter", async () => {
    expect(tab.client.inbox()).toBe(tab.client.inbox({ filter: { status: "inbox" } }));
    expect(tab.client.inbox({ filter: { category: "a" } })).not.toBe(tab.client.inbox());
    await Promise.all([tab.client.inbox({ pageSize: 1000 }).load(), pass(50)]);
    expect(service.asked[0]?.query.get("limit")).toBe("25");
    await Promise.all([tab.client.inbox({ filter: { status: "all" }, pageSize: 1000 }).load(), pass(50)]);
    expect(service.asked[1]?.query.get("limit")).toBe("100");
  });
});

describe("what arrives", () => {
  it("waits above the list until it is shown", async () => {
    add(1);
    tab.client.connect();
    const inbox = tab.client.inbox();
    await Promise.all([inbox.load(), pass(100)]);
    add(2);
    await pass(100);
    expect(inbox.getState()).toMatchObject({ pendingNew: 2 });
    expect(titles(inbox)).toEqual(["Item 1"]);
    inbox.showNew();
    expect(inbox.getState().pendingNew).toBe(0);
    expect(titles(inbox)).toEqual(["Item 3", "Item 2", "Item 1"]);
  });

  it("changes the lists that it belongs to", async () => {
    add(2, "a");
    tab.client.connect();
    const filters = [{}, { status: "unread" }, { status: "read" }, { status: "archived" }, { category: "a" }, { category: "b" }] as const;
    const lists = filters.map((filter) => tab.client.inbox({ filter }));
    await Promise.all([...lists.map((list) => list.load()), pass(100)]);
    const id = service.log.items[0]?.id ?? "";
    service.log.act({ action: "read", ids: [id] });
    await pass(100);
    expect(lists.map((list) => titles(list).length)).toEqual([2, 1, 1, 0, 2, 0]);
    service.log.act({ action: "archive", ids: [id] });
    await pass(100);
    expect(lists.map((list) => titles(list).length)).toEqual([1, 1, 0, 1, 1, 0]);
    service.log.withdraw(id);
    await pass(100);
    expect(lists.map((list) => titles(list).length)).toEqual([1, 1, 0, 0, 1, 0]);
    expect(tab.all("updated")).toHaveLength(3);
  });
});

describe("subscribers", () => {
  it("are called at most once a frame, and the state is the same object until it changes", async () => {
    tab.client.connect();
    const inbox = tab.client.inbox();
    await Promise.all([inbox.load(), pass(1000)]);
    const calls: number[] = [];
    const off = inbox.subscribe(() => { calls.push(performance.now()); });
    const before = inbox.getState();
    await pass(100);
    expect(inbox.getState()).toBe(before);
    for (let i = 0; i < 50; i++) {
      add(1);
      await pass(1);
    }
    await pass(100);
    expect(inbox.getState()).not.toBe(before);
    expect(inbox.getState()).toBe(inbox.getState());
    expect(calls.length).toBeGreaterThan(1);
    expect(calls.every((at, i) => i === 0 || at - (calls[i - 1] ?? 0) >= 16)).toBe(true);
    off();
    const { length } = calls;
    add(1);
    await pass(100);
    expect(calls).toHaveLength(length);
  });

  it("do not keep each other from hearing", async () => {
    const thrown = vi.spyOn(globalThis, "queueMicrotask").mockImplementation((run) => {
      void Promise.resolve().then(run).catch(() => undefined);
    });
    const inbox = tab.client.inbox();
    const heard = vi.fn();
    inbox.subscribe(() => { throw new Error("mine"); });
    inbox.subscribe(heard);
    await Promise.all([inbox.load(), pass(100)]);
    expect(heard).toHaveBeenCalled();
    thrown.mockRestore();
  });
});

describe("preferences and topics", () => {
  it("are read and changed", async () => {
    await Promise.all([tab.client.preferences.update({ locale: "de" }), pass(50)]);
    expect(service.asked.at(-1)).toMatchObject({ method: "PATCH", body: { locale: "de" } });
    const get = tab.client.preferences.get();
    await pass(50);
    expect(await get).toMatchObject({ locale: "de" });
    for (const key of ["news", "a/b", "c"]) {
      service.topics.push({ key, subscribed: false, open: true, subscribedAt: null });
    }
    await Promise.all([tab.client.topics.subscribe("a/b"), pass(50)]);
    const list = tab.client.topics.list();
    await pass(100);
    expect((await list).map(({ key, subscribed }) => [key, subscribed])).toEqual([["news", false], ["a/b", true], ["c", false]]);
    await Promise.all([expect(tab.client.topics.unsubscribe("none")).rejects.toMatchObject({ code: "not_found", status: 404 }), pass(50)]);
  });
});
