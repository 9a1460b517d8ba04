import type { Closing, Environment, HubEvents, HubLink } from "./environment.ts";
import { NotifyError } from "./errors.ts";
import { backoff, orEnd, Pause, within } from "./timing.ts";
import { isUnauthorized, type Tokens } from "./token.ts";
import type { NotifyErrorLike, StateEvent } from "./types.ts";

export interface ConnectionHost extends Omit<HubEvents, "closing"> {
  /** The hub's address, with the place to go on from. */
  address(): string;
  /** A connection is being tried. */
  begin(): void;
  /** It could not be opened: asks over HTTP what was missed; this also tells whether the token is good. */
  ask(): Promise<void>;
  /** Up to where everything has been handled. */
  position(): number | null;
  changed(state: StateEvent): void;
}

/** How long opening a connection may take, in milliseconds. */
const openLimit = 15_000;
/** How long the server may take to answer when somebody looks, in milliseconds. */
const pulseLimit = 5_000;
/** A connection that lasted this long, in milliseconds, was a good one: the next attempt after it comes soon. */
const goodAfter = 10_000;

/**
 * Keeps one connection, for as long as it takes:
 * 1. get a token; 2. open; 3. hear until it closes; 4. where it did not open, ask over HTTP; 5. wait, with full jitter, and begin again.
 */
export class Connection {
  readonly #pause = new Pause();
  #link: HubLink | null = null;
  /** Of the latest attempt: what its connection still says is of no interest. */
  #over = new AbortController();
  #isLive = false;
  /** Whether the latest connection was, at some time. */
  #wasLive = false;
  #closing: Closing | null = null;
  #acked = 0;
  #isAcking = false;

  constructor(
    private readonly host: ConnectionHost,
    private readonly tokens: Tokens,
    private readonly environment: Environment,
  ) {}

  /**
   * @throws {UnauthorizedError} Nobody is signed in.
   * @throws {NotifyError} The server wants this client to stay away.
   */
  async run(signal: AbortSignal): Promise<void> {
    const end = (): void => {
      this.#pause.cut();
      this.#over.abort(new NotifyError("disconnected", "The client was disconnected."));
      this.#link?.stop();
    };
    const isEnded = (): boolean => signal.aborted;
    signal.addEventListener("abort", end);
    try {
      for (let attempt = 0; !isEnded();) {
        const since = this.environment.now();
        let reason: NotifyErrorLike | null;
        try {
          reason = await this.#once(signal);
        } catch (error) {
          if (isUnauthorized(error)) {
            throw error;
          }
          // Plain, for it goes to other tabs.
          reason = { code: error instanceof NotifyError ? error.code : "network", message: error instanceof Error ? error.message : String(error) };
        }
        if (isEnded()) {
          break;
        }
        const closing = this.#closing;
        if (closing !== null && !closing.reconnect) {
          throw new NotifyError(closing.code, closing.message);
        }
        if (this.#wasLive && this.environment.now() - since >= goodAfter) {
          attempt = 0;
        }
        await this.#wait(closing?.code === "token_expired" && this.#wasLive ? 0 : backoff(attempt++, this.environment), reason);
      }
    } finally {
      signal.removeEventListener("abort", end);
    }
  }

  /** The network is back, or somebody looks: tries at once, and makes sure that an open connection is one. */
  wake(): void {
    this.#pause.cut();
    const link = this.#link;
    if (link !== null && this.#isLive) {
      within(pulseLimit, link.ack(this.host.position() ?? 0), () => new NotifyError("timeout", "The connection is dead."))
        .catch(() => { link.stop(); });
    }
  }

  /** Tells the server that everything up to the position is here; one call at a time, the latest covers the others. */
  ack(): void {
    if (!this.#isAcking && this.#link !== null) {
      this.#isAcking = true;
      void this.#ackAll(this.#link).finally(() => { this.#isAcking = false; });
    }
  }

  async #once(signal: AbortSignal): Promise<NotifyErrorLike | null> {
    this.#closing = null;
    this.#wasLive = false;
    this.#state("connecting", null);
    const isEnded = (): boolean => signal.aborted;
    const token = await orEnd(signal, () => this.tokens.get());
    if (isEnded()) {
      return null;
    }
    this.host.begin();
    const over = new AbortController();
    this.#over = over;
    const timer = setTimeout(() => { over.abort(new NotifyError("timeout", "The connection could not be opened in time.")); }, openLimit);
    const opening = this.environment.openHub(this.host.address(), token, this.#events(over.signal));
    try {
      this.#link = await orEnd(over.signal, () => opening);
    } catch (error) {
      // One that opens after all is not wanted any more.
      over.abort();
      opening.then((link) => { link.stop(); }, () => undefined);
      if (!isEnded()) {
        await orEnd(signal, () => this.host.ask());
      }
      throw error;
    } finally {
      clearTimeout(timer);
    }
    const link = this.#link;
    if (isEnded()) {
      link.stop();
    }
    this.ack(); // Of what was said while it opened.
    const closed = await link.closed;
    over.abort();
    this.#link = null;
    this.#isLive = false;
    this.#acked = 0;
    if ((this.#closing as Closing | null)?.code === "token_expired") {
      this.tokens.drop(token, "expiring");
    }
    return closed ?? { code: "network", message: "The connection was closed." };
  }

  #events(over: AbortSignal): HubEvents {
    const live = (): void => {
      this.#isLive = this.#wasLive = true;
      this.#state("connected", null);
    };
    // What a connection that was given up still says is of no interest.
    const guard = <A extends unknown[]>(handle: (...args: A) => void) => (...args: A): void => {
      if (!over.aborted) {
        handle(...args);
      }
    };
    return {
      notification: guard((item, counts) => { this.host.notification(item, counts); }),
      updated: guard((items, counts) => { this.host.updated(items, counts); }),
      counts: guard((counts) => { this.host.counts(counts); }),
      resumed: guard((resumed) => {
        live();
        this.host.resumed(resumed);
      }),
      reset: guard((reset) => {
        this.#acked = 0;
        live();
        this.host.reset(reset);
      }),
      closing: guard((closing) => { this.#closing = closing; }),
    };
  }

  async #wait(ms: number, reason: NotifyErrorLike | null): Promise<void> {
    if (ms > 0) {
      this.#state(this.environment.isOnline() ? "waiting" : "offline", reason, this.environment.now() + ms);
      await this.#pause.for(ms);
    }
  }

  async #ackAll(link: HubLink): Promise<void> {
    try {
      for (let at = this.host.position(); at !== null && at > this.#acked && this.#link === link; at = this.host.position()) {
        await link.ack(at);
        this.#acked = at;
      }
    } catch {
      // It is closed: the next connection says where it goes on, which covers this.
    }
  }

  #state(state: StateEvent["state"], reason: NotifyErrorLike | null, retryAt: number | null = null): void {
    this.host.changed({ state, reason, retryAt });
  }
}
