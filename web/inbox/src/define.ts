import { NotifyBell } from "./bell.ts";
import { NotifyInbox } from "./inbox.ts";
import { NotifyPreferences } from "./preferences.ts";
import { NotifyToasts } from "./toasts.ts";

/** Makes the elements known to the page; a page that loads this twice keeps the first. */
for (const [name, element] of Object.entries({
  "notify-bell": NotifyBell,
  "notify-inbox": NotifyInbox,
  "notify-preferences": NotifyPreferences,
  "notify-toasts": NotifyToasts,
})) {
  if (customElements.get(name) === undefined) {
    customElements.define(name, element);
  }
}
