import { expect, it } from "vitest";
import { createNotifyClient } from "../src/index.ts";

it("can be created and asked where there is no browser", () => {
  expect(typeof window).toBe("undefined");
  const client = createNotifyClient({ url: "https://notify.example/", getToken: () => "" });
  expect(client.state).toBe("disconnected");
  expect(client.counts).toBeNull();
  expect(client.inbox().getState()).toMatchObject({ items: [], status: "idle" });
  client.disconnect();
  expect(() => createNotifyClient({ getToken: () => "" })).toThrow(TypeError);
});
