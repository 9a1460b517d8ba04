import type { Inbox, Item, ItemAction } from "@notifications/client";
import { follow, safeLink } from "./links.ts";

export interface NotifyOpenDetail {
  item: Item;
}

export interface NotifyActionDetail {
  item: Item;
  action: ItemAction;
}

export interface NotifyToggleDetail {
  open: boolean;
}

declare global {
  interface HTMLElementEventMap {
    /** An item was opened. `preventDefault()` keeps it from being marked as read and its address from being followed. */
    "notify-open": CustomEvent<NotifyOpenDetail>;
    /** A button of an item was used. `preventDefault()` as above. */
    "notify-action": CustomEvent<NotifyActionDetail>;
    /** The panel of a bell has opened or closed. */
    "notify-toggle": CustomEvent<NotifyToggleDetail>;
  }
}

interface Details {
  "notify-open": NotifyOpenDetail;
  "notify-action": NotifyActionDetail;
  "notify-toggle": NotifyToggleDetail;
}

/** Dispatches an event that leaves all shadow roots; false where a listener prevented what follows by default. */
export function emit<K extends keyof Details>(from: EventTarget, name: K, detail: Details[K]): boolean {
  return from.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: name !== "notify-toggle" }));
}

/** What follows when an item is opened: `notify-open`, then it is read, then its address is followed. */
export function openItem(from: EventTarget, inbox: Pick<Inbox, "read">, item: Item): void {
  if (emit(from, "notify-open", { item })) {
    finish(inbox, item, item.url);
  }
}

/** What follows when one of an item's buttons is used: `notify-action`, then as for an opened one, with the button's address. */
export function runAction(from: EventTarget, inbox: Pick<Inbox, "read">, item: Item, action: ItemAction): void {
  if (emit(from, "notify-action", { item, action })) {
    finish(inbox, item, action.url);
  }
}

function finish(inbox: Pick<Inbox, "read">, item: Item, url: string | null): void {
  if (item.readAt === null) {
    // Not waited for: a refusal is reported by the client's `error`.
    void inbox.read([item.id]);
  }
  const href = safeLink(url);
  if (href !== null) {
    follow(href);
  }
}
