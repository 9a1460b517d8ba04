import type {
  ClientEvents, Counts, Inbox, InboxFilter, InboxOptions, InboxState, Item, NotifyClient, Preferences, PreferencesChange, StateEvent, Topic,
} from "@notifications/client";

type Handlers = { [K in keyof ClientEvents]: Set<(payload: ClientEvents[K]) => void> };

/** A client that is always connected and keeps all in memory: for looking at the elements without a service. */
export class MemoryClient implements NotifyClient {
  readonly state = "connected";
  readonly connection: StateEvent = { state: this.state, retryAt: null, reason: null };
  readonly #handlers: Handlers = {
    state: new Set(), notification: new Set(), updated: new Set(), counts: new Set(), synced: new Set(), error: new Set(),
  };
  readonly #lists = new Map<string, MemoryInbox>();
  #items: readonly Item[];
  #preferences: Preferences;
  #topics: readonly Topic[];

  constructor(items: readonly Item[], preferences: Preferences, topics: readonly Topic[]) {
    this.#items = items;
    this.#preferences = preferences;
    this.#topics = topics;
  }

  get items(): readonly Item[] {
    return this.#items;
  }

  get counts(): Counts {
    const here = this.#items.filter((item) => fits(item, {}));
    return { unseen: here.filter((item) => item.seenAt === null).length, unread: here.filter((item) => item.readAt === null).length };
  }

  connect(): void {
    // It is.
  }

  disconnect(): void {
    // There is nothing to end.
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  on<K extends keyof ClientEvents>(event: K, handler: (payload: ClientEvents[K]) => void): () => void {
    this.#handlers[event].add(handler);
    return () => {
      this.#handlers[event].delete(handler);
    };
  }

  inbox({ filter = {} }: InboxOptions = {}): Inbox {
    const key = `${filter.status ?? "inbox"} ${filter.category ?? ""}`;
    const list = this.#lists.get(key) ?? new MemoryInbox(this, filter);
    this.#lists.set(key, list);
    return list;
  }

  readonly preferences = {
    get: () => Promise.resolve(this.#preferences),
    update: ({ categories = {}, quietHours, digest }: PreferencesChange) => {
      const effective = this.#preferences.effective.map((line) => {
        const channels = Object.entries(categories[line.category] ?? {}).filter(([, setting]) => setting !== null);
        return { ...line, channels: { ...line.channels, ...Object.fromEntries(channels) } };
      });
      this.#preferences = {
        ...this.#preferences,
        effective,
        ...(quietHours !== undefined && { quietHours }),
        ...(digest !== undefined && { digest }),
      };
      return Promise.resolve(this.#preferences);
    },
  };

  readonly topics = {
    list: () => Promise.resolve([...this.#topics]),
    subscribe: (key: string) => this.#follow(key, true),
    unsubscribe: (key: string) => this.#follow(key, false),
  };

  arrive(item: Item): void {
    this.#items = [item, ...this.#items];
    this.#changed();
    this.#emit("notification", { item, counts: this.counts, missed: false });
  }

  change(which: (item: Item) => boolean, change: Partial<Item>): Promise<boolean> {
    this.#items = this.#items.map((item) => (which(item) ? { ...item, ...change, rev: item.rev + 1 } : item));
    this.#changed();
    this.#emit("updated", { items: this.#items.filter(which), counts: this.counts });
    return Promise.resolve(true);
  }

  #changed(): void {
    for (const list of this.#lists.values()) {
      list.changed();
    }
    this.#emit("counts", this.counts);
  }

  #emit<K extends keyof ClientEvents>(event: K, payload: ClientEvents[K]): void {
    for (const handler of [...this.#handlers[event]]) {
      handler(payload);
    }
  }

  #follow(key: string, subscribed: boolean): Promise<void> {
    this.#topics = this.#topics.map((topic) => (topic.key === key ? { ...topic, subscribed } : topic));
    return Promise.resolve();
  }
}

class MemoryInbox implements Inbox {
  #state: InboxState = { items: [], counts: null, hasMore: false, status: "idle", error: null, pendingNew: 0 };
  readonly #listeners = new Set<() => void>();

  constructor(
    private readonly client: MemoryClient,
    readonly filter: InboxFilter,
  ) {}

  getState(): InboxState {
    return this.#state;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  changed(): void {
    if (this.#state.status === "ready") {
      void this.refresh();
    }
  }

  load(): Promise<void> {
    return this.refresh();
  }

  loadMore(): Promise<void> {
    return Promise.resolve();
  }

  refresh(): Promise<void> {
    const items = this.client.items.filter((item) => fits(item, this.filter));
    this.#state = { items, counts: this.client.counts, hasMore: false, status: "ready", error: null, pendingNew: 0 };
    queueMicrotask(() => {
      for (const listener of [...this.#listeners]) {
        listener();
      }
    });
    return Promise.resolve();
  }

  showNew(): void {
    // Nothing ever waits.
  }

  read = (ids: readonly string[]) => this.#change(ids, { readAt: now(), seenAt: now() });
  unread = (ids: readonly string[]) => this.#change(ids, { readAt: null });
  seen = (ids: readonly string[]) => this.#change(ids, { seenAt: now() });
  archive = (ids: readonly string[]) => this.#change(ids, { archivedAt: now() });
  unarchive = (ids: readonly string[]) => this.#change(ids, { archivedAt: null });
  snooze = (id: string, until: Date | null) => this.#change([id], { snoozedUntil: until?.toISOString() ?? null });
  readAll = () => this.client.change((item) => fits(item, this.filter), { readAt: now(), seenAt: now() });
  seenAll = () => this.client.change((item) => fits(item, this.filter), { seenAt: now() });
  archiveAll = ({ onlyRead = false } = {}) =>
    this.client.change((item) => fits(item, this.filter) && (!onlyRead || item.readAt !== null), { archivedAt: now() });

  #change(ids: readonly string[], change: Partial<Item>): Promise<boolean> {
    return this.client.change((item) => ids.includes(item.id), change);
  }
}

function now(): string {
  return new Date().toISOString();
}

function fits(item: Item, { status = "inbox", category }: InboxFilter): boolean {
  if (category !== undefined && item.category !== category) {
    return false;
  }
  const here = item.archivedAt === null && item.snoozedUntil === null;
  switch (status) {
    case "archived":
      return item.archivedAt !== null;
    case "snoozed":
      return item.snoozedUntil !== null;
    case "unread":
      return here && item.readAt === null;
    case "read":
      return here && item.readAt !== null;
    case "unseen":
      return here && item.seenAt === null;
    case "seen":
      return here && item.seenAt !== null;
    case "all":
      return true;
    default:
      return here;
  }
}
