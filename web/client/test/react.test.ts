// @vitest-environment happy-dom
import { act, createElement, StrictMode, type FunctionComponent } from "react";
import { createRoot, hydrateRoot, type Root } from "react-dom/client";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { useConnection, useCounts, useInbox, useNotification } from "../src/react.ts";
import type { ClientEvents, InboxState, Item, NotifyClient } from "../src/types.ts";

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

const item = (id: string): Item => ({
  id, seq: 1, rev: 1, eventId: "e", type: "t", title: `Title ${id}`, body: null, url: null, imageUrl: null, data: null, actions: null, category: null,
  priority: "normal", createdAt: "2026-01-01T00:00:00Z", seenAt: null, readAt: null, archivedAt: null, snoozedUntil: null, withdrawnAt: null,
});

/** As much of a client as the hooks see, driven by the test. */
function fakeClient() {
  const handlers = new Map<string, Set<(payload: never) => void>>();
  const lists = new Map<string, ReturnType<typeof fakeList>>();
  const client = {
    connection: { state: "disconnected", retryAt: null, reason: null },
    counts: null,
    connect: vi.fn(),
    disconnect: vi.fn(),
    on(event: string, handler: (payload: never) => void) {
      const all = handlers.get(event) ?? new Set();
      handlers.set(event, all.add(handler));
      return () => all.delete(handler);
    },
    inbox(options: { filter: object }) {
      const key = JSON.stringify(options.filter);
      const list = lists.get(key) ?? fakeList();
      lists.set(key, list);
      return list.inbox;
    },
  };
  return {
    client: client as unknown as NotifyClient,
    lists,
    list: (filter: object = {}) => lists.get(JSON.stringify(filter)) ?? expect.fail(`nobody asked for ${JSON.stringify(filter)}`),
    listeners: (event: keyof ClientEvents) => handlers.get(event)?.size ?? 0,
    set(change: Partial<Pick<NotifyClient, "connection" | "counts">>) {
      Object.assign(client, change);
    },
    emit<K extends keyof ClientEvents>(event: K, payload: ClientEvents[K]) {
      for (const handler of [...(handlers.get(event) ?? [])]) {
        (handler as (payload: ClientEvents[K]) => void)(payload);
      }
    },
  };
}

