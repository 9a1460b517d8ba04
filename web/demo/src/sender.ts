import { ApiError, getEvent, pause, sendEvent, type EventRequest } from "./api.ts";
import { reached } from "./people.ts";
import { now } from "./time.ts";
import type { Tracer } from "./trace.ts";

/** Where nobody is there to get it, an event is asked for after so long, in milliseconds. */
const patience = 600;
const step = 20;

export interface SenderHandlers {
  traceChanged(): void;
  /** It is in the service, and on its way to these people. */
  sent(users: readonly string[]): void;
  /** In words for the reader; an empty text takes back what was said before. */
  problem(message: string): void;
}

/** Sends events one by one, and follows each until the service says that it is stored. */
export class Sender {
  constructor(
    private readonly tracer: Tracer,
    private readonly handlers: SenderHandlers,
  ) {}

  /** Whether the service has taken it. */
  async send(content: Omit<EventRequest, "id">): Promise<boolean> {
    const { tracer, handlers } = this;
    const users = reached(content.to);
    handlers.problem("");
    const mine = tracer.begin(content.title, users, now());
    handlers.traceChanged();
    try {
      const { id } = await sendEvent({ id: `demo-${crypto.randomUUID()}`, ...content });
      handlers.sent(users);
      tracer.accepted(mine, id, now());
      handlers.traceChanged();
      void this.#followUntilStored(id);
      return true;
    } catch (error) {
      tracer.abandon(mine);
      handlers.traceChanged();
      handlers.problem(error instanceof ApiError ? error.message : String(error));
      return false;
    }
  }

  /** What has arrived somewhere is stored. Asked before, the service would answer with an error, which the browser shows in its console. */
  async #followUntilStored(id: string): Promise<void> {
    for (let waited = 0; waited < patience && !this.#hasArrived(id); waited += step) {
      await pause(step);
    }
    for (let attempt = 0; attempt < 30 && this.tracer.current?.eventId === id; attempt++) {
      const event = await getEvent(id).catch(() => null);
      if (event !== null) {
        this.tracer.stored(id, event.acceptedAt, event.storedAt);
        this.handlers.traceChanged();
        return;
      }
      await pause(Math.min(2000, 100 * 1.5 ** attempt));
    }
  }

  #hasArrived(id: string): boolean {
    const { current } = this.tracer;
    return current?.eventId === id && [...current.legs.values()].some((leg) => leg.deliveredAt !== null);
  }
}
