import type { InboxFilter, InboxStatus, Item } from "./types.ts";

export type Action = "seen" | "read" | "unread" | "archive" | "unarchive" | "snooze" | "unsnooze";

/** A change of the user's, in the words of `POST /v1/me/inbox/actions`; making it twice is making it once. */
export interface Change {
  action: Action;
  /** Which items; or, where it is about all of a filter, `filter` and `before`. */
  ids?: string[];
  filter?: InboxFilter;
  /** The highest `seq` it is about. */
  before?: number;
  snoozedUntil?: string;
}

/** Which items a list of this filter shows. The same rules as the service's lists. */
export function matches(item: Item, filter: Readonly<InboxFilter>): boolean {
  return item.withdrawnAt === null
    && (filter.category === undefined || item.category === filter.category)
    && hasStatus(item, filter.status ?? "inbox");
}

function hasStatus(item: Item, status: InboxStatus): boolean {
  switch (status) {
    case "all":
      return true;
    case "archived":
      return item.archivedAt !== null;
    case "snoozed":
      return item.snoozedUntil !== null && item.archivedAt === null;
    default:
      return item.archivedAt === null && item.snoozedUntil === null && (
        status === "unseen" ? item.seenAt === null
          : status === "seen" ? item.seenAt !== null
            : status === "unread" ? item.readAt === null
              : status === "read" ? item.readAt !== null
                : true);
  }
}

/** What `filter` without a status means for an action: where it takes something back, what it was put to. */
const without: Partial<Record<Action, InboxStatus>> = { unarchive: "archived", unsnooze: "snoozed" };

export function isAbout(change: Change, item: Item): boolean {
  return change.ids === undefined
    ? item.seq <= (change.before ?? Infinity) && matches(item, { status: without[change.action] ?? "inbox", ...change.filter })
    : change.ids.includes(item.id);
}

/** The item as it will be; the same object where nothing changes. */
export function applyChange(change: Change, item: Item, now: string): Item {
  if (item.withdrawnAt !== null || !isAbout(change, item)) {
    return item;
  }
  switch (change.action) {
    case "seen":
      return item.seenAt === null ? { ...item, seenAt: now } : item;
    case "read":
      return item.readAt === null ? { ...item, seenAt: item.seenAt ?? now, readAt: now } : item;
    case "unread":
      return item.readAt === null ? item : { ...item, readAt: null };
    case "archive":
      return item.archivedAt === null ? { ...item, archivedAt: now } : item;
    case "unarchive":
      return item.archivedAt === null ? item : { ...item, archivedAt: null };
    case "snooze":
      return { ...item, snoozedUntil: change.snoozedUntil ?? null };
    case "unsnooze":
      return item.snoozedUntil === null ? item : { ...item, snoozedUntil: null };
  }
}
