import { css, html, nothing, type ReactiveControllerHost, type TemplateResult } from "lit";
import { icon, type IconName } from "./icons.ts";

export interface MenuEntry {
  label: string;
  icon?: IconName;
  /** Beside the label, in grey: a time. */
  hint?: string;
  run: () => void;
}

/** A menu or a small dialog over everything else, one for its host, which renders it. By the patterns of the ARIA Authoring Practices. */
export class Menu {
  #host: ReactiveControllerHost & { renderRoot: HTMLElement | DocumentFragment };
  #label = "";
  #entries: readonly MenuEntry[] = [];
  #dialog: (() => TemplateResult) | null = null;
  #anchor: HTMLElement | null = null;
  /** What had the focus. Browsers give it back themselves only for a popover that is not inside another one. */
  #back: HTMLElement | null = null;

  constructor(host: ReactiveControllerHost & { renderRoot: HTMLElement | DocumentFragment }) {
    this.#host = host;
  }

  get open(): boolean {
    return this.#anchor !== null;
  }

  /** Opens a menu at an element. */
  async show(anchor: HTMLElement, label: string, entries: readonly MenuEntry[]): Promise<void> {
    await this.#show(anchor, label, entries, null);
  }

  /** Opens a dialog instead; also in place of the menu that one of its entries was chosen from. */
  async showDialog(anchor: HTMLElement, label: string, content: () => TemplateResult): Promise<void> {
    await this.#show(anchor, label, [], content);
  }

  /** Closes it, if it is open; the focus goes back to where it was. */
  close(): void {
    if (this.open) {
      this.#element?.hidePopover();
      this.#restore();
    }
  }

  /** Moves along with what it was opened at. */
  place = (): void => {
    const element = this.#element;
    if (this.#anchor === null || element === null) {
      return;
    }
    if (!this.#anchor.isConnected) {
      this.close();
      return;
    }
    const at = this.#anchor.getBoundingClientRect();
    const [width, height] = [element.offsetWidth, element.offsetHeight];
    const rtl = getComputedStyle(element).direction === "rtl";
    const left = Math.max(8, Math.min(rtl ? at.left : at.right - width, innerWidth - width - 8));
    const below = at.bottom + 4;
    const top = below + height > innerHeight - 8 ? Math.max(8, at.top - height - 4) : below;
    element.style.setProperty("left", `${left}px`);
    element.style.setProperty("top", `${top}px`);
  };

  render(): TemplateResult {
    return html`<div
      id="menu"
      class="menu"
      part="menu"
      popover
      role=${this.#dialog === null ? "menu" : "dialog"}
      aria-label=${this.#label}
      @keydown=${this.#key}
      @toggle=${this.#toggled}
    >
      ${this.#dialog?.() ??
      this.#entries.map(
        (entry) =>
          html`<button
            type="button"
            role="menuitem"
            tabindex="-1"
            @click=${() => {
              this.#choose(entry);
            }}
          >
            ${entry.icon === undefined ? nothing : icon(entry.icon)}<span>${entry.label}</span
            >${entry.hint === undefined ? nothing : html`<small>${entry.hint}</small>`}
          </button>`,
      )}
    </div>`;
  }

  get #element(): HTMLElement | null {
    return this.#host.renderRoot.querySelector<HTMLElement>("#menu");
  }

  async #show(anchor: HTMLElement, label: string, entries: readonly MenuEntry[], dialog: (() => TemplateResult) | null): Promise<void> {
    this.#label = label;
    this.#entries = entries;
    this.#dialog = dialog;
    this.#anchor = anchor;
    this.#host.requestUpdate();
    await this.#host.updateComplete;
    const element = this.#element;
    if (element?.isConnected !== true) {
      return;
    }
    const focused = this.#focused;
    this.#back = focused === null || element.contains(focused) ? anchor : focused;
    element.showPopover();
    anchor.setAttribute("aria-expanded", "true");
    this.place();
    element.querySelector<HTMLElement>("[autofocus], [role=menuitem], button, input")?.focus();
  }

  get #focused(): HTMLElement | null {
    const root = this.#host.renderRoot;
    return root instanceof ShadowRoot && root.activeElement instanceof HTMLElement ? root.activeElement : null;
  }

  #restore(): void {
    const focused = this.#focused;
    if (focused === null || this.#element?.contains(focused) === true) {
      this.#back?.focus({ preventScroll: true });
    }
    this.#back = null;
  }

  #choose(entry: MenuEntry): void {
    // First the focus goes back, so that what is run finds it where the reader left it.
    this.close();
    entry.run();
  }

  #toggled = (event: ToggleEvent): void => {
    if (event.newState === "closed" && this.#anchor !== null && this.#element?.matches(":popover-open") !== true) {
      this.#anchor.setAttribute("aria-expanded", "false");
      this.#restore();
      this.#anchor = null;
      this.#dialog = null;
      this.#entries = [];
      this.#host.requestUpdate();
    }
  };

  #key = (event: KeyboardEvent): void => {
    // Nothing that is typed here is meant for the list or the panel around.
    event.stopPropagation();
    if (event.key === "Escape") {
      event.preventDefault();
      this.close();
      return;
    }
    if (this.#dialog !== null) {
      return;
    }
    if (event.key === "Tab") {
      this.close();
      return;
    }
    const items = [...(this.#element?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const at = items.findIndex((item) => item.matches(":focus"));
    const { length } = items;
    const letter = event.key.length === 1 ? event.key.toLocaleLowerCase() : null;
    const next = {
      ArrowDown: (at + 1) % length,
      ArrowUp: (Math.max(at, 0) + length - 1) % length,
      Home: 0,
      End: length - 1,
    }[event.key];
    const typed = [...items.slice(at + 1), ...items].find((item) => letter !== null && item.textContent.trim().toLocaleLowerCase().startsWith(letter));
    const target = next === undefined ? typed : items[next];
    if (target !== undefined && event.key !== " ") {
      event.preventDefault();
      target.focus();
    }
  };
}

export const menuStyles = css`
  .menu {
    position: fixed;
    inset: auto;
    margin: 0;
    inline-size: max-content;
    max-inline-size: min(320px, calc(100vw - 16px));
    max-block-size: calc(100vh - 16px);
    overflow: auto;
    border: 0;
    border-radius: var(--_radius);
    padding: 4px;
    background: var(--_surface);
    color: var(--_text);
    box-shadow: var(--_shadow);
    font: 400 var(--_size) / 1.4 var(--_font);
  }
  .menu [role="menuitem"] {
    display: flex;
    align-items: center;
    gap: 10px;
    inline-size: 100%;
    min-block-size: 36px;
    padding: 4px 10px;
    border-radius: calc(var(--_radius) * 0.66);
    color: var(--_text);
  }
  .menu [role="menuitem"]:hover,
  .menu [role="menuitem"]:focus {
    background: var(--_raised);
  }
  .menu [role="menuitem"]:focus-visible {
    outline-offset: -2px;
  }
  .menu .icon {
    color: var(--_muted);
  }
  .menu span {
    flex: 1;
    unicode-bidi: plaintext;
    text-align: left;
  }
  :host(:dir(rtl)) .menu span {
    text-align: right;
  }
  .menu small {
    margin-inline-start: 16px;
    color: var(--_muted);
    font-size: 0.9em;
  }
  @media (pointer: coarse) {
    .menu [role="menuitem"] {
      min-block-size: 44px;
    }
  }
  @media (forced-colors: active) {
    .menu {
      border: 1px solid;
    }
  }
`;
