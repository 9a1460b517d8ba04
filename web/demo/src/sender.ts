import { ApiError, getEvent, pause, sendEvent, type EventRequest } from "./api.ts";
import { reached } from "./people.ts";
import { now } from "./time.ts";
import type { Tracer } from "./trace.ts";

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

  async #followUntilStored(id: string): Promise<void> {
    for (let attempt = 0; attempt < 40 && this.tracer.current?.eventId === id; attempt++) {
      // First a moment: an answer that says "not yet" would stand in the browser's console as an error.
      await pause(Math.min(1000, 60 * 1.4 ** attempt));
      const event = await getEvent(id).catch(() => null);
      if (event !== null) {
        this.tracer.stored(id, event.acceptedAt, event.storedAt);
        this.handlers.traceChanged();
        return;
      }
    }
  }
}
