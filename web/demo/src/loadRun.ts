import type { Item } from "@notifications/client";
import { sendBatch, type EventRequest } from "./api.ts";
import { Ledger, Pacer, PerSecond, Recent } from "./load.ts";

/** So often is what is due sent, in milliseconds. */
const beat = 100;
/** So long does it last at most, in milliseconds. */
export const longest = 30_000;

export const loadType = "demo.load";

/** One run of events to one person, as many a second as is asked for, until it is stopped. */
export class LoadRun {
  readonly ledger = new Ledger();
  /** From accepted to shown, in milliseconds. */
  readonly delays = new Recent();
  readonly sentRate = new PerSecond();
  readonly receivedRate = new PerSecond();
  readonly startedAt = performance.now();
  readonly #id = crypto.randomUUID();
  readonly #pacer: Pacer;
  readonly #timer: ReturnType<typeof setInterval>;
  #isSending = false;
  #isRunning = true;

  /** `ended`: with the error where it did not end as it should. */
  constructor(
    rate: number,
    private readonly to: string,
    private readonly title: (number: number) => string,
    private readonly ended: (error: unknown) => void,
  ) {
    this.#pacer = new Pacer(rate, this.startedAt);
    this.#timer = setInterval(() => void this.#beat(), beat);
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  set rate(rate: number) {
    this.#pacer.rate = rate;
  }

  /** How much longer it lasts by itself, in milliseconds. */
  get left(): number {
    return Math.max(0, this.startedAt + longest - performance.now());
  }

  stop(error: unknown = null): void {
    if (this.#isRunning) {
      this.#isRunning = false;
      clearInterval(this.#timer);
      this.ended(error);
    }
  }

  /** Whether the item is of this run. */
  take(item: Item): boolean {
    const data = item.data as { run?: unknown; n?: unknown } | null;
    if (item.type !== loadType || data?.run !== this.#id || typeof data.n !== "number") {
      return false;
    }
    this.ledger.take(data.n);
    this.receivedRate.add(1, performance.now());
    return true;
  }

  /** One batch after the other, so that their order is the order in which they are accepted. */
  async #beat(): Promise<void> {
    if (this.left === 0 || document.visibilityState === "hidden") {
      this.stop();
      return;
    }
    if (this.#isSending) {
      return;
    }
    const events = Array.from({ length: this.#pacer.take(performance.now()) }, () => this.#event(++this.ledger.sent));
    if (events.length === 0) {
      return;
    }
    this.#isSending = true;
    try {
      await sendBatch(events);
      this.sentRate.add(events.length, performance.now());
    } catch (error) {
      this.stop(error);
    }
    this.#isSending = false;
  }

  #event(n: number): EventRequest {
    return { id: `${this.#id}-${n}`, type: loadType, to: [`user:${this.to}`], title: this.title(n), priority: "low", data: { run: this.#id, n } };
  }
}
