import "@notifications/inbox/define";
import { addLabels, type Theme } from "@notifications/inbox";
import { de } from "@notifications/inbox/labels/de";
import type { Item, Preferences, Topic } from "@notifications/client";
import { MemoryClient } from "./memoryClient.ts";

const minute = 60_000;
let made = 0;

function item(title: string, minutes: number, more: Partial<Item> = {}): Item {
  const seq = ++made;
  return {
    id: `preview-${seq}`, seq, rev: seq, eventId: `event-${seq}`, type: "preview", title, body: null, url: null, imageUrl: null, data: null,
    actions: null, category: null, priority: "normal", createdAt: new Date(Date.now() - minutes * minute).toISOString(), seenAt: null, readAt: null,
    archivedAt: null, snoozedUntil: null, withdrawnAt: null, ...more,
  };
}

const long = new Date(0).toISOString();
const items = [
  item("Invoice 2041 is paid", 3 * 24 * 60, { category: "billing", seenAt: long, readAt: long }),
  item("Ben mentioned you", 22 * 60, { category: "comments", seenAt: long, body: "“Could you look at the second draft before Thursday?”" }),
  item("Latency above 400 ms", 190, { category: "incidents", priority: "high", body: "eu-west, for ten minutes", actions: [{ id: "ack", label: "Acknowledge", url: null, primary: true }] }),
  item("Your order is on its way", 12, { category: "orders", body: "Two boxes, tomorrow between 9 and 11." }),
];
const next = ["Ada approved the release", "Your table is booked", "A new sign-in from Vienna", "The export is ready"];

const channels = { inbox: "on", email: "digest", webhook: "off" } as const;
const preferences: Preferences = {
  channels: {}, categories: {}, quietHours: null, digest: null, timeZone: null, locale: null,
  defaults: { channels, quietHours: null, digest: { every: "daily", at: "08:00", weekday: "monday" }, timeZone: "UTC", locale: "en" },
  effective: [
    { category: "orders", name: "Orders", mandatory: false, channels },
    { category: "incidents", name: "Incidents", mandatory: true, channels: { ...channels, email: "on" } },
  ],
};
const topics: Topic[] = [{ key: "releases", subscribed: true, open: true, subscribedAt: null }];

addLabels(de);
const client = new MemoryClient(items.reverse(), preferences, topics);
const preview = document.querySelector<HTMLElement>("#preview");
const inbox = preview?.querySelector("notify-inbox");
const bell = preview?.querySelector("notify-bell");
if (preview != null && inbox != null && bell != null) {
  const elements = [inbox, bell];
  for (const element of elements) {
    element.client = client;
  }
  preview.querySelector("form")?.addEventListener("input", (event) => {
    if (!(event.target instanceof HTMLSelectElement)) {
      return;
    }
    const { name, value } = event.target;
    preview.dir = name === "direction" ? value : preview.dir;
    for (const element of elements) {
      if (name === "theme") {
        element.theme = value as Theme;
      } else if (name === "language") {
        element.locale = value;
      } else if (name === "accent") {
        element.style.setProperty("--notify-accent", value);
      }
    }
  });
  preview.querySelector("button")?.addEventListener("click", () => {
    client.arrive(item(next[made % next.length] ?? "", 0, { category: "news" }));
  });
}
