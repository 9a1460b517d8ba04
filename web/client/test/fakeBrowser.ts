import { vi } from "vitest";
import { createNotifyClient } from "../src/client.ts";
import type { Channel, Environment, Locks } from "../src/environment.ts";
import type { ClientEvents, ClientOptions, InboxFilter, NotifyClient } from "../src/types.ts";
import type { FakeService } from "./fakeService.ts";

/** How long a word takes from tab to tab, in milliseconds. */
const hop = 1;

/** A browser: what its tabs share. */
export class FakeBrowser {
  readonly kept = new Map<string, string>();
  readonly tabs: Tab[] = [];
  isOnline = true;
  /** What `Math.random` is to its tabs. */
  random: () => number = () => 0.5;
  readonly locks = new FakeLocks();
  readonly channels = new Set<FakeChannel>();

  constructor(readonly service: FakeService) {}

  open(options: Partial<ClientOptions> = {}, without: ("locks" | "channel" | "storage")[] = []): Tab {
    const tab = new Tab(this, options, without);
    this.tabs.push(tab);
    return tab;
  }

  /** The network comes back or goes; every tab hears it. */
  setOnline(isOnline: boolean): void {
    this.isOnline = isOnline;
    for (const tab of this.tabs) {
      tab.wake();
    }
  }
}

type Told = { [K in keyof ClientEvents]: { event: K; payload: ClientEvents[K]; at: number } }[keyof ClientEvents];

/** One tab, with a client in it, and everything that client told. */
export class Tab {
  readonly client: NotifyClient;
  readonly told: Told[] = [];
  readonly reasons: string[] = [];
  isDead = false;
  readonly #wakers = new Set<() => void>();
  readonly #hiders = new Set<() => void>();
  readonly #held: (() => void)[] = [];
  #isHung = false;

