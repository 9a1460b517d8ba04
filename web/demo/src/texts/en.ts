import { n } from "./plural.ts";

/** What the page says itself; the components bring their own texts. */
export const en = {
  title: "Notifications: a live demo",
  skip: "Skip to the demo",
  nav: { api: "API reference", guides: "Guides" },
  language: "Language",
  theme: "Theme",
  themes: { auto: "As the system", light: "Light", dark: "Dark" },

  claim: "Nothing gets lost on the way.",
  lead: "An event is stored before it is sent. It reaches every open device within milliseconds, and waits in order for those who are away.",

  app: "Your app",
  appHint: "raises an event",
  shipped: "Order shipped",
  shippedTo: "to Ada, with buttons",
  comment: "New comment",
  commentTo: "to Ben",
  incident: "Incident",
  incidentTo: "to Ada and Ben, critical",
  news: "Announcement",
  newsTo: "to everyone",
  everyone: "Everyone",

  own: "An event of your own",
  ownTitle: "Title",
  ownTitleValue: "Lunch is here",
  ownBody: "Text",
  ownTo: "To",
  ownPriority: "Priority",
  priorities: { low: "Low", normal: "Normal", high: "High", critical: "Critical" },
  send: "Send",
  shell: "The same from a shell",
  copy: "Copy",
  copied: "Copied",

  accepted: "Accepted",
  stored: "Stored",
  journey: "The way of the last event",
  idle: "Raise an event, and follow it down the line. Then switch somebody off, and raise some more.",
  sending: (title: string) => `“${title}” is on its way.`,
  reached: (title: string, who: string, time: string) => `“${title}” is stored, and reached ${who} in ${time}.`,
  kept: (title: string) => `“${title}” is stored.`,
  waits: (who: string) => `It waits for ${who}.`,
  and: (names: readonly string[]) => new Intl.ListFormat("en").format(names),
  delivered: (time: string) => `in ${time}`,
  seen: "seen",
  read: "read",

  online: "Online",
  connecting: "Connecting…",
  retrying: "No connection, trying again…",
  offline: "Offline",
  waiting: (count: number) => `Offline, ${count.toLocaleString("en")} waiting`,
  isOnline: (name: string) => `${name} is online`,
  inboxOf: (name: string) => `${name}’s inbox`,
  caughtUp: (count: number) => n("en", count, { one: "Caught up on the one missed", other: "Caught up on # missed, in order" }),
  nothingMissed: "Back, nothing missed",
  opens: (title: string) => `Your app would now open “${title}”.`,
  shop: "Harbour Supplies",

  load: "Turn it up",
  loadHint: "Sends to Ada without a pause. Watch her list.",
  rate: "Events per second",
  rateValue: (rate: number) => n("en", rate, { one: "# event a second", other: "# events a second" }),
  start: "Start",
  stop: "Stop",
  sent: "Sent",
  received: "Received",
  perSecond: (count: number) => `${count.toLocaleString("en")}/s`,
  delay: "Accepted to shown",
  half: "half within",
  most: "99 % within",
  frames: "Frames",
  fps: (fps: number, longest: number) => `${fps}/s, longest ${longest} ms`,
  clean: (count: number) => `All ${count.toLocaleString("en")} arrived: each once, in order.`,
  unclean: (missing: number, twice: number, disordered: number) => `${missing} missing, ${twice} twice, ${disordered} out of order.`,
  awaited: (count: number) => `${count.toLocaleString("en")} on their way.`,
  stopsAfter: (seconds: number) => `Stops by itself after ${seconds} s.`,

  embed: "Three lines in your page",
  embedHint: "What you see above are web components. They work in any page and with any framework, and bring accessibility, dark mode, languages and offline with them.",
  links: {
    html: "Plain HTML",
    react: "React",
    vue: "Vue",
    client: "JavaScript SDK",
    inbox: "All components",
    api: "API reference",
  },

  categories: { orders: "Orders", comments: "Comments", incidents: "Incidents", news: "News" } as Readonly<Record<string, string>>,
  examples: {
    shipped: (order: number) => [`Order ${order} is on its way`, "It arrives tomorrow between 9 and 12."] as const,
    track: "Track it",
    invoice: "Invoice",
    comments: [
      ["Maya commented on “Launch plan”", "Could we move the press call to Thursday? Then the numbers are in."],
      ["Jonas replied to you", "Looks good to me. I would only make the button a little larger."],
      ["Lena mentioned you in “Budget”", "Can you check the second line, please?"],
    ],
    reply: "Reply",
    incidents: [
      ["Payments are failing", "Error rate 38 % since 14:02. On call: you."],
      ["Database disk is full", "Writes to db-2 have stopped."],
    ],
    acknowledge: "Acknowledge",
    runbook: "Runbook",
    news: [
      ["Maintenance on Sunday", "From 6:00 to 6:30 in the morning some pages may be slow."],
      ["Welcome to the team, Priya", "She starts today in Support. Say hello!"],
    ],
    load: (number: number) => `Event ${number.toLocaleString("en")}`,
  },
};

export type Texts = Widen<typeof en>;

type Widen<T> = T extends string
  ? string
  : T extends (...args: infer A) => infer R
    ? (...args: A) => Widen<R>
    : { readonly [K in keyof T]: Widen<T[K]> };
