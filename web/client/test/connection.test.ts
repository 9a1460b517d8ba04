import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { UnauthorizedError } from "../src/errors.ts";
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

async function connected(options: Parameters<FakeBrowser["open"]>[0] = {}): Promise<Tab> {
  const tab = browser.open(options);
  tab.client.connect();
  await pass(100);
  expect(tab.client.state).toBe("connected");
  return tab;
}

describe("connecting", () => {
  it("goes from connecting to connected, and hears what arrives", async () => {
    const tab = browser.open();
    expect(tab.client.state).toBe("disconnected");
    tab.client.connect();
    tab.client.connect();
    expect(tab.client.state).toBe("connecting");
    await pass(100);
    expect(tab.states).toEqual(["connecting", "connected"]);
    expect(tab.all("synced")).toEqual([{ recovered: true, missed: 0, first: true }]);
    service.log.add();
    await pass(100);
    expect(tab.announced).toEqual(["Item 1"]);
    expect(tab.client.counts).toEqual({ unseen: 1, unread: 1 });
    expect(service.opened).toHaveLength(1);
    expect(service.socket.acked).toEqual([1]);
  });

  it("never gives up, and waits up to a limit that doubles to 30 s", async () => {
    service.isDown = true;
    browser.random = () => 1;
    const tab = browser.open();
    tab.client.connect();
    await pass(300_000);
    const waits = tab.all("state").flatMap(({ state, retryAt }, i) => (state === "waiting" && retryAt !== null ? [retryAt - (tab.told.filter(({ event }) => event === "state")[i]?.at ?? 0)] : []));
    expect(waits.slice(0, 8)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    expect(tab.all("state").filter(({ state }) => state === "waiting").every(({ reason }) => reason?.code === "network")).toBe(true);
    service.isDown = false;
    await pass(31_000);
    expect(tab.client.state).toBe("connected");
    expect(tab.all("error")).toEqual([]);
  });

  it("waits anywhere below that limit", async () => {
    service.isDown = true;
    browser.random = () => 0.25;
    const tab = browser.open();
    tab.client.connect();
    await pass(50);
    expect(tab.last("state")).toMatchObject({ state: "waiting" });
    await pass(250);
    expect(tab.states.filter((state) => state === "connecting").length).toBeGreaterThanOrEqual(2);
  });

  it("begins with short waits again after a connection that lasted", async () => {
    browser.random = () => 1;
    service.openings.push("refused", "refused", "refused");
    const tab = browser.open();
    tab.client.connect();
    await pass(20_000);
    expect(tab.client.state).toBe("connected");
    service.socket.drop();
    await pass(10);
    expect((tab.last("state")?.retryAt ?? 0) - Date.now()).toBeLessThanOrEqual(1000);
  });

  it("waits longer and longer where connections break at once", async () => {
    browser.random = () => 1;
    const tab = await connected();
    for (const wait of [1000, 2000, 4000]) {
      service.socket.drop();
      await pass(0);
      expect((tab.last("state")?.retryAt ?? 0) - Date.now()).toBe(wait);
      await pass(wait + 100);
    }
  });

  it("tries at once when the network is back", async () => {
    browser.random = () => 1;
    const tab = await connected();
    service.isDown = true;
    browser.isOnline = false;
    service.socket.drop();
    await pass(20_000);
    expect(tab.client.state).toBe("offline");
    service.isDown = false;
    browser.setOnline(true);
    await pass(100);
    expect(tab.client.state).toBe("connected");
  });

  it("finds a dead connection when somebody looks", async () => {
    const tab = await connected();
    service.socket.goHalfOpen();
    service.log.add();
    await pass(1000);
    expect(tab.client.state).toBe("connected");
    tab.wake();
    await pass(7000);
    expect(tab.client.state).toBe("connected");
    expect(service.opened).toHaveLength(2);
    expect(tab.announced).toEqual(["Item 1"]);
  });

  it("keeps a connection that answers when somebody looks", async () => {
    const tab = await connected();
    tab.wake();
    await pass(10_000);
    expect(service.opened).toHaveLength(1);
  });

  it("gives up an attempt that takes 15 s, and does not hear the connection that opens too late", async () => {
    service.openings.push({ after: 15_500 }, { after: 4000 });
    browser.random = () => 0.1;
    const tab = browser.open();
    tab.client.connect();
    await pass(15_050);
    expect(tab.last("state")).toMatchObject({ state: "waiting", reason: { code: "timeout" } });
    await pass(1000);
    expect(tab.client.state).toBe("connecting");
    await pass(4000);
    expect(tab.client.state).toBe("connected");
    expect(service.sockets.size).toBe(1);
  });

  it("takes what is said before the connection counts as open", async () => {
    service.openings.push("eager");
    const tab = await connected();
    expect(tab.all("synced")).toHaveLength(1);
  });

  it("asks over HTTP while no connection opens", async () => {
    const tab = await connected();
    service.openings.push("refused");
    service.log.add();
    service.socket.drop();
    service.log.add();
    await pass(5000);
    expect(tab.announced).toEqual(["Item 1", "Item 2"]);
    expect(service.to("/v1/me/inbox/sync")).toHaveLength(1);
  });

  it("tells over HTTP in the order of the log too", async () => {
    const tab = await connected();
    service.socket.goHalfOpen();
    const first = service.log.add();
    service.log.add();
    service.log.act({ action: "read", ids: [first.id] });
    service.openings.push("refused");
    service.socket.drop();
    await pass(5000);
    expect(tab.announced).toEqual(["Item 1", "Item 2"]);
    expect(tab.all("updated").map(({ items }) => items.map(({ rev }) => rev))).toEqual([[3]]);
  });
});

describe("tokens", () => {
  it("asks once for one, and again within a minute of its end", async () => {
    service.tokenLife = 600_000;
    const tab = await connected();
    await Promise.all([tab.client.preferences.get(), tab.client.topics.list(), pass(50)]);
    expect(tab.reasons).toEqual(["connect"]);
    await pass(545_000);
    await Promise.all([tab.client.preferences.get(), tab.client.topics.list(), pass(50)]);
    expect(tab.reasons).toEqual(["connect", "expiring"]);
  });

  it("asks for another where the service refuses it, once however many were refused", async () => {
    const tab = await connected();
    service.revoke(service.asked[0]?.token ?? "");
    const token = await Promise.all([tab.client.preferences.get(), pass(50)]).then(() => service.asked.at(-1)?.token ?? "");
    service.revoke(token);
    await Promise.all([tab.client.preferences.get(), tab.client.preferences.get(), pass(50)]);
    expect(tab.reasons).toEqual(["connect", "rejected"]);
  });

  it("finds out over HTTP that a connection is refused for its token", async () => {
    const refused = service.token();
    service.revoke(refused);
    const getToken = vi.fn(({ reason }: { reason: string }) => (reason === "rejected" ? service.token() : refused));
    const tab = browser.open({ getToken });
    tab.client.connect();
    await pass(5000);
    expect(tab.client.state).toBe("connected");
    expect(getToken).toHaveBeenCalledTimes(2);
  });

  it("tries again where there is none to be had now", async () => {
    let isBroken = true;
    const getToken = vi.fn(() => (isBroken ? Promise.reject(new Error("500")) : service.token()));
    const tab = browser.open({ getToken });
    tab.client.connect();
    await pass(3000);
    expect(tab.last("state")).toMatchObject({ reason: { code: "token" } });
    isBroken = false;
    await pass(31_000);
    expect(tab.client.state).toBe("connected");
  });

  it("stops where nobody is signed in, until it is told to connect again", async () => {
    let isSignedIn = false;
    const getToken = vi.fn(() => (isSignedIn ? Promise.resolve(service.token()) : Promise.reject(new UnauthorizedError())));
    const tab = browser.open({ getToken });
    tab.client.connect();
    const ready = tab.client.ready();
    await expect(ready).rejects.toMatchObject({ code: "unauthorized" });
    await pass(600_000);
    expect(getToken).toHaveBeenCalledTimes(1);
    expect(tab.client.state).toBe("unauthorized");
    expect(tab.all("error")).toHaveLength(1);
    await expect(tab.client.ready()).rejects.toMatchObject({ code: "unauthorized" });
    isSignedIn = true;
    tab.client.connect();
    await pass(100);
    expect(tab.client.state).toBe("connected");
  });

  it("takes no other user's", async () => {
    let user = "alice";
    const tab = await connected({ getToken: () => service.token(user) });
    user = "bob";
    service.socket.close({ code: "token_expired", message: "", reconnect: true });
    await pass(1000);
    expect(tab.client.state).toBe("unauthorized");
  });

  it("gets a new one and comes back at once where the server says that it ended", async () => {
    const tab = await connected();
    service.socket.close({ code: "token_expired", message: "", reconnect: true });
    await pass(100);
    expect(tab.client.state).toBe("connected");
    expect(tab.reasons).toEqual(["connect", "expiring"]);
    expect(tab.states).toEqual(["connecting", "connected", "connecting", "connected"]);
  });
});

describe("the server closes", () => {
  it("comes back after a shutdown", async () => {
    browser.random = () => 0.5;
    const tab = await connected();
    service.socket.close({ code: "server_shutdown", message: "", reconnect: true });
    await pass(20);
    expect(tab.client.state).toBe("waiting");
    await pass(5000);
    expect(tab.client.state).toBe("connected");
  });

  it("stays away where it is told to", async () => {
    const tab = await connected();
    service.socket.close({ code: "banned", message: "Go away.", reconnect: false });
    await pass(60_000);
    expect(tab.last("state")).toMatchObject({ state: "disconnected", reason: { code: "banned", message: "Go away." } });
    expect(service.opened).toHaveLength(1);
    expect(tab.all("error")).toMatchObject([{ code: "banned" }]);
  });
});

describe("ready", () => {
  it("resolves once live, and at once where it is", async () => {
    const tab = browser.open();
    tab.client.connect();
    await Promise.all([tab.client.ready({ timeoutMs: 1000 }), pass(100)]);
    await tab.client.ready();
  });

  it("rejects when the time is over", async () => {
    service.isDown = true;
    const tab = browser.open();
    tab.client.connect();
    await Promise.all([expect(tab.client.ready({ timeoutMs: 500 })).rejects.toMatchObject({ code: "timeout" }), pass(500)]);
  });

  it("rejects when it is told to stop", async () => {
    const tab = browser.open();
    tab.client.connect();
    const ready = expect(tab.client.ready({ timeoutMs: 500 })).rejects.toMatchObject({ code: "disconnected" });
    tab.client.disconnect();
    await ready;
  });
});

describe("disconnecting", () => {
  it.each([0, 2, 7, 12, 30, 400])("leaves nothing under way after %d ms", async (ms) => {
    const tab = browser.open();
    tab.client.connect();
    await pass(ms);
    tab.client.disconnect();
    expect(tab.client.state).toBe("disconnected");
    await pass(50);
    expect(vi.getTimerCount()).toBe(0);
    expect(service.sockets.size).toBe(0);
    expect(tab.client.state).toBe("disconnected");
  });

  it("leaves nothing under way while it waits", async () => {
    service.isDown = true;
    const tab = browser.open();
    tab.client.connect();
    await pass(20_000);
    tab.client.disconnect();
    await pass(50);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("asks for no token any more", async () => {
    const getToken = vi.fn(() => Promise.reject(new Error("500")));
    const tab = browser.open({ getToken });
    tab.client.connect();
    await pass(1);
    tab.client.disconnect();
    await pass(60_000);
    expect(getToken).toHaveBeenCalledTimes(1);
    expect(tab.states.at(-1)).toBe("disconnected");
  });

  it("may be followed by connecting at once, as frameworks do that mount twice", async () => {
    const getToken = vi.fn(({ signal }: { signal: AbortSignal }) => new Promise<string>((resolve, reject) => {
      signal.addEventListener("abort", () => { reject(signal.reason as Error); });
      setTimeout(() => { resolve(service.token()); }, 10);
    }));
    const tab = browser.open({ getToken });
    tab.client.connect();
    tab.client.disconnect();
    tab.client.connect();
    await pass(100);
    expect(tab.states).toEqual(["connecting", "disconnected", "connecting", "connected"]);
  });

  it("lets another tab lead at once, also in the middle of an attempt", async () => {
    service.openings.push({ after: 14_000 });
    const [a, b] = [browser.open(), browser.open()];
    a.client.connect();
    b.client.connect();
    await pass(100);
    a.client.disconnect();
    await pass(100);
    expect(b.client.state).toBe("connected");
  });
});
