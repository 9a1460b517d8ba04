import fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { InboxFilter, InboxStatus } from "../src/types.ts";
import { FakeBrowser, pass, seeded, type Tab } from "./fakeBrowser.ts";
import type { Backup } from "./fakeLog.ts";
import { FakeService, timeoutSignal, type Fault, type Opening } from "./fakeService.ts";

const actions = ["seen", "read", "unread", "archive", "unarchive", "unsnooze"] as const;
const filters: InboxFilter[] = [{}, { status: "unread" }, { status: "archived" }, { status: "all" }, { category: "a" }, { status: "snoozed" }];

/** What can happen; `tab` and `item` choose among those there are. */
type Step =
  | { do: "arrive"; category: "a" | "b" | null; many: number }
  | { do: "replace" | "withdraw"; item: number }
  | { do: "elsewhere"; action: (typeof actions)[number]; item: number }
  | { do: "snoozed"; item: number; ms: number }
  | { do: "trim"; keep: number }
  | { do: "backup" | "restore" | "drop" | "halfOpen" | "shutdown" | "down" | "up" }
  | { do: "fault"; faults: Fault[] }
  | { do: "opening"; openings: Opening[] }
  | { do: "latency"; ms: number }
  | { do: "open" }
  | { do: "close" | "crash" | "hang" | "thaw" | "wake" | "disconnect" | "connect"; tab: number }
  | { do: "load" | "more" | "refresh" | "showNew" | "readAll"; tab: number; filter: number }
  | { do: "change"; tab: number; filter: number; action: (typeof actions)[number] | "snooze"; items: number[] }
  | { do: "nothing" };

const index = fc.nat(20);
const fault: fc.Arbitrary<Fault> = fc.constantFrom<Fault>(
  "network", "lost", "silent", "garbage", { status: 503 }, { status: 429, retryAfter: 2 }, { status: 401, code: "unauthorized" });
