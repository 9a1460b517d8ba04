// @vitest-environment happy-dom
import { afterEach, describe, expect, test, vi } from "vitest";
import { openItem, runAction } from "../src/events.ts";
import { leavesSite, safeImage, safeLink } from "../src/links.ts";
import { makeItem } from "./fakeClient.ts";

describe("an address", () => {
  test.each(["javascript:alert(1)", " JavaScript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "/path", "", "nothing"])(
    "%j is not followed",
    (text) => {
      expect(safeLink(text)).toBeNull();
      expect(safeImage(text)).toBeNull();
    },
  );

  test("of the web or of mail is", () => {
    expect(safeLink("https://example.com/a b")).toBe("https://example.com/a%20b");
    expect(safeLink("http://example.com")).toBe("http://example.com/");
    expect(safeLink("mailto:a@example.com")).toBe("mailto:a@example.com");
    expect(safeImage("mailto:a@example.com")).toBeNull();
    expect(safeLink(null)).toBeNull();
  });

  test("of another site opens beside this one", () => {
    expect(leavesSite("https://elsewhere.example/")).toBe(true);
    expect(leavesSite(`${location.origin}/orders`)).toBe(false);
    expect(leavesSite("mailto:a@example.com")).toBe(false);
  });
});

describe("opening an item", () => {
  const inbox = { read: vi.fn(() => Promise.resolve(true)) };
  const from = document.createElement("div");
  const elsewhere = makeItem({ url: "https://elsewhere.example/" });
  const window_ = vi.spyOn(window, "open").mockReturnValue(null);

  afterEach(() => {
    vi.clearAllMocks();
  });

  test("marks it as read and follows its address without giving itself away", () => {
    openItem(from, inbox, elsewhere);
    expect(inbox.read).toHaveBeenCalledWith([elsewhere.id]);
    expect(window_).toHaveBeenCalledWith("https://elsewhere.example/", "_blank", "noopener,noreferrer");
  });

  test("does nothing where a listener has taken it over", () => {
    const seen = vi.fn((event: Event) => {
      event.preventDefault();
    });
    from.addEventListener("notify-open", seen, { once: true });
    openItem(from, inbox, elsewhere);
    expect(seen.mock.calls[0]?.[0]).toMatchObject({ detail: { item: elsewhere }, bubbles: true, composed: true });
    expect(inbox.read).not.toHaveBeenCalled();
    expect(window_).not.toHaveBeenCalled();
  });

  test("reads once, and never follows what is no link", () => {
    openItem(from, inbox, makeItem({ readAt: "2027-01-01T00:00:00Z", url: "javascript:alert(1)" }));
    expect(inbox.read).not.toHaveBeenCalled();
    expect(window_).not.toHaveBeenCalled();
  });

  test("by one of its buttons follows the button's address", () => {
    const action = { id: "a", label: "Track", url: "https://track.example/", primary: true };
    runAction(from, inbox, elsewhere, action);
    expect(window_).toHaveBeenCalledExactlyOnceWith("https://track.example/", "_blank", "noopener,noreferrer");
  });
});
