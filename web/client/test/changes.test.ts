import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { UnauthorizedError } from "../src/errors.ts";
import type { Inbox } from "../src/types.ts";
import { FakeBrowser, pass, type Tab } from "./fakeBrowser.ts";
import { FakeService, timeoutSignal } from "./fakeService.ts";

let service: FakeService;
let browser: FakeBrowser;
let tab: Tab;
let inbox: Inbox;
let ids: string[];

beforeEach(async () => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  service = new FakeService();
  browser = new FakeBrowser(service);
  ids = [service.log.add().id, service.log.add().id, service.log.add().id];
  tab = browser.open();
  inbox = tab.client.inbox();
  tab.client.connect();
  await Promise.all([inbox.load(), pass(100)]);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const unread = (): string[] => inbox.getState().items.filter(({ readAt }) => readAt === null).map(({ title }) => title);

describe("a change", () => {
  it("shows at once and is done", async () => {
    const done = inbox.read([ids[0] ?? ""]);
    expect(unread()).toEqual(["Item 3", "Item 2"]);
    expect(tab.client.counts?.unread).toBe(3);
    await Promise.all([done, pass(100)]);
    expect(await done).toBe(true);
    expect(tab.client.counts).toEqual({ unseen: 2, unread: 2 });
    expect(service.to("/v1/me/inbox/actions")[0]?.keepalive).toBe(true);
  });

  it("shows in every list of the tab", async () => {
    const other = tab.client.inbox({ filter: { status: "unread" } });
    await Promise.all([other.load(), pass(100)]);
    void inbox.archive([ids[1] ?? ""]);
    expect(inbox.getState().items.map(({ title }) => title)).toEqual(["Item 3", "Item 1"]);
    expect(other.getState().items.map(({ title }) => title)).toEqual(["Item 3", "Item 1"]);
    await pass(100);
  });

  it("is taken back, with an error, where the service refuses it", async () => {
    service.faults.push({ status: 400, code: "invalid_request", detail: "No." });
    const done = inbox.archive(ids);
    expect(inbox.getState().items).toEqual([]);
    await pass(100);
    expect(await done).toBe(false);
    expect(inbox.getState().items).toHaveLength(3);
    expect(tab.all("error")).toMatchObject([{ code: "invalid_request", message: "No." }]);
  });

  it("is tried again where its outcome is unknown", async () => {
    service.faults.push("lost", { status: 503 }, "garbage");
    const done = inbox.read(ids);
    await pass(60_000);
    expect(await done).toBe(true);
    expect(service.changes).toHaveLength(4);
    expect(service.log.counts.unread).toBe(0);
    expect(tab.all("error")).toEqual([]);
  });

  it("is tried again where nobody answers in 15 s", async () => {
    vi.spyOn(AbortSignal, "timeout").mockImplementation(timeoutSignal);
    service.faults.push("silent");
    const done = inbox.read(ids);
    await pass(17_000);
    expect(await done).toBe(true);
  });

  it("waits as long as the service asks, whatever else is changed or looked at", async () => {
    service.faults.push({ status: 429, code: "too_many_requests", retryAfter: 20 });
    void inbox.read([ids[0] ?? ""]);
    await pass(5000);
    void inbox.read([ids[1] ?? ""]);
    tab.wake();
    await pass(14_900);
    expect(service.changes).toHaveLength(1);
    await pass(200);
    expect(service.changes).toHaveLength(3);
  });

  it("goes out in its turn, one at a time", async () => {
    const id = ids[0] ?? "";
    void inbox.read([id]);
    void inbox.unread([id]);
    const last = inbox.archive([id]);
    await pass(100);
    expect(await last).toBe(true);
    expect(service.changes.map(({ action }) => action)).toEqual(["read", "unread", "archive"]);
    expect(service.log.find(id)).toMatchObject({ readAt: null });
  });

  it("of more than 500 items goes out in parts", async () => {
    const many = Array.from({ length: 1001 }, (_, i) => `ntf_${i}`);
    const done = inbox.read(many);
    await pass(100);
    expect(await done).toBe(true);
    expect(service.changes.map((change) => change.ids?.length)).toEqual([500, 500, 1]);
  });

  it("of nothing, or of what is seen already, asks for nothing", async () => {
    expect(await inbox.read([])).toBe(true);
    await Promise.all([inbox.seen(ids), pass(100)]);
    expect(await inbox.seen(ids)).toBe(true);
    expect(service.changes).toHaveLength(1);
  });

  it("made by a listener as the one before is confirmed goes out as well", async () => {
    let isFirst = true;
    await pass(1000);
    void inbox.seen([ids[0] ?? ""]);
    await pass(1);
    const off = inbox.subscribe(() => {
      if (isFirst) {
        isFirst = false;
        void inbox.read([ids[1] ?? ""]);
      }
    });
    await pass(100);
    off();
    expect(service.changes.map(({ action }) => action)).toEqual(["seen", "read"]);
  });

  it("snoozes and brings back", async () => {
    const until = new Date(Date.now() + 60_000);
    await Promise.all([inbox.snooze(ids[0] ?? "", until), pass(100)]);
    expect(tab.titles()).toEqual(["Item 3", "Item 2"]);
    expect(service.changes[0]).toEqual({ action: "snooze", ids: [ids[0]], snoozedUntil: until.toISOString() });
    await Promise.all([inbox.snooze(ids[0] ?? "", null), pass(100)]);
    expect(tab.titles()).toEqual(["Item 3", "Item 2", "Item 1"]);
  });
});

describe("a change of all", () => {
  it("is about what the list has shown, not about what arrived since", async () => {
    service.log.add();
    await pass(100);
    expect(inbox.getState().pendingNew).toBe(1);
    const done = inbox.readAll();
    await pass(100);
    expect(await done).toBe(true);
    expect(service.changes[0]).toEqual({ action: "read", filter: { status: "inbox" }, before: 3 });
    expect(service.log.counts.unread).toBe(1);
  });

  it("is about the list's filter", async () => {
    service.log.add({ category: "a" });
    const list = tab.client.inbox({ filter: { category: "a" } });
    await Promise.all([list.load(), pass(100)]);
    await Promise.all([list.archiveAll(), list.seenAll(), pass(100)]);
    expect(inbox.getState().items).toHaveLength(3);
    await Promise.all([inbox.read([ids[0] ?? ""]), pass(100)]);
    await Promise.all([inbox.archiveAll({ onlyRead: true }), pass(100)]);
    expect(tab.titles()).toEqual(["Item 3", "Item 2"]);
  });

  it("archives nothing in a list that holds nothing read", async () => {
    await Promise.all([inbox.read(ids), pass(100)]);
    const done = tab.client.inbox({ filter: { status: "unread" } }).archiveAll({ onlyRead: true });
    await pass(100);
    expect(await done).toBe(true);
    expect(service.log.list({})).toHaveLength(3);
  });
});

describe("without a connection", () => {
  it("changes wait, and are sent once the service is back", async () => {
    service.isDown = true;
    service.socket.drop();
    const done = inbox.read(ids);
    await pass(30_000);
    expect(unread()).toEqual([]);
    service.isDown = false;
    await pass(31_000);
    expect(await done).toBe(true);
    expect(service.log.counts.unread).toBe(0);
  });

  it("changes are kept for the next page", async () => {
    service.isDown = true;
    service.socket.drop();
    void inbox.read([ids[0] ?? ""]);
    void inbox.archive([ids[1] ?? ""]);
    await pass(100);
    tab.close();
    service.isDown = false;
    const next = browser.open();
    next.client.connect();
    await pass(1000);
    expect(service.log.find(ids[0] ?? "")?.readAt).not.toBeNull();
    expect(service.log.find(ids[1] ?? "")?.archivedAt).not.toBeNull();
    next.close();
    const before = service.changes.length;
    browser.open().client.connect();
    await pass(1000);
    expect(service.changes).toHaveLength(before);
  });

  it("a change that was on its way when the page ended, and never arrived, is sent by the next page", async () => {
    service.faults.push("network");
    void inbox.read([ids[0] ?? ""]);
    tab.close();
    await pass(100);
    expect(service.log.find(ids[0] ?? "")?.readAt).toBeNull();
    browser.open().client.connect();
    await pass(1000);
    expect(service.log.find(ids[0] ?? "")?.readAt).not.toBeNull();
  });

  it("a change that its own tab has sent is not sent again by the tab that took it over", async () => {
    const other = browser.open();
    other.client.connect();
    await pass(100);
    const id = ids[0] ?? "";
    service.faultOf = ({ path }) => (path.endsWith("/actions") ? { status: 503 } : null);
    browser.random = () => 0.9;
    const list = other.client.inbox();
    const done = list.read([id]);
    await pass(100);
    tab.close();
    const third = browser.open();
    third.client.connect();
    await pass(100);
    service.faultOf = () => null;
    other.wake();
    await pass(50);
    expect(await done).toBe(true);
    await Promise.all([list.unread([id]), pass(50)]);
    await pass(60_000);
    expect(service.log.find(id)?.readAt).toBeNull();
  });

  it("disconnecting in the middle of it loses no change", async () => {
    tab.client.disconnect();
    let answer: (token: string) => void = () => undefined;
    const other = browser.open({ getToken: () => new Promise<string>((resolve) => { answer = resolve; }) });
    const done = other.client.inbox().read(ids);
    await pass(10);
    other.client.disconnect();
    await pass(100);
    expect(vi.getTimerCount()).toBe(0);
    other.client.connect();
    await pass(10);
    answer(service.token());
    await pass(100);
    expect(await done).toBe(true);
    expect(other.all("error")).toEqual([]);
  });

  it("changes wait for somebody to sign in", async () => {
    let isSignedIn = false;
    const other = browser.open({ getToken: () => (isSignedIn ? service.token() : Promise.reject(new UnauthorizedError())) });
    const done = other.client.inbox().read(ids);
    await pass(60_000);
    isSignedIn = true;
    other.client.connect();
    await pass(100);
    expect(await done).toBe(true);
  });
});

describe("an answer that comes late", () => {
  it("undoes neither what another device did since nor its counts", async () => {
    const [id = ""] = ids;
    // The way there, what the connection says of it, and the way back; everything after that is fast.
    const delays = [5, 1, 50];
    service.latency = () => delays.shift() ?? 1;
    const done = inbox.read([id]);
    await pass(10);
    expect(unread()).toEqual(["Item 3", "Item 2"]);
    service.log.act({ action: "unread", ids: [id] });
    await Promise.all([done, pass(100)]);
    expect(unread()).toEqual(["Item 3", "Item 2", "Item 1"]);
    expect(tab.client.counts).toEqual(service.log.counts);
  });
});

describe("counts", () => {
  it("of an answer do not overwrite younger ones", async () => {
    service.latency = () => 50;
    void inbox.read([ids[0] ?? ""]);
    await pass(60);
    service.log.add();
    service.latency = () => 1;
    await pass(200);
    expect(tab.client.counts).toEqual(service.log.counts);
    expect(tab.all("counts").at(-1)).toEqual(service.log.counts);
  });
});
