import { createNotifyClient, type ConnectionState, type Item, type NotifyClient } from "@notifications/client";
import type { NotifyBell, NotifyInbox } from "@notifications/inbox";
import { issueToken } from "./api.ts";
import { copyTemplate, find, setText } from "./dom.ts";
import type { Person } from "./people.ts";
import type { Settings } from "./settings.ts";
import { texts, type Texts } from "./texts/index.ts";
import { now } from "./time.ts";

/** How long the state of a device gives way to what just happened on it, in milliseconds. */
const noteTime = 7_000;

/** About as high is one toast, in pixels. */
const toastHeight = 120;

export interface DeviceHandlers {
  /** Something arrived; live, or while catching up. */
  arrived(item: Item, missed: boolean): void;
  /** It was seen or read; times in milliseconds since 1970. */
  looked(item: Item, seenAt: number, readAt: number | null): void;
  /** Live again after a while; so many had been missed. */
  back(missed: number): void;
  stateChanged(): void;
}

/** One person's device: a client of its own, components that show it, and a switch that takes it off the network. */
export class Device {
  readonly element: HTMLElement;
  readonly client: NotifyClient;
  /** What the components of the device are. */
  readonly #components: (NotifyBell | NotifyInbox)[];
  readonly #state: HTMLElement;
  readonly #switch: HTMLInputElement;
  #text: Texts = texts.en;
  #waiting = 0;
  #note: ((text: Texts) => string) | null = null;
  #noteTimer: ReturnType<typeof setTimeout> | undefined;

  /** `screen`: what is on it. */
  constructor(
    readonly person: Person,
    screen: HTMLElement,
    private readonly handlers: DeviceHandlers,
  ) {
    this.client = createNotifyClient({
      getToken: ({ signal }) => issueToken(person.id, signal),
      // Each person of each tab is a device: what it has been told is remembered for as long as the tab is there.
      shareConnection: false,
      storage: sessionStorage,
    });
    this.element = copyTemplate<HTMLElement>("device");
    this.element.id = person.id;
    this.element.classList.add(person.id);
    const name = find(this.element, ".name");
    name.id = `${person.id}-name`;
    this.element.setAttribute("aria-labelledby", name.id);
    setText(name, person.name);
    setText(find(this.element, ".avatar"), person.name.slice(0, 1));
    this.#state = find(this.element, ".state");
    this.#switch = find(this.element, ".switch input");
    find(this.element, ".screen").append(screen);
    this.#components = [...this.element.querySelectorAll<NotifyBell | NotifyInbox>("notify-bell, notify-inbox")];
    for (const component of this.#components) {
      component.client = this.client;
    }
    this.#listen();
  }

  get isOn(): boolean {
    return this.#switch.checked;
  }

  get state(): ConnectionState {
    return this.client.state;
  }

  start(): void {
    this.client.connect();
    this.#draw();
  }

  show({ theme, language }: Settings): void {
    this.#text = texts[language];
    this.#switch.setAttribute("aria-label", this.#text.isOnline(this.person.name));
    for (const component of this.#components) {
      component.theme = theme;
      component.locale = language;
      component.labels = { category: (key) => this.#text.categories[key] ?? key };
      component.heading = this.#text.inboxOf(this.person.name);
    }
    this.#draw();
  }

  /** Something was sent to the person, which an offline device does not know. */
  sentTo(count: number): void {
    if (!this.isOn) {
      this.#waiting += count;
      this.#draw();
    }
  }

  /** What became of the last event here. */
  showLeg(text: string): void {
    setText(find(this.element, ".leg"), text);
  }

  #listen(): void {
    const { client, handlers } = this;
    client.on("notification", ({ item, missed }) => {
      handlers.arrived(item, missed);
    });
    client.on("updated", ({ items }) => {
      for (const item of items) {
        if (item.seenAt !== null) {
          handlers.looked(item, Date.parse(item.seenAt), item.readAt === null ? null : Date.parse(item.readAt));
        }
      }
    });
    client.on("synced", ({ first, missed }) => {
      this.#waiting = 0;
      if (!first) {
        this.#say((text) => (missed === 0 ? text.nothingMissed : text.caughtUp(missed)));
        handlers.back(missed);
      }
    });
    client.on("state", () => {
      this.#draw();
      handlers.stateChanged();
    });
    this.#switch.addEventListener("change", () => {
      this.#note = null;
      if (this.isOn) {
        client.connect();
      } else {
        client.disconnect();
      }
      this.#draw();
      handlers.stateChanged();
    });
    // What an item leads to is in an app that is not there.
    this.element.addEventListener("notify-open", (event) => {
      if (event.detail.item.url !== null) {
        event.preventDefault();
        this.#opened(event.detail.item, event.detail.item.title);
      }
    });
    this.element.addEventListener("notify-action", (event) => {
      event.preventDefault();
      this.#opened(event.detail.item, event.detail.action.label);
    });
    this.#fitToScreen();
  }

  #opened(item: Item, title: string): void {
    if (item.readAt === null) {
      void this.client.inbox().read([item.id]);
      this.handlers.looked(item, now(), now());
    }
    this.#say((text) => text.opens(title));
  }

  /** What the bell shows belongs to the window; here the window is the screen of the device. */
  #fitToScreen(): void {
    const bell = this.#components.find((component): component is NotifyBell => component.localName === "notify-bell");
    if (bell === undefined) {
      return;
    }
    const place = (): void => {
      const { left, right, top, bottom, width } = find(this.element, ".screen").getBoundingClientRect();
      // At its lower edge, or at the window's where that comes first; but never above the screen.
      const edge = Math.min(Math.max(12, innerHeight - bottom + 12), innerHeight - top - toastHeight);
      bell.style.setProperty("--notify-toasts-inset", `auto ${document.documentElement.clientWidth - right + 12}px ${edge}px ${left + 12}px`);
      bell.style.setProperty("--notify-toasts-width", `${Math.min(380, width - 24)}px`);
      bell.style.setProperty("--notify-width", `${Math.min(380, width - 36)}px`);
      bell.style.setProperty("--notify-height", `${Math.min(520, bottom - top - 84)}px`);
    };
    new ResizeObserver(place).observe(this.element);
    addEventListener("resize", place);
    addEventListener("scroll", place, { passive: true });
  }

  #say(note: (text: Texts) => string): void {
    this.#note = note;
    clearTimeout(this.#noteTimer);
    this.#noteTimer = setTimeout(() => {
      this.#note = null;
      this.#draw();
    }, noteTime);
    this.#draw();
  }

  #draw(): void {
    const state = this.isOn ? this.client.state : "disconnected";
    this.element.dataset["state"] = state;
    this.element.classList.toggle("noted", this.#note !== null);
    setText(this.#state, this.#note?.(this.#text) ?? this.#describe(state));
  }

  #describe(state: ConnectionState): string {
    switch (state) {
      case "connected":
        return this.#text.online;
      case "connecting":
        return this.#text.connecting;
      case "disconnected":
        return this.#waiting === 0 ? this.#text.offline : this.#text.waiting(this.#waiting);
      default:
        return this.#text.retrying;
    }
  }
}
