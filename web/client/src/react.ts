import { useCallback, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { Counts, Inbox, InboxOptions, InboxState, NotificationEvent, NotifyClient, StateEvent } from "./types.ts";

const nothingYet: InboxState = { items: [], counts: null, hasMore: false, status: "idle", error: null, pendingNew: 0 };
const notConnected: StateEvent = { state: "disconnected", retryAt: null, reason: null };

/** What can be done with a list; the same functions as long as the client and the filter are the same. */
export type InboxActions = Omit<Inbox, "filter" | "getState" | "subscribe">;

/**
 * One list of the inbox: its state and what can be done with it. Loads the first page when the component is mounted. A new object whenever the
 * state changed, and the same one until then.
 */
export function useInbox(client: NotifyClient, options?: InboxOptions): InboxState & InboxActions {
  // By value, as most callers write the options anew for each render.
  const { status, category } = options?.filter ?? {};
  const pageSize = options?.pageSize;
  const inbox = useMemo(() => {
    const list = client.inbox({
      filter: { ...(status !== undefined && { status }), ...(category !== undefined && { category }) },
      ...(pageSize !== undefined && { pageSize }),
    });
    return {
      subscribe: (listener: () => void) => list.subscribe(listener),
      getState: () => list.getState(),
      actions: actionsOf(list),
    };
  }, [client, status, category, pageSize]);
  const state = useSyncExternalStore(inbox.subscribe, inbox.getState, () => nothingYet);
  useEffect(() => {
    void inbox.actions.load();
  }, [inbox]);
  return useMemo(() => ({ ...state, ...inbox.actions }), [state, inbox]);
}

/** Where the connection is, when the next attempt is due, and why the last one ended. */
export function useConnection(client: NotifyClient): StateEvent {
  const subscribe = useCallback((listener: () => void) => client.on("state", listener), [client]);
  return useSyncExternalStore(subscribe, () => client.connection, () => notConnected);
}

/** The server's counts; null until it has told. */
export function useCounts(client: NotifyClient): Counts | null {
  const subscribe = useCallback((listener: () => void) => client.on("counts", listener), [client]);
  return useSyncExternalStore(subscribe, () => client.counts, () => null);
}

/** Calls back for each new notification while the component is mounted: always the handler of the latest render. */
export function useNotification(client: NotifyClient, handler: (event: NotificationEvent) => void): void {
  const latest = useRef(handler);
  useEffect(() => {
    latest.current = handler;
  });
  useEffect(
    () =>
      client.on("notification", (event) => {
        latest.current(event);
      }),
    [client],
  );
}

function actionsOf(list: Inbox): InboxActions {
  return {
    load: () => list.load(),
    loadMore: () => list.loadMore(),
    refresh: () => list.refresh(),
    showNew: () => {
      list.showNew();
    },
    read: (ids) => list.read(ids),
    unread: (ids) => list.unread(ids),
    seen: (ids) => list.seen(ids),
    archive: (ids) => list.archive(ids),
    unarchive: (ids) => list.unarchive(ids),
    snooze: (id, until) => list.snooze(id, until),
    readAll: () => list.readAll(),
    seenAll: () => list.seenAll(),
    archiveAll: (options) => list.archiveAll(options),
  };
}