  constructor(
    readonly browser: FakeBrowser,
    options: Partial<ClientOptions>,
    without: ("locks" | "channel" | "storage")[],
  ) {
    const { service } = browser;
    const environment: Environment = {
      origin: "https://app.example",
      fetch: (url, init) => service.fetch(url, init, this),
      openHub: (url, token, events) => service.openHub(url, token, events, this),
      locks: without.includes("locks") ? undefined : browser.locks.for(this),
      channel: without.includes("channel") ? undefined : (name) => new FakeChannel(name, this),
      storage: without.includes("storage") ? undefined : {
        getItem: (key) => browser.kept.get(key) ?? null,
        setItem: (key, value) => void (this.isDead || browser.kept.set(key, value)),
        removeItem: (key) => void (this.isDead || browser.kept.delete(key)),
      },
      random: () => browser.random(),
      now: Date.now,
      isOnline: () => browser.isOnline,
      onWake: (listener) => (this.#wakers.add(listener), () => this.#wakers.delete(listener)),
      onHide: (listener) => (this.#hiders.add(listener), () => this.#hiders.delete(listener)),
    };
    const getToken: ClientOptions["getToken"] = ({ reason }) => {
      this.reasons.push(reason);
      return service.token();
    };
    this.client = createNotifyClient({ url: service.url, getToken, ...options }, environment);
    for (const event of ["state", "notification", "updated", "counts", "synced", "error"] as const) {
      this.client.on(event, (payload) => {
        if (!this.isDead) {
          this.told.push({ event, payload, at: Date.now() } as Told);
        }
      });
    }
  }

  all<K extends keyof ClientEvents>(event: K): ClientEvents[K][] {
    return this.told.filter((one) => one.event === event).map((one) => one.payload as ClientEvents[K]);
  }

  last<K extends keyof ClientEvents>(event: K): ClientEvents[K] | undefined {
    return this.all(event).at(-1);
  }

  get states(): string[] {
    return this.all("state").map(({ state }) => state);
  }

  /** The titles that were announced. */
  get announced(): string[] {
    return this.all("notification").map(({ item }) => item.title);
  }

  titles(filter: InboxFilter = {}): string[] {
    return this.client.inbox({ filter }).getState().items.map(({ title }) => title);
  }

  wake(): void {
    for (const wake of [...this.#wakers]) {
      wake();
    }
  }

  hide(): void {
    for (const hide of [...this.#hiders]) {
      hide();
    }
  }

  /** Is left, as by following a link: told first, then gone. */
  close(): void {
    this.hide();
    this.crash();
  }

  /** Is gone without a word; what it still does reaches nobody. */
  crash(): void {
    this.isDead = true;
    this.browser.service.lose(this);
    this.browser.locks.lose(this);
    this.client.disconnect();
    this.browser.tabs.splice(this.browser.tabs.indexOf(this), 1);
  }

  /** Hears nothing for now, as while a script runs or the page is frozen. */
  hang(): void {
    this.#isHung = true;
  }

  thaw(): void {
    this.#isHung = false;
    for (const hear of this.#held.splice(0)) {
      hear();
    }
  }

  /** Lets something from outside in: now, when it thaws, or never. */
  enter(hear: () => void): void {
    if (this.#isHung) {
      this.#held.push(hear);
    } else if (!this.isDead) {
      hear();
    }
  }
}

class FakeChannel implements Channel {
  onmessage: ((event: MessageEvent) => void) | null = null;
  #isClosed = false;

  constructor(
    readonly name: string,
    readonly tab: Tab,
  ) {
    tab.browser.channels.add(this);
  }

  postMessage(message: unknown): void {
    if (this.#isClosed) {
      throw new DOMException("The channel is closed.", "InvalidStateError");
    }
    if (this.tab.isDead) {
      return;
    }
    for (const other of [...this.tab.browser.channels].filter((one) => one !== this && one.name === this.name)) {
      const data: unknown = structuredClone(message);
      setTimeout(() => { other.tab.enter(() => { other.#hear(data); }); }, hop);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.tab.browser.channels.delete(this);
  }

  #hear(data: unknown): void {
    if (!this.#isClosed) {
      this.onmessage?.({ data } as MessageEvent);
    }
  }
}

interface Request {
  readonly tab: Tab;
  readonly run: (lock: Lock | null) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** The browser's locks: one holder each, the others in a queue, and those who take it away. */
export class FakeLocks {
  readonly #locks = new Map<string, { holder: Request | null; queue: Request[] }>();

  for(tab: Tab): Locks {
    return {
      request: (name: string, options: LockOptions, run: Request["run"]) =>
        new Promise((resolve, reject) => { this.#request(name, options, { tab, run, resolve, reject }); }),
    } as Locks;
  }

  /** The tab is gone: what it held goes on to the next one. */
  lose(tab: Tab): void {
    for (const [name, lock] of this.#locks) {
      lock.queue = lock.queue.filter((request) => request.tab !== tab);
      if (lock.holder?.tab === tab) {
        lock.holder = null;
        this.#grant(name);
      }
    }
  }

  #request(name: string, { steal = false, signal }: LockOptions, request: Request): void {
    if (steal && signal !== undefined) {
      throw new DOMException("steal and signal do not go together.", "NotSupportedError");
    }
    const lock = this.#locks.get(name) ?? { holder: null, queue: [] };
    this.#locks.set(name, lock);
    if (signal?.aborted === true) {
      request.reject(signal.reason);
      return;
    }
    signal?.addEventListener("abort", () => {
      if (lock.queue.includes(request)) {
        lock.queue = lock.queue.filter((one) => one !== request);
        request.reject(signal.reason);
      }
    });
    if (steal) {
      lock.queue.unshift(request);
      const robbed = lock.holder;
      lock.holder = null;
      robbed?.tab.enter(() => { robbed.reject(new DOMException("The lock was stolen.", "AbortError")); });
    } else {
      lock.queue.push(request);
    }
    this.#grant(name);
  }

  #grant(name: string): void {
    setTimeout(() => {
      const lock = this.#locks.get(name);
      const next = lock?.holder === null ? lock.queue.shift() : undefined;
      if (lock !== undefined && next !== undefined) {
        lock.holder = next;
        const run = new Promise((resolve) => {
          next.tab.enter(() => { resolve(next.run({ name, mode: "exclusive" })); });
        });
        void run.then(next.resolve, next.reject).finally(() => {
          if (lock.holder === next && !next.tab.isDead) {
            lock.holder = null;
            this.#grant(name);
          }
        });
      }
    }, 0);
  }
}

/** Lets time pass, in milliseconds, with everything that happens in it. */
export async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

/** A generator of numbers from 0 to 1 that says the same each time. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
