import type { Change } from "./change.ts";
import { Changes } from "./changes.ts";
import { Emitter } from "./emitter.ts";
import { browser, type Environment } from "./environment.ts";
import { NotifyError } from "./errors.ts";
import { Http } from "./http.ts";
import { InboxList, type InboxHost, type InboxPage } from "./inbox.ts";
import type { Position, SyncAnswer } from "./replica.ts";
import { Session, type SessionHost } from "./session.ts";
import { Store } from "./store.ts";
import { Tokens } from "./token.ts";
import type {
  ClientEvents, ClientOptions, ConnectionState, Counts, Inbox, InboxFilter, InboxOptions, Item, NotifyClient, NotifyErrorLike, Preferences,
  PreferencesChange, StateEvent, SyncedEvent, Topic,
} from "./types.ts";

/**
 * A client for one user. It does nothing until it is told to: `connect()`, or `load()` of a list.
 * @param options Where the service is, and how to get a token.
 * @param environment What stands for the browser, in tests.
 */
export function createNotifyClient(options: ClientOptions, environment: Environment = browser()): NotifyClient {
  return new Client(options, environment);
}

class Client implements NotifyClient, SessionHost, InboxHost {
  readonly base: string;
  readonly store = new Store();
  counts: Counts | null = null;
  readonly preferences = {
    get: (): Promise<Preferences> => this.#http.send("GET", "/v1/me/preferences"),
    update: (change: PreferencesChange): Promise<Preferences> => this.#http.send("PATCH", "/v1/me/preferences", change),
  };
  readonly topics = {
    list: (): Promise<Topic[]> => this.#listTopics(),
    subscribe: (key: string): Promise<void> => this.#http.send("PUT", `/v1/me/topics/${encodeURIComponent(key)}`),
    unsubscribe: (key: string): Promise<void> => this.#http.send("DELETE", `/v1/me/topics/${encodeURIComponent(key)}`),
  };
  readonly #events = new Emitter<ClientEvents>();
  readonly #http: Http;
  readonly #session: Session;
  readonly #changes: Changes;
  readonly #environment: Environment;
  readonly #lists = new Map<string, InboxList>();
  #fetched: Position | null = null;
  /** Rises with the counts, so that an answer that was asked for earlier does not overwrite them. */
  #countsVersion = 0;
  #unlisten: (() => void) | null = null;

