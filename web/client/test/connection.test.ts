import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeBrowser, pass } from "./fakeBrowser.ts";
import { FakeService } from "./fakeService.ts";

let service: FakeService;
let browser: FakeBrowser;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-03-01T12:00:00Z") });
  service = new FakeService();
  browser = new FakeBrowser(service);
});

afterEach(() => {
  vi.useRealTimers();
});

describe("connecting", () => {
  it("goes from connecting to connected", async () => {
    const tab = browser.open();
    expect(tab.client.state).toBe("disconnected");
    tab.client.connect();
    expect(tab.client.state).toBe("connecting");
    await pass(100);
    expect(tab.states).toEqual(["connecting", "connected"]);
    expect(tab.all("synced")).toEqual([{ recovered: true, missed: 0, first: true }]);
    service.log.add();
    await pass(100);
    expect(tab.announced).toEqual(["Item 1"]);
    expect(tab.client.counts).toEqual({ unseen: 1, unread: 1 });
  });
});
