// The JavaScript client that everybody uses, as everybody uses it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { HttpTransportType, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { Network, Server, until } from "./server.js";

let server;
before(async () => {
  server = await Server.start();
});
after(() => server?.dispose());

function build(url, token, query = "", options = {}) {
  return new HubConnectionBuilder()
    .withUrl(`${url}/hubs/notifications${query}`, { accessTokenFactory: () => token, ...options })
    .withAutomaticReconnect({ nextRetryDelayInMilliseconds: () => 20 })
    .configureLogging(LogLevel.None)
    .build();
}

const titles = (items) => items.map((item) => item.title);
const numbered = (count, from = 1) => Array.from({ length: count }, (_, i) => String(from + i));

/** Missing none, each once, in order. */
function assertWhole(received, log) {
  assert.deepEqual(
    received.map((item) => [item.seq, item.id, item.title]),
    log.map((item) => [item.seq, item.id, item.title]),
  );
}

for (const [name, options] of [
  ["with negotiation", {}],
  ["with a WebSocket at once", { skipNegotiation: true, transport: HttpTransportType.WebSockets }],
]) {
  test(`a plain client gets what it missed first, in order, then what is new (${name})`, async () => {
    const user = `plain ${name}`.replaceAll(" ", "-");
    const token = await server.token(user);
    for (const title of numbered(30)) {
      await server.publish(user, title);
    }
    const received = [];
    const connection = build(server.url, token, "", options);
    connection.on("notification", (item, counts) => received.push({ ...item, counts }));
    await connection.start();
    await server.publish(user, "31");
    await until("31 notifications", () => received.length === 31);
    assert.deepEqual(titles(received), numbered(31));
    assert.deepEqual(received.at(-1).counts, { unseen: 31, unread: 31 });
    await connection.stop();
  });
}

test("one line, Ack in the handler, makes it exact over lost connections", async () => {
  const user = "acks";
  const token = await server.token(user);
  const network = await Network.to(server.port);
  const received = [];
  let acknowledged = 0;
  const connection = build(network.url, token, "?device=browser");
  connection.on("notification", async (item) => {
    received.push(item);
    await connection.invoke("Ack", item.rev);
    acknowledged++;
  });
  await connection.start();
  for (let round = 0; round < 8; round++) {
    for (const title of numbered(5, round * 10 + 1)) {
      await server.publish(user, title);
    }
    await until("all acknowledged", () => acknowledged === round * 10 + 5);
    const reconnected = new Promise((resolve) => connection.onreconnected(resolve));
    network.cut();
    for (const title of numbered(5, round * 10 + 6)) {
      await server.publish(user, title);
    }
    network.mend();
    await reconnected;
    await until("all acknowledged", () => acknowledged === round * 10 + 10);
  }
  assertWhole(received, await server.inbox(token, 80));
  await connection.stop();
  await network.dispose();
});

test("a client that only listens misses nothing over lost connections, and knows repeats by their id", async () => {
  const user = "listens";
  const token = await server.token(user);
  const network = await Network.to(server.port);
  const shown = new Map();
  let connections = [[]];
  const connection = build(network.url, token);
  connection.on("notification", (item) => {
    connections.at(-1).push(item.seq);
    shown.set(item.id, item);
  });
  connection.onreconnecting(() => connections.push([]));
  await connection.start();
  for (let i = 1; i <= 60; i++) {
    await server.publish(user, String(i));
    if (i % 20 === 0) {
      const reconnected = new Promise((resolve) => connection.onreconnected(resolve));
      network.cut();
      network.mend();
      await reconnected;
    }
  }
  await until("all shown", () => shown.size === 60);
  assertWhole([...shown.values()], await server.inbox(token, 60));
  for (const seqs of connections) {
    assert.deepEqual(seqs, [...new Set(seqs)].sort((a, b) => a - b), "in order and once on each connection");
  }
  await connection.stop();
  await network.dispose();
});

test("Resume after a reconnect is exact while the network is cut at any moment", async () => {
  const user = "resumes";
  const token = await server.token(user);
  const network = await Network.to(server.port);
  const received = [];
  let position = 0;
  let epoch;
  const connection = build(network.url, token, "?after=manual");
  connection.on("notification", (item) => {
    received.push(item);
    position = item.rev;
  });
  connection.on("resumed", (resumed) => {
    epoch = resumed.epoch;
  });
  connection.on("reset", () => assert.fail("no reset is due"));
  const resume = () => connection.invoke("Resume", { after: position, ...(epoch && { epoch }) }).catch(() => {});
  connection.onreconnected(resume);
  await connection.start();
  await resume();
  const cutting = (async () => {
    for (let cuts = 0; cuts < 15; cuts++) {
      const reached = received.length + 7;
      await until("some more", () => received.length >= reached || received.length >= 200);
      network.cut();
      network.mend();
    }
  })();
  for (const title of numbered(200)) {
    await server.publish(user, title);
  }
  await cutting;
  await until("all received", () => received.length >= 200);
  assertWhole(received, await server.inbox(token, 200));
  await connection.stop();
  await network.dispose();
});

test("Update from one client shows on another, with counts", async () => {
  const user = "two-clients";
  const token = await server.token(user);
  const one = build(server.url, token);
  const two = build(server.url, token);
  const seen = [];
  const changed = [];
  one.on("notification", (item) => seen.push(item));
  two.on("notification", () => {});
  two.on("updated", (items, counts) => changed.push({ items, counts }));
  await Promise.all([one.start(), two.start()]);
  await server.publish(user, "1");
  await until("it is there", () => seen.length === 1);
  await one.invoke("Update", [seen[0].id], { read: true });
  await until("the change is there", () => changed.length === 1);
  assert.equal(changed[0].items[0].id, seen[0].id);
  assert.ok(changed[0].items[0].readAt && changed[0].items[0].seenAt);
  assert.deepEqual(changed[0].counts, { unseen: 0, unread: 0 });
  await Promise.all([one.stop(), two.stop()]);
});

test("a client that reconnects by itself survives a stop and a crash of the service", async () => {
  const user = "survivor";
  const token = await server.token(user);
  const shown = new Map();
  const closing = [];
  const connection = build(server.url, token);
  connection.on("notification", (item) => shown.set(item.id, item));
  connection.on("closing", (message) => closing.push(message));
  await connection.start();
  let number = 0;
  for (const signal of ["SIGTERM", "SIGKILL"]) {
    await server.publish(user, String(++number));
    const reconnected = new Promise((resolve) => connection.onreconnected(resolve));
    await server.end(signal);
    await server.startAgain();
    await reconnected;
    await server.publish(user, String(++number));
  }
  await until("all shown", () => shown.size === 4);
  assert.deepEqual(titles([...shown.values()]), numbered(4));
  assert.deepEqual(closing.map((message) => message.reconnect), [true]);
  await connection.stop();
});
