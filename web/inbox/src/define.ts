import { NotifyBell } from "./bell.ts";
import { NotifyToasts } from "./toasts.ts";

/** Makes the elements known to the page; a page that loads this twice keeps the first. */
for (const [name, element] of Object.entries({
  "notify-bell": NotifyBell,
  "notify-toasts": NotifyToasts,
})) {
  if (customElements.get(name) === undefined) {
    customElements.define(name, element);
  }
}
