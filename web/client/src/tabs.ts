import type { Channel, Environment } from "./environment.ts";
import type { Message, Position } from "./replica.ts";
import type { Counts, StateEvent } from "./types.ts";

/** What tabs tell each other. */
type Word =
  | { to: "all"; message: Message }
  /** Who has the connection is asked where things are. */
  | { to: "leader" }
  | { to: "new"; state: StateEvent; position: Position | null; counts: Counts | null };

export interface TabsHost {
  /** This tab has the connection from now on, until the promise it returns is settled or the signal says so. */
  lead(signal: AbortSignal): Promise<void>;
  /** What the tab with the connection heard. */
  hear(message: Message): void;
  /** Where the tab with the connection is. */
  welcome(state: StateEvent, position: Position | null, counts: Counts | null): void;
  now(): { state: StateEvent; position: Position | null; counts: Counts | null };
}

/** How long the leading tab may take to answer, in milliseconds, before another one takes its place. */
const patience = 5000;

/**
 * One connection for all tabs of a user: whoever holds the lock leads. The browser hands the lock on when its tab is closed or crashes; from
 * a tab that hangs it is taken. Where there are no locks each tab leads itself.
 */
export class Tabs {
  #channel: Channel | null = null;
  #abort: AbortController | null = null;
  /** The signal it leads under; null while another tab does. */
  #leading: AbortSignal | null = null;
  #impatience: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly host: TabsHost,
    private readonly environment: Environment,
    private readonly isShared: boolean,
  ) {}

  get isLeading(): boolean {
    return this.#leading !== null && !this.#leading.aborted;
  }

  start(name: string): void {
    if (this.#abort !== null) {
      return;
    }
    const abort = new AbortController();
    this.#abort = abort;
    const { locks, channel } = this.environment;
    if (!this.isShared || locks === undefined || channel === undefined) {
      void this.#lead(abort.signal);
      return;
    }
    this.#channel = channel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<Word>) => { this.#listen(data); };
    this.#queue(name, abort, false);
    this.#ask(name, abort);
  }

  /** Makes sure that there is somebody who leads; worth it when somebody looks at this tab. */
  check(name: string): void {
    if (this.#channel !== null && this.#abort !== null && !this.isLeading) {
      this.#ask(name, this.#abort);
    }
  }

  tell(message: Message): void {
    this.#channel?.postMessage({ to: "all", message } satisfies Word);
  }

  stop(): void {
    clearTimeout(this.#impatience);
    this.#abort?.abort();
    this.#abort = null;
    this.#channel?.close();
    this.#channel = null;
  }

  /** Waits for the lock, or takes it; and goes to wait again when another tab has taken it. */
  #queue(name: string, abort: AbortController, steal: boolean): void {
    const { signal } = abort;
    const lost = new AbortController();
    signal.addEventListener("abort", () => { lost.abort(); });
    this.environment.locks
      ?.request(name, steal ? { steal } : { signal }, async () => {
        clearTimeout(this.#impatience);
        if (!signal.aborted) {
          await this.#lead(lost.signal);
        }
      })
      .catch(() => {
        lost.abort();
        if (!signal.aborted) {
          this.#queue(name, abort, false);
        }
      });
  }

  async #lead(signal: AbortSignal): Promise<void> {
    this.#leading = signal;
    try {
      await this.host.lead(signal);
    } finally {
      if (this.#leading === signal) {
        this.#leading = null;
      }
    }
  }

  #ask(name: string, abort: AbortController): void {
    clearTimeout(this.#impatience);
    this.#channel?.postMessage({ to: "leader" } satisfies Word);
    this.#impatience = setTimeout(() => {
      if (!this.isLeading && !abort.signal.aborted) {
        this.#queue(name, abort, true);
      }
    }, patience);
  }

  #listen(word: Word): void {
    switch (word.to) {
      case "leader":
        if (this.isLeading) {
          this.#channel?.postMessage({ to: "new", ...this.host.now() } satisfies Word);
        }
        break;
      case "new":
        if (!this.isLeading) {
          clearTimeout(this.#impatience);
          this.host.welcome(word.state, word.position, word.counts);
        }
        break;
      case "all":
        if (!this.isLeading) {
          clearTimeout(this.#impatience);
          this.host.hear(word.message);
        }
        break;
    }
  }
}