function fakeList() {
  let state: InboxState = { items: [], counts: null, hasMore: false, status: "idle", error: null, pendingNew: 0 };
  const listeners = new Set<() => void>();
  const done = () => Promise.resolve(true);
  return {
    inbox: {
      load: vi.fn(() => Promise.resolve()), loadMore: vi.fn(() => Promise.resolve()), refresh: vi.fn(() => Promise.resolve()), showNew: vi.fn(),
      read: vi.fn(done), unread: done, seen: done, archive: done, unarchive: done, snooze: done, readAll: done, seenAll: done, archiveAll: done,
      getState: () => state,
      subscribe(listener: () => void) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    listeners,
    set(change: Partial<InboxState>) {
      state = { ...state, ...change };
      for (const listener of [...listeners]) {
        listener();
      }
    },
  };
}

let place: HTMLElement;
let root: Root | undefined;
beforeEach(() => {
  place = document.createElement("div");
  document.body.append(place);
});
afterEach(() => {
  act(() => {
    root?.unmount();
  });
  root = undefined;
  place.remove();
});

/** Shows what `use` returns as text, in StrictMode, and keeps each value. */
function show<T>(use: () => T, text: (value: T) => string) {
  const values: T[] = [];
  const Shown: FunctionComponent = () => {
    const value = use();
    values.push(value);
    return createElement("output", null, text(value));
  };
  const element = () => createElement(StrictMode, null, createElement(Shown));
  const render = () => {
    act(() => {
      (root ??= createRoot(place)).render(element());
    });
  };
  return { values, element, render };
}

describe("useInbox", () => {
  test("shows the list, loads it, and follows it", () => {
    const fake = fakeClient();
    const { render } = show(() => useInbox(fake.client), (inbox) => `${inbox.status}: ${inbox.items.map((i) => i.title).join(", ")}`);
    render();
    expect(place.textContent).toBe("idle: ");
    expect(fake.list().inbox.load).toHaveBeenCalled();
    act(() => {
      fake.list().set({ status: "ready", items: [item("a")] });
    });
    expect(place.textContent).toBe("ready: Title a");
  });

  test("the same options, written anew, are the same list; the result stays the same until something changes", () => {
    const fake = fakeClient();
    const { render, values } = show(
      () => useInbox(fake.client, { filter: { status: "unread" }, pageSize: 10 }),
      (inbox) => inbox.status,
    );
    render();
    const [first] = values;
    render();
    expect(values.at(-1)).toBe(values.at(-2));
    expect([...fake.lists.keys()]).toEqual(['{"status":"unread"}']);
    act(() => {
      fake.list({ status: "unread" }).set({ status: "ready" });
    });
    expect(values.at(-1)).not.toBe(first);
    expect(values.at(-1)?.read).toBe(values.at(-2)?.read);
  });

  test("actions work on their own, apart from the object", async () => {
    const fake = fakeClient();
    const { render, values } = show(() => useInbox(fake.client), (inbox) => inbox.status);
    render();
    const { read, showNew } = values.at(-1) ?? expect.fail();
    expect(await read(["a"])).toBe(true);
    showNew();
    expect(fake.list().inbox.read).toHaveBeenCalledWith(["a"]);
    expect(fake.list().inbox.showNew).toHaveBeenCalledOnce();
  });

  test("another filter is another list, and the one before is left", () => {
    const fake = fakeClient();
    let category = "orders";
    const { render } = show(() => useInbox(fake.client, { filter: { category } }), (inbox) => inbox.items.map((i) => i.id).join());
    render();
    act(() => {
      fake.list({ category: "orders" }).set({ items: [item("o")] });
    });
    expect(place.textContent).toBe("o");
    category = "billing";
    render();
    expect(place.textContent).toBe("");
    expect(fake.list({ category: "orders" }).listeners.size).toBe(0);
    expect(fake.list({ category: "billing" }).listeners.size).toBe(1);
  });
});

describe("useConnection", () => {
  test("tells the state and when it goes on, also to who comes later", () => {
    const fake = fakeClient();
    const text = ({ state, retryAt }: { state: string; retryAt: number | null }) => `${state} ${retryAt ?? "-"};`;
    const early = show(() => useConnection(fake.client), text);
    early.render();
    expect(place.textContent).toBe("disconnected -;");
    act(() => {
      const connection = { state: "waiting", retryAt: 1000, reason: { code: "network", message: "No answer." } } as const;
      fake.set({ connection });
      fake.emit("state", connection);
    });
    expect(place.textContent).toBe("waiting 1000;");
    const late = show(() => useConnection(fake.client), text);
    act(() => {
      root?.render([createElement("p", { key: 1 }, early.element()), createElement("p", { key: 2 }, late.element())]);
    });
    expect(place.textContent).toBe("waiting 1000;waiting 1000;");
  });

  test("sees what happened between rendering and subscribing", () => {
    const fake = fakeClient();
    const connecting = { state: "connecting", retryAt: null, reason: null } as const;
    const { render } = show(
      () => {
        const connection = useConnection(fake.client);
        fake.set({ connection: connecting });
        return connection;
      },
      ({ state }) => state,
    );
    render();
    expect(place.textContent).toBe("connecting");
  });
});

test("useCounts follows the client's counts", () => {
  const fake = fakeClient();
  const { render } = show(() => useCounts(fake.client), (counts) => (counts === null ? "?" : `${counts.unread}`));
  render();
  expect(place.textContent).toBe("?");
  act(() => {
    const counts = { unseen: 0, unread: 3 };
    fake.set({ counts });
    fake.emit("counts", counts);
  });
  expect(place.textContent).toBe("3");
});

test("useNotification calls the latest handler, once, and nothing after it has left", () => {
  const fake = fakeClient();
  const heard: string[] = [];
  let who = "first";
  const Listening: FunctionComponent<{ who: string }> = (props) => {
    useNotification(fake.client, ({ item: { id } }) => heard.push(`${props.who}: ${id}`));
    return null;
  };
  const render = () => {
    act(() => {
      (root ??= createRoot(place)).render(createElement(StrictMode, null, createElement(Listening, { who })));
    });
  };
  render();
  expect(fake.listeners("notification")).toBe(1);
  who = "second";
  render();
  fake.emit("notification", { item: item("a"), counts: { unseen: 1, unread: 1 }, missed: false });
  expect(heard).toEqual(["second: a"]);
  act(() => {
    root?.unmount();
  });
  root = undefined;
  expect(fake.listeners("notification")).toBe(0);
});

test("on a server the hooks show nothing yet, and a page that was rendered there goes on without a word", async () => {
  const fake = fakeClient();
  fake.set({ connection: { state: "connected", retryAt: null, reason: null }, counts: { unseen: 2, unread: 2 } });
  const { element } = show(
    () => [useInbox(fake.client).items.length, useConnection(fake.client).state, useCounts(fake.client)?.unread ?? "?"],
    (values) => values.join(" "),
  );
  const html = renderToString(element());
  expect(html).toContain("0 disconnected ?");
  expect(fake.list().inbox.load).not.toHaveBeenCalled();
  expect(fake.listeners("state") + fake.listeners("counts") + fake.listeners("notification")).toBe(0);

  place.append(new DOMParser().parseFromString(html, "text/html").body.firstElementChild ?? expect.fail());
  const complaints = vi.spyOn(console, "error");
  await act(() => {
    root = hydrateRoot(place, element());
    return Promise.resolve();
  });
  expect(place.textContent).toBe("0 connected 2");
  expect(complaints).not.toHaveBeenCalled();
});
