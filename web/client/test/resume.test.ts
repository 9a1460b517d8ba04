import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeBrowser, pass, type Tab } from "./fakeBrowser.ts";
import { FakeService } from "./fakeService.ts";

let service: FakeService;
let browser: FakeBrowser;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  service = new FakeService();
  browser = new FakeBrowser(service);
});

afterEach(() => {
  vi.useRealTimers();
});

async function open(...how: Parameters<FakeBrowser["open"]>): Promise<Tab> {
  const tab = browser.open(...how);
  tab.client.connect();
  await pass(100);
  return tab;
}

describe("across page loads", () => {
  it("goes on where the last page was, and tells what was missed, once", async () => {
    const before = await open();
    service.log.add();
    await pass(50);
    before.close();
    service.log.add();
    service.log.add();
    const tab = await open();
    expect(tab.announced).toEqual(["Item 2", "Item 3"]);
    expect(tab.all("notification").map(({ missed }) => missed)).toEqual([true, true]);
    expect(tab.all("synced")).toEqual([{ recovered: true, missed: 2, first: false }]);
    service.log.add();
    await pass(50);
    expect(tab.last("notification")).toMatchObject({ missed: false });
    expect(service.opened.map((url) => url.searchParams.get("device"))[0]).toMatch(/^web-/);
    expect(new Set(service.opened.map((url) => url.searchParams.get("device"))).size).toBe(1);
  });

  it("remembers nothing where nothing can be kept", async () => {
    (await open({ storage: null })).close();
    service.log.add();
    const tab = await open({ storage: null });
    expect(tab.announced).toEqual([]);
    expect(tab.all("synced")).toEqual([{ recovered: true, missed: 0, first: true }]);
  });

  it("works where keeping throws", async () => {
    const storage = { getItem: () => { throw new Error("denied"); }, setItem: () => { throw new Error("full"); }, removeItem: () => undefined };
    const tab = await open({ storage });
    expect(tab.client.state).toBe("connected");
    tab.hide();
  });

  it("starts anew after more than a week, and says that something may be missing", async () => {
    (await open()).close();
    service.log.add();
    vi.setSystemTime(Date.now() + 8 * 24 * 3_600_000);
    const tab = browser.open();
    const list = tab.client.inbox();
    void list.load();
    tab.client.connect();
    await pass(200);
    expect(tab.announced).toEqual([]);
    expect(tab.all("synced")).toEqual([{ recovered: false, missed: 0, first: false }]);
    expect(list.getState()).toMatchObject({ status: "ready", pendingNew: 0 });
    expect(list.getState().items.map(({ title }) => title)).toEqual(["Item 1"]);
    service.log.add();
    await pass(50);
    expect(tab.announced).toEqual(["Item 2"]);
  });
});

describe("a broken connection", () => {
  it("in the middle of a catch-up neither repeats nor skips", async () => {
    const tab = await open();
    service.catchUpPage = 2;
    service.socket.goHalfOpen();
    const items = Array.from({ length: 9 }, () => service.log.add());
    service.log.act({ action: "read", ids: [items[1]?.id ?? ""] });
    service.socket.drop();
    browser.random = () => 0;
    for (let i = 0; i < 6; i++) {
      await pass(17 + i * 5);
      service.sockets.values().next().value?.drop();
    }
    await pass(60_000);
    expect(tab.announced).toEqual(items.map(({ title }) => title));
  });
});

describe("a position that is of no use", () => {
  it("is answered by a reset: lists are fetched anew and stay shown meanwhile", async () => {
    service.log.add();
    const backup = service.log.backup();
    const tab = await open();
    const inbox = tab.client.inbox();
    await Promise.all([inbox.load(), pass(50)]);
    service.log.add();
    await pass(50);
    inbox.showNew();
    service.log.restore(backup);
    await pass(12);
    expect(tab.titles()).toEqual(["Item 2", "Item 1"]);
    await pass(100);
    expect(tab.titles()).toEqual(["Item 1"]);
    expect(tab.last("synced")).toEqual({ recovered: false, missed: 0, first: false });
    service.log.add({ title: "Anew" });
    await pass(50);
    expect(tab.announced).toEqual(["Item 2", "Anew"]);
  });

  it("is told after retention", async () => {
    (await open()).close();
    for (let i = 0; i < 5; i++) {
      service.log.add();
    }
    service.log.trim(1);
    const tab = await open();
    expect(tab.all("synced")).toEqual([{ recovered: false, missed: 0, first: false }]);
  });

  it("heals where the fetching after it fails", async () => {
    const backup = service.log.backup();
    const tab = await open();
    const inbox = tab.client.inbox();
    await Promise.all([inbox.load(), pass(50)]);
    service.faultOf = ({ path }) => (path === "/v1/me/inbox" ? { status: 503 } : null);
    service.log.restore(backup);
    service.log.add();
    await pass(100);
    expect(inbox.getState().status).toBe("error");
    service.faultOf = () => null;
    tab.wake();
    await pass(100);
    expect(tab.titles()).toEqual(["Item 1"]);
  });
});

it("fetches lists anew where the server could not send everything", async () => {
  const tab = await open();
  await Promise.all([tab.client.inbox().load(), pass(50)]);
  const before = service.to("/v1/me/inbox").length;
  service.socket.say((events) => { events.resumed({ epoch: service.log.epoch, head: service.log.head, recovered: false, counts: service.log.counts }); });
  await pass(100);
  expect(service.to("/v1/me/inbox")).toHaveLength(before + 1);
  expect(tab.last("synced")).toMatchObject({ recovered: false });
});

it("drops from a list what left it while nobody listened", async () => {
  const item = service.log.add();
  const tab = browser.open();
  const inbox = tab.client.inbox();
  await Promise.all([inbox.load(), pass(50)]);
  service.log.withdraw(item.id);
  await Promise.all([inbox.refresh(), pass(50)]);
  expect(inbox.getState().items).toEqual([]);
});
