import type { Inbox, InboxState, Item, NotifyClient } from "@notifications/client";
import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { announce, announceArrivals } from "./announce.ts";
import { NotifyElement } from "./element.ts";
import { openItem, runAction } from "./events.ts";
import { icon } from "./icons.ts";
import { Actions } from "./actions.ts";
import { inboxStyles } from "./inboxStyles.ts";
import { commands, commandsOf, itemView, type ItemCommand } from "./item.ts";
import { keyHints } from "./dialogs.ts";
import { Menu, menuStyles, type MenuEntry } from "./menu.ts";
import { SeenWatch } from "./seen.ts";
import { Selection } from "./selection.ts";
import { emptyView, notice, skeleton } from "./states.ts";
import { theme } from "./theme.ts";
import { onTick } from "./time.ts";
import { bulkView, defaultTabs, iconButton, tabsView, type InboxTab } from "./toolbar.ts";
import { VirtualList } from "./virtual.ts";

/**
 * The inbox: lists behind tabs, and all that can be done with what is in them. Fills what it is put in; has a height of its own elsewhere
 * (`--notify-height`).
 *
 * @fires notify-open - an item was opened; cancelable
 * @fires notify-action - a button of an item was used; cancelable
 * @slot close - a button at the end of the header
 * @csspart header, heading, tabs, tab, tab-selected, tab-count, bulk, banner, list, feed, pill, done
 * @csspart item, item-unread, item-low, item-normal, item-high, item-critical
 * @csspart item-image, item-title, item-body, item-meta, item-dot, item-action, item-tools
 * @csspart menu, notice, skeleton
 */
export class NotifyInbox extends NotifyElement {
  static override properties: PropertyDeclarations = {
    ...NotifyElement.properties,
    heading: {},
    tabs: { attribute: false },
    noPreferences: { type: Boolean, attribute: "no-preferences" },
    view: { state: true },
  };

  static override styles = [theme, inboxStyles, menuStyles];

  /** The title; "Notifications" where it is left out. */
  declare heading: string | null | undefined;
  /** The lists to choose from: all, unread and archived where they are left out. */
  declare tabs: readonly InboxTab[] | null | undefined;
  /** Leaves out the settings. */
  declare noPreferences: boolean;
  private declare view: "list" | "preferences";

