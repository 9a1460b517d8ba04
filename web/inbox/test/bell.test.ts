// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import "../src/define.ts";
import type { NotifyBell } from "../src/bell.ts";
import { de } from "../src/labels/de.ts";
import { addLabels } from "../src/labels/labels.ts";
import { isOffered } from "../src/settings.ts";
import { installDom } from "./dom.ts";
import { fakeClient, makeItems, type FakeClient } from "./fakeClient.ts";

installDom();
for (const [name, newState] of [["showPopover", "open"], ["hidePopover", "closed"]] as const) {
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const toggle = HTMLElement.prototype[name];
  HTMLElement.prototype[name] = function (this: HTMLElement) {
    this.dispatchEvent(Object.assign(new Event("beforetoggle"), { newState }));
    toggle.call(this);
  };
}

let client: FakeClient;
let bell: NotifyBell;

const settle = () => vi.advanceTimersByTimeAsync(0);
const find = (selector: string) => bell.renderRoot.querySelector<HTMLElement>(selector);
const name = () => find(".bell")?.getAttribute("aria-label");
const badge = () => find(".badge")?.textContent.trim();

beforeEach(async () => {
  vi.useFakeTimers();
  const seenAt = "2027-01-01T00:00:00Z";
  client = fakeClient({ items: makeItems(5, (seq) => ({ seenAt: seq < 4 ? seenAt : null, readAt: seq < 2 ? seenAt : null })) });
  bell = document.createElement("notify-bell");
  bell.client = client;
  document.body.append(bell);
  await settle();
});

afterEach(() => {
  bell.remove();
  document.documentElement.lang = "";
  vi.useRealTimers();
});

describe("the badge", () => {
  test("counts what was not seen, as the server does", async () => {
    expect(badge()).toBe("2");
    expect(name()).toBe("Notifications, 2 new");
    client.arrive();
    await settle();
    expect(badge()).toBe("3");
    client.emit("counts", { unseen: 0, unread: 4 });
    await settle();
    expect(badge()).toBeUndefined();
    expect(name()).toBe("Notifications");
  });

  test("counts what was not read, where that is wanted", async () => {
    bell.badge = "unread";
    await settle();
    expect(badge()).toBe("4");
    expect(name()).toBe("Notifications, 4 unread");
  });

  test("is a dot, or not there", async () => {
    bell.badge = "dot";
    await settle();
    expect(badge()).toBe("");
    expect(name()).toBe("Notifications, 2 new");
    bell.badge = "none";
    await settle();
    expect(badge()).toBeUndefined();
    expect(name()).toBe("Notifications");
  });

  test("does not grow without end, while its name stays exact", async () => {
    client.emit("counts", { unseen: 1234, unread: 1234 });
    await settle();
    expect(badge()).toBe("99+");
    expect(name()).toBe("Notifications, 1,234 new");
  });
});

describe("the language", () => {
  beforeEach(() => {
    addLabels(de);
  });

  test("is that of the page around it", async () => {
    document.documentElement.lang = "de-AT";
    bell.requestUpdate();
    await settle();
    expect(name()).toBe("Mitteilungen, 2 neu");
  });

  test("is its own where it says one", async () => {
    document.documentElement.lang = "de";
    bell.locale = "en-GB";
    await settle();
    expect(name()).toBe("Notifications, 2 new");
  });

  test.each(["xx_not valid", "tlh"])("falls back to English for %s", async (locale) => {
    bell.locale = locale;
    await settle();
    expect(name()).toBe("Notifications, 2 new");
  });

  test("is taken from beyond a shadow root", async () => {
    const host = document.createElement("div");
    host.lang = "de";
    document.body.append(host);
    host.attachShadow({ mode: "open" }).append(bell);
    await settle();
    expect(name()).toBe("Mitteilungen, 2 neu");
    host.remove();
  });

  test("single texts can be other ones", async () => {
    bell.labels = { bell: (count) => `Post: ${count}` };
    await settle();
    expect(name()).toBe("Post: 2");
  });
});

test("nothing of the panel is made before it is opened first", async () => {
  expect(find("notify-inbox")).toBeNull();
  expect(client.called("load")).toEqual([]);
  bell.open = true;
  await settle();
  expect(find("notify-inbox")).not.toBeNull();
  expect(client.called("load")).toHaveLength(1);
  expect(find(".bell")?.getAttribute("aria-expanded")).toBe("true");
});

test("opening and closing is told", async () => {
  const told: boolean[] = [];
  bell.addEventListener("notify-toggle", ({ detail }) => told.push(detail.open));
  bell.open = true;
  await settle();
  bell.open = false;
  await settle();
  expect(told).toEqual([true, false]);
});

test("toasts are there where they are wanted, and hold back while the panel is open", async () => {
  expect(find("notify-toasts")).toBeNull();
  bell.toasts = true;
  await settle();
  expect(find("notify-toasts")).toHaveProperty("paused", false);
  bell.open = true;
  await settle();
  expect(find("notify-toasts")).toHaveProperty("paused", true);
});

test("what this browser could do is offered while a bell wants it", async () => {
  expect(isOffered("desktop")).toBe(false);
  bell.desktop = true;
  await settle();
  expect(isOffered("desktop")).toBe(true);
  bell.remove();
  expect(isOffered("desktop")).toBe(false);
});

test("another client takes the place of the first at once", async () => {
  bell.client = fakeClient({ items: makeItems(9) });
  await settle();
  expect(badge()).toBe("9");
  client.arrive();
  await settle();
  expect(badge()).toBe("9");
});

test("a bell that left the page hears nothing, and all when it is back", async () => {
  bell.remove();
  client.arrive();
  document.body.append(bell);
  await settle();
  expect(badge()).toBe("3");
});
