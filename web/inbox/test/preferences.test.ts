// @vitest-environment happy-dom
import { UnauthorizedError } from "@notifications/client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NotifyPreferences } from "../src/preferences.ts";
import { isOn, offer, setOn } from "../src/settings.ts";
import { fakeClient, makePreferences, type FakeClient, type FakeOptions } from "./fakeClient.ts";

customElements.define("notify-preferences", NotifyPreferences);

let client: FakeClient;
let element: NotifyPreferences;

const settle = () => vi.advanceTimersByTimeAsync(0);
const all = <T extends Element = HTMLElement>(selector: string) => [...element.renderRoot.querySelectorAll<T & Element>(selector)];
const text = () => element.renderRoot.textContent.replace(/\s+/g, " ");

function control<T extends HTMLInputElement | HTMLSelectElement>(name: string): T {
  const found = all<T>("input, select").find((one) => one.getAttribute("aria-label") === name || one.id === name);
  if (found === undefined) {
    throw new Error(`There is no control ${name}.`);
  }
  return found;
}

async function flip(name: string) {
  control<HTMLInputElement>(name).click();
  await settle();
}

async function choose(name: string, option: string) {
  const select = control<HTMLSelectElement>(name);
  select.selectedIndex = [...select.options].findIndex((one) => one.textContent === option);
  select.dispatchEvent(new Event("change"));
  await settle();
}

const chosen = (name: string) => control<HTMLSelectElement>(name).selectedOptions[0]?.textContent;

