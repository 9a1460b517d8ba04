import type { Counts, InboxFilter } from "@notifications/client";
import { html, nothing, type TemplateResult } from "lit";
import { icon, type IconName } from "./icons.ts";
import type { BulkCommand } from "./actions.ts";
import { commands } from "./item.ts";
import type { Labels } from "./labels/labels.ts";

/** One of the lists of an inbox. */
export interface InboxTab {
  /** Unique among the tabs. */
  id: string;
  label: string;
  filter: InboxFilter;
}

export function defaultTabs(text: Labels): InboxTab[] {
  return [
    { id: "all", label: text.tabAll, filter: {} },
    { id: "unread", label: text.tabUnread, filter: { status: "unread" } },
    { id: "archived", label: text.tabArchived, filter: { status: "archived" } },
  ];
}

export function iconButton(name: IconName, label: string, run: (event: Event) => void, more: { part?: string; menu?: boolean; id?: string } = {}): TemplateResult {
  return html`<button
    type="button"
    class="icon-button"
    id=${more.id ?? nothing}
    part=${more.part ?? nothing}
    title=${label}
    aria-label=${label}
    aria-haspopup=${more.menu === true ? "menu" : nothing}
    aria-expanded=${more.menu === true ? "false" : nothing}
    @click=${run}
  >
    ${icon(name)}
  </button>`;
}

/** The tabs, by the pattern of the ARIA Authoring Practices: the arrows choose. */
export function tabsView(tabs: readonly InboxTab[], active: InboxTab, counts: Counts | null, text: Labels, choose: (tab: InboxTab) => void): TemplateResult {
  const move = (event: KeyboardEvent): void => {
    const list = event.currentTarget as HTMLElement;
    const at = tabs.findIndex(({ id }) => id === active.id);
    const forward = getComputedStyle(list).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const step = event.key === forward ? 1 : event.key === "ArrowLeft" || event.key === "ArrowRight" ? -1 : 0;
    const next = event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1 : (at + step + tabs.length) % tabs.length;
    const tab = tabs[next];
    if (tab !== undefined && next !== at) {
      event.preventDefault();
      choose(tab);
      list.querySelectorAll<HTMLElement>("[role=tab]")[next]?.focus();
    }
  };
  return html`<div class="tabs" part="tabs" role="tablist" aria-label=${text.tabs} @keydown=${move}>
    ${tabs.map((tab) => {
      const selected = tab.id === active.id;
      const unread = tab.filter.status === "unread" && tab.filter.category === undefined ? (counts?.unread ?? 0) : 0;
      return html`<button
        type="button"
        class="tab"
        part="tab ${selected ? "tab-selected" : ""}"
        role="tab"
        id="tab-${tab.id}"
        aria-selected=${selected}
        aria-controls="panel"
        tabindex=${selected ? 0 : -1}
        @click=${() => {
          choose(tab);
        }}
      >
        ${tab.label}${unread === 0 ? nothing : html`<span class="count" part="tab-count">${unread > 99 ? "99+" : unread}</span>`}
      </button>`;
    })}
  </div>`;
}

export interface BulkCommands {
  all: () => void;
  run: (command: BulkCommand) => void;
  done: () => void;
}

/** What stands where the tabs were while items are ticked. */
export function bulkView(size: number, all: boolean, archived: boolean, text: Labels, bulk: BulkCommands): TemplateResult {
  const button = (command: BulkCommand): TemplateResult => {
    const { icon: picture, label } = commands[command];
    const run = (): void => {
      bulk.run(command);
    };
    return html`<button type="button" class="icon-button" title=${text[label]} aria-label=${text[label]} ?disabled=${size === 0} @click=${run}>
      ${icon(picture)}
    </button>`;
  };
  return html`<div class="bulk" part="bulk" role="group" aria-label=${text.select}>
    <label>
      <input type="checkbox" class="tick" aria-label=${text.selectAll} .checked=${all} .indeterminate=${size > 0 && !all} @change=${bulk.all} />
      <span>${text.selected(size)}</span>
    </label>
    ${button("read")} ${button("unread")} ${button(archived ? "unarchive" : "archive")}
    <button type="button" class="button" @click=${bulk.done}>${text.done}</button>
  </div>`;
}
