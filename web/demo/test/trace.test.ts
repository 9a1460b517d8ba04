import { expect, test } from "vitest";
import { progress, Tracer } from "../src/trace.ts";

test("an event goes from sent to delivered, and then is seen and read", () => {
  const tracer = new Tracer();
  const trace = tracer.begin("Hello", ["ada", "ben"], 1000);
  expect(tracer.current).toBe(trace);
  expect(progress(trace)).toBe("sent");
  tracer.accepted(trace, "evt_1", 1004);
  expect(progress(trace)).toBe("accepted");
  tracer.stored("evt_1", 1002, 1003);
  expect(trace).toMatchObject({ acceptedAt: 1002, storedAt: 1003 });
  expect(progress(trace)).toBe("stored");
  tracer.delivered("ada", "evt_1", 1005);
  expect(progress(trace)).toBe("stored");
  tracer.delivered("ben", "evt_1", 1006);
  expect(progress(trace)).toBe("delivered");
  tracer.seen("ben", "evt_1", 1500);
  tracer.read("ben", "evt_1", 1600);
  expect(trace.legs.get("ben")).toEqual({ deliveredAt: 1006, seenAt: 1500, readAt: 1600 });
});

test("a push that overtakes the answer is not lost, and one to somebody else is not taken", () => {
  const tracer = new Tracer();
  const trace = tracer.begin("Hello", ["ada"], 1000);
  tracer.delivered("ada", "evt_1", 1001);
  tracer.delivered("ben", "evt_1", 1001);
  tracer.accepted(trace, "evt_1", 1002);
  expect([...trace.legs]).toEqual([["ada", { deliveredAt: 1001, seenAt: null, readAt: null }]]);
});

test("of two that are sent shortly after each other, only the second is followed", () => {
  const tracer = new Tracer();
  const first = tracer.begin("First", ["ada"], 1000);
  const second = tracer.begin("Second", ["ada"], 1001);
  tracer.accepted(first, "evt_1", 1002);
  tracer.delivered("ada", "evt_1", 1003);
  expect(second).toMatchObject({ eventId: null, acceptedAt: null });
  tracer.abandon(first);
  expect(tracer.current).toBe(second);
  tracer.abandon(second);
  expect(tracer.current).toBeNull();
});

test("what is shown again does not count again", () => {
  const tracer = new Tracer();
  const trace = tracer.begin("Hello", ["ada"], 1000);
  tracer.accepted(trace, "evt_1", 1001);
  tracer.delivered("ada", "evt_1", 1002);
  tracer.delivered("ada", "evt_1", 9000);
  expect(trace.legs.get("ada")?.deliveredAt).toBe(1002);
});

test("the service's whole milliseconds never put an effect before its cause", () => {
  const tracer = new Tracer();
  const trace = tracer.begin("Hello", ["ada"], 1000.7);
  tracer.accepted(trace, "evt_1", 1002.2);
  tracer.stored("evt_1", 1000, 1000);
  expect(trace).toMatchObject({ acceptedAt: 1000.7, storedAt: 1000.7 });
});

test("what is kept for an answer to come is bounded", () => {
  const tracer = new Tracer(2);
  const trace = tracer.begin("Hello", ["ada"], 1000);
  for (const id of ["evt_1", "evt_2", "evt_3"]) {
    tracer.delivered("ada", id, 1001);
  }
  tracer.accepted(trace, "evt_1", 1002);
  expect(trace.legs.get("ada")?.deliveredAt).toBeNull();
});
