import { copyTemplate, find, oncePerFrame, setText } from "./dom";
import { Feed, type FeedState } from "./feed";
import { safeImage, safeLink } from "./links";
import { timeOfDay, parseTime } from "./time";
import type { Tracer } from "./trace";
import type { Item } from "./wire";

export interface Person {
  id: string;
  name: string;
}

const stateTexts: Record<FeedState, string> = {
  offline: "Offline",
  connecting: "Connecting…",
  online: "Online",
  waiting: "Waiting for the service…",
};

/** One user's half of the page: the switch, the counts and the list. */
export class Panel {
  readonly element = copyTemplate<HTMLElement>("panel");
  readonly #feed: Feed;
  readonly #switch = find<HTMLInputElement>(this.element, "input");
  readonly #list = find<HTMLOListElement>(this.element, ".list");
  readonly #spoken = find<HTMLElement>(this.element, ".spoken");
  readonly #problem = find<HTMLElement>(this.element, ".problem");
  readonly #rows = new Map<string, { row: HTMLLIElement; rev: number }>();
  readonly #fresh = new Set<string>();
  readonly #missed = new Set<string>();
  #unspoken: Item[] = [];
  #render = oncePerFrame(() => { this.#draw(); });

  constructor(
    readonly person: Person,
    device: string,
    tracer: Tracer,
    traceChanged: () => void,
  ) {
    const { id, name } = person;
    this.element.dataset["user"] = id;
    const heading = find(this.element, "h2");
    heading.id = `name-${id}`;
    heading.textContent = name;
    this.element.setAttribute("aria-labelledby", heading.id);
    find(this.element, ".avatar").textContent = name.slice(0, 1);
    find(this.element, ".switch-name").textContent = `${name} is online`;

    this.#feed = new Feed(id, device, {
      stateChanged: (state) => {
        if (state === "online") {
          setText(this.#problem, "");
        }
        this.#switch.checked = state !== "offline";
        this.#switch.title = state === "offline" ? `Bring ${name} back` : `Take ${name} offline`;
        this.#render();
        traceChanged();
      },
      listChanged: this.#render,
      notified: (item, at, missed) => {
        this.#fresh.add(item.id);
        if (missed) {
          this.#missed.add(item.id);
        }
        tracer.pushed(id, item.eventId, item.rev, at);
        this.#speak(item);
        traceChanged();
      },
      acknowledged: (rev, at) => {
        tracer.acknowledged(id, rev, at);
        traceChanged();
      },
      failed: (message) => { setText(this.#problem, message); },
    });

    this.#switch.addEventListener("change", () => {
      if (this.#switch.checked) {
        this.#feed.goOnline();
      } else {
        this.#missed.clear();
        this.#try(this.#feed.goOffline());
      }
    });
    for (const action of ["seen", "read"] as const) {
      find(this.element, `.mark-${action}`).addEventListener("click", () => { this.#try(this.#feed.markAll(action)); });
    }
    this.#draw();
  }

  get online(): boolean {
    return this.#feed.state === "online";
  }

  start(): void {
    this.#feed.goOnline();
  }

  #draw(): void {
    const { state, inbox } = this.#feed;
    const { counts, items } = inbox;
    this.element.dataset["state"] = state;
    setText(find(this.element, ".state"), stateTexts[state]);
    setText(find(this.element, ".count-unseen"), String(counts.unseen));
    setText(find(this.element, ".count-unread"), String(counts.unread));
    find<HTMLButtonElement>(this.element, ".mark-seen").disabled = counts.unseen === 0 || !this.online;
    find<HTMLButtonElement>(this.element, ".mark-read").disabled = counts.unread === 0 || !this.online;
    find<HTMLElement>(this.element, ".empty").hidden = items.length > 0;

    const shown = new Set(items.map((item) => item.id));
    for (const [id, { row }] of this.#rows) {
      if (!shown.has(id)) {
        row.remove();
        this.#rows.delete(id);
      }
    }
    // Rows stay the same elements, so that focus and scrolling survive what arrives meanwhile.
    let next = this.#list.firstElementChild;
    for (const item of items) {
      const row = this.#row(item);
      if (row === next) {
        next = next.nextElementSibling;
      } else {
        this.#list.insertBefore(row, next);
      }
      find<HTMLButtonElement>(row, "button").disabled = !this.online;
    }
    this.#fresh.clear();
  }

  #row(item: Item): HTMLLIElement {
    const known = this.#rows.get(item.id);
    if (known?.rev === item.rev) {
      return known.row;
    }
    const row = known?.row ?? this.#newRow(item.id);
    this.#rows.set(item.id, { row, rev: item.rev });
    row.className = "item";
    row.classList.toggle("fresh", this.#fresh.has(item.id));
    row.classList.toggle("unseen", item.seenAt === null);
    row.classList.toggle("unread", item.readAt === null);
    row.classList.toggle("withdrawn", item.withdrawnAt !== null);
    row.dataset["priority"] = item.priority;
    const read = item.readAt !== null;
    setText(find(row, ".item-state"), read ? "Read." : "Unread.");
    setText(find(row, ".item-title"), item.title);
    setText(find(row, ".item-body"), item.body ?? "");
    setText(find(row, ".item-time"), timeOfDay(parseTime(item.createdAt)).slice(0, 8));
    find<HTMLTimeElement>(row, ".item-time").dateTime = item.createdAt;
    setText(find(row, ".item-priority"), item.priority === "high" || item.priority === "critical" ? item.priority : "");
    setText(find(row, ".item-missed"), this.#missed.has(item.id) ? "while away" : "");
    setText(find(row, ".item-withdrawn"), item.withdrawnAt === null ? "" : "withdrawn");
    find<HTMLButtonElement>(row, "button").title = read ? "Mark as unread" : "Mark as read";
    this.#drawLink(row, item);
    this.#drawImage(row, item);
    return row;
  }

  #newRow(id: string): HTMLLIElement {
    const row = copyTemplate<HTMLLIElement>("item");
    find(row, "button").addEventListener("click", () => {
      const item = this.#feed.inbox.items.find((candidate) => candidate.id === id);
      if (item !== undefined) {
        this.#try(this.#feed.setRead(id, item.readAt === null));
      }
    });
    return row;
  }

  #drawLink(row: HTMLLIElement, item: Item): void {
    const link = find<HTMLAnchorElement>(row, ".item-link");
    const address = safeLink(item.url);
    link.hidden = address === null;
    if (address !== null) {
      link.href = address;
      setText(link, new URL(address).host || address);
    }
  }

  #drawImage(row: HTMLLIElement, item: Item): void {
    const image = find<HTMLImageElement>(row, ".item-image");
    const address = safeImage(item.imageUrl);
    image.hidden = address === null;
    if (address !== null && image.src !== address) {
      image.src = address;
    }
  }

  /** Says what arrived, in one sentence for all that arrived together. */
  #speak(item: Item): void {
    this.#unspoken.push(item);
    if (this.#unspoken.length > 1) {
      return;
    }
    setTimeout(() => {
      const [first] = this.#unspoken;
      const more = this.#unspoken.length - 1;
      const title = first === undefined ? "" : first.title;
      setText(this.#spoken, `${this.person.name} received: ${title}${more > 0 ? `, and ${more} more` : ""}`);
      this.#unspoken = [];
    }, 400);
  }

  #try(action: Promise<void>): void {
    setText(this.#problem, "");
    action.catch((error: unknown) => { setText(this.#problem, error instanceof Error ? error.message : String(error)); });
  }
}
