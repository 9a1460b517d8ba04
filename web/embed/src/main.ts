import { define, NotifyBell, NotifyToasts } from "@notifications/inbox";
import { speak } from "./language.ts";

export { createNotifyClient, NotifyError, UnauthorizedError } from "@notifications/client";

define("notify-bell", NotifyBell);
define("notify-toasts", NotifyToasts);
speak();

/** What opens: the list and the settings. Where it cannot be loaded now, the next occasion tries again. */
const panel = (): void => void import("./panel.ts").catch(() => undefined);

// At once where the page shows it. Else when the page has come to rest, so that a bell costs it little; a bell that is opened asks for it, too.
if (document.querySelector("notify-inbox, notify-preferences") !== null) {
  panel();
} else {
  addEventListener("notify-toggle", panel);
  if ("requestIdleCallback" in globalThis) {
    requestIdleCallback(panel, { timeout: 3000 });
  } else {
    setTimeout(panel, 500); // Safari has no idle callbacks.
  }
}
