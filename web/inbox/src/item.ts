import type { Item, ItemAction } from "@notifications/client";
import { html, nothing, type TemplateResult } from "lit";
import { icon, type IconName } from "./icons.ts";
import type { Labels } from "./labels/labels.ts";
import { leavesSite, safeImage, safeLink } from "./links.ts";
import { snoozeTime } from "./snooze.ts";
import { fullTime, relativeTime } from "./time.ts";

/** How an item stands in its list. */
export interface ItemPlace {
  index: number;
  /** How many there are; -1 where that is not known, because older ones are not loaded. */
  count: number;
  /** Whether the Tab key leads to it. */
  current: boolean;
  /** Whether it is ticked; null where nothing can be ticked now. */
  ticked: boolean | null;
}

/** What can be done with an item. A click on an element with `data-do` asks for it. */
export type ItemCommand = ItemChange | "more" | "tick" | "action" | "open";

export type ItemChange = "read" | "unread" | "archive" | "unarchive" | "snooze" | "unsnooze";

/** What is offered for an item as it is now. */
export function commandsOf(item: Item): ItemChange[] {
  if (item.archivedAt !== null) {
    return [item.readAt === null ? "read" : "unread", "unarchive"];
  }
  return [item.readAt === null ? "read" : "unread", "archive", item.snoozedUntil === null ? "snooze" : "unsnooze"];
}

export const commands = {
  read: { icon: "check", label: "markRead", key: "r" },
  unread: { icon: "unread", label: "markUnread", key: "r" },
  archive: { icon: "archive", label: "archive", key: "e" },
  unarchive: { icon: "unarchive", label: "unarchive", key: "e" },
  snooze: { icon: "snooze", label: "snooze", key: "s" },
  unsnooze: { icon: "snooze", label: "unsnooze", key: "s" },
} as const satisfies Record<ItemChange, { icon: IconName; label: keyof Labels; key: string }>;

/** One item of the list. Everything in it is text of the sender, and never markup. */
export function itemView(item: Item, place: ItemPlace, text: Labels, locale: string): TemplateResult {
  const { id, priority } = item;
  const tab = place.current ? 0 : -1;
  const unread = item.readAt === null;
  const link = safeLink(item.url);
  const urgent = priority === "critical" || priority === "high";
  return html`<article
    class="item ${unread ? "unread" : ""} ${priority}"
    part="item ${unread ? "item-unread" : ""} item-${priority}"
    data-key=${id}
    ?data-unseen=${item.seenAt === null}
    tabindex=${tab}
    aria-posinset=${place.index + 1}
    aria-setsize=${place.count}
    aria-labelledby="state-${id} title-${id}"
    aria-describedby="body-${id} meta-${id}"
  >
    ${place.ticked === null
      ? nothing
      : html`<input
          type="checkbox"
          class="tick"
          data-do="tick"
          tabindex=${tab}
          aria-label=${text.selectItem(item.title)}
          .checked=${place.ticked}
        />`}
    <span class="picture" part="item-image">${icon(urgent ? "alert" : "bell")}${picture(item.imageUrl)}</span>
    <div class="main">
      <span id="state-${id}" class="hidden">${unread ? text.unread : ""} ${urgent ? text[priority] : ""}</span>
      <h3 class="title wrap" part="item-title" dir="auto" id="title-${id}">
        ${link === null ? item.title : anchor(link, "open", html`${item.title}`, -1)}
      </h3>
      ${item.body === null ? nothing : html`<p class="body wrap" part="item-body" dir="auto" id="body-${id}">${item.body}</p>`}
      <p class="meta" part="item-meta" id="meta-${id}">
        ${urgent ? html`<span class="priority" aria-hidden="true">${text[priority]}</span>` : nothing}
        ${item.category === null ? nothing : html`<span class="chip wrap">${text.category(item.category)}</span>`}
        <time datetime=${item.createdAt} title=${fullTime(item.createdAt, locale)}>${relativeTime(item.createdAt, locale)}</time>
        ${item.snoozedUntil === null ? nothing : html`<span>${text.snoozed(snoozeTime(new Date(item.snoozedUntil), locale))}</span>`}
      </p>
      ${item.actions === null || item.actions.length === 0
        ? nothing
        : html`<div class="actions">${item.actions.map((action, index) => actionView(action, index, tab))}</div>`}
    </div>
    <span class="dot" part="item-dot"></span>
    ${place.ticked === null ? tools(item, tab, text) : nothing}
  </article>`;
}

/** A link as the browser has it, also for the menu on it and for a new tab; a plain click is answered by the list. */
function anchor(href: string, command: ItemCommand, content: TemplateResult, tab: number, look = "", index = 0): TemplateResult {
  return html`<a
    class=${look}
    data-do=${command}
    data-index=${index}
    tabindex=${tab}
    href=${href}
    target=${leavesSite(href) ? "_blank" : nothing}
    rel="noopener noreferrer"
    >${content}</a
  >`;
}

function actionView(action: ItemAction, index: number, tab: number): TemplateResult {
  const look = `button wrap ${action.primary ? "primary" : ""}`;
  const link = safeLink(action.url);
  return link === null
    ? html`<button type="button" class=${look} part="item-action" data-do="action" data-index=${index} tabindex=${tab}>${action.label}</button>`
    : anchor(link, "action", html`${action.label}`, tab, look, index);
}

function picture(url: string | null): TemplateResult | typeof nothing {
  const source = safeImage(url);
  return source === null
    ? nothing
    : html`<img src=${source} alt="" loading="lazy" decoding="async" referrerpolicy="no-referrer" draggable="false" @error=${hide} @load=${show} />`;
}

/** What cannot be loaded leaves the icon behind it. */
const hide = (event: Event): void => {
  (event.currentTarget as HTMLElement).hidden = true;
};
const show = (event: Event): void => {
  (event.currentTarget as HTMLElement).hidden = false;
};

/** Quick ones where there is a pointer to hover with; all in one menu where there is a finger. */
function tools(item: Item, tab: number, text: Labels): TemplateResult {
  return html`<div class="tools" part="item-tools">
    ${commandsOf(item).map((name) => {
      const { icon: picture, label, key } = commands[name];
      return html`<button
        type="button"
        class="icon-button"
        data-do=${name}
        tabindex=${tab}
        title=${text[label]}
        aria-label=${text[label]}
        aria-keyshortcuts=${key}
        aria-haspopup=${name === "snooze" ? "menu" : nothing}
        aria-expanded=${name === "snooze" ? "false" : nothing}
      >
        ${icon(picture)}
      </button>`;
    })}
    <button
      type="button"
      class="icon-button more"
      data-do="more"
      tabindex=${tab}
      aria-label=${text.moreActions}
      aria-haspopup="menu"
      aria-expanded="false"
    >
      ${icon("more")}
    </button>
  </div>`;
}
