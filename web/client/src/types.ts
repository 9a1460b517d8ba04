/** What the service sends, as it sends it: absent values are null. Times are RFC 3339 in UTC. */

export type Priority = "low" | "normal" | "high" | "critical";

/** A button that the sender put on a notification. */
export interface ItemAction {
  id: string | null;
  label: string;
  url: string | null;
  primary: boolean;
}

/** A notification in the user's inbox. */
export interface Item {
  id: string;
  /** Its place in the user's log; never changes, and orders every list. */
  seq: number;
  /** The place of its latest change. */
  rev: number;
  eventId: string;
  type: string;
  title: string;
  body: string | null;
  /** `https`, `http` or `mailto`; the service refuses others. */
  url: string | null;
  imageUrl: string | null;
  data: unknown;
  actions: ItemAction[] | null;
  category: string | null;
  priority: Priority;
  createdAt: string;
  seenAt: string | null;
  readAt: string | null;
  archivedAt: string | null;
  snoozedUntil: string | null;
  /** Set: it is gone from every list. */
  withdrawnAt: string | null;
}

/** The server's counts, which are the truth: nothing here ever counts by itself. Archived and snoozed items are not counted. */
export interface Counts {
  unseen: number;
  unread: number;
}

export type InboxStatus = "inbox" | "unseen" | "seen" | "unread" | "read" | "archived" | "snoozed" | "all";

/** Which items a list shows; `{}` is everything that is neither archived nor snoozed. */
export interface InboxFilter {
  status?: InboxStatus;
  category?: string;
}

/**
 * Where the connection is.
 * - `disconnected`: not asked to connect, or told to stop
 * - `connecting`: an attempt is under way, or the server has not yet said that everything missed was sent
 * - `connected`: live; everything up to now has been received
 * - `waiting`: the last attempt failed; the next follows by itself
 * - `offline`: the browser says that there is no network; goes on by itself when there is
 * - `unauthorized`: `getToken` threw an {@link UnauthorizedError}; stays until `connect()` is called again
 */
export type ConnectionState = "disconnected" | "connecting" | "connected" | "waiting" | "offline" | "unauthorized";

export interface StateEvent {
  state: ConnectionState;
  /** When the next attempt is due, in milliseconds since 1970, also while `offline`; null where none is planned. */
  retryAt: number | null;
  /** Why the last attempt or connection ended; null where it did not. */
  reason: NotifyErrorLike | null;
}

export interface NotifyErrorLike {
  /** Stable, for programs: a code of the service (`unauthorized`, `not_found`, …), or `network`, `timeout`, `token`, `disconnected`, `invalid_answer`. */
  code: string;
  /** For people. */
  message: string;
}

export interface NotificationEvent {
  item: Item;
  counts: Counts;
  /** Whether it was missed: it came while catching up, and not live. */
  missed: boolean;
}

export interface UpdatedEvent {
  items: Item[];
  counts: Counts;
}

export interface SyncedEvent {
  /** False where something may be missing from what this device has been told: the position it had was too old. The lists have been fetched anew. */
  recovered: boolean;
  /** How many notifications came as missed since the connection before. */
  missed: number;
  /** Whether this is the device's first connection, so that nothing could be missed. */
  first: boolean;
}

export interface ClientEvents {
  state: StateEvent;
  /** A notification that this device has not been told of before; once for each, in the order of `seq`. In every tab. */
  notification: NotificationEvent;
  /** Items that changed: read elsewhere, withdrawn, replaced. */
  updated: UpdatedEvent;
  counts: Counts;
  /** Everything missed has come; live from here. */
  synced: SyncedEvent;
  /** Something did not work and was given up: a change was rolled back, or a page could not be loaded. What is retried is in `state`. */
  error: NotifyErrorLike;
}

/** What one list shows. A new object whenever something changed, and the same one until then. */
export interface InboxState {
  /** Newest first. With changes of this device applied, also those that are not confirmed yet. */
  readonly items: readonly Item[];
  /** Null until the server has told. */
  readonly counts: Counts | null;
  /** Whether there are older items to load. */
  readonly hasMore: boolean;
  /** `idle` until `load()`; `loading` the first page; `more` an older one; `error`: the last load failed, and `load()` or `loadMore()` tries again. */
  readonly status: "idle" | "loading" | "more" | "ready" | "error";
  readonly error: NotifyErrorLike | null;
  /** How many arrived since the list was last shown whole: they wait for `showNew()`, so that a list does not jump under its reader. */
  readonly pendingNew: number;
}

export interface InboxOptions {
  filter?: InboxFilter;
  /** Items a page, 1 to 100; 25. */
  pageSize?: number;
}

