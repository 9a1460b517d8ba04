import { notify } from "./notify.ts";

const list = document.querySelector("ul");
const inbox = notify.inbox({ filter: { status: "unread" } });

inbox.subscribe(() => {
  const { items, counts } = inbox.getState();
  document.title = counts !== null && counts.unread > 0 ? `(${counts.unread}) Shop` : "Shop";
  list?.replaceChildren(
    ...items.map((item) => {
      const entry = document.createElement("li");
      entry.textContent = item.title; // Text, never markup.
      entry.onclick = () => void inbox.read([item.id]);
      return entry;
    }),
  );
});
await inbox.load();
