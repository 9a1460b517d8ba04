import { Connection, type ConnectionHost } from "./connection.ts";
import type { Environment, Reset, Resumed } from "./environment.ts";
import { Memory } from "./memory.ts";
import { messagesOf, Replica, type Message, type Position, type SyncAnswer } from "./replica.ts";
import { Tabs, type TabsHost } from "./tabs.ts";
import { backoff, Pause } from "./timing.ts";
import { isUnauthorized, type Tokens } from "./token.ts";
import type { ConnectionState, Counts, Item, NotifyErrorLike, StateEvent, SyncedEvent } from "./types.ts";

/** What a session tells its client, in the order of the user's log. */
export interface SessionHost {
  readonly base: string;
  readonly counts: Counts | null;
  /** Whose session it is, as a name for what is kept and shared; `leads` where this tab has the connection. */
  identified(name: string): void;
  leads(): void;
  sync(position: Position): Promise<SyncAnswer>;
  /** How far what was fetched before the first connection goes; a place to go on from. */
  fetched(): Position | null;
  take(items: Item[], counts: Counts): void;
  notified(item: Item, counts: Counts, missed: boolean): void;
  updated(items: Item[], counts: Counts): void;
  counted(counts: Counts): void;
  /**
   * Fetches lists anew: those that are older than where the log is followed from, or all of them; after a reset all that is known is of no use.
   * Resolves when they are whole again.
   */
  renew(what: "older" | "all" | "reset"): Promise<void>;
  synced(synced: SyncedEvent): void;
  changed(state: StateEvent): void;
  failed(error: unknown): void;
}

/** One tab's part in following a user's log, from `start()` to `stop()`. */
export class Session implements TabsHost, ConnectionHost {
  readonly replica = new Replica();
  /** Rises when what was fetched before is of no use any more. */
  generation = 0;
  state: StateEvent = { state: "disconnected", retryAt: null, reason: null };
  readonly #tabs: Tabs;
  readonly #pause = new Pause();
  #connection: Connection | null = null;
  #memory: Memory | null = null;
  #abort: AbortController | null = null;
  #name = "";
  #isFirst = true;
  #isCatchingUp = false;
  #missed = 0;
  #isFilling = false;
  readonly #fillPause = new Pause();
  /** The highest place that other tabs were heard to speak of. */
  #ahead = 0;

  constructor(
    private readonly host: SessionHost,
    private readonly tokens: Tokens,
    private readonly environment: Environment,
    isShared: boolean,
    private readonly storage: Environment["storage"] | null,
  ) {
    this.#tabs = new Tabs(this, environment, isShared);
  }

