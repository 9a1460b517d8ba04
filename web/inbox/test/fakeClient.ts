import type {
  ClientEvents,
  ConnectionState,
  Counts,
  Inbox,
  InboxFilter,
  InboxOptions,
  InboxState,
  Item,
  NotifyClient,
  NotifyErrorLike,
  Preferences,
  PreferencesChange,
  StateEvent,
  Topic,
} from "@notifications/client";

/** What was asked of the client, in order: `["read", ["ntf_1"]]`, `["load", filter]`, … */
export type Call = readonly [name: string, ...args: unknown[]];

export interface FakeOptions {
  /** What the service holds; `seq` orders it. */
  items?: readonly Item[];
  preferences?: Preferences;
  topics?: readonly Topic[];
  state?: ConnectionState;
}

/** A client without a service: everything happens in memory, at once, and by the test's word. */
export interface FakeClient extends NotifyClient {
  readonly calls: readonly Call[];
  /** Everything of one name that was asked, oldest first: the arguments. */
  called(name: string): unknown[][];
  /** What the service holds of this item; throws where there is none. */
  item(id: string): Item;
  setState(state: ConnectionState, reason?: NotifyErrorLike | null, retryAt?: number | null): void;
  /** A new notification comes in, live unless `missed`. */
  arrive(item?: Partial<Item>, missed?: boolean): Item;
  /** An item changes on another device, or is withdrawn. */
  change(id: string, change: Partial<Item>): void;
  synced(payload?: Partial<ClientEvents["synced"]>): void;
  emit<K extends keyof ClientEvents>(event: K, payload: ClientEvents[K]): void;
  /** The next load, change, or call of preferences or topics fails with this. */
  failNext(error?: NotifyErrorLike): void;
  /** From now on loads hang, until `release()`. */
  hold(): void;
  release(): void;
}

const nothing = { seenAt: null, readAt: null, archivedAt: null, snoozedUntil: null, withdrawnAt: null };
let made = 0;

/** An item with every value set; `seq` counts up from the last one made. */
export function makeItem(change: Partial<Item> = {}): Item {
  const seq = change.seq ?? made + 1;
  made = Math.max(made, seq);
  return {
    id: `ntf_${seq}`,
    seq,
    rev: seq,
    eventId: `evt_${seq}`,
    type: "comment.added",
    title: `Notification ${seq}`,
    body: null,
    url: null,
    imageUrl: null,
    data: null,
    actions: null,
    category: null,
    priority: "normal",
    createdAt: new Date(Date.now() - 60_000).toISOString(),
    ...nothing,
    ...change,
  };
}

/** Items with `seq` 1 to `count`, oldest first. */
export function makeItems(count: number, change: (seq: number) => Partial<Item> = () => ({})): Item[] {
  return Array.from({ length: count }, (_, index) => makeItem({ seq: index + 1, ...change(index + 1) }));
}

export function makePreferences(change: Partial<Preferences> = {}): Preferences {
  return {
    channels: {},
    categories: {},
    quietHours: null,
    digest: null,
    timeZone: null,
    locale: null,
    defaults: {
      channels: { inbox: "on", email: "on", webhook: "on" },
      quietHours: null,
      digest: { every: "daily", at: "09:00", weekday: "monday" },
      timeZone: "UTC",
      locale: "en",
    },
    effective: [
      { category: "comments", name: "Comments", mandatory: false, channels: { inbox: "on", email: "digest", webhook: "off" } },
      { category: "security", name: "Security", mandatory: true, channels: { inbox: "on", email: "on", webhook: "off" } },
    ],
    ...change,
  };
}

export function matches(item: Item, { status = "inbox", category }: InboxFilter): boolean {
  if (item.withdrawnAt !== null || (category !== undefined && item.category !== category)) {
    return false;
  }
  const open = item.archivedAt === null && item.snoozedUntil === null;
  switch (status) {
    case "all":
      return true;
    case "archived":
      return item.archivedAt !== null;
    case "snoozed":
      return item.snoozedUntil !== null;
    case "unseen":
      return open && item.seenAt === null;
    case "seen":
      return open && item.seenAt !== null;
    case "unread":
      return open && item.readAt === null;
    case "read":
      return open && item.readAt !== null;
    case "inbox":
      return open;
  }
}

