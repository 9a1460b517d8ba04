import type { Change } from "./change.ts";
import type { Environment } from "./environment.ts";
import { isPassing } from "./http.ts";
import { NotifyError } from "./errors.ts";
import { isUnauthorized } from "./token.ts";
import type { Pending, Store } from "./store.ts";
import { backoff, Pause } from "./timing.ts";

interface Waiting {
  readonly id: string;
  readonly pending: Pending;
  readonly resolve: (done: boolean) => void;
  /** Whether it is what another page left behind; that one may be there still. */
  readonly isTaken: boolean;
}

/** What is kept of a change across page loads. */
interface Kept {
  id: string;
  at: string;
  change: Change;
}

/** The service takes at most this many items at a time. */
const maxIds = 500;
/** More than this is not kept across page loads. */
const maxKept = 200;

/**
 * Sends the user's changes, in their order and one at a time. Each is shown at once; while the service cannot be reached it waits, also across
 * page loads; where the service refuses it, it is taken back. Making a change twice does no harm, so an unknown outcome is tried again.
 */
export class Changes {
  #queue: Waiting[] = [];
  #isSending = false;
  #isStopped = false;
  /** Until then the service asked to be left alone. */
  #notBefore = 0;
  readonly #pause = new Pause();
  #key: string | null = null;

  constructor(
    private readonly store: Store,
    private readonly send: (change: Change) => Promise<void>,
    private readonly storage: Environment["storage"] | null,
    private readonly environment: Environment,
    private readonly host: { changed(): void; failed(error: unknown): void },
  ) {}

  async make(change: Change): Promise<boolean> {
    const parts: Change[] = [];
    for (let from = 0; change.ids !== undefined && from < change.ids.length; from += maxIds) {
      parts.push({ ...change, ids: change.ids.slice(from, from + maxIds) });
    }
    const at = new Date(this.environment.now()).toISOString();
    const all = (change.ids === undefined ? [change] : parts).map((part) => this.#add(part, at, `${this.environment.now()}-${this.environment.random()}`));
    this.host.changed();
    this.wake();
    return (await Promise.all(all)).every((done) => done);
  }

  /** It is worth trying now. */
  wake(): void {
    this.#isStopped = false;
    this.#pause.cut();
    if (!this.#isSending && this.#queue.length > 0) {
      this.#isSending = true;
      void this.#run();
    }
  }

  /** From here on it is known whose changes these are. */
  keepUnder(key: string): void {
    this.#key = key;
  }

  /** Takes on what an earlier page could not send; one of the tabs does. */
  takeOver(): void {
    const own = new Set(this.#queue.map(({ id }) => id));
    for (const { id, at, change } of this.#read()) {
      if (!own.has(id)) {
        void this.#add(change, at, id, true);
      }
    }
    this.host.changed();
    this.wake();
  }

  /** The page may end now: what is not confirmed is kept for the next one. */
  keep(): void {
    if (this.#queue.length > 0) {
      const own = new Set(this.#queue.map(({ id }) => id));
      const all = [...this.#read().filter(({ id }) => !own.has(id)), ...this.#queue.map(({ id, pending: { at, change } }) => ({ id, at, change }))];
      this.#write(all.slice(-maxKept));
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.keep();
    this.#pause.cut();
  }

  #add(change: Change, at: string, id: string, isTaken = false): Promise<boolean> {
    return new Promise((resolve) => {
      this.#queue.push({ id, pending: this.store.add(change, at), resolve, isTaken });
    });
  }

  async #run(): Promise<void> {
    const isStopped = (): boolean => this.#isStopped;
    try {
      for (let attempt = 0; this.#queue.length > 0 && !isStopped();) {
        const rest = this.#notBefore - this.environment.now();
        if (rest > 0) {
          await this.#pause.for(rest);
          continue;
        }
        const next = this.#queue[0] as Waiting;
        if (next.isTaken && !this.#read().some(({ id }) => id === next.id)) {
          this.#settle(next, false); // Decided by whose it was; sent now, it might undo what the user did since.
          continue;
        }
        try {
          this.store.sending(next.pending);
          await this.send(next.pending.change);
          attempt = 0;
          this.#settle(next, true);
        } catch (error) {
          if (isUnauthorized(error)) {
            this.keep();
            break; // Until somebody is signed in again.
          }
          if (!isPassing(error)) {
            this.#settle(next, false);
            this.host.failed(error);
            continue;
          }
          this.keep();
          if (error instanceof NotifyError && error.retryAfterMs !== null) {
            this.#notBefore = this.environment.now() + error.retryAfterMs;
          }
          if (!isStopped()) {
            await this.#pause.for(backoff(attempt++, this.environment));
          }
        }
      }
    } finally {
      this.#isSending = false; // At once: who makes a change next must find that nobody sends.
    }
  }

  #settle(waiting: Waiting, done: boolean): void {
    this.#queue.shift();
    this.store.settle(waiting.pending, done);
    const kept = this.#read();
    const left = kept.filter(({ id }) => id !== waiting.id);
    if (left.length < kept.length) {
      this.#write(left);
    }
    this.host.changed();
    waiting.resolve(done);
  }

  #read(): Kept[] {
    if (this.#key === null) {
      return [];
    }
    try {
      const kept: unknown = JSON.parse(this.storage?.getItem(this.#key) ?? "[]");
      return Array.isArray(kept) ? (kept as Partial<Kept>[]).filter((one): one is Kept => typeof one.change?.action === "string") : [];
    } catch {
      return [];
    }
  }

  #write(kept: Kept[]): void {
    if (this.#key === null) {
      return;
    }
    try {
      if (kept.length === 0) {
        this.storage?.removeItem(this.#key);
      } else {
        this.storage?.setItem(this.#key, JSON.stringify(kept));
      }
    } catch {
      // No room, or not allowed: then they last as long as the page.
    }
  }
}
