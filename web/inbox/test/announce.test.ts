// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { announce, announceArrivals } from "../src/announce.ts";
import { en } from "../src/labels/en.ts";
import { fakeClient, type FakeClient } from "./fakeClient.ts";

const said = (how: "polite" | "assertive") => document.querySelector(`[data-notify-live="${how}"]`)?.textContent ?? "";
let client: FakeClient;
let ends: (() => void)[];

beforeEach(() => {
  vi.useFakeTimers();
  client = fakeClient();
  ends = [announceArrivals(client, () => en)];
  announce("");
  announce("", true);
});

afterEach(() => {
  for (const end of ends) {
    end();
  }
  vi.useRealTimers();
});

test("the regions are there before anything is said, and say what role they have", () => {
  expect(document.querySelector("[role=status]")).not.toBeNull();
  expect(document.querySelector("[role=alert]")).not.toBeNull();
});

test("one that arrives is said by its title", () => {
  client.arrive({ title: "Order shipped", body: "long" });
  expect(said("polite")).toBe("");
  vi.advanceTimersByTime(1_000);
  expect(said("polite")).toBe("New notification: Order shipped");
});

test("several at once are said as their number, and again for the next", () => {
  client.arrive();
  client.arrive();
  client.arrive();
  vi.advanceTimersByTime(1_000);
  expect(said("polite")).toBe("3 new notifications");
  client.arrive({ title: "Later" });
  vi.advanceTimersByTime(1_000);
  expect(said("polite")).toBe("New notification: Later");
});

test("a critical one interrupts at once", () => {
  client.arrive({ title: "Database down", priority: "critical" });
  expect(said("assertive")).toBe("Critical: Database down");
  expect(said("polite")).toBe("");
});

test("what was missed is said as its number", () => {
  client.arrive({}, true);
  client.arrive({}, true);
  client.synced({ missed: 2 });
  vi.advanceTimersByTime(1_000);
  expect(said("polite")).toBe("2 new notifications");
});

test("two elements of one client say it once, until both are gone", () => {
  ends.push(announceArrivals(client, () => en));
  ends[0]?.();
  client.arrive({ title: "Still heard" });
  vi.advanceTimersByTime(1_000);
  expect(said("polite")).toBe("New notification: Still heard");
  ends[1]?.();
  client.arrive({ title: "Unheard" });
  vi.advanceTimersByTime(1_000);
  expect(said("polite")).toBe("New notification: Still heard");
});

test("text is text", () => {
  client.arrive({ title: "<img src=x onerror=alert(1)>" });
  vi.advanceTimersByTime(1_000);
  expect(said("polite")).toContain("<img src=x");
  expect(document.querySelector("img")).toBeNull();
});
