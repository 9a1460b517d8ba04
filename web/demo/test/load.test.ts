import fc from "fast-check";
import { expect, test } from "vitest";
import { Frames, Ledger, Pacer, PerSecond, rateAt, Recent } from "../src/load.ts";

test("whatever the beat, as many are due as the rate says", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.array(fc.integer({ min: 0, max: 250 }), { minLength: 1, maxLength: 100 }), (rate, beats) => {
      const pacer = new Pacer(rate, 0);
      let now = 0;
      let total = 0;
      for (const beat of beats) {
        now += beat;
        total += pacer.take(now);
      }
      expect(Math.abs(total - (rate * now) / 1000)).toBeLessThanOrEqual(1);
    }),
  );
});

test("the rate can change at any time", () => {
  const pacer = new Pacer(10, 0);
  expect(pacer.take(1000)).toBe(10);
  pacer.rate = 500;
  expect(pacer.take(1100)).toBe(50);
});

test("what could not be sent for long is not made up for", () => {
  const pacer = new Pacer(500, 0, 1000);
  expect(pacer.take(60_000)).toBe(1000);
  expect(pacer.take(60_000)).toBe(0);
});

test("the slider goes from 1 to 500 by equal factors", () => {
  expect([0, 25, 50, 75, 100].map(rateAt)).toEqual([1, 5, 22, 106, 500]);
  expect([-5, 105].map(rateAt)).toEqual([1, 500]);
});

test("all sent, each received once and in order", () => {
  const ledger = new Ledger();
  ledger.sent = 3;
  ledger.take(1);
  ledger.take(2);
  expect(ledger.isComplete).toBe(false);
  ledger.take(3);
  expect(ledger.isComplete).toBe(true);
});

test.each([
  ["one twice", [1, 2, 2, 3], { twice: 1, disordered: 0 }],
  ["two in the wrong order", [2, 1, 3], { twice: 0, disordered: 1 }],
])("%s is noticed", (_, arrivals, fault) => {
  const ledger = new Ledger();
  ledger.sent = 3;
  for (const n of arrivals) {
    ledger.take(n);
  }
  expect(ledger).toMatchObject(fault);
  expect(ledger.isClean).toBe(false);
  expect(ledger.isComplete).toBe(false);
});

test("percentiles are values that so many do not exceed", () => {
  const recent = new Recent();
  expect(recent.at(0.5)).toEqual([null]);
  for (let value = 100; value >= 1; value--) {
    recent.add(value);
  }
  expect(recent.at(0, 0.5, 0.99, 1)).toEqual([1, 50, 99, 100]);
});

test("percentiles forget what is old", () => {
  const recent = new Recent(3);
  for (const value of [900, 900, 1, 2, 3]) {
    recent.add(value);
  }
  expect(recent.at(1)).toEqual([3]);
});

test("only the last second counts for a rate", () => {
  const rate = new PerSecond();
  rate.add(5, 0);
  rate.add(2, 600);
  expect(rate.at(900)).toBe(7);
  expect(rate.at(1200)).toBe(2);
  expect(rate.at(2000)).toBe(0);
});

test("a long frame is told", () => {
  const frames = new Frames();
  expect(frames.smoothness).toBeNull();
  for (const at of [0, 16, 32, 132, 148, 164]) {
    frames.add(at);
  }
  expect(frames.smoothness).toEqual({ fps: 30, longest: 100 });
  for (let at = 1200; at <= 2400; at += 20) {
    frames.add(at);
  }
  expect(frames.smoothness).toEqual({ fps: 50, longest: 20 });
});
