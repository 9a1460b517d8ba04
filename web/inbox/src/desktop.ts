import type { Item, NotifyClient } from "@notifications/client";
import { onArrivals } from "./arrivals.ts";
import { claim, isAttended, shareAttention } from "./claim.ts";
import type { Labels } from "./labels/labels.ts";
import { safeImage } from "./links.ts";
import { isOn } from "./settings.ts";

export type DesktopPermission = NotificationPermission | "unsupported";

export function desktopPermission(): DesktopPermission {
  return "Notification" in globalThis ? Notification.permission : "unsupported";
}

/** Asks the user. Only to be called in answer to a click of theirs. */
export async function askForDesktop(): Promise<DesktopPermission> {
  return desktopPermission() === "default" ? Notification.requestPermission() : desktopPermission();
}

export interface DesktopOptions {
  labels: () => Labels;
  /** Whether the application wants them now. */
  wanted: () => boolean;
  /** One was clicked; null for one that stands for several. */
  open: (item: Item | null) => void;
}

/**
 * Shows what arrives as notifications of the system: where the user allowed it and switched it on, while they look at none of this browser's
 * tabs, and in one tab only. They go when they are read elsewhere. Returns what ends it.
 */
export function showOnDesktop(client: NotifyClient, { labels, wanted, open }: DesktopOptions): () => void {
  const shown = new Map<string, Notification>();

  const show = async (tag: string, title: string, item: Item | null): Promise<void> => {
    const may = (): boolean => wanted() && isOn("desktop") && desktopPermission() === "granted";
    if (!may() || (await isAttended()) || !(await claim(`desktop.${tag}`)) || !may()) {
      return;
    }
    const image = safeImage(item?.imageUrl ?? null);
    let made: Notification;
    try {
      made = new Notification(title, {
        body: item?.body ?? "",
        lang: labels().language,
        // The system shows one of a tag: two tabs that could not agree still show it once.
        tag: `notify.${tag}`,
        silent: isOn("sound"),
        requireInteraction: item?.priority === "critical",
        ...(image === null ? {} : { icon: image }),
      });
    } catch {
      // Chrome on Android knows the class, and refuses to make one outside a service worker.
      return;
    }
    shown.set(tag, made);
    made.onclick = () => {
      window.focus();
      made.close();
      open(item);
    };
    made.onclose = () => {
      if (shown.get(tag) === made) {
        shown.delete(tag);
      }
    };
  };

  const offs = [
    shareAttention(),
    onArrivals(client, {
      one: (item) => void show(item.id, item.title, item),
      many: (count) => void show("several", labels().newNotifications(count), null),
    }),
    client.on("updated", ({ items }) => {
      for (const { id, readAt, archivedAt, withdrawnAt } of items) {
        if (readAt !== null || archivedAt !== null || withdrawnAt !== null) {
          shown.get(id)?.close();
        }
      }
    }),
  ];
  return () => {
    for (const off of offs) {
      off();
    }
  };
}
