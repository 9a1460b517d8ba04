import type { Item, NotifyClient } from "@notifications/client";
import { css, html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { announceArrivals } from "./announce.ts";
import { onArrivals } from "./arrivals.ts";
import { NotifyElement } from "./element.ts";
import { openItem, runAction } from "./events.ts";
import { icon } from "./icons.ts";
import { safeImage } from "./links.ts";
import { theme } from "./theme.ts";

/** More than so many at once push the oldest out. */
const most = 4;
/** How long one stays where `duration` is left out, in milliseconds. */
const defaultDuration = 6_000;

interface Toast {
  /** The item's id, or that of a burst. */
  key: string;
  /** Null for one that stands for several. */
  item: Item | null;
  count: number;
  /** When it goes, in milliseconds since 1970; `Infinity` for what stays until it is dismissed. */
  until: number;
}

/**
 * What arrives, in a corner of the window for some seconds: critical notifications until they are dismissed, a burst or what was missed as one.
 * Nothing goes while the pointer or the focus is on them.
 *
 * @csspart toast - one of them
 */
export class NotifyToasts extends NotifyElement {
  static override properties: PropertyDeclarations = {
    ...NotifyElement.properties,
    duration: { type: Number },
    paused: { type: Boolean },
    showAll: { attribute: false },
    shown: { state: true },
  };

  static override styles = [
    theme,
    css`
      :host {
        display: contents;
      }
      .stack {
        position: fixed;
        inset: var(--notify-toasts-inset, auto 16px 16px auto);
        margin: 0;
        border: 0;
        padding: 0;
        inline-size: min(var(--notify-toasts-width, 360px), 100vw - 32px);
        max-block-size: calc(100dvh - 32px);
        overflow: visible;
        background: none;
        color: var(--_text);
        font: var(--_size) / 1.45 var(--_font);
      }
      .stack:dir(rtl) {
        inset: var(--notify-toasts-inset, auto auto 16px 16px);
      }
      ol {
        display: grid;
        gap: var(--_space);
        margin: 0;
        padding: 0;
        list-style: none;
      }
      .toast {
        display: grid;
        grid-template-columns: auto 1fr auto;
        column-gap: 12px;
        align-items: start;
        position: relative;
        border-radius: var(--_radius);
        padding: 12px;
        padding-inline-start: 16px;
        overflow: hidden;
        background: var(--_surface);
        box-shadow: var(--_shadow);
        animation: enter calc(var(--_speed) * 1.5) cubic-bezier(0.2, 0.8, 0.3, 1);
      }
      .critical::before {
        content: "";
        position: absolute;
        inset-block: 0;
        inset-inline-start: 0;
        inline-size: 4px;
        background: var(--_danger);
      }
      .picture {
        display: grid;
        place-items: center;
        inline-size: 36px;
        block-size: 36px;
        border-radius: 50%;
        object-fit: cover;
        background: var(--_raised);
        color: var(--_accent);
      }
      .critical .picture {
        color: var(--_danger);
      }
      .text {
        align-self: center;
        min-inline-size: 0;
      }
      .open {
        display: -webkit-box;
        inline-size: 100%;
        overflow: hidden;
        font-weight: 600;
        overflow-wrap: anywhere;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
      }
      button.open:focus-visible {
        outline: none;
      }
      /* All of a toast can be clicked; what lies on it comes first. */
      button.open::after {
        content: "";
        position: absolute;
        inset: 0;
        border-radius: var(--_radius);
      }
      button.open:focus-visible::after {
        outline: 2px solid var(--_accent);
        outline-offset: -2px;
      }
      .icon-button,
      .actions {
        position: relative;
        z-index: 1;
      }
      .icon-button {
        margin-block-start: 2px;
        margin-inline-end: -4px;
      }
      .body {
        display: -webkit-box;
        margin: 2px 0 0;
        overflow: hidden;
        color: var(--_muted);
        overflow-wrap: anywhere;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
      }
      .priority {
        color: var(--_danger);
        font-size: 0.86em;
        font-weight: 650;
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: var(--_space);
        margin-block-start: 10px;
        inline-size: fit-content;
      }
      @keyframes enter {
        from {
          opacity: 0;
          translate: 0 16px;
        }
      }
      @media (max-width: 480px) {
        .stack,
        .stack:dir(rtl) {
          inset: var(--notify-toasts-inset, auto 8px max(8px, env(safe-area-inset-bottom)));
          inline-size: auto;
        }
      }
      @media (forced-colors: active) {
        .toast {
          border: 1px solid CanvasText;
        }
      }
    `,
  ];

  /** How long one stays, in milliseconds; 6,000. */
  declare duration: number | null | undefined;
  /** Shows nothing but critical ones, as while the inbox is open. */
  declare paused: boolean;
  /** Shows the inbox, in answer to a click on what stands for several. Without it there is nothing to click. */
  declare showAll: (() => void) | undefined;
  private declare shown: readonly Toast[];

  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Since when nothing goes, in milliseconds since 1970. */
  #heldAt: number | null = null;
  #hovered = false;
  #dismissedBurst = 0;

  constructor() {
    super();
    this.paused = false;
    this.shown = [];
  }

  protected override attach(client: NotifyClient): (() => void)[] {
    return [
      announceArrivals(client, () => this.text),
      onArrivals(client, {
        one: (item) => {
          if (!this.paused || item.priority === "critical") {
            this.#add({ key: item.id, item, count: 1, until: item.priority === "critical" ? Infinity : this.#until() });
          }
        },
        many: (count, replaces, burst) => {
          if (!this.paused && burst !== this.#dismissedBurst) {
            this.#add({ key: `burst ${burst}`, item: null, count, until: this.#until() }, replaces);
          }
        },
      }),
      // What is read, or taken back, elsewhere is no news here.
      client.on("updated", ({ items }) => {
        const over = new Set(items.filter((item) => item.readAt ?? item.archivedAt ?? item.withdrawnAt).map(({ id }) => id));
        if (this.shown.some(({ key }) => over.has(key))) {
          this.shown = this.shown.filter(({ key }) => !over.has(key));
        }
      }),
      () => {
        this.shown = [];
      },
    ];
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("visibilitychange", this.#hold);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("visibilitychange", this.#hold);
    clearTimeout(this.#timer);
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (changed.has("paused") && this.paused) {
      this.shown = this.shown.filter(({ until }) => until === Infinity);
    }
  }

  protected override updated(): void {
    const stack = this.renderRoot.querySelector<HTMLElement>(".stack");
    // Above everything of the page, where the browser has popovers.
    if (stack !== null && "popover" in stack && stack.matches(":popover-open") !== this.shown.length > 0) {
      stack[this.shown.length > 0 ? "showPopover" : "hidePopover"]();
    }
    this.#hold();
  }

  protected override render(): TemplateResult {
    return html`<div
      class="stack"
      popover="manual"
      role="region"
      aria-label=${this.text.notifications}
      ?hidden=${this.shown.length === 0}
      @pointerenter=${this.#enter}
      @pointerleave=${this.#leave}
      @focusin=${this.#hold}
      @focusout=${this.#later}
      @keydown=${this.#key}
    >
      <ol role="list">
        ${repeat(
          this.shown,
          ({ key }) => key,
          (toast) => this.#toast(toast),
        )}
      </ol>
    </div>`;
  }

  #toast(toast: Toast): TemplateResult {
    const { text } = this;
    const { item, key } = toast;
    const critical = item?.priority === "critical";
    const title = item?.title ?? text.newNotifications(toast.count);
    const image = safeImage(item?.imageUrl ?? null);
    const opens = item !== null || this.showAll !== undefined;
    return html`<li class="toast ${critical ? "critical" : ""}" part="toast" data-key=${key}>
      ${
        image === null
          ? html`<span class="picture">${icon(critical ? "alert" : item === null ? "inbox" : "bell")}</span>`
          : html`<img class="picture" src=${image} alt="" referrerpolicy="no-referrer" loading="lazy" />`
      }
      <div class="text" dir="auto">
        ${critical ? html`<div class="priority">${text.critical}</div>` : nothing}
        ${
          opens
            ? html`<button class="open" @click=${() => { this.#open(toast); }}>${title}</button>`
            : html`<div class="open">${title}</div>`
        }
        ${item?.body == null || item.body === "" ? nothing : html`<p class="body">${item.body}</p>`}
        ${
          item?.actions == null || item.actions.length === 0
            ? nothing
            : html`<div class="actions">
                ${item.actions.map(
                  (action) =>
                    html`<button class="button wrap ${action.primary ? "primary" : ""}" @click=${() => { this.#act(item, action); }}>
                      ${action.label}
                    </button>`,
                )}
              </div>`
        }
      </div>
      <button class="icon-button" aria-label="${text.dismiss}: ${title}" @click=${() => { this.#dismiss(toast); }}>${icon("close")}</button>
    </li>`;
  }

  #add(toast: Toast, replaces: readonly string[] = []): void {
    const rest = this.shown.filter(({ key }) => !replaces.includes(key));
    const at = rest.findIndex(({ key }) => key === toast.key);
    const next = at < 0 ? [...rest, toast] : rest.map((shown, index) => (index === at ? toast : shown));
    // What stays until it is dismissed is not pushed out by what goes by itself.
    while (next.length > most) {
      next.splice(Math.max(0, next.findIndex(({ until }) => until !== Infinity)), 1);
    }
    this.shown = next;
  }

  #remove(key: string): void {
    const index = this.shown.findIndex((toast) => toast.key === key);
    const focused = this.#focusWithin();
    this.shown = this.shown.filter((toast) => toast.key !== key);
    if (focused) {
      // The focus goes on to what takes its place.
      const neighbour = this.shown[Math.min(index, this.shown.length - 1)];
      void this.updateComplete.then(() => {
        this.renderRoot.querySelector<HTMLElement>(`[data-key="${CSS.escape(neighbour?.key ?? "")}"] .icon-button`)?.focus();
      });
    }
  }

  #dismiss({ key, item }: Toast): void {
    if (item === null) {
      this.#dismissedBurst = Number(key.split(" ")[1]);
    }
    this.#remove(key);
  }

  #open(toast: Toast): void {
    this.#dismiss(toast);
    if (toast.item === null) {
      this.showAll?.();
    } else if (this.notify !== undefined) {
      openItem(this, this.notify.inbox(), toast.item);
    }
  }

  #act(item: Item, action: NonNullable<Item["actions"]>[number]): void {
    this.#remove(item.id);
    if (this.notify !== undefined) {
      runAction(this, this.notify.inbox(), item, action);
    }
  }

  #key({ key, target }: KeyboardEvent): void {
    const toast = target instanceof Element ? target.closest<HTMLElement>(".toast") : null;
    const found = this.shown.find((shown) => shown.key === toast?.dataset.key);
    if (key === "Escape" && found !== undefined) {
      this.#dismiss(found);
    }
  }

  #until(): number {
    return (this.#heldAt ?? Date.now()) + (this.duration ?? defaultDuration);
  }

  #focusWithin(): boolean {
    return (this.renderRoot as ShadowRoot).activeElement !== null;
  }

  #enter = (): void => {
    this.#hovered = true;
    this.#hold();
  };

  #leave = (): void => {
    this.#hovered = false;
    this.#hold();
  };

  /** In a moment: between two elements the focus is nowhere. */
  #later = (): void => {
    queueMicrotask(this.#hold);
  };

  /** Stops the time while somebody is on the toasts or none can see them, and lets it go on with what was left. */
  #hold = (): void => {
    const now = Date.now();
    if (this.shown.length === 0) {
      // The pointer that was on the last one gets no `pointerleave`.
      this.#hovered = false;
    }
    const held = this.#hovered || this.#focusWithin() || document.visibilityState === "hidden";
    if (held) {
      this.#heldAt ??= now;
    } else if (this.#heldAt !== null) {
      const pause = now - this.#heldAt;
      this.#heldAt = null;
      for (const toast of this.shown) {
        toast.until += pause;
      }
    }
    clearTimeout(this.#timer);
    const next = Math.min(...this.shown.map(({ until }) => until));
    if (!held && next < Infinity) {
      this.#timer = setTimeout(this.#expire, next - now);
    }
  };

  #expire = (): void => {
    const now = Date.now();
    this.shown = this.shown.filter(({ until }) => until > now);
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "notify-toasts": NotifyToasts;
  }
}
