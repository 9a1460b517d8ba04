import type { Inbox, Item } from "@notifications/client";
import { html, type LitElement, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { Actions } from "./actions.ts";
import { announce } from "./announce.ts";
import { openItem, runAction } from "./events.ts";
import { commands, commandsOf, itemView, type ItemCommand } from "./item.ts";
import type { Labels } from "./labels/labels.ts";
import type { Layout } from "./layout.ts";
import { Selection } from "./selection.ts";
import { VirtualList } from "./virtual.ts";

/** What the feed of an inbox is about at the moment. */
export interface Here {
  list: Inbox | undefined;
  text: Labels;
  locale: string;
}

/**
 * The items of a list, as a feed of the ARIA Authoring Practices: one of them can be reached by Tab, and the arrows move between them. Holds
 * the focus, which goes to a neighbour where its item leaves, and what is ticked.
 */
export class Feed {
  /** What is ticked; null where nothing can be. */
  selection: Selection | null = null;

  #host: LitElement;
  #actions: Actions;
  #here: () => Here;
  #virtual: VirtualList;
  #items = new Map<string, Item>();
  /** The one that Tab leads to. */
  #current: string | null = null;
  /** Gets the focus after the update, because what had it is gone; null where nobody is left to. */
  #heir: string | null | undefined;

  /** `end`: older items are wanted. */
  constructor(host: LitElement, actions: Actions, here: () => Here, end: () => void) {
    this.#host = host;
    this.#actions = actions;
    this.#here = here;
    this.#virtual = new VirtualList(host, { scroller: () => this.#find("#panel"), canvas: () => this.#find(".feed"), end });
  }

  get keys(): readonly string[] {
    return this.#virtual.layout.keys;
  }

  /** Begins anew: another list. */
  reset(): void {
    this.#items.clear();
    this.#current = null;
    this.selection = null;
    this.#virtual.reset();
  }

  /** Takes over what the list holds now. */
  take(items: readonly Item[]): void {
    const before = this.keys;
    this.#items = new Map(items.map((item) => [item.id, item]));
    const focused = this.#focusedKey();
    if (this.#current !== null && !this.#items.has(this.#current)) {
      const at = before.indexOf(this.#current);
      // The next one down, or else up.
      const heirs = [...before.slice(at), ...before.slice(0, Math.max(0, at)).reverse()];
      const heir = heirs.find((key) => this.#items.has(key)) ?? null;
      if (focused === this.#current || this.#heir === this.#current) {
        this.#heir = heir;
      }
      this.#current = heir;
    }
    this.#current ??= items[0]?.id ?? null;
    this.#virtual.keep = this.#current;
    this.selection?.keep(this.#items);
    this.#virtual.setKeys([...this.#items.keys()], before.length > 0);
  }

  /** Focuses what a reader came for: the item they were at, or what stands above where there are none. */
  enter(options?: FocusOptions): void {
    (this.#find(".item[tabindex='0']") ?? this.#find("[role=tab][tabindex='0']") ?? this.#find(".heading"))?.focus(options);
  }

  /** After each update of the host. */
  updated(): void {
    const heir = this.#heir;
    this.#heir = undefined;
    if (heir === null) {
      this.enter();
    } else if (heir !== undefined) {
      this.#reveal(heir);
    }
  }

  /** `more`: there are older ones than those that are loaded. `busy`: they are on their way. */
  render(more: boolean, busy: boolean): TemplateResult {
    const { text, locale } = this.#here();
    const count = more ? -1 : this.keys.length;
    const rows = this.#virtual.rows().flatMap((index) => {
      const item = this.#items.get(this.keys[index] ?? "");
      return item === undefined ? [] : [{ item, index }];
    });
    return html`<div
      class="feed"
      part="feed"
      role="feed"
      aria-labelledby="heading"
      aria-busy=${busy}
      @click=${this.#click}
      @auxclick=${this.#aux}
      @focusin=${this.#focused}
    >
      ${repeat(
        rows,
        ({ item }) => item.id,
        ({ item, index }) => {
          const current = item.id === this.#current;
          return itemView(item, { index, count, current, ticked: this.selection?.has(item.id) ?? null }, text, locale);
        },
      )}
    </div>`;
  }

  /** Focuses an item, wherever in the list it is. */
  async focus(index: number): Promise<void> {
    const key = this.keys[index];
    if (key !== undefined) {
      this.#current = this.#virtual.keep = key;
      this.#host.requestUpdate();
      await this.#host.updateComplete;
      this.#reveal(key);
    }
  }

  startSelection(): void {
    this.selection = new Selection();
    this.#heir = this.#current;
    this.#host.requestUpdate();
  }

  endSelection = (): void => {
    this.selection = null;
    this.#heir = this.#current;
    this.#host.requestUpdate();
  };

  tickAll = (): void => {
    this.selection?.toggleAll(this.keys);
    this.#ticked();
  };

  /** What a key does here; false where nothing. */
  key(event: KeyboardEvent): boolean {
    const target = event.target instanceof HTMLElement ? event.target : null;
    if (event.altKey || (target instanceof HTMLInputElement && event.key === " ")) {
      return false;
    }
    if (event.ctrlKey || event.metaKey) {
      if (event.key === "z" && this.#actions.undoable) {
        this.#actions.undo();
        return true;
      }
      if (event.key === "a" && this.selection !== null) {
        this.tickAll();
        return true;
      }
      return false;
    }
    if (event.key === "Escape" && this.selection !== null) {
      // Only this, and not the panel around.
      event.stopPropagation();
      this.endSelection();
      return true;
    }
    const row = target?.closest<HTMLElement>(".item");
    const item = this.#items.get(row?.dataset["key"] ?? "");
    return row != null && item !== undefined && this.#itemKey(event, row, item);
  }

  #itemKey(event: KeyboardEvent, row: HTMLElement, item: Item): boolean {
    const to = moveTo(event.key, this.#virtual.layout, item.id, this.#find("#panel")?.clientHeight ?? 0);
    const key = event.key === "Delete" && item.archivedAt === null ? "e" : event.key.toLowerCase();
    if (to !== null) {
      void this.focus(to);
      return true;
    }
    if (key === "x" || (key === " " && event.target === row && this.selection !== null)) {
      this.#tick(item.id, event.shiftKey);
      return true;
    }
    if (key === "enter" && event.target === row) {
      (row.querySelector<HTMLElement>("a[data-do=open]") ?? row).click();
      return true;
    }
    const command = event.shiftKey || this.selection !== null ? undefined : commandsOf(item).find((name) => commands[name].key === key);
    if (command === undefined) {
      return false;
    }
    this.#actions.run(command, item, row.querySelector<HTMLElement>(`[data-do=${command}]`) ?? row);
    return true;
  }

  #click = (event: MouseEvent): void => {
    const { list } = this.#here();
    const { row, button, item } = this.#at(event);
    if (row === null || item === undefined || list === undefined) {
      return;
    }
    const command = button?.dataset["do"] as ItemCommand | undefined;
    const opens = command === undefined || command === "open";
    if (command === "tick" || (opens && this.selection !== null)) {
      if (button instanceof HTMLAnchorElement) {
        event.preventDefault();
      }
      this.#tick(item.id, event.shiftKey);
    } else if (opens || command === "action") {
      if (button instanceof HTMLAnchorElement && (event.ctrlKey || event.metaKey || event.shiftKey)) {
        // The browser opens it elsewhere; that counts as read.
        void list.read([item.id]);
        return;
      }
      event.preventDefault();
      const action = item.actions?.[Number(button?.dataset["index"])];
      if (opens) {
        openItem(this.#host, list, item);
      } else if (action !== undefined) {
        runAction(this.#host, list, item, action);
      }
    } else if (button !== null) {
      this.#actions.run(command, item, button);
    }
  };

  /** The middle button opens links elsewhere. */
  #aux = (event: MouseEvent): void => {
    const { button, item } = this.#at(event);
    if (event.button === 1 && button instanceof HTMLAnchorElement && item !== undefined) {
      void this.#here().list?.read([item.id]);
    }
  };

  #focused = (event: FocusEvent): void => {
    const { item } = this.#at(event);
    if (item !== undefined && item.id !== this.#current) {
      this.#current = this.#virtual.keep = item.id;
      this.#host.requestUpdate();
    }
  };

  #tick(id: string, range: boolean): void {
    this.selection ??= new Selection();
    this.selection.toggle(id, range, this.keys);
    this.#ticked();
  }

  #ticked(): void {
    announce(this.#here().text.selected(this.selection?.size ?? 0));
    this.#host.requestUpdate();
  }

  #reveal(key: string): void {
    const row = this.#find(`.item[data-key="${CSS.escape(key)}"]`);
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  }

  #at(event: Event): { row: HTMLElement | null; button: HTMLElement | null; item: Item | undefined } {
    const target = event.target instanceof Element ? event.target : null;
    const row = target?.closest<HTMLElement>(".item") ?? null;
    return { row, button: target?.closest<HTMLElement>("[data-do]") ?? null, item: this.#items.get(row?.dataset["key"] ?? "") };
  }

  #find(selector: string): HTMLElement | null {
    return this.#host.renderRoot.querySelector<HTMLElement>(selector);
  }

  /** The item that has the focus, or holds what has it. */
  #focusedKey(): string | null {
    return this.#host.shadowRoot?.activeElement?.closest<HTMLElement>(".item")?.dataset["key"] ?? null;
  }
}

/** Where a key leads from a row, as an index; null where it leads nowhere. `view`: the height of what is in sight. */
export function moveTo(key: string, layout: Layout, from: string, view: number): number | null {
  const last = layout.keys.length - 1;
  const at = layout.indexOf(from);
  const to = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    Home: 0,
    End: last,
    PageDown: Math.max(at + 1, layout.at(layout.top(at) + view)),
    PageUp: Math.min(at - 1, layout.at(layout.top(at) - view)),
  }[key];
  return to === undefined ? null : Math.max(0, Math.min(last, to));
}
