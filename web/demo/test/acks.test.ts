import { expect, test } from "vitest";
import { Acks } from "../src/acks";

/** Calls that are answered when the test says so. */
function pending(): { send: (rev: number) => Promise<void>; sent: number[]; settle: (error?: Error) => Promise<void> } {
  const sent: number[] = [];
  let finish: (error?: Error) => void = () => undefined;
  return {
    sent,
    send: (rev) => {
      sent.push(rev);
      return new Promise((resolve, reject) => {
        finish = (error) => {
          if (error === undefined) {
            resolve();
          } else {
            reject(error);
          }
        };
      });
    },
    settle: async (error) => {
      finish(error);
      await new Promise((resolve) => setTimeout(resolve));
    },
  };
}

test("one call at a time, and the highest position covers those that waited", async () => {
  const calls = pending();
  const done: number[] = [];
  const acks = new Acks(calls.send, (rev) => done.push(rev));
  for (let rev = 1; rev <= 1000; rev++) {
    acks.add(rev);
  }
  expect(calls.sent).toEqual([1]);
  await calls.settle();
  expect(calls.sent).toEqual([1, 1000]);
  await calls.settle();
  expect(done).toEqual([1, 1000]);
  acks.add(1000);
  expect(calls.sent).toEqual([1, 1000]);
});

test("a position that failed is sent again when it is reached again", async () => {
  const calls = pending();
  const done: number[] = [];
  const acks = new Acks(calls.send, (rev) => done.push(rev));
  acks.add(3);
  await calls.settle(new Error("connection lost"));
  expect(done).toEqual([]);
  acks.add(3);
  expect(calls.sent).toEqual([3, 3]);
  await calls.settle();
  expect(done).toEqual([3]);
});

test("after a reset lower positions count again", async () => {
  const calls = pending();
  const acks = new Acks(calls.send, () => undefined);
  acks.add(500);
  await calls.settle();
  acks.reset();
  acks.add(2);
  expect(calls.sent).toEqual([500, 2]);
});

test("an answer that belongs to the log before a reset says nothing of the new one", async () => {
  const calls = pending();
  const done: number[] = [];
  const acks = new Acks(calls.send, (rev) => done.push(rev));
  acks.add(500);
  acks.reset();
  acks.add(2);
  await calls.settle();
  expect(calls.sent).toEqual([500, 2]);
  await calls.settle();
  expect(done).toEqual([2]);
});
