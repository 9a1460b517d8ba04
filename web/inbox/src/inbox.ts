import type { Inbox, InboxState, NotifyClient } from "@notifications/client";
import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from "lit";
import { Actions } from "./actions.ts";
import { announce, announceArrivals } from "./announce.ts";
import { keyHints } from "./dialogs.ts";
import { NotifyElement } from "./element.ts";
import { Feed, type Here } from "./feed.ts";
import { icon } from "./icons.ts";
import { inboxStyles } from "./inboxStyles.ts";
import { itemStyles } from "./itemStyles.ts";
import { Menu, menuStyles, type MenuEntry } from "./menu.ts";
import { SeenWatch } from "./seen.ts";
import { emptyView, notice, skeleton } from "./states.ts";
import { theme } from "./theme.ts";
import { onTick } from "./time.ts";
import { bulkView, defaultTabs, iconButton, tabsView, type InboxTab } from "./toolbar.ts";

/** A page fills a tall screen, and who scrolls on seldom waits. */
const pageSize = 50;

/**
 * The inbox: lists behind tabs, and all that can be done with what is in them. As high as `--notify-height` says, and no higher than what it
 * is put in.
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

  static override styles = [theme, inboxStyles, itemStyles, menuStyles];

  /** The title; "Notifications" where it is left out. */
  declare heading: string | null | undefined;
  /** The lists to choose from: all, unread and archived where they are left out. */
  declare tabs: readonly InboxTab[] | null | undefined;
  /** Leaves out the settings. */
  declare noPreferences: boolean;
  private declare view: "list" | "preferences";

  /** The tabs in use, and the one that is shown. */
  #tabs: readonly InboxTab[] = [];
  #tab: InboxTab | undefined;
  #list: Inbox | undefined;
  #state: InboxState | undefined;
  #unsubscribe: (() => void) | undefined;
  /** Whether a connection there was is gone. */
  #lost = false;

  #here = (): Here => ({ list: this.#list, text: this.text, locale: this.language });
  #menu = new Menu(this);
  #actions = new Actions(this, this.#menu, this.#here);
  #feed = new Feed(this, this.#actions, this.#here, () => {
    if (this.#state?.status === "ready" && this.#state.hasMore) {
      void this.#list?.loadMore();
    }
  });
  #seen = new SeenWatch((ids) => {
    void this.#list?.seen(ids);
  });

  constructor() {
    super();
    this.noPreferences = false;
    this.view = "list";
  }

  /** Goes back to the lists, where the settings are shown. */
  showLists(): void {
    this.view = "list";
  }

  /** Focuses what a reader came for: the item they were at, the first one, or the tabs where there are none. */
  override focus(options?: FocusOptions): void {
    this.#feed.enter(options);
  }

  protected override attach(client: NotifyClient): (() => void)[] {
    const update = (): void => {
      this.requestUpdate();
    };
    this.#lost = false;
    this.#note(client.state);
    // Coming into sight, it may show what has arrived since.
    const sight = new IntersectionObserver(update);
    sight.observe(this);
    return [
      client.on("state", ({ state }) => {
        this.#note(state);
        update();
      }),
      client.on("counts", update),
      announceArrivals(client, () => this.text),
      onTick(update),
      () => {
        sight.disconnect();
        this.#close();
        this.#tab = undefined;
        this.#actions.say(null);
        this.#menu.close();
      },
    ];
  }

  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    this.#tabs = this.tabs ?? defaultTabs(this.text);
    const tab = this.#tabs.find(({ id }) => id === this.#tab?.id) ?? this.#tabs[0];
    if (this.notify !== undefined && tab !== undefined) {
      if (this.#list === undefined || !sameFilter(tab, this.#tab)) {
        this.#open(this.notify, tab);
      }
      this.#tab = tab;
      const state = this.#list?.getState();
      if (state !== undefined && state !== this.#state) {
        this.#state = state;
        this.#feed.take(state.items);
      }
    }
  }

  protected override updated(): void {
    this.#feed.updated();
    this.#seen.watch(this.renderRoot.querySelectorAll<HTMLElement>("[data-unseen]"));
    const { items, hasMore, pendingNew, status } = this.#state ?? { items: [], hasMore: false, pendingNew: 0, status: "idle" };
    if (pendingNew > 0 && (items.length === 0 || this.#mayGrow)) {
      this.#list?.showNew();
    }
    if (status === "ready" && items.length === 0 && hasMore) {
      // What was loaded is all archived by now.
      void this.#list?.loadMore();
    }
  }

  protected override render(): TemplateResult {
    const { text } = this;
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
        ? html`<notify-preferences
            heading=""
            class="settings"
            .client=${this.notify}
            .labels=${this.labels}
            .locale=${this.language}
            .theme=${this.theme}
          ></notify-preferences>`
        : this.#body()}
      ${this.#menu.render()}
    </section>`;
  }

  #body(): TemplateResult {
    const { text, notify } = this;
    const tabbed = this.#tabs.length > 1 && this.#tab !== undefined && this.#feed.selection === null;
    const waiting = this.#feed.keys.length === 0 || this.#signedOut ? 0 : (this.#state?.pendingNew ?? 0);
    return html`${this.#toolbar()}
      ${this.#lost
        ? html`<p class="banner" part="banner">
            ${icon("offline")}<span>${notify?.state === "offline" ? text.offline : text.reconnecting}</span>
          </p>`
        : nothing}
      <div class="frame">
        <div
          class="panel"
          part="list"
          id="panel"
          role=${tabbed ? "tabpanel" : "group"}
          aria-labelledby=${tabbed ? `tab-${this.#tab?.id ?? ""}` : "heading"}
          @scroll=${this.#menu.place}
        >
          ${this.#content()}
        </div>
        ${waiting === 0
          ? nothing
          : html`<button type="button" class="pill" part="pill" @click=${this.#toNew}>${icon("up")}${text.showNew(waiting)}</button>`}
        ${this.#actions.render()}
      </div>`;
  }

  #toolbar(): TemplateResult | typeof nothing {
    const { selection, keys, endSelection, tickAll } = this.#feed;
    const archived = this.#tab?.filter.status === "archived";
    if (selection !== null) {
      return bulkView(selection.size, selection.size > 0 && selection.size === keys.length, archived, this.text, {
        all: tickAll,
        run: (command) => {
          this.#actions.bulk(command, selection.keys);
          endSelection();
        },
        done: endSelection,
      });
    }
    return this.#tabs.length > 1 && this.#tab !== undefined
      ? tabsView(this.#tabs, this.#tab, this.#signedOut ? null : (this.notify?.counts ?? null), this.text, this.#choose)
      : nothing;
  }

  #content(): TemplateResult {
    const { text, notify } = this;
    if (notify !== undefined && this.#signedOut) {
      const run = (): void => {
        this.focus();
        notify.connect();
      };
      return notice("lock", text.unauthorized, text.unauthorizedHint, { label: text.retry, run });
    }
    const state = this.#state;
    const failed = state?.status === "error";
    if (state === undefined || this.#tab === undefined || (state.items.length === 0 && !failed && (state.status !== "ready" || state.hasMore))) {
      return skeleton(text);
    }
    if (state.items.length === 0) {
      return failed
        ? notice("alert", text.error, state.error?.message, { label: text.retry, run: this.#retry })
        : emptyView(this.#tab.filter, text);
    }
    return html`${this.#feed.render(state.hasMore, state.status === "more")}
      <div class="end">
        ${failed
          ? html`<span>${text.error}</span> <button type="button" class="button" @click=${this.#retry}>${text.retry}</button>`
          : state.hasMore
            ? html`<span class="spinner"></span><span class="hidden">${text.loadingMore}</span>`
            : state.items.length > 8
              ? text.end
              : nothing}
      </div>`;
  }

  #choose = (tab: InboxTab): void => {
    this.#tab = tab;
    if (this.notify !== undefined) {
      this.#open(this.notify, tab);
    }
    this.requestUpdate();
  };

  #open(client: NotifyClient, tab: InboxTab): void {
    this.#close();
    this.#list = client.inbox({ filter: tab.filter, pageSize });
    this.#unsubscribe = this.#list.subscribe(() => {
      this.requestUpdate();
    });
    void this.#list.load();
  }

  #close(): void {
    this.#unsubscribe?.();
    this.#unsubscribe = this.#list = this.#state = undefined;
    this.#seen.stop();
    this.#feed.reset();
  }

  get #signedOut(): boolean {
    return this.notify?.state === "unauthorized";
  }

  /** At its top, and before the reader's eyes, a list may grow; else they are told, and decide. */
  get #mayGrow(): boolean {
    const panel = this.#find("#panel");
    const atTop = panel !== null && panel.clientHeight > 0 && panel.scrollTop < 4;
    return atTop && document.visibilityState === "visible" && !this.#menu.open && this.#feed.selection === null;
  }

  #toNew = (): void => {
    this.#list?.showNew();
    this.#find("#panel")?.scrollTo({ top: 0 });
    // The list is taken over with the next update.
    this.requestUpdate();
    void this.updateComplete.then(() => this.#feed.focus(0));
  };

  #retry = (): void => {
    const { length } = this.#feed.keys;
    // The button goes, and must not take the focus along.
    if (length > 0) {
      void this.#feed.focus(length - 1);
    } else {
      this.focus();
    }
    // Not the first page anew where it was an older one that failed: that would drop the others.
    void (length > 0 && this.#state?.hasMore === true ? this.#list?.loadMore() : this.#list?.load());
  };

  #toggleSettings = (): void => {
    const back = this.view === "preferences";
    this.view = back ? "list" : "preferences";
    void this.updateComplete.then(() => {
      this.#find(back ? "#settings" : "#back")?.focus();
    });
  };

  #showMore = (event: Event): void => {
    const { text } = this;
    const button = event.currentTarget as HTMLElement;
    const entries: MenuEntry[] = [
      {
        label: text.keyboard,
        icon: "keyboard",
        run: () => void this.#menu.showDialog(button, text.keyboard, () => keyHints(text)),
      },
    ];
    if (this.#feed.keys.length > 0 && !this.#signedOut) {
      const select = { label: text.select, icon: "select", run: () => { this.#feed.startSelection(); } } as const;
      entries.unshift(...this.#actions.entries(), select);
    }
    void this.#menu.show(button, text.moreActions, entries);
  };

  #key = (event: KeyboardEvent): void => {
    if (this.view === "list" && !event.defaultPrevented && this.#feed.key(event)) {
      event.preventDefault();
    }
  };

  /** Connection lost and found, said once each. */
  #note(state: NotifyClient["state"]): void {
    const lost = state === "offline" || state === "waiting" || (this.#lost && state === "connecting");
    if (lost && !this.#lost) {
      announce(state === "offline" ? this.text.offline : this.text.reconnecting);
    } else if (this.#lost && state === "connected") {
      announce(this.text.online);
    }
    this.#lost = lost;
  }

  #find(selector: string): HTMLElement | null {
    return this.renderRoot.querySelector<HTMLElement>(selector);
  }
}

function sameFilter(a: InboxTab, b: InboxTab | undefined): boolean {
  return a.id === b?.id && a.filter.status === b.filter.status && a.filter.category === b.filter.category;
}

declare global {
  interface HTMLElementTagNameMap {
    "notify-inbox": NotifyInbox;
  }
}
