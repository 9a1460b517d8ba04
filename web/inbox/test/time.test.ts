// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fullTime, onTick, relativeTime } from "../src/time.ts";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
// A Wednesday; local time, as readers have it.
const now = new Date(2027, 2, 17, 15, 0).getTime();

describe("a time", () => {
  test.each([
    [0, "now", "jetzt"],
    [-44 * second, "now", "jetzt"],
    [-50 * second, "1 min. ago", "vor 1 Min."],
    [-5 * minute, "5 min. ago", "vor 5 Min."],
    [-59 * minute, "59 min. ago", "vor 59 Min."],
    [-60 * minute, "1 hr. ago", "vor 1 Std."],
    [-3 * hour, "3 hr. ago", "vor 3 Std."],
    [-14 * hour, "14 hr. ago", "vor 14 Std."],
    [-16 * hour, "yesterday", "gestern"],
    [-24 * hour, "yesterday", "gestern"],
    [-40 * hour, "2 days ago", "vorgestern"],
    [-6 * 24 * hour, "6 days ago", "vor 6 Tagen"],
    [-7 * 24 * hour, "Mar 10", "10. März"],
    [-365 * 24 * hour, "Mar 17, 2026", "17. März 2026"],
    [20 * second, "now", "jetzt"],
    [2 * hour, "in 2 hr.", "in 2 Std."],
    [18 * hour, "tomorrow", "morgen"],
    [5 * 24 * hour, "in 5 days", "in 5 Tagen"],
  ])("%i ms from now is %s, %s", (ahead, english, german) => {
    expect(relativeTime(now + ahead, "en", now)).toBe(english);
    expect(relativeTime(now + ahead, "de", now)).toBe(german);
  });

  test("as the service sends it", () => {
    expect(relativeTime(new Date(now - 5 * minute).toISOString(), "en", now)).toBe("5 min. ago");
  });

  test("late in the evening is hours ago after midnight, not a day", () => {
    const night = new Date(2027, 2, 17, 1, 0).getTime();
    expect(relativeTime(night - 2 * hour, "en", night)).toBe("2 hr. ago");
  });

  test("that is none is left out", () => {
    expect(relativeTime("soon", "en", now)).toBe("");
    expect(fullTime("soon", "en")).toBe("");
  });

  test("in full", () => {
    // Some versions of the language data have the comma.
    expect(fullTime(now, "en-GB")).toMatch(/^Wednesday,? 17 March 2027 at 15:00$/);
    expect(fullTime(now, "de")).toBe("Mittwoch, 17. März 2027 um 15:00");
  });
});

describe("the clock of the page", () => {
  let visibility: DocumentVisibilityState = "visible";
  const become = (state: DocumentVisibilityState) => {
    visibility = state;
    document.dispatchEvent(new Event("visibilitychange"));
  };

  beforeEach(() => {
    vi.useFakeTimers();
    visibility = "visible";
    vi.spyOn(document, "visibilityState", "get").mockImplementation(() => visibility);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  test("is one for all, and stops with the last", () => {
    const [first, second] = [vi.fn(), vi.fn()];
    const ends = [onTick(first), onTick(second)];
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(minute);
    expect(first).toHaveBeenCalledTimes(4);
    expect(second).toHaveBeenCalledTimes(4);
    ends[0]?.();
    ends[0]?.();
    vi.advanceTimersByTime(minute);
    expect(first).toHaveBeenCalledTimes(4);
    expect(second).toHaveBeenCalledTimes(8);
    ends[1]?.();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("rests in a hidden page, and is right at once when it is looked at again", () => {
    const tick = vi.fn();
    const end = onTick(tick);
    become("hidden");
    vi.advanceTimersByTime(hour);
    expect(tick).not.toHaveBeenCalled();
    become("visible");
    expect(tick).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(minute);
    expect(tick).toHaveBeenCalledTimes(5);
    end();
  });
});
