export { NotifyBell, type Badge } from "./bell.ts";
export { NotifyElement, type Theme } from "./element.ts";
export type { NotifyActionDetail, NotifyOpenDetail, NotifyToggleDetail } from "./events.ts";
export { NotifyInbox } from "./inbox.ts";
export { addLabels, type Labels } from "./labels/labels.ts";
export type { Placement } from "./place.ts";
export { NotifyPreferences } from "./preferences.ts";
export { NotifyToasts } from "./toasts.ts";
export type { InboxTab } from "./toolbar.ts";
