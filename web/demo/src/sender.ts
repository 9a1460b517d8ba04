import { ApiError, getEvent, sendEvent } from "./api";
import { find, setText } from "./dom";
import { now, parseTime } from "./time";
import type { Tracer } from "./trace";
import type { EventRequest, Priority } from "./wire";

const recipients: Record<string, { to: string[]; users: string[] }> = {
  ada: { to: ["user:ada"], users: ["ada"] },
  ben: { to: ["user:ben"], users: ["ben"] },
  both: { to: ["user:ada", "user:ben"], users: ["ada", "ben"] },
  everyone: { to: ["all"], users: ["ada", "ben"] },
};

const examples: readonly (readonly [title: string, body: string])[] = [
  ["Your parcel has arrived", "It is waiting at the front desk until six."],
  ["Build 482 is green", "All 1,204 tests passed; it can go out."],
  ["The meeting moved to 15:30", "Same room, bring the draft."],
  ["Invoice 2071 was paid", "The receipt is in your documents."],
  ["Disk of db-2 is 80 % full", "At this rate it is full on Friday."],
];

/** The form that sends an event, and the request's way until the service says it is stored. */
export class Sender {
  readonly #form = find<HTMLFormElement>(document, "#send");
  readonly #title = find<HTMLInputElement>(this.#form, "#title");
  readonly #body = find<HTMLTextAreaElement>(this.#form, "#body");
  readonly #problem = find<HTMLElement>(this.#form, ".problem");
  readonly #button = find<HTMLButtonElement>(this.#form, "button");
  #example = 0;
  /** The event of unknown outcome: sent again under the same id it cannot arrive twice. */
  #unsure: { content: string; id: string } | null = null;

  constructor(
    private readonly tracer: Tracer,
    private readonly traceChanged: () => void,
  ) {
    this.#showExample();
    this.#form.addEventListener("submit", (submit) => {
      submit.preventDefault();
      void this.#send();
    });
  }

  async #send(): Promise<void> {
    const fields = new FormData(this.#form);
    const choice = recipients[text(fields, "recipient")] ?? { to: ["all"], users: [] };
    const body = text(fields, "body").trim();
    const content = {
      type: "demo.message",
      to: choice.to,
      title: text(fields, "title").trim(),
      ...(body === "" ? {} : { body }),
      priority: text(fields, "priority") as Priority,
    };
    const known = JSON.stringify(content);
    const id = this.#unsure?.content === known ? this.#unsure.id : `demo-${crypto.randomUUID()}`;
    const event: EventRequest = { id, ...content };

    this.#button.disabled = true;
    setText(this.#problem, "");
    try {
      this.#unsure = { content: known, id };
      const accepted = await sendEvent(event);
      this.#unsure = null;
      this.tracer.accepted(accepted.id, event.title, choice.users, now());
      this.traceChanged();
      this.#nextExample();
      this.#button.disabled = false;
      await this.#followUntilStored(accepted.id);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) {
        this.#unsure = null;
      }
      setText(this.#problem, message);
    } finally {
      this.#button.disabled = false;
    }
  }

  /** Asks for the event until the service has stored it. */
  async #followUntilStored(id: string): Promise<void> {
    for (let attempt = 0; attempt < 40 && this.tracer.current?.eventId === id; attempt++) {
      // First a moment: a 404 for "not yet" would stand in the browser's console as an error.
      await new Promise((resolve) => setTimeout(resolve, Math.min(1000, 50 * 1.4 ** attempt)));
      try {
        const event = await getEvent(id);
        const storedAt = event.storedAt === null ? null : parseTime(event.storedAt);
        this.tracer.stored(id, parseTime(event.acceptedAt), storedAt);
        this.traceChanged();
        if (storedAt !== null) {
          return;
        }
      } catch (error) {
        if (!(error instanceof ApiError) || (error.status !== 404 && error.status !== 503 && error.status !== 0)) {
          throw error;
        }
      }
    }
  }

  /** Offers another example, unless the reader has written something. */
  #nextExample(): void {
    const [title, body] = examples[this.#example] ?? ["", ""];
    if (this.#title.value === title && this.#body.value === body) {
      this.#example = (this.#example + 1) % examples.length;
      this.#showExample();
    }
  }

  #showExample(): void {
    const [title, body] = examples[this.#example] ?? ["", ""];
    this.#title.value = title;
    this.#body.value = body;
  }
}

function text(fields: FormData, name: string): string {
  const value = fields.get(name);
  return typeof value === "string" ? value : "";
}