export function fakeClient(options: FakeOptions = {}): FakeClient {
  const items = new Map((options.items ?? []).map((item) => [item.id, item]));
  const calls: Call[] = [];
  const handlers = new Map<keyof ClientEvents, Set<(payload: never) => void>>();
  const lists = new Map<string, FakeInbox>();
  let preferences = options.preferences ?? makePreferences();
  let topics = [...(options.topics ?? [])];
  let connection: StateEvent = { state: options.state ?? "connected", retryAt: null, reason: null };
  let failure: NotifyErrorLike | null = null;
  let held: (() => void)[] | null = null;

  const head = () => Math.max(0, ...[...items.values()].map((item) => item.seq));
  const counts = (): Counts => {
    const open = [...items.values()].filter((item) => matches(item, {}));
    return { unseen: open.filter((item) => item.seenAt === null).length, unread: open.filter((item) => item.readAt === null).length };
  };
  const emit = <K extends keyof ClientEvents>(event: K, payload: ClientEvents[K]) => {
    for (const handler of [...(handlers.get(event) ?? [])]) {
      (handler as (payload: ClientEvents[K]) => void)(payload);
    }
  };
  const takeFailure = () => {
    const error = failure;
    failure = null;
    return error;
  };
  const whenReleased = async () => {
    if (held !== null) {
      await new Promise<void>((resolve) => held?.push(resolve));
    }
  };
  const changed = () => {
    for (const list of lists.values()) {
      list.changed();
    }
  };
  const store = (changes: readonly Item[]) => {
    for (const item of changes) {
      items.set(item.id, { ...item, rev: item.rev + 1 });
    }
    changed();
  };

  /** One list, as the contract has it. */
  class FakeInbox implements Inbox {
    #listeners = new Set<() => void>();
    #state: InboxState | null = null;
    #status: InboxState["status"] = "idle";
    #error: NotifyErrorLike | null = null;
    #wanted = 0;
    #shown = 0;
    #queued = false;

    constructor(
      readonly filter: InboxFilter,
      readonly pageSize: number,
    ) {}

    getState(): InboxState {
      if (this.#state === null) {
        const all = [...items.values()].filter((item) => matches(item, this.filter)).sort((a, b) => b.seq - a.seq);
        const shown = all.filter((item) => item.seq <= this.#shown);
        this.#state = {
          items: shown.slice(0, this.#wanted),
          counts: this.#status === "idle" ? null : counts(),
          hasMore: shown.length > this.#wanted,
          status: this.#status,
          error: this.#error,
          pendingNew: this.#wanted === 0 ? 0 : all.length - shown.length,
        };
      }
      return this.#state;
    }

    subscribe(listener: () => void): () => void {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    }

    changed(): void {
      this.#state = null;
      if (!this.#queued) {
        this.#queued = true;
        queueMicrotask(() => {
          this.#queued = false;
          this.#listeners.forEach((listener) => {
            listener();
          });
        });
      }
    }

    async #page(name: string, status: "loading" | "more", done: () => void): Promise<void> {
      calls.push([name, this.filter]);
      this.#status = status;
      this.changed();
      await whenReleased();
      this.#error = takeFailure();
      this.#status = this.#error === null ? "ready" : "error";
      if (this.#error === null) {
        done();
      } else {
        emit("error", this.#error);
      }
      this.changed();
    }

    #first = () => {
      this.#wanted = this.pageSize;
      this.#shown = head();
    };

    async load(): Promise<void> {
      if (this.#status === "idle" || (this.#status === "error" && this.#wanted === 0)) {
        await this.#page("load", "loading", this.#first);
      } else if (this.#status === "error") {
        await this.loadMore();
      }
    }

    async loadMore(): Promise<void> {
      if (this.#status !== "loading" && this.#status !== "more" && this.getState().hasMore) {
        await this.#page("loadMore", "more", () => {
          this.#wanted += this.pageSize;
        });
      }
    }

    async refresh(): Promise<void> {
      await this.#page("refresh", "loading", this.#first);
    }

    showNew(): void {
      calls.push(["showNew", this.filter]);
      this.#wanted += this.getState().pendingNew;
      this.#shown = head();
      this.changed();
    }

    async #change(name: string, ids: readonly string[], change: (item: Item) => Partial<Item>, ...args: unknown[]): Promise<boolean> {
      calls.push([name, ...args]);
      const before = ids.map((id) => items.get(id)).filter((item) => item !== undefined);
      store(before.map((item) => ({ ...item, ...change(item) })));
      emit("counts", counts());
      const error = takeFailure();
      await whenReleased();
      if (error !== null) {
        store(before);
        emit("counts", counts());
        emit("error", error);
      }
      return error === null;
    }

    #ids = (keep: (item: Item) => boolean = () => true) =>
      [...items.values()].filter((item) => matches(item, this.filter) && item.seq <= this.#shown && keep(item)).map((item) => item.id);
    #now = () => new Date().toISOString();
    #seen = (item: Item) => ({ seenAt: item.seenAt ?? this.#now() });
    #read = (item: Item) => ({ ...this.#seen(item), readAt: item.readAt ?? this.#now() });
    #archive = () => ({ archivedAt: this.#now(), snoozedUntil: null });

    read = (ids: readonly string[]) => this.#change("read", ids, this.#read, [...ids]);
    unread = (ids: readonly string[]) => this.#change("unread", ids, () => ({ readAt: null }), [...ids]);
    seen = (ids: readonly string[]) => this.#change("seen", ids, this.#seen, [...ids]);
    archive = (ids: readonly string[]) => this.#change("archive", ids, this.#archive, [...ids]);
    unarchive = (ids: readonly string[]) => this.#change("unarchive", ids, () => ({ archivedAt: null }), [...ids]);
    snooze = (id: string, until: Date | null) =>
      this.#change("snooze", [id], () => ({ snoozedUntil: until?.toISOString() ?? null }), id, until);
    readAll = () => this.#change("readAll", this.#ids(), this.#read, this.filter);
    seenAll = () => this.#change("seenAll", this.#ids(), this.#seen, this.filter);
    archiveAll = (options: { onlyRead?: boolean } = {}) =>
      this.#change(
        "archiveAll",
        this.#ids((item) => options.onlyRead !== true || item.readAt !== null),
        this.#archive,
        options,
      );
  }

  const answer = async <T>(call: Call, result: () => T): Promise<T> => {
    calls.push(call);
    await whenReleased();
    const error = takeFailure();
    if (error !== null) {
      throw Object.assign(new Error(error.message), error);
    }
    return result();
  };

  const client: FakeClient = {
    get state() {
      return connection.state;
    },
    get connection() {
      return connection;
    },
    get counts() {
      return counts();
    },
    calls,
    called: (name) => calls.filter((call) => call[0] === name).map(([, ...args]) => args),
    item(id) {
      const item = items.get(id);
      if (item === undefined) {
        throw new Error(`There is no ${id}.`);
      }
      return item;
    },
    connect() {
      calls.push(["connect"]);
      if (client.state === "disconnected" || client.state === "unauthorized") {
        client.setState("connected");
      }
    },
    disconnect() {
      calls.push(["disconnect"]);
      client.setState("disconnected");
    },
    async ready() {},
    on(event, handler) {
      const set = handlers.get(event) ?? new Set();
      handlers.set(event, set);
      set.add(handler);
      return () => set.delete(handler);
    },
    inbox({ filter = {}, pageSize = 25 }: InboxOptions = {}) {
      const key = `${filter.status ?? "inbox"}/${filter.category ?? ""}`;
      const list = lists.get(key) ?? new FakeInbox(filter, pageSize);
      lists.set(key, list);
      return list;
    },
    preferences: {
      get: () => answer(["preferences.get"], () => preferences),
      update: (change) =>
        answer(["preferences.update", change], () => {
          preferences = merge(preferences, change);
          return preferences;
        }),
    },
    topics: {
      list: () => answer(["topics.list"], () => topics),
      subscribe: (key) => answer(["topics.subscribe", key], () => { setTopic(key, true); }),
      unsubscribe: (key) => answer(["topics.unsubscribe", key], () => { setTopic(key, false); }),
    },
    setState(next, reason = null, retryAt = null) {
      connection = { state: next, reason, retryAt };
      emit("state", connection);
    },
    arrive(change = {}, missed = false) {
      const item = makeItem({ seq: head() + 1, createdAt: new Date().toISOString(), ...change });
      items.set(item.id, item);
      changed();
      emit("counts", counts());
      emit("notification", { item, counts: counts(), missed });
      return item;
    },
    change(id, change) {
      const item = { ...client.item(id), ...change };
      store([item]);
      emit("counts", counts());
      emit("updated", { items: [item], counts: counts() });
    },
    synced(payload = {}) {
      emit("synced", { recovered: true, missed: 0, first: false, ...payload });
    },
    emit,
    failNext(error = { code: "network", message: "The service could not be reached." }) {
      failure = error;
    },
    hold() {
      held ??= [];
    },
    release() {
      const waiting = held ?? [];
      held = null;
      waiting.forEach((go) => {
        go();
      });
    },
  };
  return client;

  function setTopic(key: string, subscribed: boolean): void {
    topics = topics.map((topic) => (topic.key === key ? { ...topic, subscribed, subscribedAt: subscribed ? new Date().toISOString() : null } : topic));
  }
}

/** The merge of the service: null removes a setting. What follows for a category is set beside it, where it is not mandatory. */
function merge(preferences: Preferences, change: PreferencesChange): Preferences {
  const effective = preferences.effective.map((line) => {
    const channels = { ...line.channels };
    for (const [name, value] of Object.entries({ ...change.channels, ...change.categories?.[line.category] })) {
      channels[name as keyof typeof channels] = value ?? preferences.defaults.channels[name as keyof typeof channels];
    }
    return line.mandatory ? line : { ...line, channels };
  });
  const { quietHours, digest, timeZone, locale } = { ...preferences, ...change };
  return { ...preferences, quietHours, digest, timeZone, locale, effective };
}
