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
  expect(tab.client.state).toBe("connected");
  return tab;
}

describe("several tabs", () => {
  it("share one connection, and each tells what arrives", async () => {
    const tabs = [await open(), await open(), await open()];
    expect(service.sockets.size).toBe(1);
    service.log.add();
    await pass(50);
    expect(tabs.map(({ announced }) => announced)).toEqual([["Item 1"], ["Item 1"], ["Item 1"]]);
    expect(tabs.map(({ client }) => client.counts?.unseen)).toEqual([1, 1, 1]);
  });

  it("see in one what is changed in the other", async () => {
    const { id } = service.log.add();
    const [a, b] = [await open(), await open()];
    await Promise.all([a.client.inbox().load(), b.client.inbox().load(), pass(50)]);
    void b.client.inbox().archive([id]);
    await pass(50);
    expect([a.titles(), b.titles()]).toEqual([[], []]);
    expect(a.all("updated")).toHaveLength(1);
  });

  it("go on where the leading tab is closed", async () => {
    const [a, b] = [await open(), await open()];
    a.close();
    service.log.add();
    await pass(200);
    expect(service.sockets.size).toBe(1);
    expect(b.announced).toEqual(["Item 1"]);
    expect(b.client.state).toBe("connected");
  });

  it("take the lead from one that hangs, which follows when it is back", async () => {
    const [a, b] = [await open(), await open()];
    a.hang();
    service.log.add();
    await pass(100);
    expect(b.announced).toEqual([]);
    b.wake();
    await pass(6000);
    expect(b.announced).toEqual(["Item 1"]);
    a.thaw();
    service.log.add();
    await pass(1000);
    expect(a.announced).toEqual(["Item 1", "Item 2"]);
    expect(b.announced).toEqual(["Item 1", "Item 2"]);
    expect(service.sockets.size).toBe(1);
  });

  it("leave a tab that leads and answers in peace", async () => {
    const [, b] = [await open(), await open()];
    b.wake();
    await pass(60_000);
    expect(service.opened).toHaveLength(1);
  });

  it("have a connection each where there are no locks, or where they are told to", async () => {
    await open({}, ["locks"]);
    await open({}, ["locks"]);
    await open({ shareConnection: false });
    expect(service.sockets.size).toBe(3);
  });

  it("tell what another catches up with, also one that opened only just before", async () => {
    (await open()).close();
    service.log.add();
    service.log.add();
    const [a, b] = [browser.open(), browser.open()];
    a.client.connect();
    b.client.connect();
    await pass(200);
    expect(a.announced).toEqual(["Item 1", "Item 2"]);
    expect(b.announced).toEqual(a.announced);
  });

  it("tell the reason why there is no connection", async () => {
    const [, b] = [await open(), await open()];
    browser.random = () => 0.9;
    service.isDown = true;
    service.socket.drop();
    await pass(5);
    expect(b.last("state")?.reason).toEqual({ code: "network", message: "Connection lost." });
  });
});

describe("a tab that was put aside", () => {
  /** What other tabs said meanwhile never reached it. */
  async function aside(during: () => void): Promise<[Tab, Tab]> {
    const [a, b] = [await open(), await open()];
    const channel = [...browser.channels].find(({ tab }) => tab === b);
    const listen = channel?.onmessage ?? null;
    if (channel !== undefined) {
      channel.onmessage = null;
    }
    during();
    await pass(50);
    if (channel !== undefined) {
      channel.onmessage = listen;
    }
    return [a, b];
  }

  it("asks for what it missed when somebody looks", async () => {
    const [, b] = await aside(() => { service.log.add(); });
    expect(b.announced).toEqual([]);
    b.wake();
    await pass(100);
    expect(b.announced).toEqual(["Item 1"]);
  });

  it("asks for what it missed when it hears of more, also of what comes while it asks, and until it has it", async () => {
    const [, b] = await aside(() => { service.log.add(); });
    service.faults.push("network");
    service.latency = () => 20;
    service.log.add();
    await pass(70);
    service.log.add();
    await pass(5000);
    expect(b.announced).toEqual(["Item 1", "Item 2", "Item 3"]);
  });

  it("starts over where the log did meanwhile", async () => {
    service.log.add();
    const backup = service.log.backup();
    const [, b] = await aside(() => { service.log.restore(backup); });
    b.wake();
    await pass(100);
    expect(b.last("synced")).toMatchObject({ recovered: false });
  });
});
