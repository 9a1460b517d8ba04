// @vitest-environment happy-dom
import type { Item } from "@notifications/client";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { NotifyInbox } from "../src/inbox.ts";
import { installDom } from "./dom.ts";
import { fakeClient, makeItems, type FakeClient } from "./fakeClient.ts";

const sight = installDom();
customElements.define("notify-inbox", NotifyInbox);

let inbox: NotifyInbox;
let client: FakeClient;
let followed: string[];

async function settle(): Promise<void> {
  // Changes are told in the next microtask, rendered in the one after, and may lead to another update.
  for (let turn = 0; turn < 6; turn++) {
    await inbox.updateComplete;
  }
}

async function show(count: number, change: (seq: number) => Partial<Item> = () => ({}), properties: Partial<NotifyInbox> = {}): Promise<void> {
  client = fakeClient({ items: makeItems(count, change) });
  inbox = Object.assign(document.createElement("notify-inbox"), { client, ...properties });
  document.body.append(inbox);
  await settle();
}

const all = (selector: string): HTMLElement[] => [...inbox.renderRoot.querySelectorAll<HTMLElement>(selector)];
function one(selector: string): HTMLElement {
  const [element] = all(selector);
  if (element === undefined) {
    throw new Error(`Nothing is ${selector}.`);
  }
  return element;
}
const titles = (): string[] => all("article h3").map((title) => title.textContent.trim());
const row = (id: string): HTMLElement => one(`article[data-key="${id}"]`);
const focused = (): string | undefined => inbox.shadowRoot?.activeElement?.closest<HTMLElement>("[data-key]")?.dataset["key"];

async function press(key: string, more: KeyboardEventInit = {}, at: Element | null | undefined = inbox.shadowRoot?.activeElement): Promise<void> {
  at?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true, ...more }));
  await settle();
}

async function click(target: HTMLElement, more: MouseEventInit = {}): Promise<void> {
  target.dispatchEvent(new MouseEvent("click", { bubbles: true, composed: true, cancelable: true, ...more }));
  await settle();
}

async function choose(label: string): Promise<void> {
  const entry = all("[role=menuitem]").find((each) => each.textContent.includes(label));
  if (entry === undefined) {
    throw new Error(`The menu has no ${label}.`);
  }
  await click(entry);
}

/** As a window would have it that shows a list of 500 pixels, scrolled down by some. */
function view(scrollTop: number): HTMLElement {
  const panel = one("#panel");
  Object.defineProperty(panel, "clientHeight", { value: 500, configurable: true });
  panel.scrollTop = scrollTop;
  return panel;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance", "Date"] });
  followed = [];
  vi.spyOn(window, "open").mockImplementation((...to) => {
    followed.push(to.join(" "));
    return null;
  });
});

