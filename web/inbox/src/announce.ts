import type { NotifyClient } from "@notifications/client";
import type { Labels } from "./labels/labels.ts";

/** How long arrivals are gathered before they are said together, in milliseconds. */
const gather = 1_000;

/**
 * Says something to users of a screen reader, by one live region of the whole page, so that several elements never say the same twice.
 * `urgent` interrupts what is being read.
 */
export function announce(text: string, urgent = false): void {
  const region = regionOf(urgent);
  // A new element each time: the same text again would otherwise not be read.
  const line = document.createElement("div");
  line.textContent = text;
  region.replaceChildren(line);
}

const regions = new Map<boolean, HTMLElement>();

function regionOf(urgent: boolean): HTMLElement {
  let region = regions.get(urgent);
  if (region === undefined) {
    region = document.createElement("div");
    region.setAttribute("role", urgent ? "alert" : "status");
    region.dataset.notifyLive = urgent ? "assertive" : "polite";
    const hidden = { position: "fixed", width: "1px", height: "1px", overflow: "hidden", "clip-path": "inset(50%)", "white-space": "nowrap" };
    for (const [property, value] of Object.entries(hidden)) {
      region.style.setProperty(property, value);
    }
    regions.set(urgent, region);
  }
  if (!region.isConnected) {
    document.body.append(region);
  }
  return region;
}

const announcers = new Map<NotifyClient, { users: number; stop: () => void }>();

/**
 * Says what arrives at a client: critical ones at once and urgently, others gathered and politely, those missed as their number. Once for a
 * client, however many elements ask for it. Returns what ends it.
 */
export function announceArrivals(client: NotifyClient, labels: () => Labels): () => void {
  let entry = announcers.get(client);
  if (entry === undefined) {
    entry = { users: 0, stop: start(client, labels) };
    announcers.set(client, entry);
    // The regions must be there before they change: what they hold when they appear is not read.
    regionOf(false);
    regionOf(true);
  }
  const own = entry;
  own.users++;
  let ended = false;
  return () => {
    if (!ended) {
      ended = true;
      own.users--;
      if (own.users === 0) {
        own.stop();
        announcers.delete(client);
      }
    }
  };
}

function start(client: NotifyClient, labels: () => Labels): () => void {
  let titles: string[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const say = (): void => {
    timer = undefined;
    const [first, ...more] = titles;
    titles = [];
    if (first !== undefined) {
      announce(more.length === 0 ? labels().newNotification(first) : labels().newNotifications(more.length + 1));
    }
  };
  const offs = [
    client.on("notification", ({ item, missed }) => {
      if (missed) {
        return;
      }
      if (item.priority === "critical") {
        announce(`${labels().critical}: ${item.title}`, true);
        return;
      }
      titles.push(item.title);
      timer ??= setTimeout(say, gather);
    }),
    client.on("synced", ({ missed }) => {
      if (missed > 0) {
        announce(labels().newNotifications(missed));
      }
    }),
  ];
  return () => {
    clearTimeout(timer);
    for (const off of offs) {
      off();
    }
  };
}
