import { find, setText } from "./dom.ts";
import { people } from "./people.ts";
import { RailsView } from "./railsView.ts";
import { span } from "./time.ts";
import { progress, type Trace } from "./trace.ts";
import { texts, type Language, type Texts } from "./texts/index.ts";

/** What the journey has to know of a device. */
export interface Traveller {
  readonly person: { id: string; name: string };
  readonly isOn: boolean;
  readonly element: HTMLElement;
  showLeg(text: string): void;
}

/** Shows the way of the last event: the stations, the lines, and a sentence. */
export class Journey {
  readonly #root = find<HTMLElement>(document, "#journey");
  readonly #story = find(document, "#story");
  readonly #rails: RailsView;
  #language: Language = "en";

  constructor(private readonly devices: readonly Traveller[]) {
    this.#rails = new RailsView(devices);
  }

  show(language: Language): void {
    this.#language = language;
  }

  /** Something flows to this person without a pause. */
  flow(user: string, on: boolean): void {
    this.#rails.flow(user, on);
  }

  /** A catch-up of this person. */
  pass(user: string): void {
    this.#rails.pass(user);
  }

  draw(trace: Trace | null): void {
    const text = texts[this.#language];
    if (trace === null) {
      setText(this.#story, text.idle);
      this.#rails.draw(null);
      return;
    }
    this.#root.dataset["progress"] = progress(trace);
    const since = (at: number | null): string => (at === null ? "" : `+${this.#span(at - trace.sentAt)}`);
    setText(find(document, "#accepted .ms"), since(trace.acceptedAt));
    setText(find(document, "#stored .ms"), since(trace.storedAt));
    for (const device of this.devices) {
      device.showLeg(this.#leg(trace, device.person.id, text));
    }
    setText(this.#story, this.#sentence(trace, text));
    this.#rails.draw(trace);
  }

  #leg(trace: Trace, user: string, text: Texts): string {
    const leg = trace.legs.get(user);
    if (leg?.deliveredAt == null) {
      return "";
    }
    const looked = leg.readAt !== null ? text.read : leg.seenAt !== null ? text.seen : null;
    return [text.delivered(this.#span(leg.deliveredAt - trace.sentAt)), looked].filter((part) => part !== null).join(" · ");
  }

  #sentence(trace: Trace, text: Texts): string {
    if (trace.storedAt === null) {
      return text.sending(trace.title);
    }
    const there: string[] = [];
    const away: string[] = [];
    let last = trace.storedAt;
    for (const { id, name } of people) {
      const leg = trace.legs.get(id);
      if (leg?.deliveredAt != null) {
        there.push(name);
        last = Math.max(last, leg.deliveredAt);
      } else if (leg !== undefined) {
        away.push(name);
      }
    }
    const reached = there.length === 0 ? text.kept(trace.title) : text.reached(trace.title, text.and(there), this.#span(last - trace.sentAt));
    return away.length === 0 ? reached : `${reached} ${text.waits(text.and(away))}`;
  }

  #span(ms: number): string {
    return span(ms, this.#language);
  }
}