const opening = fc.oneof(fc.constantFrom<Opening>("refused", "eager", "open"), fc.record({ after: fc.constantFrom(200, 14_000, 16_000) }));
const where = { tab: fc.nat(3), filter: fc.nat(filters.length - 1) };
const kind = <D extends Step["do"], T extends object>(name: D, weight: number, rest: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.WeightedArbitrary<Step> =>
  ({ weight, arbitrary: fc.record({ do: fc.constant(name), ...rest }) as unknown as fc.Arbitrary<Step> });

function steps(canLose: boolean): fc.Arbitrary<{ step: Step; wait: number }> {
  const step = fc.oneof(
    kind("arrive", 10, { category: fc.constantFrom("a", "b", null), many: fc.integer({ min: 1, max: 4 }) }),
    kind("replace", 2, { item: index }), kind("withdraw", 1, { item: index }),
    kind("elsewhere", 5, { action: fc.constantFrom(...actions), item: index }),
    kind("snoozed", 1, { item: index, ms: fc.integer({ min: 1000, max: 60_000 }) }),
    kind("drop", 3, {}), kind("halfOpen", 1, {}), kind("shutdown", 1, {}), kind("down", 1, {}), kind("up", 2, {}),
    kind("fault", 3, { faults: fc.array(fault, { minLength: 1, maxLength: 3 }) }),
    kind("opening", 2, { openings: fc.array(opening, { minLength: 1, maxLength: 2 }) }),
    kind("latency", 1, { ms: fc.constantFrom(1, 5, 40, 300) }),
    kind("open", 2, {}),
    kind("close", 1, where), kind("crash", 1, where), kind("hang", 1, where), kind("thaw", 1, where), kind("wake", 1, where),
    kind("disconnect", 1, where), kind("connect", 1, where),
    kind("load", 3, where), kind("more", 2, where), kind("refresh", 1, where), kind("showNew", 1, where), kind("readAll", 1, where),
    kind("change", 5, { ...where, action: fc.constantFrom(...actions, "snooze"), items: fc.array(index, { minLength: 1, maxLength: 3 }) }),
    ...(canLose ? [kind("trim", 1, { keep: fc.nat(6) }), kind("backup", 1, {}), kind("restore", 1, {})] : []),
  );
  return fc.record({ step, wait: fc.constantFrom(0, 0, 3, 10, 50, 400, 3000, 20_000) });
}

class World {
  readonly service = new FakeService();
  readonly browser = new FakeBrowser(this.service);
  readonly everyTab: Tab[] = [];
  readonly changes: Promise<boolean>[] = [];
  #backup: Backup | null = null;

  constructor(
    private readonly without: ("locks" | "channel" | "storage")[],
    seed: number,
  ) {
    this.browser.random = seeded(seed);
    this.service.catchUpPage = 3;
    this.service.syncPage = 3;
  }

  open(): void {
    const tab = this.browser.open({}, this.without);
    this.everyTab.push(tab);
    tab.client.connect();
  }

  do(step: Step): void {
    const { service, browser } = this;
    const { log } = service;
    const tab = "tab" in step ? browser.tabs[step.tab % browser.tabs.length] : undefined;
    const inbox = "filter" in step ? tab?.client.inbox({ filter: filters[step.filter] ?? {}, pageSize: 3 }) : undefined;
    const item = "item" in step ? log.items[step.item % Math.max(1, log.items.length)] : undefined;
    switch (step.do) {
      case "arrive":
        for (let i = 0; i < step.many; i++) {
          log.add({ category: step.category });
        }
        break;
      case "replace":
        log.replace(item?.id ?? "", "Replaced");
        break;
      case "withdraw":
        log.withdraw(item?.id ?? "");
        break;
      case "elsewhere":
        log.act({ action: step.action, ids: [item?.id ?? ""] });
        break;
      case "snoozed":
        log.act({ action: "snooze", ids: [item?.id ?? ""], snoozedUntil: new Date(Date.now() + step.ms).toISOString() });
        break;
      case "trim":
        log.trim(step.keep);
        break;
      case "backup":
        this.#backup = log.backup();
        break;
      case "restore":
        if (this.#backup !== null) {
          log.restore(this.#backup);
        }
        break;
      case "drop":
        service.sockets.values().next().value?.drop();
        break;
      case "halfOpen":
        service.sockets.values().next().value?.goHalfOpen();
        break;
      case "shutdown":
        for (const socket of service.sockets) {
          socket.close({ code: "server_shutdown", message: "", reconnect: true });
        }
        break;
      case "down":
        service.isDown = true;
        for (const socket of [...service.sockets]) {
          socket.drop();
        }
        break;
      case "up":
        service.isDown = false;
        break;
      case "fault":
        service.faults.push(...step.faults);
        break;
      case "opening":
        service.openings.push(...step.openings);
        break;
      case "latency":
        service.latency = () => step.ms;
        break;
      case "open":
        if (browser.tabs.length < 3) {
          this.open();
        }
        break;
      case "close":
      case "crash":
      case "hang":
      case "thaw":
      case "wake":
        tab?.[step.do]();
        break;
      case "connect":
      case "disconnect":
        tab?.client[step.do]();
        break;
      case "load":
        void inbox?.load();
        break;
      case "more":
        void inbox?.loadMore();
        break;
      case "refresh":
        void inbox?.refresh();
        break;
      case "showNew":
        inbox?.showNew();
        break;
      case "readAll":
        this.changes.push(inbox?.readAll() ?? Promise.resolve(true));
        break;
      case "change": {
        const shown = inbox?.getState().items ?? [];
        const ids = step.items.map((at) => shown[at % shown.length]?.id).filter((id) => id !== undefined);
        if (inbox !== undefined && tab?.isDead === false) {
          this.changes.push(step.action === "snooze"
            ? inbox.snooze(ids[0] ?? "none", new Date(Date.now() + 30_000))
            : step.action === "unsnooze" ? inbox.snooze(ids[0] ?? "none", null) : inbox[step.action](ids));
        }
        break;
      }
      case "nothing":
        break;
    }
  }

  /** All is well again, and everything that was to happen has happened. */
  async calm(): Promise<void> {
    const { service, browser } = this;
    service.isDown = false;
    service.faults.length = 0;
    service.openings.length = 0;
    service.latency = () => 5;
    for (const tab of browser.tabs) {
      tab.thaw();
      tab.client.connect();
    }
    await pass(60_000);
    service.log.wake();
    for (const tab of browser.tabs) {
      tab.wake();
    }
    await pass(60_000);
  }
}

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  vi.spyOn(AbortSignal, "timeout").mockImplementation(timeoutSignal);
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const scenario = (canLose: boolean): fc.Arbitrary<[{ step: Step; wait: number }[], ("locks" | "channel" | "storage")[], number]> =>
  fc.tuple(fc.array(steps(canLose), { minLength: 5, maxLength: 40 }), fc.constantFrom<("locks" | "channel" | "storage")[]>([], [], [], ["locks"]), fc.nat());

async function live([script, without, seed]: [{ step: Step; wait: number }[], ("locks" | "channel" | "storage")[], number]): Promise<World> {
  const world = new World(without, seed);
  world.open();
  for (const { step, wait } of script) {
    world.do(step);
    await pass(wait);
  }
  if (world.browser.tabs.length === 0) {
    world.open();
  }
  await world.calm();
  return world;
}

/** What a list shows once it is shown whole is what the service has. */
async function expectLists(world: World): Promise<void> {
  const { log } = world.service;
  for (const tab of world.browser.tabs) {
    expect(tab.client.state).toBe("connected");
    expect(tab.client.counts).toEqual(log.counts);
    for (const filter of filters) {
      const inbox = tab.client.inbox({ filter, pageSize: 3 });
      if (inbox.getState().status === "error") {
        await Promise.all([inbox.load(), pass(100)]);
      }
      if (inbox.getState().status === "idle") {
        continue;
      }
      while (inbox.getState().hasMore) {
        await Promise.all([inbox.loadMore(), pass(100)]);
      }
      expect(inbox.getState().status).toBe("ready");
      inbox.showNew();
      const { items, pendingNew } = inbox.getState();
      expect(pendingNew).toBe(0);
      // What retention deletes leaves a list with its next page, or with the next start of the client.
      expect(items.filter(({ seq }) => seq >= log.oldest)).toEqual(log.list(filter));
    }
    tab.client.disconnect();
  }
}

/** Each tab tells of an item once, in the order of the log. */
function expectAnnouncements(world: World): void {
  for (const tab of world.everyTab) {
    const ids = tab.all("notification").map(({ item }) => item.id);
    expect(ids).toEqual([...new Set(ids)]);
    const places = tab.all("notification").map(({ item }) => {
      const { epoch = 0, seq = 0 } = world.service.log.arrived.get(item.id) ?? {};
      return epoch * 10_000 + seq;
    });
    expect(places).toEqual([...places].sort((a, b) => a - b));
  }
}

const runs = Number(process.env.PROPERTY_RUNS ?? 60);
const seed = process.env.PROPERTY_SEED === undefined ? 42 : Number(process.env.PROPERTY_SEED);

it("ends with what the service has, and misses nothing, whatever happened on the way", async () => {
  await fc.assert(
    fc.asyncProperty(scenario(false), async (given) => {
      vi.clearAllTimers();
      const world = await live(given);
      expectAnnouncements(world);
      const told = new Set(world.everyTab.flatMap((tab) => tab.all("notification")).map(({ item }) => item.id));
      const since = Math.min(...world.everyTab.flatMap((tab) => tab.told.filter(({ event }) => event === "synced").map(({ at }) => at)));
      for (const item of world.service.log.items.filter(({ withdrawnAt }) => withdrawnAt === null)) {
        const at = world.service.log.arrived.get(item.id)?.at ?? 0;
        if (at > since) {
          expect(told).toContain(item.id);
        }
        for (const tab of world.browser.tabs) {
          const started = tab.told.find(({ event }) => event === "synced")?.at ?? Infinity;
          if (at > started) {
            expect(tab.all("notification").map((one) => one.item.id)).toContain(item.id);
          }
        }
      }
      for (const tab of world.everyTab) {
        expect(tab.all("synced").every(({ recovered }) => recovered)).toBe(true);
      }
      await expectLists(world);
    }),
    { numRuns: runs, seed },
  );
}, 600_000);

it("ends with what the service has after restores and retention too", async () => {
  await fc.assert(
    fc.asyncProperty(scenario(true), async (given) => {
      vi.clearAllTimers();
      const world = await live(given);
      const all = world.everyTab.flatMap((tab) => tab.all("notification").map(({ item }) => item.id));
      expect(all.length).toBeGreaterThanOrEqual(0);
      for (const tab of world.everyTab) {
        const ids = tab.all("notification").map(({ item }) => item.id);
        expect(ids).toEqual([...new Set(ids)]);
      }
      await expectLists(world);
    }),
    { numRuns: runs, seed },
  );
}, 600_000);
