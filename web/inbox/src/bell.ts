import type { Counts, Item, NotifyClient } from "@notifications/client";
import { css, html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from "lit";
import { announceArrivals } from "./announce.ts";
import { showOnDesktop } from "./desktop.ts";
import { NotifyElement } from "./element.ts";
import { emit, openItem } from "./events.ts";
import { icon } from "./icons.ts";
import type { NotifyInbox } from "./inbox.ts";
import { place, type Placement } from "./place.ts";
import { offer } from "./settings.ts";
import { soundOnArrival } from "./sound.ts";
import { theme } from "./theme.ts";
import type { InboxTab } from "./toolbar.ts";

/** What the badge counts: what was never on the screen, what was not opened; or only a dot where there is something unseen. */
export type Badge = "unseen" | "unread" | "dot" | "none";

/** The parts of the inbox, for those who style the bell's. */
const inboxParts =
  "header, heading, tabs, tab, tab-selected, tab-count, bulk, banner, list, feed, pill, done, item, item-unread, item-low, item-normal, item-high, " +
  "item-critical, item-image, item-title, item-body, item-meta, item-dot, item-action, item-tools, menu, notice, skeleton";

/**
 * A bell with a badge, and the inbox in a panel that it opens: a popover, or a sheet on phones.
 *
 * @fires notify-toggle - the panel has opened or closed
 * @slot icon - a picture in place of the bell
 * @csspart button - the bell
 * @csspart badge - the count on it
 * @csspart panel - what opens; the parts of `<notify-inbox>` are parts of the bell, too
 * @csspart close - the button that closes the panel
 * @csspart toast - one toast
 */
export class NotifyBell extends NotifyElement {
  static override properties: PropertyDeclarations = {
    ...NotifyElement.properties,
    badge: {},
    placement: {},
    heading: {},
    tabs: { attribute: false },
    noPreferences: { type: Boolean, attribute: "no-preferences" },
    toasts: { type: Boolean },
    desktop: { type: Boolean },
    sound: { type: Boolean },
    open: { type: Boolean, reflect: true },
    counts: { state: true },
  };

  static override styles = [
    theme,
    css`
      :host {
        display: inline-block;
        font-family: var(--_font);
        font-size: var(--_size);
      }
      .bell {
        display: grid;
        place-items: center;
        position: relative;
        inline-size: var(--notify-bell-size, 40px);
        block-size: var(--notify-bell-size, 40px);
        border-radius: 50%;
        font-size: calc(var(--notify-bell-size, 40px) * 0.44);
        transition: background-color var(--_speed);
      }
      .bell:hover,
      .bell[aria-expanded="true"] {
        background: color-mix(in srgb, currentColor 10%, transparent);
      }
      .badge {
        position: absolute;
        inset-block-start: 1px;
        inset-inline-start: 52%;
        min-inline-size: 18px;
        block-size: 18px;
        border-radius: 9px;
        padding-inline: 5px;
        background: var(--_badge);
        color: var(--_badge-text);
        font: 650 11px/18px var(--_font);
        font-variant-numeric: tabular-nums;
        text-align: center;
        white-space: nowrap;
        pointer-events: none;
      }
      .dot {
        inset-block-start: 7px;
        inset-inline-start: 58%;
        min-inline-size: 9px;
        block-size: 9px;
        padding: 0;
      }
      .panel {
        position: fixed;
        inset: auto;
        margin: 0;
        border: 0;
        border-radius: var(--_radius);
        padding: 0;
        inline-size: min(var(--notify-width, 400px), 100vw - 16px);
        block-size: var(--notify-height, 600px);
        overflow: hidden;
        background: var(--_surface);
        color: var(--_text);
        box-shadow: var(--_shadow);
      }
      .panel:popover-open {
        display: flex;
        animation: open var(--_speed) ease-out;
      }
      .panel > * {
        flex: 1;
        min-inline-size: 0;
        block-size: 100%;
      }
      @keyframes open {
        from {
          opacity: 0;
          translate: 0 -6px;
        }
      }
      @media (max-width: 480px) {
        .panel {
          inset: 0 !important;
          inline-size: 100%;
          max-inline-size: none;
          block-size: 100dvh;
          max-block-size: none !important;
          border-radius: 0;
          padding-block: env(safe-area-inset-top) env(safe-area-inset-bottom);
        }
        @keyframes open {
          from {
            opacity: 0;
            translate: 0 24px;
          }
        }
      }
      @media (forced-colors: active) {
        .bell,
        .panel {
          border: 1px solid CanvasText;
        }
        .badge {
          forced-color-adjust: none;
          background: Highlight;
          color: HighlightText;
        }
      }
    `,
  ];

  /** `unseen` where it is left out. */
  declare badge: Badge | null | undefined;
  /** Where the panel opens, if there is room: `bottom-end` where it is left out. `start` and `end` follow the direction of text. */
  declare placement: Placement | null | undefined;
  /** The title of the panel. */
  declare heading: string | null | undefined;
  /** The lists of the panel: see `<notify-inbox>`. */
  declare tabs: readonly InboxTab[] | null | undefined;
  /** Leaves out the settings. */
  declare noPreferences: boolean;
  /** Shows what arrives as toasts, while the panel is closed. */
  declare toasts: boolean;
  /** Offers the user notifications of the system while they look elsewhere. */
  declare desktop: boolean;
  /** Offers the user a chime. */
  declare sound: boolean;
  /** Whether the panel is open; can be set. */
  declare open: boolean;
  private declare counts: Counts | null;

  #used = false;
  /** Whether the panel is shown, or about to be. */
  #shown = false;
  /** Whether the focus was in the panel when it began to close. */
  #hadFocus = false;

  constructor() {
    super();
    this.noPreferences = false;
    this.toasts = false;
    this.desktop = false;
    this.sound = false;
    this.open = false;
    this.counts = null;
  }

  protected override attach(client: NotifyClient): (() => void)[] {
    this.counts = client.counts;
    const labels = () => this.text;
    return [
      client.on("counts", (counts) => {
        this.counts = counts;
      }),
      client.on("notification", ({ missed }) => {
        if (!missed) {
          this.#ring();
        }
      }),
      announceArrivals(client, labels),
      showOnDesktop(client, { labels, wanted: () => this.desktop, open: this.#openFromDesktop }),
      soundOnArrival(client, () => this.sound),
    ];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#offer(false);
    this.#follow(false);
    this.open = false;
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    this.#used ||= this.open;
    if (this.notify === undefined) {
      this.counts = null;
    }
  }

  protected override updated(changed: PropertyValues): void {
    this.#offer(this.isConnected);
    if (changed.has("open") && this.#shown !== this.open) {
      this.#panel?.[this.open ? "showPopover" : "hidePopover"]();
    }
  }

  protected override render(): TemplateResult {
    const { text, counts, open } = this;
    const badge = this.badge ?? "unseen";
    const count = badge === "none" ? 0 : (counts?.[badge === "unread" ? "unread" : "unseen"] ?? 0);
    return html`
      <button
        class="bell"
        part="button"
        popovertarget="panel"
        aria-haspopup="dialog"
        aria-expanded=${open}
        aria-label=${text.bell(count, badge === "unread" ? "unread" : "unseen")}
      >
        <slot name="icon">${icon("bell")}</slot>
        ${
          count === 0
            ? nothing
            : html`<span class="badge ${badge === "dot" ? "dot" : ""}" part="badge" aria-hidden="true"
                >${badge === "dot" ? nothing : count > 99 ? "99+" : new Intl.NumberFormat(this.language).format(count)}</span
              >`
        }
      </button>
      <div
        id="panel"
        class="panel"
        part="panel"
        popover
        role="dialog"
        aria-label=${this.heading ?? text.notifications}
        @beforetoggle=${this.#beforeToggle}
        @toggle=${this.#toggled}
        @focusout=${this.#focusOut}
        @notify-open=${this.#leave}
        @notify-action=${this.#leave}
      >
        ${this.#used ? this.#inbox() : nothing}
      </div>
      ${
        this.toasts
          ? html`<notify-toasts
              exportparts="toast"
              .client=${this.notify}
              .labels=${this.labels}
              .locale=${this.language}
              .theme=${this.theme}
              .paused=${open}
              .showAll=${this.#show}
            ></notify-toasts>`
          : nothing
      }
    `;
  }

  #inbox(): TemplateResult {
    return html`<notify-inbox
      exportparts=${inboxParts}
      .client=${this.notify}
      .labels=${this.labels}
      .locale=${this.language}
      .theme=${this.theme}
      .heading=${this.heading}
      .tabs=${this.tabs}
      .noPreferences=${this.noPreferences}
      ><button slot="close" class="icon-button" part="close" aria-label=${this.text.close} @click=${this.#hide}>${icon("close")}</button></notify-inbox
    >`;
  }

  get #panel(): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>("#panel");
  }

  #focusWithin(): boolean {
    return this.#panel?.matches(":focus-within") ?? false;
  }

  #show = (): void => {
    this.open = true;
  };

  #hide = (): void => {
    this.open = false;
  };

  #beforeToggle(event: ToggleEvent): void {
    // Events of popovers inside do not bubble, but a list may hold popovers of its own light children.
    if (event.target !== event.currentTarget) {
      return;
    }
    this.open = this.#shown = event.newState === "open";
    this.#hadFocus = this.#focusWithin();
    this.#follow(this.#shown);
  }

  #toggled(event: ToggleEvent): void {
    if (event.target !== event.currentTarget) {
      return;
    }
    const open = event.newState === "open";
    emit(this, "notify-toggle", { open });
    if (open) {
      void this.#focusInbox();
      return;
    }
    // Who comes back comes for the list, if it is there yet.
    this.renderRoot.querySelector<Element & Partial<Pick<NotifyInbox, "showLists">>>("notify-inbox")?.showLists?.();
    if (this.#hadFocus && (document.activeElement === document.body || this.#focusWithin())) {
      // Browsers give it back by themselves only where it was not in the tree of an element within.
      this.renderRoot.querySelector<HTMLElement>(".bell")?.focus();
    }
  }

  /** The list may still be on its way. */
  async #focusInbox(): Promise<void> {
    await customElements.whenDefined("notify-inbox");
    const inbox = this.renderRoot.querySelector<NotifyInbox>("notify-inbox");
    await inbox?.updateComplete;
    if (this.open) {
      inbox?.focus();
    }
  }

  /** Leaving with the keyboard closes it: what has the focus must not lie beneath it. Pressing the bell does that by itself, where it can be seen. */
  #focusOut({ relatedTarget }: FocusEvent): void {
    if (!(relatedTarget instanceof Element) || this.#panel?.contains(relatedTarget) === true) {
      return;
    }
    if (!relatedTarget.matches(".bell") || matchMedia("(max-width: 480px)").matches) {
      this.open = false;
    }
  }

  /** What leads elsewhere closes it; what was only read does not. */
  #leave(event: HTMLElementEventMap["notify-open"] | HTMLElementEventMap["notify-action"]): void {
    const { item } = event.detail;
    const url = "action" in event.detail ? event.detail.action.url : item.url;
    // In a moment: listeners outside come after this one.
    queueMicrotask(() => {
      if (event.defaultPrevented || url !== null) {
        this.open = false;
      }
    });
  }

  #openFromDesktop = (item: Item | null): void => {
    if (item === null) {
      this.open = true;
    } else if (this.notify !== undefined) {
      openItem(this, this.notify.inbox(), item);
    }
  };

  #place = (): void => {
    const button = this.renderRoot.querySelector(".bell");
    if (button !== null && this.#panel !== null) {
      place(this.#panel, button.getBoundingClientRect(), this.placement ?? "bottom-end", this.rtl);
    }
  };

  #follow(on: boolean): void {
    if (on) {
      // It has no size before it is shown, and is not painted before this.
      requestAnimationFrame(this.#place);
      addEventListener("resize", this.#place);
      addEventListener("scroll", this.#place, { capture: true, passive: true });
    } else {
      removeEventListener("resize", this.#place);
      removeEventListener("scroll", this.#place, { capture: true });
    }
  }

  #offer(connected: boolean): void {
    offer("desktop", this, connected && this.desktop);
    offer("sound", this, connected && this.sound);
  }

  #ring(): void {
    const bell = this.renderRoot.querySelector(".bell .icon");
    if (bell !== null && "animate" in bell && !matchMedia("(prefers-reduced-motion: reduce)").matches) {
      bell.animate(
        [0, 14, -11, 7, -4, 0].map((degrees) => ({ transform: `rotate(${degrees}deg)`, transformOrigin: "50% 10%" })),
        { duration: 600, easing: "ease-out" },
      );
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "notify-bell": NotifyBell;
  }
}
