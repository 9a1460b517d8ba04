import { define, NotifyInbox, NotifyPreferences } from "@notifications/inbox";

define("notify-inbox", NotifyInbox);
define("notify-preferences", NotifyPreferences);
