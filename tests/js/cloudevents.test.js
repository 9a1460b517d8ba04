// The CloudEvents SDK as a producer.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { CloudEvent, HTTP, Mode, emitterFor, httpTransport } from "cloudevents";
import { Server } from "./server.js";

let server;
before(async () => {
  server = await Server.start();
});
after(() => server?.dispose());

const event = (user, number, more = {}) =>
  new CloudEvent({
    id: `${user}-${number}`,
    source: "/shop/orders",
    type: "order.shipped",
    subject: `order ${number}`,
    recipients: `user:${user}`,
    datacontenttype: "application/json",
    data: { title: `Grüße ${number}`, body: "On its way.", orderId: number },
    ...more,
  });

async function send({ headers, body }) {
  const response = await fetch(`${server.url}/v1/events`, {
    method: "POST",
    headers: { ...headers, Authorization: "Bearer sk_dev_local" },
    body,
  });
  return { status: response.status, body: await response.json() };
}

for (const mode of ["binary", "structured"]) {
  test(`an event in ${mode} mode becomes a notification, once`, async () => {
    const user = `ce-${mode}`;
    const first = await send(HTTP[mode](event(user, 1)));
    const again = await send(HTTP[mode](event(user, 1)));
    assert.equal(first.status, 202, JSON.stringify(first.body));
    assert.deepEqual([again.status, again.body.id, again.body.duplicate], [202, first.body.id, true]);
    const [item] = await server.inbox(await server.token(user), 1);
    assert.deepEqual(
      [item.title, item.body, item.type, item.data.orderId],
      ["Grüße 1", "On its way.", "order.shipped", 1],
    );
  });
}

test("the mode does not matter to what is the same event", async () => {
  const user = "ce-same";
  const time = new Date().toISOString();
  const binary = await send(HTTP.binary(event(user, 1, { time })));
  const structured = await send(HTTP.structured(event(user, 1, { time })));
  assert.equal(binary.status, 202, JSON.stringify(binary.body));
  assert.deepEqual([structured.status, structured.body.id, structured.body.duplicate], [202, binary.body.id, true], JSON.stringify(structured.body));
});

test("a batch of the SDK's events is answered item by item", async () => {
  const user = "ce-batch";
  const body = JSON.stringify([event(user, 1), event(user, 2, { recipients: "nobody" }), event(user, 3)]);
  const answer = await send({ headers: { "Content-Type": "application/cloudevents-batch+json" }, body });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  assert.deepEqual([answer.body.accepted, answer.body.rejected], [2, 1]);
  const items = await server.inbox(await server.token(user), 2);
  assert.deepEqual(items.map((item) => item.data.orderId), [1, 3]);
});

test("the SDK's emitter works as it is", async () => {
  const user = "ce-emitter";
  const transport = httpTransport(`${server.url}/v1/events`);
  for (const [number, mode] of [[1, Mode.BINARY], [2, Mode.STRUCTURED]]) {
    const emit = emitterFor(transport, { mode });
    const answer = await emit(event(user, number), { headers: { Authorization: "Bearer sk_dev_local" } });
    assert.ok(JSON.parse(answer.body).id, answer.body);
  }
  const items = await server.inbox(await server.token(user), 2);
  assert.deepEqual(items.map((item) => item.data.orderId), [1, 2]);
});