afterEach(() => {
  inbox.remove();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe("the list", () => {
  it("shows the newest first, each as an article that knows its place", async () => {
    await show(3);
    expect(titles()).toEqual(["Notification 3", "Notification 2", "Notification 1"]);
    expect(all("article").map((each) => [each.getAttribute("aria-posinset"), each.getAttribute("aria-setsize")])).toEqual([
      ["1", "3"],
      ["2", "3"],
      ["3", "3"],
    ]);
    expect(one("[role=feed]").getAttribute("aria-busy")).toBe("false");
  });

  it("does not claim to know how many there are while older ones are not loaded", async () => {
    await show(60);
    expect(one("article").getAttribute("aria-setsize")).toBe("-1");
  });

  it("shows what the sender wrote as text, and links only to what can be followed", async () => {
    await show(2, (seq) => ({
      title: "<img src=x onerror=alert(1)>",
      body: "<script>alert(1)</script>",
      url: seq === 1 ? "javascript:alert(1)" : "https://example.com/a",
      imageUrl: "javascript:alert(1)",
      actions: [{ id: "a", label: "<b>Do</b>", url: "data:text/html,x", primary: true }],
    }));
    expect(titles()).toEqual(Array(2).fill("<img src=x onerror=alert(1)>"));
    expect(all("script, img, b")).toEqual([]);
    expect(all("a").map((link) => [link.getAttribute("href"), link.getAttribute("rel")])).toEqual([
      ["https://example.com/a", "noopener noreferrer"],
    ]);
  });

  it("says in words what is unread and what is urgent", async () => {
    await show(2, (seq) => (seq === 2 ? { priority: "critical" } : { readAt: "2026-01-01T00:00:00Z" }));
    const state = (id: string) => one(`#state-${id}`).textContent.trim();
    expect(state("ntf_2")).toBe("Unread Critical");
    expect(state("ntf_1")).toBe("");
  });

  it("loads older items when the end comes near, and offers to try again where that fails", async () => {
    await show(120);
    client.failNext();
    view(4_000).dispatchEvent(new Event("scroll"));
    await settle();
    expect(client.called("loadMore")).toHaveLength(1);
    expect(one(".end").textContent).toContain("could not be loaded");
    one(".end button").focus();
    await click(one(".end button"));
    expect(all("article")).toHaveLength(100);
    expect(focused()).toBe("ntf_71");
  });
});

describe("a long list", () => {
  beforeEach(async () => {
    client = fakeClient({ items: makeItems(10_000) });
    const lists = client.inbox.bind(client);
    client.inbox = (options) => lists({ ...options, pageSize: 10_000 });
    inbox = Object.assign(document.createElement("notify-inbox"), { client });
    document.body.append(inbox);
    await settle();
    view(0).dispatchEvent(new Event("scroll"));
    await settle();
  });

  const places = () => all("article").map((each) => Number(each.getAttribute("aria-posinset")));

  it("has only what is in sight, or close to it, in the document", async () => {
    expect(places()).toEqual(Array.from({ length: 14 }, (_, index) => index + 1));
    view(440_000).dispatchEvent(new Event("scroll"));
    await settle();
    // 88 pixels each until they are measured; the first is the one that Tab leads to.
    expect(places()).toEqual([1, ...Array.from({ length: 22 }, (_, index) => index + 4_993)]);
  });

  it("keeps the item that has the focus, wherever the list is scrolled to", async () => {
    inbox.focus();
    await press("End");
    expect(focused()).toBe("ntf_1");
    view(440_000).dispatchEvent(new Event("scroll"));
    await settle();
    expect(focused()).toBe("ntf_1");
    expect(places().at(-1)).toBe(10_000);
    await press("ArrowUp");
    expect(focused()).toBe("ntf_2");
  });

  it("stays where it is while items above come and go", async () => {
    const panel = view(440_000);
    panel.dispatchEvent(new Event("scroll"));
    await settle();
    client.change("ntf_9000", { archivedAt: "2026-01-01T00:00:00Z" });
    await settle();
    expect(panel.scrollTop).toBe(440_000 - 88);
    client.arrive();
    client.inbox().showNew();
    await settle();
    expect(panel.scrollTop).toBe(440_000);
  });
});

describe("states", () => {
  it("shows placeholders while the first page is on its way", async () => {
    client = fakeClient({ items: makeItems(1) });
    client.hold();
    inbox = Object.assign(document.createElement("notify-inbox"), { client });
    document.body.append(inbox);
    await settle();
    expect(one(".skeleton").textContent).toContain("Loading");
    client.release();
    await settle();
    expect(all(".skeleton")).toEqual([]);
  });

  it("says for each tab that it is empty", async () => {
    await show(0);
    const said = [];
    for (const tab of all("[role=tab]")) {
      await click(tab);
      said.push(one(".notice .title").textContent);
    }
    expect(said).toEqual(["You’re all caught up", "Nothing unread", "Nothing archived"]);
  });

  it("says what is wrong and tries again", async () => {
    client = fakeClient({ items: makeItems(1) });
    client.failNext({ code: "network", message: "No way there." });
    inbox = Object.assign(document.createElement("notify-inbox"), { client });
    document.body.append(inbox);
    await settle();
    expect(one(".notice").textContent).toContain("No way there.");
    one(".notice button").focus();
    await click(one(".notice button"));
    expect(titles()).toHaveLength(1);
    expect(inbox.shadowRoot?.activeElement?.id).toBe("tab-all");
  });

  it("keeps the list in use while offline, and says so until it is over", async () => {
    await show(2);
    client.setState("offline");
    await settle();
    expect(one(".banner").textContent).toContain("offline");
    expect(document.querySelector("[data-notify-live=polite]")?.textContent).toContain("offline");
    expect(titles()).toHaveLength(2);
    client.setState("connecting");
    await settle();
    expect(all(".banner")).toHaveLength(1);
    client.setState("connected");
    await settle();
    expect(all(".banner")).toEqual([]);
  });

  it("asks to sign in again, shows nothing of whose session is over, and connects when asked to", async () => {
    await show(2);
    client.setState("unauthorized");
    await settle();
    expect(titles()).toEqual([]);
    expect(one(".notice").textContent).toContain("signed out");
    await click(one(".notice button"));
    expect(client.called("connect")).toHaveLength(1);
    expect(titles()).toHaveLength(2);
  });
});

describe("what arrives", () => {
  it("is shown at once at the top of a list that is in sight", async () => {
    await show(3);
    view(0);
    client.arrive({ title: "New" });
    await settle();
    expect(titles()[0]).toBe("New");
    expect(all(".pill")).toEqual([]);
  });

  it("waits behind a pill while the reader is further down, which leads to it", async () => {
    await show(20);
    view(300);
    client.arrive();
    client.arrive();
    await settle();
    expect(titles()).toHaveLength(20);
    expect(one(".pill").textContent.trim()).toBe("2 new");
    await click(one(".pill"));
    expect(titles()).toHaveLength(22);
    expect(focused()).toBe("ntf_22");
  });

  it("waits while something is ticked", async () => {
    await show(3);
    view(0);
    await press("x", {}, row("ntf_3"));
    client.arrive();
    await settle();
    expect(titles()).toHaveLength(3);
  });
});

describe("opening", () => {
  it("tells the page, marks as read, and follows the address", async () => {
    await show(1, () => ({ url: "https://example.com/a" }));
    const opened: string[] = [];
    document.body.addEventListener("notify-open", (event) => opened.push(event.detail.item.id), { once: true });
    await click(one("article a"));
    expect(opened).toEqual(["ntf_1"]);
    expect(client.called("read")).toEqual([[["ntf_1"]]]);
    expect(followed).toEqual(["https://example.com/a _blank noopener,noreferrer"]);
  });

  it("does neither where the page takes it over", async () => {
    await show(1, () => ({ url: "https://example.com/a" }));
    inbox.addEventListener("notify-open", (event) => {
      event.preventDefault();
    });
    await click(row("ntf_1"));
    expect(client.called("read")).toEqual([]);
    expect(followed).toEqual([]);
  });

  it("leaves a click with Ctrl to the browser, and marks as read", async () => {
    await show(1, () => ({ url: "https://example.com/a" }));
    let left = false;
    const browser = (event: Event) => {
      left = !event.defaultPrevented;
      event.preventDefault();
    };
    document.addEventListener("click", browser, { once: true });
    await click(one("article a"), { ctrlKey: true });
    expect(left).toBe(true);
    expect(client.called("read")).toHaveLength(1);
  });

  it("tells the page of the sender's buttons, and which it was", async () => {
    const actions = [
      { id: "ack", label: "Acknowledge", url: null, primary: true },
      { id: "book", label: "Runbook", url: "https://example.com/run", primary: false },
    ];
    await show(1, () => ({ actions }));
    const used: (string | null)[] = [];
    inbox.addEventListener("notify-action", (event) => used.push(event.detail.action.id));
    for (const button of all(".actions > *")) {
      await click(button);
    }
    expect(used).toEqual(["ack", "book"]);
    expect(followed).toEqual(["https://example.com/run _blank noopener,noreferrer"]);
  });
});

describe("the keyboard", () => {
  it("moves between items; one of them can be reached by Tab", async () => {
    await show(5);
    inbox.focus();
    const visited = [focused()];
    for (const key of ["ArrowDown", "ArrowDown", "ArrowUp", "End", "ArrowDown", "Home"]) {
      await press(key);
      visited.push(focused());
    }
    expect(visited).toEqual(["ntf_5", "ntf_4", "ntf_3", "ntf_4", "ntf_1", "ntf_1", "ntf_5"]);
    expect(all("article[tabindex='0']").map((each) => each.dataset["key"])).toEqual(["ntf_5"]);
  });

  it("opens, reads, archives, snoozes and ticks", async () => {
    await show(4);
    inbox.focus();
    await press("Enter");
    await press("r");
    expect(client.calls.filter(([name]) => name !== "seen" && name !== "load")).toEqual([
      ["read", ["ntf_4"]],
      ["unread", ["ntf_4"]],
    ]);
    await press("e");
    expect(client.called("archive")).toEqual([[["ntf_4"]]]);
    await press("s");
    await choose("Tomorrow");
    expect(client.called("snooze")[0]?.[0]).toBe("ntf_3");
    await press("x");
    expect(one(".bulk").textContent).toContain("1 selected");
  });

  it("leaves the focus with the next item when one leaves, and with the tabs when none is left", async () => {
    await show(3);
    inbox.focus();
    await press("ArrowDown");
    await press("e");
    expect(focused()).toBe("ntf_1");
    await press("e");
    expect(focused()).toBe("ntf_3");
    await press("e");
    expect(inbox.shadowRoot?.activeElement?.getAttribute("role")).toBe("tab");
  });

  it("gives the focus back to what opened a menu", async () => {
    await show(2);
    inbox.focus();
    await press("s");
    expect(inbox.shadowRoot?.activeElement?.getAttribute("role")).toBe("menuitem");
    await press("Escape");
    expect(focused()).toBe("ntf_2");
    expect(client.called("snooze")).toEqual([]);
  });

  it("chooses tabs by the arrows", async () => {
    await show(2);
    one("[role=tab][aria-selected=true]").focus();
    await press("ArrowRight");
    expect(inbox.shadowRoot?.activeElement?.id).toBe("tab-unread");
    expect(one("[role=tabpanel]").getAttribute("aria-labelledby")).toBe("tab-unread");
    await press("End");
    await press("ArrowRight");
    expect(one("[role=tab][aria-selected=true]").id).toBe("tab-all");
  });
});

describe("changes", () => {
  it("can be undone after archiving, by its button and by the keyboard", async () => {
    await show(3);
    await click(one("article [data-do=archive]"));
    expect(one(".done").textContent).toContain("Archived");
    one(".done button").focus();
    await click(one(".done button"));
    expect(titles()).toHaveLength(3);
    expect(focused()).toBe("ntf_2");
    inbox.focus();
    await press("e");
    await press("z", { ctrlKey: true });
    expect(titles()).toHaveLength(3);
  });

  it("are said to have failed where the service refused them", async () => {
    await show(1);
    client.failNext();
    await click(one("article [data-do=archive]"));
    expect(one(".done").textContent).toContain("did not work");
    expect(titles()).toHaveLength(1);
    vi.advanceTimersByTime(10_000);
    await settle();
    expect(all(".done")).toEqual([]);
  });

  it("put an archived item back from where it went", async () => {
    await show(1);
    await click(one("article [data-do=archive]"));
    await click(one("#tab-archived"));
    expect(all("article [data-do=snooze]")).toEqual([]);
    await click(one("article [data-do=unarchive]"));
    expect(client.item("ntf_1").archivedAt).toBeNull();
  });

  it("reach the whole list by the menu", async () => {
    await show(3);
    await click(one("#more"));
    await choose("Mark all as read");
    expect(client.counts).toEqual({ unseen: 0, unread: 0 });
    await click(one("#more"));
    await choose("Archive all read");
    expect(titles()).toEqual([]);
  });

  it("reach what is ticked, with ranges by Shift", async () => {
    await show(6);
    await click(one("#more"));
    await choose("Select");
    await click(row("ntf_6"));
    await click(row("ntf_4"), { shiftKey: true });
    expect(one(".bulk").textContent).toContain("3 selected");
    await click(one(".bulk [title=Archive]"));
    expect(client.called("archive")).toEqual([[["ntf_6", "ntf_5", "ntf_4"]]]);
    expect(one(".done").textContent).toContain("3 archived");
    expect(all(".bulk")).toEqual([]);
    expect(focused()).toBe("ntf_3");
  });

  it("untick what leaves the list meanwhile", async () => {
    await show(2);
    await press("x", {}, row("ntf_1"));
    client.change("ntf_1", { archivedAt: new Date().toISOString() });
    await settle();
    expect(one(".bulk").textContent).toContain("0 selected");
  });
});

describe("what was before the reader's eyes", () => {
  it("is seen after half a second, in one batch", async () => {
    await show(3, (seq) => (seq === 1 ? { seenAt: "2026-01-01T00:00:00Z" } : {}));
    sight.show(row("ntf_3"));
    sight.show(row("ntf_2"), 0.5);
    vi.advanceTimersByTime(400);
    expect(client.called("seen")).toEqual([]);
    vi.advanceTimersByTime(100);
    expect(client.called("seen")).toEqual([[["ntf_3", "ntf_2"]]]);
  });

  it("is not seen where it only flew past", async () => {
    await show(1);
    sight.show(row("ntf_1"));
    vi.advanceTimersByTime(300);
    sight.show(row("ntf_1"), 0);
    vi.advanceTimersByTime(1_000);
    expect(client.called("seen")).toEqual([]);
  });

  it("is not seen while the page is in the background", async () => {
    await show(1);
    const hidden = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    sight.show(row("ntf_1"));
    vi.advanceTimersByTime(2_000);
    expect(client.called("seen")).toEqual([]);
    hidden.mockReturnValue("visible");
    document.dispatchEvent(new Event("visibilitychange"));
    vi.advanceTimersByTime(500);
    expect(client.called("seen")).toHaveLength(1);
  });
});

describe("tabs", () => {
  it("can be others, or none", async () => {
    const tabs = [{ id: "orders", label: "Orders", filter: { category: "orders" } }];
    await show(4, (seq) => ({ category: seq % 2 === 0 ? "orders" : null }), { tabs });
    expect(titles()).toEqual(["Notification 4", "Notification 2"]);
    expect(all("[role=tablist]")).toEqual([]);
  });

  it("follow a client that comes later", async () => {
    await show(2);
    inbox.client = fakeClient({ items: makeItems(5) });
    await settle();
    expect(titles()).toHaveLength(5);
    client.arrive();
    await settle();
    expect(titles()).toHaveLength(5);
  });
});
