import type { Change } from "../src/change.ts";
import type { Closing, HubEvents, HubLink } from "../src/environment.ts";

import type { InboxFilter, InboxStatus, NotifyErrorLike, Topic } from "../src/types.ts";
import type { Tab } from "./fakeBrowser.ts";
import { FakeLog, type Push } from "./fakeLog.ts";

/** What goes wrong with one request. */
export type Fault =
  /** It does not get there. */
  | "network"
  /** It is done, and the answer is lost. */
  | "lost"
  /** Nobody answers. */
  | "silent"
  /** What answers is not the service. */
  | "garbage"
  | { status: number; code?: string; detail?: string; retryAfter?: number };

/** How the next connection goes: it opens, is refused, opens after so many milliseconds, or says all it has to before it is open. */
export type Opening = "open" | "refused" | "eager" | { after: number };

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly token: string;
  readonly keepalive: boolean;
  readonly at: number;
}

/** The service, with one user's log behind it. Everything takes its time on the clock of the tests. */
export class FakeService {
  readonly url = "https://notify.example";
  readonly log = new FakeLog();
  readonly asked: Asked[] = [];
  readonly opened: URL[] = [];
  readonly sockets = new Set<FakeSocket>();
  readonly topics: Topic[] = [];
  preferences: Record<string, unknown> = { channels: {} };
  /** Nobody is there. */
  isDown = false;
  /** How long one way takes, in milliseconds. */
  latency: () => number = () => 5;
  /** For the next requests, in their order; also by a rule. */
  readonly faults: (Fault | null)[] = [];
  faultOf: (asked: Asked) => Fault | null = () => null;
  /** For the next connections, in their order. */
  readonly openings: Opening[] = [];
  /** So many places of the log at a time are caught up. */
  catchUpPage = 500;
  syncPage = 100;
  /** How long tokens last, in milliseconds. */
  tokenLife = 3_600_000;
  readonly #revoked = new Set<string>();
  #tokens = 0;

  constructor() {
    this.log.onRestore.add(() => {
      for (const socket of this.sockets) {
        socket.startOver();
      }
    });
  }

  token(user = "alice"): string {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const exp = (Date.now() + this.tokenLife) / 1000;
    return `${part({ alg: "HS256" })}.${part({ sub: user, tenant: "acme", exp, n: ++this.#tokens })}.signature`;
  }

  revoke(token: string): void {
    this.#revoked.add(token);
  }

  accepts(token: string): boolean {
    try {
      const { exp } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { exp: number };
      return !this.#revoked.has(token) && Date.now() < exp * 1000;
    } catch {
      return false;
    }
  }

  /** The only open connection. */
  get socket(): FakeSocket {
    const [socket] = this.sockets;
    if (socket === undefined) {
      throw new Error("No connection is open.");
    }
    return socket;
  }

  /** The requests to a path, oldest first. */
  to(path: string): Asked[] {
    return this.asked.filter((asked) => asked.path === path);
  }

  /** The changes that were asked for. */
  get changes(): Change[] {
    return this.to("/v1/me/inbox/actions").map(({ body }) => body as Change);
  }

  /** A tab is gone, and with it its connections. */
  lose(tab: Tab): void {
    for (const socket of [...this.sockets].filter((one) => one.tab === tab)) {
      socket.drop();
    }
  }

  async fetch(url: string, init: RequestInit, tab: Tab): Promise<Response> {
    const { pathname: path, searchParams: query } = new URL(url);
    const headers = init.headers as Record<string, string>;
    const asked: Asked = {
      method: init.method ?? "GET", path, query, keepalive: init.keepalive ?? false, at: Date.now(),
      body: typeof init.body === "string" ? JSON.parse(init.body) : undefined, token: (headers.Authorization ?? "").replace("Bearer ", ""),
    };
    const gone = new Promise<never>((_, reject) => {
      init.signal?.addEventListener("abort", () => { reject(init.signal?.reason as Error); });
    });
    gone.catch(() => undefined);
    const answer = (async (): Promise<Response> => {
      await delay(this.latency());
      const fault = this.isDown ? "network" : (this.faults.shift() ?? this.faultOf(asked));
      this.asked.push(asked);
      if (fault === "network") {
        throw new TypeError("Failed to fetch");
      }
      const done = fault === null || fault === "lost" ? this.#answer(asked) : fault === "silent" ? null : refusal(fault);
      await delay(this.latency());
      if (fault === "lost" || tab.isDead) {
        throw new TypeError("Failed to fetch");
      }
      return done ?? (await new Promise<never>(() => undefined));
    })();
    return Promise.race([answer, gone]);
  }

