import type { Counts, Item, NotifyErrorLike } from "./types.ts";

export interface Resumed {
  epoch: number;
  head: number;
  recovered: boolean;
  counts: Counts;
}

export interface Reset {
  epoch: number;
  head: number;
  counts: Counts;
}

export interface Closing {
  code: string;
  message: string;
  reconnect: boolean;
}

/** What the server says over an open connection, in its order. */
export interface HubEvents {
  notification(item: Item, counts: Counts): void;
  updated(items: Item[], counts: Counts): void;
  counts(counts: Counts): void;
  resumed(resumed: Resumed): void;
  reset(reset: Reset): void;
  closing(closing: Closing): void;
}

/** One connection, from open to closed; there is no second life to it. */
export interface HubLink {
  /** Resolves when it is closed, by whomever: with the reason, or null where `stop()` was called. */
  readonly closed: Promise<NotifyErrorLike | null>;
  /** Tells that everything up to this `rev` is here; settles when the server has heard it. */
  ack(rev: number): Promise<void>;
  stop(): void;
}

/** The part of a BroadcastChannel that is used. */
export interface Channel {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => void) | null;
  close(): void;
}

export type Locks = Pick<LockManager, "request">;

/** What the client needs of its surroundings; tests bring their own. */
export interface Environment {
  /** The page's origin, for a client that is given no address. */
  origin: string | undefined;
  fetch(url: string, init: RequestInit): Promise<Response>;
  openHub(url: string, token: string, events: HubEvents): Promise<HubLink>;
  /** Undefined where the browser has none, or no secure context: each tab then has a connection of its own. */
  locks: Locks | undefined;
  channel: ((name: string) => Channel) | undefined;
  storage: Pick<Storage, "getItem" | "setItem" | "removeItem"> | undefined;
  random(): number;
  now(): number;
  isOnline(): boolean;
  /** Calls back when it is worth trying at once: the network came or went, or somebody looks at the page again. */
  onWake(listener: () => void): () => void;
  /** Calls back when the page may be about to end. */
  onHide(listener: () => void): () => void;
}

/** The browser, or what of it there is: on a server that only renders, nothing here is touched until `connect()`. */
export function browser(): Environment {
  return {
    origin: typeof location === "undefined" ? undefined : location.origin,
    fetch: (url, init) => fetch(url, init),
    openHub: async (url, token, events) => (await import("./hub.ts")).openHub(url, token, events),
    locks: typeof navigator === "undefined" ? undefined : (navigator as Partial<Navigator>).locks,
    channel: typeof window === "undefined" || typeof BroadcastChannel === "undefined" ? undefined : (name) => new BroadcastChannel(name),
    storage: localStorageIfAllowed(),
    random: Math.random,
    now: Date.now,
    isOnline: () => typeof navigator === "undefined" || (navigator as Partial<Navigator>).onLine !== false,
    onWake: (listener) => {
      const visible = (): void => {
        if (document.visibilityState === "visible") {
          listener();
        }
      };
      return join(
        listen("window", "online", listener),
        listen("window", "offline", listener),
        listen("window", "pageshow", listener),
        listen("document", "visibilitychange", visible),
      );
    },
    onHide: (listener) => listen("window", "pagehide", listener),
  };
}

/** Reading the property alone throws where a page may not keep anything. */
function localStorageIfAllowed(): Storage | undefined {
  try {
    return typeof window === "undefined" ? undefined : window.localStorage;
  } catch {
    return undefined;
  }
}

function listen(where: "window" | "document", event: string, listener: () => void): () => void {
  if (typeof window === "undefined") {
    return () => undefined;
  }
  const target = where === "window" ? window : document;
  target.addEventListener(event, listener);
  return () => {
    target.removeEventListener(event, listener);
  };
}

function join(...ends: (() => void)[]): () => void {
  return () => {
    for (const end of ends) {
      end();
    }
  };
}
