// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NotifyToasts } from "../src/toasts.ts";
import { installDom } from "./dom.ts";
import { fakeClient, type FakeClient } from "./fakeClient.ts";

installDom();
customElements.define("notify-toasts", NotifyToasts);

let client: FakeClient;
let element: NotifyToasts;

const settle = () => vi.advanceTimersByTimeAsync(0);
const after = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const all = <T extends Element = HTMLElement>(selector: string) => [...element.renderRoot.querySelectorAll<T & Element>(selector)];
const titles = () => all(".open").map((title) => title.textContent.trim());

beforeEach(async () => {
  vi.useFakeTimers();
  client = fakeClient();
  element = document.createElement("notify-toasts");
  element.client = client;
  document.body.append(element);
  await settle();
});

afterEach(() => {
  element.remove();
  vi.useRealTimers();
});

test("what arrives is shown for six seconds", async () => {
  client.arrive({ title: "Order shipped", body: "On its way" });
  await settle();
  expect(titles()).toEqual(["Order shipped"]);
  expect(all(".body")[0]?.textContent).toBe("On its way");
  await after(5_900);
  expect(titles()).toHaveLength(1);
  await after(200);
  expect(titles()).toEqual([]);
});

test("a critical one says so, and stays until it is dismissed", async () => {
  client.arrive({ title: "Database down", priority: "critical" });
  await after(60_000);
  expect(titles()).toEqual(["Database down"]);
  expect(all(".priority")[0]?.textContent).toBe("Critical");
  all(".icon-button")[0]?.click();
  await settle();
  expect(titles()).toEqual([]);
});

test("a burst becomes one, in place of those that it began with", async () => {
  for (const title of ["a", "b", "c", "d", "e"]) {
    client.arrive({ title });
  }
  await settle();
  expect(titles()).toEqual(["5 new notifications"]);
});

test("a burst that was dismissed does not come back", async () => {
  for (const title of ["a", "b", "c", "d", "e"]) {
    client.arrive({ title });
  }
  await settle();
  all(".icon-button")[0]?.click();
  client.arrive({ title: "f" });
  await settle();
  expect(titles()).toEqual([]);
});

test("what was missed is one toast", async () => {
  for (const title of ["a", "b", "c", "d", "e"]) {
    client.arrive({ title }, true);
  }
  client.synced({ missed: 5 });
  await settle();
  expect(titles()).toEqual(["5 new notifications"]);
});

test("at most four are shown, and critical ones are not pushed out", async () => {
  client.arrive({ title: "fire", priority: "critical" });
  for (const title of ["a", "b", "c", "d"]) {
    client.arrive({ title });
    await after(1_000);
  }
  expect(titles()).toEqual(["fire", "b", "c", "d"]);
});

describe("time stands still", () => {
  const stack = () => all(".stack")[0];

  test("while the pointer is on them", async () => {
    client.arrive({ title: "a" });
    await after(5_000);
    stack()?.dispatchEvent(new Event("pointerenter"));
    await after(30_000);
    expect(titles()).toEqual(["a"]);
    stack()?.dispatchEvent(new Event("pointerleave"));
    await after(900);
    expect(titles()).toEqual(["a"]);
    await after(200);
    expect(titles()).toEqual([]);
  });

  test("while the focus is on them; Escape dismisses, and the focus goes on to the next", async () => {
    client.arrive({ title: "a" });
    client.arrive({ title: "b" });
    await settle();
    all(".icon-button")[0]?.focus();
    await after(30_000);
    expect(titles()).toEqual(["a", "b"]);
    all(".icon-button")[0]?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    await settle();
    expect(titles()).toEqual(["b"]);
    expect(element.shadowRoot?.activeElement?.getAttribute("aria-label")).toBe("Dismiss: b");
  });

  test("in a page that nobody sees", async () => {
    client.arrive({ title: "a" });
    await settle();
    const visibility = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    document.dispatchEvent(new Event("visibilitychange"));
    await after(60_000);
    expect(titles()).toEqual(["a"]);
    visibility.mockRestore();
    document.dispatchEvent(new Event("visibilitychange"));
    await after(6_100);
    expect(titles()).toEqual([]);
  });
});

test("paused, only critical ones are shown, and others go", async () => {
  client.arrive({ title: "a" });
  await settle();
  element.paused = true;
  client.arrive({ title: "b" });
  client.arrive({ title: "fire", priority: "critical" });
  await settle();
  expect(titles()).toEqual(["fire"]);
});

test("opening one reads it, and takes it away", async () => {
  const opened = vi.fn();
  element.addEventListener("notify-open", opened);
  const item = client.arrive({ title: "a" });
  await settle();
  all(".open")[0]?.click();
  await settle();
  expect(opened).toHaveBeenCalledOnce();
  expect(client.called("read")).toEqual([[[item.id]]]);
  expect(titles()).toEqual([]);
});

test("a button of one is its own event", async () => {
  const acted = vi.fn<(event: HTMLElementEventMap["notify-action"]) => void>();
  element.addEventListener("notify-action", acted);
  client.arrive({ actions: [{ id: "track", label: "Track", url: null, primary: true }] });
  await settle();
  all(".actions button")[0]?.click();
  expect(acted.mock.calls[0]?.[0].detail.action.id).toBe("track");
});

test("what is read elsewhere goes", async () => {
  const { id } = client.arrive({ title: "a" });
  await settle();
  client.change(id, { readAt: "2027-01-01T00:00:00Z" });
  await settle();
  expect(titles()).toEqual([]);
});

test("one that stands for several leads to the inbox, where there is one", async () => {
  const showAll = vi.fn();
  for (const title of ["a", "b", "c", "d", "e"]) {
    client.arrive({ title });
  }
  await settle();
  expect(all("button.open")).toEqual([]);
  element.showAll = showAll;
  await settle();
  all("button.open")[0]?.click();
  expect(showAll).toHaveBeenCalledOnce();
});

test("what a sender wrote is text, and loads nothing but pictures of the web", async () => {
  client.arrive({ title: "<img src=x onerror=alert(1)>", body: "<script>alert(1)</script>", imageUrl: "javascript:alert(1)" });
  client.arrive({ imageUrl: "https://example.com/a.png" });
  await settle();
  expect(titles()[0]).toBe("<img src=x onerror=alert(1)>");
  expect(all("script")).toEqual([]);
  expect(all<HTMLImageElement>("img").map(({ src, referrerPolicy }) => [src, referrerPolicy])).toEqual([["https://example.com/a.png", "no-referrer"]]);
});