  constructor({ url, getToken, shareConnection = true, storage }: ClientOptions, environment: Environment) {
    const base = url ?? environment.origin;
    if (base === undefined) {
      throw new TypeError("createNotifyClient: url is missing, and there is no page to take it from.");
    }
    this.base = new URL(base, environment.origin).href.replace(/\/+$/, "");
    this.#environment = environment;
    const kept = storage === undefined ? environment.storage : storage;
    const tokens = new Tokens(getToken, environment);
    this.#http = new Http(this.base, tokens, environment);
    this.#session = new Session(this, tokens, environment, shareConnection, kept);
    this.#changes = new Changes(this.store, (change) => this.#send(change), kept, environment, {
      changed: () => { this.#listsChanged(); },
      failed: (error) => { this.failed(error); },
    });
  }

  get state(): ConnectionState {
    return this.connection.state;
  }

  get connection(): StateEvent {
    return this.#session.state;
  }

  connect(): void {
    this.#unlisten ??= this.#listen();
    this.#session.start();
    this.#changes.wake();
  }

  disconnect(): void {
    this.#unlisten?.();
    this.#unlisten = null;
    this.#changes.stop();
    this.#session.stop();
  }

  ready({ timeoutMs }: { timeoutMs?: number } = {}): Promise<void> {
    if (this.state === "connected") {
      return Promise.resolve();
    }
    if (this.state === "unauthorized") {
      return Promise.reject(new NotifyError("unauthorized", this.#session.state.reason?.message ?? "Nobody is signed in."));
    }
    return new Promise((resolve, reject) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const settle = (error: NotifyError | null): void => {
        off();
        clearTimeout(timer);
        if (error === null) {
          resolve();
        } else {
          reject(error);
        }
      };
      const off = this.on("state", ({ state, reason }) => {
        if (state === "connected") {
          settle(null);
        } else if (state === "unauthorized" || state === "disconnected") {
          settle(new NotifyError(state, reason?.message ?? "The client was disconnected."));
        }
      });
      if (timeoutMs !== undefined) {
        timer = setTimeout(() => { settle(new NotifyError("timeout", `There was no connection within ${timeoutMs} ms.`)); }, timeoutMs);
      }
    });
  }

  on<K extends keyof ClientEvents>(event: K, handler: (payload: ClientEvents[K]) => void): () => void {
    return this.#events.on(event, handler);
  }

  inbox({ filter = {}, pageSize = 25 }: InboxOptions = {}): Inbox {
    const { status = "inbox", category } = filter;
    const key = JSON.stringify([status, category]);
    let list = this.#lists.get(key);
    if (list === undefined) {
      list = new InboxList(this, Object.freeze({ status, ...(category === undefined ? {} : { category }) }), Math.min(100, Math.max(1, pageSize)));
      this.#lists.set(key, list);
    }
    return list;
  }

  // What lists ask for.

  async page(filter: Readonly<InboxFilter>, limit: number, after: string | null, below: number): Promise<InboxPage | null> {
    const { generation } = this.#session;
    const asked = this.#countsVersion;
    const query = new URLSearchParams({ status: filter.status ?? "inbox", limit: String(limit) });
    if (filter.category !== undefined) {
      query.set("category", filter.category);
    }
    if (after !== null) {
      query.set("after", after);
    }
    this.store.loading++;
    try {
      const page = await this.#http.send<InboxPage>("GET", `/v1/me/inbox?${query}`);
      if (generation !== this.#session.generation || !this.#session.accepts(page.epoch, page.head, page.counts)) {
        return null;
      }
      if (this.#fetched === null || this.#fetched.epoch !== page.epoch || this.#fetched.at < page.head) {
        this.#fetched = { epoch: page.epoch, at: page.head };
      }
      this.store.putPage(page.data, filter, page.nextCursor === null ? 0 : (page.data.at(-1)?.seq ?? 0), below, page.head);
      this.#countedWhenAsked(page.counts, asked);
      return page;
    } finally {
      this.store.loading--;
      this.#listsChanged();
    }
  }

  change(change: Change): Promise<boolean> {
    return this.#changes.make(change);
  }

  isBehind(head: number): boolean {
    const { anchor } = this.#session.replica;
    return anchor !== Infinity && head < anchor;
  }

  position(): number {
    return Math.max(this.#session.replica.position?.at ?? 0, this.#fetched?.at ?? 0);
  }

  failed(error: unknown): NotifyErrorLike {
    const { code = "failed", message = String(error) } = error as Partial<NotifyErrorLike>;
    const failure = error instanceof NotifyError ? error : { code: (error as Error).name === "UnauthorizedError" ? "unauthorized" : code, message };
    this.#events.emit("error", failure);
    return failure;
  }

  // What the session tells.

  identified(name: string): void {
    this.#changes.keepUnder(`${name}:changes`);
  }

  leads(): void {
    this.#changes.takeOver();
  }

  sync({ epoch, at }: Position): Promise<SyncAnswer> {
    return this.#http.send("GET", `/v1/me/inbox/sync?after=${at}&epoch=${epoch}&limit=100`);
  }

  fetched(): Position | null {
    return this.#fetched;
  }

  take(items: Item[], counts: Counts): void {
    this.store.put(items);
    this.counted(counts);
    this.#listsChanged();
  }

  notified(item: Item, counts: Counts, missed: boolean): void {
    this.#events.emit("notification", { item, counts, missed });
  }

  updated(items: Item[], counts: Counts): void {
    this.#events.emit("updated", { items, counts });
  }

  counted(counts: Counts): void {
    this.#countsVersion++;
    if (this.counts?.unseen !== counts.unseen || this.counts.unread !== counts.unread) {
      this.counts = counts;
      this.#events.emit("counts", counts);
      this.#listsChanged();
    }
  }

  async renew(what: "older" | "all" | "reset"): Promise<void> {
    const lists = [...this.#lists.values()].filter((list) => list.head !== null && (what !== "older" || this.isBehind(list.head)));
    if (what === "reset") {
      for (const list of lists) {
        list.freeze();
      }
      this.store.clear();
      this.#fetched = null;
    }
    // A first page that is on its way looks itself whether it is older.
    await Promise.all(lists.map((list) => (what === "older" && list.head === -1 ? list.load() : list.refresh())));
    this.store.sweep();
  }

  synced(synced: SyncedEvent): void {
    this.#events.emit("synced", synced);
    this.#retryLists();
  }

  changed(state: StateEvent): void {
    if (state.state === "connected") {
      this.#changes.wake();
    }
    this.#events.emit("state", state);
  }

  #listen(): () => void {
    const ends = [
      this.#environment.onWake(() => {
        this.#session.wake();
        this.#changes.wake();
        this.#retryLists();
      }),
      this.#environment.onHide(() => {
        this.#session.flush();
        this.#changes.keep();
      }),
    ];
    return () => {
      for (const end of ends) {
        end();
      }
    };
  }

  async #send(change: Change): Promise<void> {
    const asked = this.#countsVersion;
    // A click that reads an item often leaves the page as well; the request outlives it.
    const { counts } = await this.#http.send<{ counts: Counts }>("POST", "/v1/me/inbox/actions", change, true);
    this.#countedWhenAsked(counts, asked);
  }

  /** The counts of an answer are older than those that came meanwhile over the connection. */
  #countedWhenAsked(counts: Counts, asked: number): void {
    if (asked === this.#countsVersion || this.state !== "connected") {
      this.counted(counts);
    }
  }

  #retryLists(): void {
    for (const list of this.#lists.values()) {
      list.retry();
    }
  }

  #listsChanged(): void {
    for (const list of this.#lists.values()) {
      list.changed();
    }
  }

  async #listTopics(): Promise<Topic[]> {
    const topics: Topic[] = [];
    for (let cursor: string | null = ""; cursor !== null;) {
      const page: { data: Topic[]; nextCursor: string | null } = await this.#http.send(
        "GET", `/v1/me/topics?limit=100${cursor === "" ? "" : `&after=${encodeURIComponent(cursor)}`}`);
      topics.push(...page.data);
      cursor = page.nextCursor;
    }
    return topics;
  }
}
