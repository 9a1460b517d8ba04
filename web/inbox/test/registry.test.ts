// @vitest-environment happy-dom
import { UnauthorizedError, type ClientOptions, type NotifyClient } from "@notifications/client";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { lease, tokenFrom, type Lease, type Source } from "../src/registry.ts";
import { fakeClient, type FakeClient } from "./fakeClient.ts";

const made: { options: ClientOptions; client: FakeClient }[] = [];
const leases: Lease[] = [];

function create(options: ClientOptions): NotifyClient {
  const client = fakeClient({ state: "disconnected" });
  made.push({ options, client });
  return client;
}

function take(source: Source): Lease {
  const taken = lease(source, create);
  if (taken === null) {
    throw new Error("There is no client.");
  }
  leases.push(taken);
  return taken;
}

const request = { reason: "connect", signal: new AbortController().signal } as const;

beforeEach(() => {
  vi.useFakeTimers();
  made.length = 0;
});

afterEach(() => {
  for (const taken of leases.splice(0)) {
    taken.release();
  }
  vi.runAllTimers();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("elements of one page", () => {
  test("share a connected client where they name the same service and tokens", () => {
    const first = take({ url: "https://n.example", tokenUrl: "/token" });
    const second = take({ url: "https://n.example/", tokenUrl: "/token" });
    expect(second.client).toBe(first.client);
    expect(made).toHaveLength(1);
    expect(first.client.state).toBe("connected");
  });

  test("do not share across services, ways to a token, or users", () => {
    const getToken = () => "t";
    const clients = [
      take({ url: "https://a.example", tokenUrl: "/token" }),
      take({ url: "https://b.example", tokenUrl: "/token" }),
      take({ url: "https://a.example", tokenUrl: "/other" }),
      take({ url: "https://a.example", getToken }),
      take({ url: "https://a.example", getToken: () => "u" }),
    ].map(({ client }) => client);
    expect(new Set(clients).size).toBe(5);
    expect(take({ url: "https://a.example", getToken }).client).toBe(clients[3]);
  });

  test("take the page's own origin where they name no service", () => {
    document.head.append(Object.assign(document.createElement("base"), { href: "https://app.example/orders/7?tab=2" }));
    take({ tokenUrl: "token" });
    expect(made[0]?.options.url).toBe(location.origin);
    document.querySelector("base")?.remove();
  });

  test("have no client where nothing leads to a token", () => {
    expect(lease({ url: "https://a.example" }, create)).toBeNull();
    expect(made).toHaveLength(0);
  });

  test("disconnect it when the last of them is gone, and start anew after that", () => {
    const first = take({ tokenUrl: "/token" });
    const second = take({ tokenUrl: "/token" });
    first.release();
    first.release();
    vi.runAllTimers();
    expect(second.client.state).toBe("connected");
    second.release();
    vi.runAllTimers();
    expect(second.client.state).toBe("disconnected");
    expect(take({ tokenUrl: "/token" }).client).not.toBe(second.client);
  });

  test("keep it where one is moved: it leaves and comes back", () => {
    const before = take({ tokenUrl: "/token" });
    before.release();
    const after = take({ tokenUrl: "/token" });
    vi.runAllTimers();
    expect(after.client).toBe(before.client);
    expect(after.client.state).toBe("connected");
  });

  test("take over a new function for tokens without a new connection", async () => {
    const taken = take({ url: "https://a.example", getToken: () => "old" });
    expect(taken.keeps({ url: "https://a.example", getToken: () => "new" })).toBe(true);
    expect(await made[0]?.options.getToken(request)).toBe("new");
    expect(taken.keeps({ url: "https://b.example", getToken: () => "new" })).toBe(false);
    expect(taken.keeps({ url: "https://a.example", tokenUrl: "/token" })).toBe(false);
  });
});

describe("a token from the application's backend", () => {
  const answer = (status: number, body: unknown) => {
    const fetch = vi.fn(() => Promise.resolve(new Response(JSON.stringify(body), { status })));
    vi.stubGlobal("fetch", fetch);
    return fetch;
  };

  test("is asked for by POST, with the page's own cookies only", async () => {
    const fetch = answer(200, { token: "abc" });
    expect(await tokenFrom("https://app.example/token")(request)).toBe("abc");
    expect(fetch).toHaveBeenCalledWith("https://app.example/token", expect.objectContaining({ method: "POST", credentials: "same-origin", signal: request.signal }));
  });

  test.each([401, 403])("%i means that nobody is signed in", async (status) => {
    answer(status, {});
    await expect(tokenFrom("/token")(request)).rejects.toBeInstanceOf(UnauthorizedError);
  });

  test.each([
    [500, {}, "answered 500"],
    [200, { value: "abc" }, 'without a "token"'],
    [200, null, 'without a "token"'],
    [200, { token: 7 }, 'without a "token"'],
  ])("%i with %j is told as it is, and tried again by the client", async (status, body, message) => {
    answer(status, body);
    const failure: unknown = await Promise.resolve(tokenFrom("/token")(request)).catch((error: unknown) => error);
    expect(failure).not.toBeInstanceOf(UnauthorizedError);
    expect(String(failure)).toContain(message);
  });
});
