import { en } from "./en.ts";

/** Every text the elements show or say. Counts are formatted by the function that gets them. */
export interface Labels {
  /** The language of these texts, as a BCP 47 tag: `en`. */
  language: string;

  // The bell
  notifications: string;
  /** The name of the bell's button. */
  bell: (count: number, badge: "unseen" | "unread") => string;
  close: string;

  // Announcements
  newNotifications: (count: number) => string;
  /** Read aloud for one that arrives. */
  newNotification: (title: string) => string;
  critical: string;
  high: string;

  // The list and its tabs
  tabAll: string;
  tabUnread: string;
  tabArchived: string;
  tabs: string;
  /** The pill over a list that something waits above. */
  showNew: (count: number) => string;
  loading: string;
  loadingMore: string;
  end: string;
  emptyAll: string;
  emptyAllHint: string;
  emptyUnread: string;
  emptyUnreadHint: string;
  emptyArchived: string;
  emptyArchivedHint: string;
  emptyOther: string;
  error: string;
  retry: string;
  offline: string;
  reconnecting: string;
  online: string;
  unauthorized: string;
  unauthorizedHint: string;

  // An item
  unread: string;
  markRead: string;
  markUnread: string;
  archive: string;
  unarchive: string;
  archived: (count: number) => string;
  unarchived: (count: number) => string;
  snoozed: (until: string) => string;
  undo: string;
  moreActions: string;
  /** How a category is shown that the service knows by its key. */
  category: (key: string) => string;
  /** What a failed change says. */
  changeFailed: string;

  // Snoozing
  snooze: string;
  unsnooze: string;
  snoozeLater: string;
  snoozeTomorrow: string;
  snoozeMonday: string;
  snoozePick: string;
  snoozeUntil: string;
  confirm: string;
  cancel: string;

  // Several at once
  select: string;
  selectItem: (title: string) => string;
  selectAll: string;
  selected: (count: number) => string;
  done: string;
  markAllRead: string;
  archiveAllRead: string;
  archiveAll: string;

  // The keyboard
  keyboard: string;
  keyMove: string;
  keyOpen: string;
  keyRead: string;
  keyArchive: string;
  keySnooze: string;
  keySelect: string;

  // Toasts
  dismiss: string;
  show: string;

  // Preferences
  preferences: string;
  back: string;
  loadingPreferences: string;
  preferencesError: string;
  channels: string;
  /** The line for all that has no line of its own. */
  general: string;
  channelInbox: string;
  channelEmail: string;
  channelWebhook: string;
  on: string;
  off: string;
  digest: string;
  mandatory: string;
  /** The name of one control in the table of categories and channels. */
  setting: (category: string, channel: string) => string;
  quietHours: string;
  quietHoursHint: string;
  from: string;
  to: string;
  timeZone: (zone: string) => string;
  useTimeZone: (zone: string) => string;
  digestTitle: string;
  digestHint: string;
  hourly: string;
  daily: string;
  weekly: string;
  frequency: string;
  at: string;
  weekday: string;
  topics: string;
  /** How a topic is shown, which the service knows by its key. */
  topic: (key: string) => string;
  topicsHint: string;
  topicLocked: string;
  thisBrowser: string;
  desktop: string;
  desktopHint: string;
  desktopDenied: string;
  desktopUnsupported: string;
  sound: string;
  soundHint: string;
  saved: string;
  saveFailed: string;
}

const known = new Map<string, Labels>([["en", en]]);

/** Makes a language known to all elements: they use it where `locale`, or the closest `lang`, asks for it. */
export function addLabels(labels: Labels): void {
  known.set(labels.language.toLowerCase(), labels);
}

/** The texts for a locale: its own, those of its language, or English. */
export function labelsFor(locale: string): Labels {
  const tag = locale.toLowerCase();
  return known.get(tag) ?? known.get(tag.split("-", 1)[0] ?? "") ?? en;
}