  async openHub(url: string, token: string, events: HubEvents, tab: Tab): Promise<HubLink> {
    const opening = this.openings.shift() ?? "open";
    this.opened.push(new URL(url));
    await delay(typeof opening === "object" ? opening.after : this.latency());
    if (opening === "refused" || this.isDown || tab.isDead || !this.accepts(token)) {
      throw new Error("WebSocket failed to connect.");
    }
    const { searchParams: query } = new URL(url);
    const socket = new FakeSocket(this, events, tab, Number(query.get("after")), Number(query.get("epoch")));
    if (opening === "eager") {
      await delay(10 * this.latency());
    }
    return socket.link;
  }

  #answer({ method, path, query, body, token }: Asked): Response {
    const { log } = this;
    if (!this.accepts(token)) {
      return refusal({ status: 401, code: "unauthorized" });
    }
    const key = /^\/v1\/me\/topics\/(.+)$/.exec(path)?.[1];
    if (key !== undefined) {
      return this.#setTopic(decodeURIComponent(key), method === "PUT");
    }
    switch (`${method} ${path}`) {
      case "GET /v1/me/inbox": {
        const filter: InboxFilter = { status: (query.get("status") ?? "inbox") as InboxStatus };
        const category = query.get("category");
        return ok(log.page(category === null ? filter : { ...filter, category }, Number(query.get("after") ?? Infinity), Number(query.get("limit"))));
      }
      case "GET /v1/me/inbox/sync":
        return ok(log.sync(Number(query.get("after")), Number(query.get("epoch")), Math.min(this.syncPage, Number(query.get("limit")))));
      case "POST /v1/me/inbox/actions": {
        const change = body as Change;
        if ((change.ids === undefined) === (change.filter === undefined) || change.ids?.length === 0 || (change.ids?.length ?? 0) > 500) {
          return refusal({ status: 400, code: "invalid_request", detail: "give 1 to 500 ids, or a filter" });
        }
        return ok({ updated: log.act(change), counts: log.counts });
      }
      case "GET /v1/me/preferences":
        return ok(this.preferences);
      case "PATCH /v1/me/preferences":
        return ok((this.preferences = { ...this.preferences, ...(body as object) }));
      case "GET /v1/me/topics": {
        const from = Number(query.get("after") ?? 0);
        return ok({ data: this.topics.slice(from, from + 2), nextCursor: from + 2 < this.topics.length ? String(from + 2) : null });
      }
    }
    return refusal({ status: 404, code: "not_found", detail: `There is no ${path}.` });
  }

  #setTopic(key: string, subscribed: boolean): Response {
    const topic = this.topics.find((one) => one.key === key);
    if (topic === undefined) {
      return refusal({ status: 404, code: "not_found", detail: "There is no such topic." });
    }
    topic.subscribed = subscribed;
    return { ok: true, status: 204, headers: new Headers() } as Response;
  }
}

/** One connection, as the service has it: where it begins, what it was sent, and what is on its way. */
export class FakeSocket {
  readonly link: HubLink;
  /** What the client said it has handled. */
  readonly acked: number[] = [];
  isHalfOpen = false;
  #position: number;
  #epoch: number;
  #isBehind = true;
  #recovered: boolean | null = true;
  #queue: Push[] = [];
  #isPumping = false;
  #isClosed = false;
  #close!: (reason: NotifyErrorLike | null) => void;
  readonly #hear = (push: Push): void => { this.#offer(push); };
  readonly #calls = new Set<(error: Error) => void>();