/** One list of the inbox. Lists of the same filter share one. */
export interface Inbox {
  readonly filter: Readonly<InboxFilter>;
  getState(): InboxState;
  /** Calls back after each change, at most once a turn of the event loop; returns what ends it. */
  subscribe(listener: () => void): () => void;
  /** Loads the first page; does nothing while it is loaded or loading. */
  load(): Promise<void>;
  /** Loads the next, older page. */
  loadMore(): Promise<void>;
  /** Fetches the first page anew, and drops the others. */
  refresh(): Promise<void>;
  /** Puts what arrived on top of the list. */
  showNew(): void;
  /**
   * Changes show at once, everywhere in this tab. They are kept and sent when there is a connection again, and rolled back, with an
   * `error`, where the service refuses them. The promise is settled when that is decided: true where it was done, false where not.
   */
  read(ids: readonly string[]): Promise<boolean>;
  unread(ids: readonly string[]): Promise<boolean>;
  seen(ids: readonly string[]): Promise<boolean>;
  archive(ids: readonly string[]): Promise<boolean>;
  unarchive(ids: readonly string[]): Promise<boolean>;
  /** Hides an item until then; null brings it back. */
  snooze(id: string, until: Date | null): Promise<boolean>;
  /** Everything the list's filter takes in, on the server too, up to what the list has shown; what arrived since stays as it is. */
  readAll(): Promise<boolean>;
  seenAll(): Promise<boolean>;
  archiveAll(options?: { onlyRead?: boolean }): Promise<boolean>;
}

export type ChannelName = "inbox" | "email" | "webhook";
export type ChannelSetting = "on" | "off" | "digest";

export interface QuietHours {
  start: string;
  end: string;
}

export interface Digest {
  every: "hourly" | "daily" | "weekly";
  at: string;
  weekday: string;
}

export type ChannelSettings = Partial<Record<ChannelName, ChannelSetting>>;

/** What the user wants, and what follows from it and from the policy of the service. */
export interface Preferences {
  channels: ChannelSettings;
  categories: Record<string, ChannelSettings>;
  quietHours: QuietHours | null;
  digest: Digest | null;
  timeZone: string | null;
  locale: string | null;
  defaults: {
    channels: Record<ChannelName, ChannelSetting>;
    quietHours: QuietHours | null;
    digest: Digest;
    timeZone: string;
    locale: string;
  };
  /** One line each of a settings panel. */
  effective: { category: string; name: string; mandatory: boolean; channels: Record<ChannelName, ChannelSetting> }[];
}

/** A merge: null removes a setting; `quietHours` and `digest` are replaced as wholes. */
export interface PreferencesChange {
  channels?: Partial<Record<ChannelName, ChannelSetting | null>>;
  categories?: Record<string, Partial<Record<ChannelName, ChannelSetting | null>> | null>;
  quietHours?: QuietHours | null;
  digest?: Digest | null;
  timeZone?: string | null;
  locale?: string | null;
}

export interface TokenRequest {
  /**
   * Why one is needed: `connect` (there is none yet), `expiring` (the one there is ends within a minute), `rejected` (the service refused it).
   */
  reason: "connect" | "expiring" | "rejected";
  /** Aborted where the answer is not wanted any more. */
  signal: AbortSignal;
}

export interface ClientOptions {
  /** Where the service is: `https://notify.example.com`. The page's own origin where it is left out. */
  url?: string | URL;
  /** Asks the application's backend for a token of the signed-in user. Throw an {@link UnauthorizedError} where nobody is signed in. */
  getToken: (request: TokenRequest) => Promise<string> | string;
  /** Whether the tabs of a browser share one connection; true. */
  shareConnection?: boolean;
  /** Where the position and unsent changes are kept across page loads; null keeps nothing. `localStorage`. */
  storage?: Pick<Storage, "getItem" | "setItem" | "removeItem"> | null;
}

export interface NotifyClient {
  readonly state: ConnectionState;
  /** The same with its circumstances; a new object whenever something of it changed, and the same one until then. */
  readonly connection: StateEvent;
  /** Null until the server has told; a new object whenever they changed, and the same one until then. */
  readonly counts: Counts | null;
  /** Connects, and stays connected until `disconnect()`. Calls beyond the first do nothing, except after `unauthorized`. */
  connect(): void;
  /** Ends the connection of this tab and stops all that is under way; lists stay as they are. */
  disconnect(): void;
  /** Resolves once live. Rejects with a `NotifyError`: `timeout`, `unauthorized`, or `disconnected`. */
  ready(options?: { timeoutMs?: number }): Promise<void>;
  on<K extends keyof ClientEvents>(event: K, handler: (payload: ClientEvents[K]) => void): () => void;
  inbox(options?: InboxOptions): Inbox;
  readonly preferences: {
    get(): Promise<Preferences>;
    update(change: PreferencesChange): Promise<Preferences>;
  };
  readonly topics: {
    list(): Promise<Topic[]>;
    subscribe(key: string): Promise<void>;
    unsubscribe(key: string): Promise<void>;
  };
}

export interface Topic {
  key: string;
  subscribed: boolean;
  /** Whether the user may change that. */
  open: boolean;
  subscribedAt: string | null;
}