  #tab: InboxTab | undefined;
  #list: Inbox | undefined;
  #off: (() => void) | undefined;
  #state: InboxState | undefined;
  #items = new Map<string, Item>();
  /** The one that the Tab key leads to. */
  #current: string | null = null;
  /** Takes the focus after the update, because what had it is gone. */
  #heir: string | null | undefined;
  #selection: Selection | null = null;
  #lost = false;
  #menu = new Menu(this);
  #actions = new Actions(this, this.#menu, () => ({ list: this.#list, text: this.text, locale: this.language }));
  #virtual = new VirtualList(this, {
    scroller: () => this.#find("#panel"),
    canvas: () => this.#find(".feed"),
    end: () => {
      if (this.#state?.status === "ready" && this.#state.hasMore) {
        void this.#list?.loadMore();
      }
    },
  });
  #seen = new SeenWatch((ids) => {
    void this.#list?.seen(ids);
  });
  /** Coming into sight: what waits may be shown. */
  #sight: IntersectionObserver | undefined;

  constructor() {
    super();
    this.noPreferences = false;
    this.view = "list";
  }

  /** Focuses what a reader came for: the item they were at, the first one, or the tabs where there are none. */
  override focus(options?: FocusOptions): void {
    (this.#find(".item[tabindex='0']") ?? this.#find("[tabindex='0'], button"))?.focus(options);
  }

  protected override attach(client: NotifyClient): (() => void)[] {
    this.#tab = undefined;
    this.#note(client.state);
    const update = (): void => {
      this.requestUpdate();
    };
    this.#sight = new IntersectionObserver(update);
    this.#sight.observe(this);
    return [
      client.on("state", ({ state }) => {
        this.#note(state);
        update();
      }),
      client.on("counts", update),
      announceArrivals(client, () => this.text),
      onTick(update),
      () => {
        this.#off?.();
        this.#off = this.#tab = this.#list = this.#state = undefined;
        this.#selection = null;
        this.#actions.say(null);
        this.#seen.stop();
        this.#sight?.disconnect();
        this.#menu.close();
      },
    ];
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    const tabs = this.#tabs();
    const active = tabs.find(({ id }) => id === this.#tab?.id) ?? tabs[0];
    if (this.notify !== undefined && active !== undefined) {
      if (JSON.stringify(active.filter) !== JSON.stringify(this.#tab?.filter)) {
        this.#open(this.notify, active);
      }
      this.#tab = active;
      this.#take();
    }
  }

  protected override updated(): void {
    const heir = this.#heir;
    if (heir !== undefined) {
      this.#heir = undefined;
      if (heir === null) {
        this.#find("[role=tab][tabindex='0'], .heading")?.focus();
      } else {
        this.#reveal(heir);
      }
    }
    this.#seen.watch(this.renderRoot.querySelectorAll<HTMLElement>("[data-unseen]"));
    this.#showNew();
    if (this.#state?.status === "ready" && this.#state.items.length === 0 && this.#state.hasMore) {
      // What was loaded is all archived by now.
      void this.#list?.loadMore();
    }
  }

  protected override render(): TemplateResult {
    const { text, notify } = this;
    const settings = this.view === "preferences";
    return html`<section class="inbox" aria-labelledby="heading" @keydown=${this.#key}>
      <header class="header" part="header">
        ${settings ? iconButton("back", text.back, this.#toggleSettings, { id: "back" }) : nothing}
        <h2 class="heading" part="heading" id="heading" tabindex="-1">${settings ? text.preferences : (this.heading ?? text.notifications)}</h2>
        ${settings
          ? nothing
          : html`${iconButton("more", text.moreActions, this.#showMore, { menu: true, id: "more" })}
            ${this.noPreferences ? nothing : iconButton("settings", text.preferences, this.#toggleSettings, { id: "settings" })}`}
        <slot name="close"></slot>
      </header>
      ${settings
        ? html`<notify-preferences class="settings" .client=${notify} .labels=${this.labels} .locale=${this.language} .theme=${this.theme}></notify-preferences>`
        : this.#body()}
      ${this.#menu.render()}
    </section>`;
  }

  #body(): TemplateResult {
    const { text } = this;
    const tabs = this.#tabs();
    const tab = this.#tab ?? tabs[0];
    const selection = this.#selection;
    const { keys } = this.#virtual.layout;
    return html`${selection !== null
      ? bulkView(selection.size, selection.size > 0 && selection.size === keys.length, tab?.filter.status === "archived", text, {
          all: this.#tickAll,
          read: this.#bulk("read"),
          unread: this.#bulk("unread"),
          archive: this.#bulk(tab?.filter.status === "archived" ? "unarchive" : "archive"),
          done: this.#endSelection,
        })
      : tabs.length > 1 && tab !== undefined
        ? tabsView(tabs, tab, this.#state?.counts ?? this.notify?.counts ?? null, text, this.#choose)
        : nothing}
    ${this.#lost
      ? html`<p class="banner" part="banner">${icon("offline")}<span>${this.notify?.state === "offline" ? text.offline : text.reconnecting}</span></p>`
      : nothing}
    <div class="frame">
      <div
        class="panel"
        part="list"
        id="panel"
        role=${tabs.length > 1 ? "tabpanel" : "group"}
        aria-labelledby=${tabs.length > 1 && selection === null ? `tab-${tab?.id ?? ""}` : "heading"}
        @scroll=${this.#menu.place}
      >
        ${this.#content(tab)}
      </div>
      ${this.#pill()}
      ${this.#actions.render()}
    </div>`;
  }

  #content(tab: InboxTab | undefined): TemplateResult {
    const { text, notify } = this;
    const state = this.#state;
    if (notify?.state === "unauthorized") {
      return notice("lock", text.unauthorized, text.unauthorizedHint, {
        label: text.retry,
        run: () => {
          notify.connect();
        },
      });
    }
    const failed = state?.status === "error";
    if (state === undefined || tab === undefined || (state.items.length === 0 && (state.hasMore || !["ready", "error"].includes(state.status)))) {
      return skeleton(text);
    }
    if (state.items.length === 0) {
      return failed ? notice("alert", text.error, state.error?.message, { label: text.retry, run: this.#retry }) : emptyView(tab.filter, text);
    }
    const { keys } = this.#virtual.layout;
    const count = state.hasMore ? -1 : keys.length;
    const rows = this.#virtual.rows().flatMap((index) => {
      const item = this.#items.get(keys[index] ?? "");
      return item === undefined ? [] : [{ item, index }];
    });
    return html`<div class="feed" part="feed" role="feed" aria-labelledby="heading" aria-busy=${state.status === "more"} @click=${this.#click} @auxclick=${this.#aux} @focusin=${this.#focused}>
        ${repeat(
          rows,
          ({ item }) => item.id,
          ({ item, index }) =>
            itemView(
              item,
              { index, count, current: item.id === this.#current, ticked: this.#selection?.has(item.id) ?? null },
              text,
              this.language,
            ),
        )}
      </div>
      <div class="end">
        ${failed
          ? html`<span>${text.error}</span> <button type="button" class="button" @click=${this.#retry}>${text.retry}</button>`
          : state.hasMore
            ? html`<span class="spinner"></span><span class="hidden">${text.loadingMore}</span>`
            : keys.length > 8
              ? text.end
              : nothing}
      </div>`;
  }

  #pill(): TemplateResult | typeof nothing {
    const waiting = this.#state?.pendingNew ?? 0;
    return waiting === 0 || this.#state?.items.length === 0
      ? nothing
      : html`<button type="button" class="pill" part="pill" @click=${this.#toNew}>${icon("up")}${this.text.showNew(waiting)}</button>`;
  }

  // What is shown

  #tabs(): readonly InboxTab[] {
    return this.tabs ?? defaultTabs(this.text);
  }

  #choose = (tab: InboxTab): void => {
    if (this.notify !== undefined && tab.id !== this.#tab?.id) {
      this.#open(this.notify, tab);
      this.#tab = tab;
      this.requestUpdate();
    }
  };

  #open(client: NotifyClient, tab: InboxTab): void {
    this.#off?.();
    this.#seen.stop();
    this.#virtual.reset();
    this.#current = null;
    this.#state = undefined;
    this.#selection = null;
    const list = client.inbox({ filter: tab.filter });
    this.#list = list;
    this.#off = list.subscribe(() => {
      this.requestUpdate();
    });
    void list.load();
  }

  /** Takes over what the list holds now. */
  #take(): void {
    const state = this.#list?.getState();
    if (state === undefined || state === this.#state) {
      return;
    }
    const first = this.#state === undefined || this.#state.items.length === 0;
    const before = this.#virtual.layout.keys;
    this.#state = state;
    this.#items = new Map(state.items.map((item) => [item.id, item]));
    const focused = this.#focusedRow();
    for (const key of [focused, this.#current]) {
      if (key !== null && !this.#items.has(key)) {
        const at = before.indexOf(key);
        // The next one down, or else up.
        const heir = [...before.slice(at), ...before.slice(0, Math.max(0, at)).reverse()].find((each) => this.#items.has(each)) ?? null;
        this.#current = heir;
        if (key === focused) {
          this.#heir = heir;
        }
      }
    }
    this.#current ??= state.items[0]?.id ?? null;
    this.#virtual.keep = this.#current;
    this.#selection?.keep(this.#items);
    this.#virtual.setKeys([...this.#items.keys()], !first);
  }

  #showNew(): void {
    const panel = this.#find("#panel");
    // At its top, and before the reader's eyes, a list may grow; else they are told, and decide.
    const free = panel !== null && panel.clientHeight > 0 && panel.scrollTop < 4 && document.visibilityState === "visible";
    if (this.#state !== undefined && this.#state.pendingNew > 0 && (this.#state.items.length === 0 || (free && !this.#menu.open && this.#selection === null))) {
      this.#list?.showNew();
    }
  }

  #toNew = (): void => {
    this.#list?.showNew();
    this.#current = this.#list?.getState().items[0]?.id ?? null;
    this.#find("#panel")?.scrollTo({ top: 0 });
    void this.#focus(0);
  };

  #retry = (): void => {
    void this.#list?.load();
  };

  #toggleSettings = (): void => {
    const back = this.view === "preferences";
    this.view = back ? "list" : "preferences";
    void this.updateComplete.then(() => {
      this.#find(back ? "#settings" : "#back")?.focus();
    });
  };

  /** Connection lost and found, said once each. */
  #note(state: NotifyClient["state"]): void {
    const lost = state === "offline" || state === "waiting" || (this.#lost && state === "connecting");
    if (lost !== this.#lost) {
      this.#lost = lost;
      if (lost) {
        announce(state === "offline" ? this.text.offline : this.text.reconnecting);
      } else if (state === "connected") {
        announce(this.text.online);
      }
    }
  }

  // Keyboard, pointer and focus

  #click = (event: MouseEvent): void => {
    const target = event.target instanceof Element ? event.target : null;
    const row = target?.closest<HTMLElement>(".item");
    const item = this.#items.get(row?.dataset.key ?? "");
    const list = this.#list;
    if (target === null || row == null || item === undefined || list === undefined) {
      return;
    }
    const button = target.closest<HTMLElement>("[data-do]");
    const command = button?.dataset["do"] as ItemCommand | undefined;
    if (this.#selection !== null && (command === undefined || command === "open" || command === "tick")) {
      if (command === "open") {
        event.preventDefault();
      }
      this.#tick(item.id, event.shiftKey);
    } else if (command === "open" || command === "action" || command === undefined) {
      if (button instanceof HTMLAnchorElement && (event.ctrlKey || event.metaKey || event.shiftKey)) {
        // The browser opens it elsewhere; that counts as read.
        void list.read([item.id]);
        return;
      }
      event.preventDefault();
      const action = item.actions?.[Number(button?.dataset["index"])];
      if (command !== "action") {
        openItem(this, list, item);
      } else if (action !== undefined) {
        runAction(this, list, item, action);
      }
    } else if (button !== null && command !== "tick") {
      this.#actions.run(command, item, button);
    }
  };

  /** The middle button opens links elsewhere. */
  #aux = (event: MouseEvent): void => {
    const link = event.button === 1 && event.target instanceof Element ? event.target.closest("a") : null;
    const id = link?.closest<HTMLElement>(".item")?.dataset["key"];
    if (id !== undefined) {
      void this.#list?.read([id]);
    }
  };

  #focused = (event: FocusEvent): void => {
    const key = event.target instanceof Element ? event.target.closest<HTMLElement>(".item")?.dataset["key"] : undefined;
    if (key !== undefined && key !== this.#current) {
      this.#current = this.#virtual.keep = key;
      this.requestUpdate();
    }
  };

  #key = (event: KeyboardEvent): void => {
    const target = event.target as Element;
    const row = target.closest<HTMLElement>(".item");
    const item = this.#items.get(row?.dataset["key"] ?? "");
    if (this.view !== "list" || event.defaultPrevented || event.altKey || (target instanceof HTMLInputElement && event.key === " ")) {
      return;
    }
    if (event.ctrlKey || event.metaKey) {
      if (event.key === "z" && this.#actions.done?.undo !== undefined) {
        event.preventDefault();
        this.#actions.undo();
      } else if (event.key === "a" && this.#selection !== null) {
        event.preventDefault();
        this.#tickAll();
      }
      return;
    }
    if (event.key === "Escape" && this.#selection !== null) {
      // Only this, and not the panel around.
      event.stopPropagation();
      event.preventDefault();
      this.#endSelection();
    } else if (row !== null && item !== undefined && this.#itemKey(event, row, item)) {
      event.preventDefault();
    }
  };

  /** What a key does on an item; false where nothing. */
  #itemKey(event: KeyboardEvent, row: HTMLElement, item: Item): boolean {
    const { layout } = this.#virtual;
    const last = layout.keys.length - 1;
    const at = layout.indexOf(item.id);
    const view = this.#find("#panel")?.clientHeight ?? 0;
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      Home: 0,
      End: last,
      PageDown: Math.max(at + 1, layout.at(layout.top(at) + view)),
      PageUp: Math.min(at - 1, layout.at(layout.top(at) - view)),
    }[event.key];
    if (to !== undefined) {
      void this.#focus(Math.max(0, Math.min(last, to)));
      return true;
    }
    const key = event.key === "Delete" ? "e" : event.key.toLowerCase();
    if (key === "x" || (key === " " && event.target === row && this.#selection !== null)) {
      this.#tick(item.id, event.shiftKey);
      return true;
    }
    if (key === "enter" && event.target === row) {
      (row.querySelector<HTMLElement>("a[data-do=open]") ?? row).click();
      return true;
    }
    const command = event.shiftKey || this.#selection !== null ? undefined : commandsOf(item).find((name) => commands[name].key === key);
    if (command !== undefined) {
      this.#actions.run(command, item, row.querySelector<HTMLElement>(`[data-do=${command}]`) ?? row);
    }
    return command !== undefined;
  }

  async #focus(index: number): Promise<void> {
    const key = this.#virtual.layout.keys[index];
    if (key !== undefined) {
      this.#current = this.#virtual.keep = key;
      this.requestUpdate();
      await this.updateComplete;
      this.#reveal(key);
    }
  }

  #reveal(key: string): void {
    const row = this.#row(key);
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  }

  // Several at once

  #tick(id: string, range: boolean): void {
    this.#selection ??= new Selection();
    this.#selection.toggle(id, range, this.#virtual.layout.keys);
    announce(this.text.selected(this.#selection.size));
    this.requestUpdate();
  }

  #tickAll = (): void => {
    this.#selection?.toggleAll(this.#virtual.layout.keys);
    this.requestUpdate();
  };

  #endSelection = (): void => {
    this.#selection = null;
    this.#heir ??= this.#current;
    this.requestUpdate();
  };

  #bulk = (command: "read" | "unread" | "archive" | "unarchive") => (): void => {
    this.#actions.bulk(command, this.#selection?.keys ?? []);
    this.#endSelection();
  };

  #showMore = (event: Event): void => {
    const { text } = this;
    const button = event.currentTarget as HTMLElement;
    const list = this.#list;
    const archived = list?.filter.status === "archived";
    const entries: MenuEntry[] = [{ label: text.keyboard, icon: "inbox", run: () => void this.#menu.showDialog(button, text.keyboard, () => keyHints(text)) }];
    if (list !== undefined && this.#items.size > 0) {
      entries.unshift(
        { label: text.markAllRead, icon: "checkAll", run: () => { this.#actions.attempt(list.readAll()); } },
        ...(archived ? [] : [{ label: text.archiveAllRead, icon: "archive", run: () => { this.#actions.attempt(list.archiveAll({ onlyRead: true })); } } as const]),
        {
          label: text.select,
          icon: "select",
          run: () => {
            this.#selection = new Selection();
            this.#heir = this.#current;
            this.requestUpdate();
          },
        },
      );
    }
    void this.#menu.show(button, text.moreActions, entries);
  };

  // Finding things

  #find(selector: string): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>(selector);
  }

  #row(key: string | null): HTMLElement | null {
    return key === null ? null : this.#find(`.item[data-key="${CSS.escape(key)}"]`);
  }

  /** The item that has the focus, or holds what has it. */
  #focusedRow(): string | null {
    return this.shadowRoot?.activeElement?.closest<HTMLElement>(".item")?.dataset["key"] ?? null;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "notify-inbox": NotifyInbox;
  }
}
