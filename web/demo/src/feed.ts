import { HttpTransportType, HubConnectionBuilder, HubConnectionState, LogLevel, type HubConnection } from "@microsoft/signalr";
import { Acks } from "./acks";
import { getInbox, issueToken, markAll } from "./api";
import { Inbox } from "./inbox";
import { now, parseTime } from "./time";
import type { Closing, Counts, Item, Token } from "./wire";

export type FeedState = "offline" | "connecting" | "online" | "waiting";

export interface FeedEvents {
  stateChanged(state: FeedState): void;
  listChanged(): void;
  /** A notification came over the connection; `missed` if it is older than the connection. */
  notified(item: Item, at: number, missed: boolean): void;
  acknowledged(rev: number, at: number): void;
  failed(message: string): void;
}

const longestWait = 5000;

/** One user's device: a connection that can be taken away and given back, and the list it keeps. */
export class Feed {
  readonly inbox = new Inbox();
  readonly #connection: HubConnection;
  readonly #acks: Acks;
  #token: Token | null = null;
  #state: FeedState = "offline";
  #wanted = false;
  #loaded = false;
  #connectedSince = 0;
  #failures = 0;
  #looping = false;
  #stopping: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  constructor(
    readonly userId: string,
    device: string,
    private readonly events: FeedEvents,
  ) {
    this.#connection = new HubConnectionBuilder()
      .withUrl(`/hubs/notifications?device=${encodeURIComponent(device)}`, {
        transport: HttpTransportType.WebSockets,
        skipNegotiation: true,
        accessTokenFactory: () => this.#accessToken(),
      })
      // Lower levels print the connection's address, and with it the token.
      .configureLogging(LogLevel.Error)
      .build();
    this.#acks = new Acks(
      (rev) => this.#connection.invoke("Ack", rev),
      (rev) => { events.acknowledged(rev, now()); },
    );
    this.#listen();
  }

  get state(): FeedState {
    return this.#state;
  }

  goOnline(): void {
    this.#wanted = true;
    this.#failures = 0;
    this.#wake();
    this.#keepConnected();
  }

  async goOffline(): Promise<void> {
    this.#wanted = false;
    this.#wake();
    this.#stopping = this.#connection.stop();
    await this.#stopping;
    if (this.#connection.state === HubConnectionState.Disconnected) {
      this.#setState("offline");
    }
  }

  async setRead(id: string, read: boolean): Promise<void> {
    const asked = this.inbox.countsVersion;
    const answer = await this.#connection.invoke<{ counts: Counts }>("Update", [id], { read });
    this.inbox.setCountsAsked(answer.counts, asked);
    this.events.listChanged();
  }

  async markAll(action: "seen" | "read"): Promise<void> {
    const newest = this.inbox.items[0];
    if (newest === undefined) {
      return;
    }
    const asked = this.inbox.countsVersion;
    const answer = await markAll(await this.#accessToken(), action, newest.seq);
    this.inbox.setCountsAsked(answer.counts, asked);
    this.events.listChanged();
  }

  #listen(): void {
    const connection = this.#connection;
    connection.on("notification", (item: Item, counts: Counts) => {
      const at = now();
      this.inbox.setCounts(counts);
      const { isNew } = this.inbox.apply(item);
      this.#acks.add(item.rev);
      if (isNew) {
        this.events.notified(item, at, parseTime(item.createdAt) < this.#connectedSince);
      }
      this.events.listChanged();
    });
    connection.on("updated", (items: Item[], counts: Counts) => {
      this.inbox.setCounts(counts);
      this.inbox.update(items);
      this.#acks.add(Math.max(0, ...items.map((item) => item.rev)));
      this.events.listChanged();
    });
    connection.on("counts", (counts: Counts) => {
      this.inbox.setCounts(counts);
      this.events.listChanged();
    });
    connection.on("resumed", ({ counts }: { counts: Counts }) => {
      this.inbox.setCounts(counts);
      this.events.listChanged();
    });
    connection.on("reset", ({ counts }: { counts: Counts }) => {
      this.inbox.clear();
      this.inbox.setCounts(counts);
      this.#acks.reset();
      this.#load().catch((error: unknown) => { this.#fail(error); });
    });
    connection.on("closing", ({ code, message, reconnect }: Closing) => {
      this.#token = null;
      if (!reconnect) {
        this.#wanted = false;
        this.events.failed(message === "" ? code : message);
      }
    });
    connection.onclose(() => {
      this.#failures = now() - this.#connectedSince < longestWait ? this.#failures + 1 : 0;
      if (this.#wanted) {
        this.#keepConnected();
      } else {
        this.#setState("offline");
      }
    });
  }

  #keepConnected(): void {
    if (this.#looping) {
      return;
    }
    this.#looping = true;
    void this.#connect().finally(() => {
      this.#looping = false;
      if (this.#wanted && this.#connection.state !== HubConnectionState.Connected) {
        this.#keepConnected();
      }
    });
  }

  /** Connects, for as long as it takes: the service may be starting again. */
  async #connect(): Promise<void> {
    while (this.#wanted && this.#connection.state !== HubConnectionState.Connected) {
      this.#setState(this.#failures === 0 ? "connecting" : "waiting");
      try {
        if (this.#failures > 0) {
          await this.#pause(Math.min(longestWait, 125 * 2 ** this.#failures));
        }
        await this.#stopping;
        if (!this.#loaded) {
          await this.#load();
        }
        this.#connectedSince = now();
        await this.#connection.start();
        this.#setState("online");
      } catch (error) {
        this.#token = null;
        if (this.#failures++ === 0) {
          this.#fail(error);
        }
      }
    }
    if (!this.#wanted) {
      await this.#connection.stop();
    }
  }

  async #load(): Promise<void> {
    const asked = this.inbox.countsVersion;
    const page = await getInbox(await this.#accessToken(), this.inbox.limit);
    for (const item of page.data) {
      this.inbox.apply(item);
    }
    this.inbox.setCountsAsked(page.counts, asked);
    this.#loaded = true;
    this.events.listChanged();
  }

  async #accessToken(): Promise<string> {
    if (this.#token === null || parseTime(this.#token.expiresAt) - now() < 30_000) {
      this.#token = await issueToken(this.userId);
    }
    return this.#token.token;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #setState(state: FeedState): void {
    if (this.#state !== state) {
      this.#state = state;
      this.events.stateChanged(state);
    }
  }

  #fail(error: unknown): void {
    if (this.#wanted) {
      this.events.failed(error instanceof Error ? error.message : String(error));
    }
  }
}