  constructor(
    private readonly service: FakeService,
    private readonly events: HubEvents,
    readonly tab: Tab,
    after: number,
    epoch: number,
  ) {
    this.#position = after;
    this.#epoch = epoch;
    this.link = {
      closed: new Promise((resolve) => { this.#close = resolve; }),
      ack: (rev) => this.#call(rev),
      stop: () => { this.#end(null); },
    };
    service.sockets.add(this);
    service.log.onPush.add(this.#hear);
    this.#pump();
  }

  /** The connection breaks, and the client notices. */
  drop(message = "Connection lost."): void {
    this.#end({ code: "network", message });
  }

  /** Nothing comes through any more, and nobody notices, but SignalR after 30 s of silence. */
  goHalfOpen(): void {
    this.isHalfOpen = true;
    setTimeout(() => { this.drop("Server timeout elapsed."); }, 30_000);
  }

  /** The service announces that it closes, and does. */
  close(closing: Closing): void {
    this.#say(() => { this.events.closing(closing); });
    setTimeout(() => { this.#end({ code: "network", message: "Closed by the server." }); }, 2 * this.service.latency());
  }

  /** Says what a real service would not say now. */
  say(word: (events: HubEvents) => void): void {
    this.#say(() => { word(this.events); });
  }

  startOver(): void {
    this.#epoch = -1;
    this.#isBehind = true;
    this.#queue = [];
    this.#pump();
  }

  #end(reason: NotifyErrorLike | null): void {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.service.sockets.delete(this);
      this.service.log.onPush.delete(this.#hear);
      for (const reject of this.#calls) {
        reject(new Error("The connection was closed."));
      }
      this.tab.enter(() => { this.#close(reason); });
    }
  }

  #call(rev: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new Error("Cannot send: the connection is closed."));
        return;
      }
      this.#calls.add(reject);
      if (!this.isHalfOpen) {
        setTimeout(() => {
          this.acked.push(rev);
          this.#say(() => {
            this.#calls.delete(reject);
            resolve();
          });
        }, this.service.latency());
      }
    });
  }

  #offer(push: Push): void {
    if (!this.#isBehind && (push.last === 0 || push.last > this.#position)) {
      this.#queue.push(push);
      this.#pump();
    }
  }

  /** Reads the store a page at a time and forwards what was committed, a step for each time that a message takes. */
  #pump(): void {
    if (!this.#isPumping && !this.#isClosed) {
      this.#isPumping = true;
      setTimeout(() => {
        this.#isPumping = false;
        if (this.#isClosed) {
          return;
        }
        if (this.#isBehind) {
          this.#catchUp();
        } else {
          for (const push of this.#queue.splice(0)) {
            this.#write(push);
          }
        }
      }, this.service.latency());
    }
  }

  #catchUp(): void {
    const { log } = this.service;
    if (log.isUseless(this.#position, this.#epoch)) {
      this.#epoch = log.epoch;
      this.#position = log.head;
      this.#isBehind = false;
      const reset = { epoch: log.epoch, head: log.head, counts: log.counts };
      this.#say(() => { this.events.reset(reset); });
      return;
    }
    const { steps, position } = log.catchUp(this.#position, this.service.catchUpPage);
    for (const step of steps) {
      this.#write(step);
    }
    this.#position = position;
    if (position < log.head) {
      this.#pump();
      return;
    }
    this.#isBehind = false;
    if (this.#recovered !== null) {
      const resumed = { epoch: log.epoch, head: position, recovered: this.#recovered, counts: log.counts };
      this.#recovered = null;
      this.#say(() => { this.events.resumed(resumed); });
    }
  }

  #write({ first, last, items, counts }: Push): void {
    const [only] = items;
    if (only === undefined) {
      this.#say(() => { this.events.counts(counts); });
    } else if (last > this.#position) {
      this.#position = last;
      const isNew = items.length === 1 && only.seq === first;
      this.#say(() => {
        if (isNew) {
          this.events.notification(only, counts);
        } else {
          this.events.updated(items, counts);
        }
      });
    }
  }

  /** On its way to the client; lost where the connection breaks first. All take the same time, so that none overtakes. */
  #say(word: () => void): void {
    setTimeout(() => {
      if (!this.#isClosed && !this.isHalfOpen) {
        this.tab.enter(word);
      }
    }, 5);
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}

function ok(body: unknown): Response {
  const text = JSON.stringify(body);
  return { ok: true, status: 200, headers: new Headers(), json: () => Promise.resolve(JSON.parse(text) as unknown) } as Response;
}

function refusal(fault: Fault): Response {
  if (typeof fault === "string") {
    return { ok: true, status: 200, headers: new Headers(), json: () => Promise.reject(new SyntaxError("Unexpected token <")) } as unknown as Response;
  }
  const { status, code, detail, retryAfter } = fault;
  const headers = new Headers(retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) });
  return { ok: false, status, headers, json: () => Promise.resolve({ title: "Refused", code, detail }) } as Response;
}

/** `AbortSignal.timeout` on the clock of the tests. */
export function timeoutSignal(ms: number): AbortSignal {
  const abort = new AbortController();
  setTimeout(() => { abort.abort(new DOMException("It took too long.", "TimeoutError")); }, ms);
  return abort.signal;
}
