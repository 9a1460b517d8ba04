import { expect, test } from "vitest";
import { progress, Tracer, type Trace } from "../src/trace";

function current(tracer: Tracer): Trace {
  const trace = tracer.current;
  if (trace === null) {
    throw new Error("no trace");
  }
  return trace;
}

test("a trace goes through its four steps", () => {
  const tracer = new Tracer();
  tracer.accepted("evt_1", "Hello", ["ada", "ben"], 1000);
  expect(progress(current(tracer))).toBe(1);

  tracer.stored("evt_1", 999.5, 1001.25);
  expect(current(tracer)).toMatchObject({ acceptedAt: 999.5, storedAt: 1001.25 });
  expect(progress(current(tracer))).toBe(2);

  tracer.pushed("ada", "evt_1", 7, 1002);
  expect(progress(current(tracer))).toBe(2);
  tracer.pushed("ben", "evt_1", 3, 1003);
  expect(progress(current(tracer))).toBe(3);

  tracer.acknowledged("ada", 7, 1004);
  tracer.acknowledged("ben", 4, 1005);
  expect(progress(current(tracer))).toBe(4);
  expect(current(tracer).arrivals.get("ben")).toEqual({ rev: 3, pushedAt: 1003, acknowledgedAt: 1005 });
});

test("a push that overtakes the answer is not lost", () => {
  const tracer = new Tracer();
  tracer.pushed("ada", "evt_1", 1, 1000);
  tracer.acknowledged("ada", 1, 1001);
  tracer.accepted("evt_1", "Hello", ["ada"], 1002);
  tracer.stored("evt_1", 998, 999);
  expect(progress(current(tracer))).toBe(4);
});

test("an acknowledgement reaches only what lies at or below it, of its own user", () => {
  const tracer = new Tracer();
  tracer.accepted("evt_1", "Hello", ["ada", "ben"], 1000);
  tracer.pushed("ada", "evt_1", 5, 1001);
  tracer.pushed("ben", "evt_1", 5, 1001);
  tracer.acknowledged("ada", 4, 1002);
  tracer.acknowledged("ben", 9, 1002);
  expect(current(tracer).arrivals.get("ada")?.acknowledgedAt).toBeNull();
  expect(current(tracer).arrivals.get("ben")?.acknowledgedAt).toBe(1002);
});

test("an item shown a second time keeps its first times", () => {
  const tracer = new Tracer();
  tracer.accepted("evt_1", "Hello", ["ada"], 1000);
  tracer.pushed("ada", "evt_1", 1, 1001);
  tracer.acknowledged("ada", 1, 1002);
  tracer.pushed("ada", "evt_1", 1, 2000);
  tracer.acknowledged("ada", 1, 2001);
  expect(current(tracer).arrivals.get("ada")).toEqual({ rev: 1, pushedAt: 1001, acknowledgedAt: 1002 });
});

test("an older event's answer does not touch the current one", () => {
  const tracer = new Tracer();
  tracer.accepted("evt_1", "First", ["ada"], 1000);
  tracer.accepted("evt_2", "Second", ["ada"], 2000);
  tracer.stored("evt_1", 990, 995);
  expect(current(tracer)).toMatchObject({ eventId: "evt_2", acceptedAt: 2000, storedAt: null });
});

test("what is kept of other events is bounded, and the current one survives it", () => {
  const tracer = new Tracer(2);
  tracer.accepted("evt_0", "Kept", ["ada"], 1000);
  tracer.pushed("ada", "evt_0", 1, 1001);
  for (let i = 1; i <= 5; i++) {
    tracer.pushed("ada", `evt_${i}`, i + 1, 1001 + i);
  }
  tracer.acknowledged("ada", 1, 1010);
  expect(progress({ ...current(tracer), storedAt: 1000 })).toBe(4);
  tracer.accepted("evt_1", "Forgotten", ["ada"], 1000);
  expect(current(tracer).arrivals.size).toBe(0);
  tracer.accepted("evt_5", "Remembered", ["ada"], 1000);
  expect(current(tracer).arrivals.size).toBe(1);
});