async function show(options: FakeOptions = {}) {
  client = fakeClient(options);
  element = document.createElement("notify-preferences");
  element.client = client;
  document.body.append(element);
  await settle();
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  element.remove();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("categories and channels", () => {
  test("show what holds", async () => {
    await show();
    expect(control<HTMLInputElement>("Comments: Inbox").checked).toBe(true);
    expect(chosen("Comments: Email")).toBe("Digest");
    expect(control<HTMLInputElement>("Comments: Webhook").checked).toBe(false);
  });

  test("that are mandatory are locked, and say why", async () => {
    await show();
    expect(control("Security: Inbox").disabled).toBe(true);
    expect(control("Security: Email").disabled).toBe(true);
    expect(text()).toContain("Security Always delivered");
    expect(control("Comments: Email").disabled).toBe(false);
  });

  test("are saved one by one, and it is said", async () => {
    await show();
    await flip("Comments: Webhook");
    await choose("Comments: Email", "Off");
    expect(client.called("preferences.update")).toEqual([[{ categories: { comments: { webhook: "on" } } }], [{ categories: { comments: { email: "off" } } }]]);
    expect(text()).toContain("Saved");
    await vi.advanceTimersByTimeAsync(3_000);
    expect(text()).not.toContain("Saved");
  });

  test("show a change while it is on its way, and take it back where it is refused", async () => {
    await show();
    client.hold();
    await flip("Comments: Inbox");
    expect(control<HTMLInputElement>("Comments: Inbox").checked).toBe(false);
    client.failNext();
    client.release();
    await settle();
    expect(control<HTMLInputElement>("Comments: Inbox").checked).toBe(true);
    expect(text()).toContain("That could not be saved.");
  });

  test("in general, for what has no line of its own", async () => {
    await show();
    await choose("Everything else: Email", "Off");
    expect(client.called("preferences.update")).toEqual([[{ channels: { email: "off" } }]]);
  });
});

describe("quiet hours", () => {
  test("are off until they are switched on", async () => {
    await show();
    expect(control<HTMLInputElement>("quiet").checked).toBe(false);
    expect(all("input[type=time]")).toHaveLength(1);
    await flip("quiet");
    expect(client.called("preferences.update")).toEqual([[{ quietHours: { start: "22:00", end: "07:00" } }]]);
    expect(all<HTMLInputElement>("input[type=time]").map(({ value }) => value)).toContain("22:00");
  });

  test("of everybody are switched off for oneself", async () => {
    const defaults = { ...makePreferences().defaults, quietHours: { start: "20:00", end: "06:00" } };
    await show({ preferences: makePreferences({ defaults }) });
    expect(control<HTMLInputElement>("quiet").checked).toBe(true);
    await flip("quiet");
    expect(client.called("preferences.update")).toEqual([[{ quietHours: { start: "00:00", end: "00:00" } }]]);
    expect(control<HTMLInputElement>("quiet").checked).toBe(false);
  });

  test("of one's own go back to none", async () => {
    await show({ preferences: makePreferences({ quietHours: { start: "20:00", end: "06:00" } }) });
    await flip("quiet");
    expect(client.called("preferences.update")).toEqual([[{ quietHours: null }]]);
  });

  test("say in which zone they are, and offer that of the browser", async () => {
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    await show({ preferences: makePreferences({ quietHours: { start: "20:00", end: "06:00" }, timeZone: "Pacific/Kiritimati" }) });
    expect(text()).toContain("Times are in Pacific/Kiritimati.");
    all(".link")[0]?.click();
    await settle();
    expect(client.called("preferences.update")).toEqual([[{ timeZone: here }]]);
    expect(text()).toContain(`Times are in ${here}.`);
    expect(all(".link")).toEqual([]);
  });
});

test("the digest is asked about where something is gathered", async () => {
  await show();
  expect(text()).toContain("Email digest");
  const rhythm = all<HTMLSelectElement>("label select")[0];
  if (rhythm === undefined) {
    throw new Error("There is no choice.");
  }
  rhythm.selectedIndex = 2;
  rhythm.dispatchEvent(new Event("change"));
  await settle();
  expect(client.called("preferences.update")).toEqual([[{ digest: { every: "weekly", at: "09:00", weekday: "monday" } }]]);
  expect([...(all<HTMLSelectElement>("label select")[1]?.options ?? [])].map(({ textContent }) => textContent)).toEqual([
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
  ]);
  await choose("Comments: Email", "On");
  expect(text()).not.toContain("Email digest");
});

describe("topics", () => {
  const topics = [
    { key: "news.product", subscribed: false, open: true, subscribedAt: null },
    { key: "team", subscribed: true, open: false, subscribedAt: null },
  ];

  test("are joined and left, where that is open to the user", async () => {
    await show({ topics });
    expect(text()).toContain("News product");
    expect(text()).toContain("Team Managed for you");
    expect(control("topic-1").disabled).toBe(true);
    await flip("topic-0");
    await flip("topic-0");
    expect(client.called("topics.subscribe")).toEqual([["news.product"]]);
    expect(client.called("topics.unsubscribe")).toEqual([["news.product"]]);
  });

  test("go back where it is refused", async () => {
    await show({ topics });
    client.failNext();
    await flip("topic-0");
    expect(control<HTMLInputElement>("topic-0").checked).toBe(false);
    expect(text()).toContain("That could not be saved.");
  });
});

describe("this browser", () => {
  const by = {};
  const allow = (answer: NotificationPermission) => {
    const fake = { permission: "default" as NotificationPermission, requestPermission: vi.fn(() => Promise.resolve((fake.permission = answer))) };
    vi.stubGlobal("Notification", fake);
    return fake;
  };

  beforeEach(() => {
    offer("desktop", by, true);
    offer("sound", by, true);
  });
  afterEach(() => {
    offer("desktop", by, false);
    offer("sound", by, false);
    setOn("desktop", false);
    setOn("sound", false);
  });

  test("is asked for permission only by the user's own click", async () => {
    const fake = allow("granted");
    await show();
    expect(fake.requestPermission).not.toHaveBeenCalled();
    await flip("desktop");
    expect(fake.requestPermission).toHaveBeenCalledOnce();
    expect(isOn("desktop")).toBe(true);
    expect(control<HTMLInputElement>("desktop").checked).toBe(true);
    await flip("desktop");
    expect(isOn("desktop")).toBe(false);
  });

  test("that has refused says how to change that", async () => {
    allow("denied");
    await show();
    await flip("desktop");
    expect(control<HTMLInputElement>("desktop").checked).toBe(false);
    expect(control("desktop").disabled).toBe(true);
    expect(text()).toContain("Blocked.");
  });

  test("makes a sound where that is switched on", async () => {
    await show();
    await flip("sound");
    expect(isOn("sound")).toBe(true);
  });

  test("is left out where no element of the page makes use of it", async () => {
    offer("desktop", by, false);
    offer("sound", by, false);
    await show();
    expect(text()).not.toContain("This browser");
  });
});

describe("loading", () => {
  test("that fails can be tried again", async () => {
    client = fakeClient();
    client.failNext();
    element = document.createElement("notify-preferences");
    element.client = client;
    document.body.append(element);
    await settle();
    expect(text()).toContain("Settings could not be loaded");
    all(".button")[0]?.click();
    await settle();
    expect(text()).toContain("Comments");
  });

  test("says where nobody is signed in", async () => {
    client = fakeClient();
    client.preferences.get = () => Promise.reject(new UnauthorizedError());
    element = document.createElement("notify-preferences");
    element.client = client;
    document.body.append(element);
    await settle();
    expect(text()).toContain("You’re signed out");
  });

  test("of another user replaces what the first one had", async () => {
    await show();
    element.client = fakeClient({ preferences: makePreferences({ effective: [] }) });
    await settle();
    expect(text()).not.toContain("Comments");
  });
});
