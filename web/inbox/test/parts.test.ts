import { describe, expect, it } from "vitest";
import { Selection } from "../src/selection.ts";
import { localInput, snoozeChoices, snoozeTime } from "../src/snooze.ts";

const offered = (now: string) => snoozeChoices(new Date(now)).map(({ label, until }) => `${label} ${localInput(until)}`);

describe("times to snooze until", () => {
  it("are later today, tomorrow morning and Monday morning", () => {
    expect(offered("2027-03-10T10:40:00")).toEqual([
      "snoozeLater 2027-03-10T14:00",
      "snoozeTomorrow 2027-03-11T09:00",
      "snoozeMonday 2027-03-15T09:00",
    ]);
  });

  it("leave out today when it is late", () => {
    expect(offered("2027-03-10T19:10:00")[0]).toBe("snoozeTomorrow 2027-03-11T09:00");
    expect(offered("2027-03-10T23:50:00")[0]).toBe("snoozeTomorrow 2027-03-11T09:00");
  });

  it("name Monday once on Sundays, and the next one on Mondays", () => {
    expect(offered("2027-03-14T08:00:00").at(-1)).toBe("snoozeTomorrow 2027-03-15T09:00");
    expect(offered("2027-03-15T08:00:00").at(-1)).toBe("snoozeMonday 2027-03-22T09:00");
  });
});

describe("selection", () => {
  const order = ["a", "b", "c", "d", "e"];

  it("makes a range like its first one", () => {
    const selection = new Selection();
    selection.toggle("d");
    selection.toggle("b", true, order);
    expect(selection.keys.sort()).toEqual(["b", "c", "d"]);
    selection.toggle("b");
    selection.toggle("c", true, order);
    expect(selection.keys).toEqual(["d"]);
  });

  it("ticks all, and none where all are", () => {
    const selection = new Selection();
    selection.toggle("a");
    selection.toggleAll(order);
    expect(selection.size).toBe(5);
    selection.toggleAll(order);
    expect(selection.size).toBe(0);
  });

  it("starts a range anew where its first one is gone", () => {
    const selection = new Selection();
    selection.toggle("x");
    selection.keep(new Set(order));
    selection.toggle("c", true, order);
    expect(selection.keys).toEqual(["c"]);
  });
});

describe("a time that something is snoozed until", () => {
  it("is said by its day of the week, and later by its date", () => {
    const now = Date.parse("2027-03-10T10:00:00");
    expect(snoozeTime(new Date("2027-03-12T09:00:00"), "en-GB", now)).toMatch(/^Fri\S* 09:00$/);
    expect(snoozeTime(new Date("2027-03-18T09:00:00"), "en-GB", now)).toMatch(/^18 Mar\S* 0?9:00$/);
  });
});
