import { NotifyBell } from "./bell.ts";
import { define } from "./defining.ts";
import { NotifyInbox } from "./inbox.ts";
import { NotifyPreferences } from "./preferences.ts";
import { NotifyToasts } from "./toasts.ts";

// Makes all elements known to the page.
define("notify-bell", NotifyBell);
define("notify-inbox", NotifyInbox);
define("notify-preferences", NotifyPreferences);
define("notify-toasts", NotifyToasts);