  start(): void {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      void this.#identify(this.#abort.signal);
    }
  }

  stop(state: ConnectionState = "disconnected", reason: NotifyErrorLike | null = null): void {
    if (this.#abort !== null) {
      this.#abort.abort();
      this.#abort = null;
      this.#pause.cut();
      this.#fillPause.cut();
      this.#tabs.stop();
      this.tokens.stop();
      this.flush();
      this.changed({ state, retryAt: null, reason });
    }
  }

  wake(): void {
    this.#pause.cut();
    this.#fillPause.cut();
    this.#connection?.wake();
    this.#tabs.check(this.#name);
  }

  flush(): void {
    this.#memory?.flush();
  }

  /** Whether a snapshot of this history follows from what is known; one of another history is taken for a reset. */
  accepts(epoch: number, head: number, counts: Counts): boolean {
    const { position } = this.replica;
    if (position === null || position.epoch === epoch) {
      return true;
    }
    this.hear({ kind: "reset", epoch, head, first: false, counts });
    return false;
  }

  // The tabs.

  async lead(signal: AbortSignal): Promise<void> {
    this.host.leads();
    const from = this.replica.position ?? this.#memory?.read() ?? null;
    this.#isFirst = from === null;
    const start = from ?? this.host.fetched();
    if (this.replica.position === null && start !== null) {
      this.#anchor(start);
    }
    const connection = new Connection(this, this.tokens, this.environment);
    this.#connection = connection;
    try {
      await connection.run(signal);
    } catch (error) {
      this.#giveUp(error);
    } finally {
      if (this.#connection === connection) {
        this.#connection = null;
      }
    }
  }

  hear(message: Message): void {
    const before = this.position() ?? 0;
    switch (message.kind) {
      case "notification":
        if (this.#isNext(message.prev, message.item.rev)) {
          this.host.take([message.item], message.counts);
          if (message.item.seq <= before) {
            // The tab with the connection was further behind: it is new there, and a change here.
            this.host.updated([message.item], message.counts);
          } else {
            this.host.notified(message.item, message.counts, message.missed);
          }
        }
        break;
      case "updated":
        if (this.#isNext(message.prev, Math.max(...message.items.map((item) => item.rev)))) {
          this.host.take(message.items, message.counts);
          this.host.updated(message.items, message.counts);
        }
        break;
      case "counts":
        this.host.counted(message.counts);
        break;
      case "synced":
        void this.#synced(message);
        break;
      case "reset":
        void this.#reset(message);
        break;
      case "state":
        this.#show(message.state);
        break;
    }
    if (this.#tabs.isLeading && this.replica.position !== null) {
      this.#memory?.note(this.replica.position);
      this.#connection?.ack();
    }
  }

  welcome(state: StateEvent, position: Position | null, counts: Counts | null): void {
    this.#show(state);
    const own = this.replica.position;
    if (position !== null && own === null) {
      this.#anchor(position);
    } else if (position !== null && own !== null && own.epoch === position.epoch && own.at < position.at) {
      this.#fill(position.at);
      return;
    }
    if (position !== null && counts !== null) {
      if (own !== null && own.epoch !== position.epoch) {
        this.hear({ kind: "reset", epoch: position.epoch, head: position.at, first: false, counts });
        return;
      }
      this.host.counted(counts);
    }
  }

  now(): { state: StateEvent; position: Position | null; counts: Counts | null } {
    return { state: this.state, position: this.replica.position, counts: this.host.counts };
  }

  // The connection; what it says goes to all tabs.

  address(): string {
    const { position } = this.replica;
    // Of no history: the answer says where the log is, and it goes on from there.
    const query = new URLSearchParams({ after: String(position?.at ?? 0), epoch: String(position?.epoch ?? 0) });
    const device = this.#memory?.device();
    if (device != null) {
      query.set("device", device);
    }
    return `${this.host.base}/hubs/notifications?${query}`;
  }

  begin(): void {
    this.#isCatchingUp = true;
    this.#missed = 0;
  }

  async ask(): Promise<void> {
    await this.#catchUp();
  }

  position(): number | null {
    return this.replica.position?.at ?? null;
  }

  notification(item: Item, counts: Counts): void {
    if (this.#isCatchingUp) {
      this.#missed++;
    }
    this.#say({ kind: "notification", prev: this.position() ?? 0, item, counts, missed: this.#isCatchingUp });
  }

  updated(items: Item[], counts: Counts): void {
    this.#say({ kind: "updated", prev: this.position() ?? 0, items, counts });
  }

  counts(counts: Counts): void {
    this.#say({ kind: "counts", counts });
  }

  resumed({ epoch, head, recovered, counts }: Resumed): void {
    this.#say({ kind: "synced", prev: this.position() ?? head, epoch, head, recovered, missed: this.#missed, first: this.#isFirst, counts });
    this.#isCatchingUp = false;
    this.#isFirst = false;
  }

  reset({ epoch, head, counts }: Reset): void {
    this.#say({ kind: "reset", epoch, head, first: this.#isFirst, counts });
    this.#isCatchingUp = false;
    this.#isFirst = false;
  }

  changed(state: StateEvent): void {
    this.#say({ kind: "state", state });
  }

  async #identify(signal: AbortSignal): Promise<void> {
    const isEnded = (): boolean => signal.aborted;
    for (let attempt = 0; ; attempt++) {
      this.#show({ state: "connecting", retryAt: null, reason: null });
      try {
        await this.tokens.get();
        break;
      } catch (error) {
        if (isEnded()) {
          return;
        }
        if (isUnauthorized(error)) {
          this.#giveUp(error);
          return;
        }
        const wait = backoff(attempt, this.environment);
        const state = this.environment.isOnline() ? "waiting" : "offline";
        const { code, message } = error as NotifyErrorLike;
        this.#show({ state, retryAt: this.environment.now() + wait, reason: { code, message } });
        await this.#pause.for(wait);
        if (isEnded()) {
          return;
        }
      }
    }
    if (!isEnded()) {
      this.#name = `notify:${this.host.base}:${this.tokens.user}`;
      this.#memory = new Memory(this.storage, this.environment, this.#name);
      this.host.identified(this.#name);
      this.#tabs.start(this.#name);
    }
  }

  #say(message: Message): void {
    if (this.#tabs.isLeading) {
      this.#tabs.tell(message);
    }
    this.hear(message);
  }

  #show(state: StateEvent): void {
    const { state: before, retryAt, reason } = this.state;
    if (before !== state.state || retryAt !== state.retryAt || reason?.code !== state.reason?.code) {
      this.state = state;
      this.host.changed(state);
    }
  }

  #isNext(prev: number, rev: number): boolean {
    const place = this.replica.place(prev, rev);
    if (place === "gap" && this.replica.position !== null) {
      this.#fill(rev);
    }
    if (place === "new") {
      this.replica.advance(rev);
    }
    return place === "new";
  }

  async #synced({ prev, epoch, head, recovered, missed, first, counts }: Message & { kind: "synced" }): Promise<void> {
    const { position } = this.replica;
    if (position !== null && position.epoch !== epoch) {
      await this.#reset({ epoch, head, first, counts });
      return;
    }
    if (position === null) {
      this.#anchor({ epoch, at: head });
    } else if (this.replica.place(prev, prev) === "gap") {
      this.#fill(head);
      return;
    }
    this.replica.advance(head);
    this.host.counted(counts);
    if (!recovered) {
      await this.host.renew("all");
    }
    this.host.synced({ recovered, missed, first });
  }

  async #reset({ epoch, head, first, counts }: Pick<Message & { kind: "reset" }, "epoch" | "head" | "first" | "counts">): Promise<void> {
    const known = this.replica.position;
    if (known?.epoch === epoch && (known.at === head || (known.at > head && !this.#tabs.isLeading))) {
      return; // Told already; or told long ago, and heard only now.
    }
    this.generation++;
    this.#ahead = 0;
    this.replica.start({ epoch, at: head });
    this.host.counted(counts);
    // Where this is the beginning, what was fetched is good, if it is not older.
    await this.host.renew(known === null ? "older" : "reset");
    this.host.synced({ recovered: first, missed: 0, first });
  }

  #anchor(position: Position): void {
    this.replica.start(position);
    void this.host.renew("older");
  }

  /** Something up to this place passed this tab by: asks the service for it. */
  #fill(to: number): void {
    this.#ahead = Math.max(this.#ahead, to);
    if (!this.#isFilling) {
      this.#isFilling = true;
      void this.#fillUp();
    }
  }

  async #fillUp(): Promise<void> {
    const isBehind = (): boolean => this.#abort !== null && (this.position() ?? Infinity) < this.#ahead;
    try {
      for (let attempt = 0; isBehind();) {
        const to = this.#ahead;
        try {
          await this.#catchUp();
          if (to === this.#ahead) {
            break; // The answer is younger than what was heard.
          }
        } catch (error) {
          if (isUnauthorized(error)) {
            break;
          }
          if (isBehind()) {
            await this.#fillPause.for(backoff(attempt++, this.environment));
          }
        }
      }
    } finally {
      this.#isFilling = false;
    }
  }

  async #catchUp(): Promise<void> {
    for (let missed = 0, more = true; more;) {
      const from = this.replica.position;
      const { generation } = this;
      // Of no history: the answer says where the log is, and it goes on from there.
      const answer = await this.host.sync(from ?? { epoch: 0, at: 0 });
      if (generation !== this.generation || this.#abort === null) {
        return;
      }
      if (from === null || answer.reset) {
        const { epoch, head, counts } = answer;
        this.#say({ kind: "reset", epoch, head, first: this.#isFirst && from === null, counts });
        this.#isFirst = false;
        return;
      }
      for (const message of messagesOf(answer, from)) {
        missed += message.kind === "notification" ? 1 : 0;
        this.#say(message);
      }
      more = answer.hasMore;
      if (!more && answer.head > from.at) {
        const { epoch, head, counts } = answer;
        this.#say({ kind: "synced", prev: this.position() ?? head, epoch, head, recovered: true, missed, first: false, counts });
      } else if (more) {
        this.replica.advance(answer.head);
      }
    }
  }

  #giveUp(error: unknown): void {
    const reason = isUnauthorized(error) ? { code: "unauthorized", message: error.message } : { code: (error as NotifyErrorLike).code, message: (error as NotifyErrorLike).message };
    this.stop(isUnauthorized(error) ? "unauthorized" : "disconnected", reason);
    this.host.failed(error);
  }
}
