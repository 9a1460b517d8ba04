import { useConnection, useCounts, useInbox, useNotification } from "@notifications/client/react";
import { notify } from "./notify.ts";

export function Inbox() {
  const { items, status, hasMore, pendingNew, loadMore, showNew, read, archive, readAll } = useInbox(notify);
  const counts = useCounts(notify);
  const { state } = useConnection(notify);
  useNotification(notify, ({ item, missed }) => {
    if (!missed) {
      console.log("Just now:", item.title);
    }
  });

  return (
    <section aria-label="Notifications">
      <h2>Notifications {counts !== null && counts.unread > 0 && <span>{counts.unread} unread</span>}</h2>
      {state === "offline" && <p role="status">You are offline. Changes are sent later.</p>}
      {pendingNew > 0 && <button onClick={showNew}>{pendingNew} new</button>}
      <ul>
        {items.map((item) => (
          <li key={item.id}>
            <button onClick={() => void read([item.id])}>{item.readAt === null ? <strong>{item.title}</strong> : item.title}</button>
            <button onClick={() => void archive([item.id])}>Archive</button>
          </li>
        ))}
      </ul>
      {status === "loading" && <p>Loading…</p>}
      {hasMore && <button onClick={() => void loadMore()}>Older ones</button>}
      <button onClick={() => void readAll()}>Mark all read</button>
    </section>
  );
}
