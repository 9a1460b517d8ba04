// What reaches a page that embeds the inbox, and what of it the reader is shown: live, and after whatever happens to networks, servers and tabs.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bell, cried, inbox, item, panel, said, shows, Stage, titles, toasts, until } from "./page.js";
import { Network } from "./server.js";

/** What browsers print where a connection is lost, or cannot be had. */
const lost = [/Failed to load resource: net::ERR_/, /WebSocket connection to .* failed/, /Failed to complete negotiation|WebSocket failed to connect/];

let stage;
before(async () => {
  stage = await Stage.start();
});
after(async () => {
  await stage?.dispose();
});

test("what arrives is on the bell, in a toast, in the list, and is read out", async (t) => {
  const user = stage.someone();
  const page = await stage.open(t, { user });
  await bell(page).waitFor();
  await stage.send(user, "Your order is on its way", { body: "It left the warehouse." });

  await bell(page, "Notifications, 1 new").waitFor();
  await toasts(page).filter({ hasText: "Your order is on its way" }).filter({ hasText: "It left the warehouse." }).waitFor();
  await said(page, "New notification: Your order is on its way");

  await bell(page).click();
  await item(page, "Your order is on its way").waitFor();
  // What lies open before the reader's eyes is not new for long, and it is not a toast any more.
  await bell(page, "Notifications").and(page.locator("[aria-expanded=true]")).waitFor();
  assert.equal(await toasts(page).count(), 0);
  await stage.send(user, "And another");
  await shows(page, ["And another", "Your order is on its way"]);
  assert.equal(await toasts(page).count(), 0);
});

test("a critical one interrupts, and stays until it is dismissed", async (t) => {
  const user = stage.someone();
  const page = await stage.open(t, { user });
  await page.clock.install();
  await stage.send(user, "Something small");
  await stage.send(user, "The building is on fire", { priority: "critical" });

  await cried(page, "Critical: The building is on fire");
  const [small, critical] = ["Something small", "The building is on fire"].map((title) => toasts(page).filter({ hasText: title }));
  await small.waitFor();
  await critical.getByText("Critical", { exact: true }).waitFor();
  await page.clock.runFor(10_000);
  await small.waitFor({ state: "detached" });
  await critical.getByRole("button", { name: "Dismiss: The building is on fire" }).click();
  await critical.waitFor({ state: "detached" });
});

test("a burst is one toast, and one announcement", async (t) => {
  const user = stage.someone();
  const page = await stage.open(t, { user });
  await bell(page).waitFor();
  await stage.server.request("POST", "/v1/events/batch", numbered(user, 12));

  await bell(page, "Notifications, 12 new").waitFor();
  await toasts(page).filter({ hasText: "12 new notifications" }).waitFor();
  assert.equal(await toasts(page).count(), 1);
  await said(page, /^\d+ new notifications$/);
  await toasts(page).getByRole("button", { name: "12 new notifications", exact: true }).click();
  await shows(page, range(12, 1));
});

test("offline and back: what was missed comes once and in order, and what was done meanwhile is done", async (t) => {
  const user = stage.someone();
  const page = await stage.open(t, { user, view: "inbox" }, { tolerate: lost });
  await stage.send(user, "Before");
  await item(page, "Before").waitFor();

  await page.context().setOffline(true);
  await inbox(page).getByText("You’re offline. Changes are kept and sent later.").waitFor();
  await said(page, "You’re offline");
  await item(page, "Before").getByRole("button", { name: "Mark as read" }).click();
  await item(page, "Before").getByRole("button", { name: "Mark as unread" }).waitFor();
  for (let n = 1; n <= 5; n++) {
    await stage.send(user, `Missed ${n}`);
  }
  await until("all to be stored", async () => (await stage.stored(user)).length === 6);
  assert.deepEqual(await titles(page), ["Before"]);

  await page.context().setOffline(false);
  await shows(page, ["Missed 5", "Missed 4", "Missed 3", "Missed 2", "Missed 1", "Before"]);
  await said(page, /Connected again|5 new notifications/);
  await until("the change to be done", async () => (await stage.stored(user, "read")).map(({ title }) => title).includes("Before"));
  await inbox(page).getByText("You’re offline").waitFor({ state: "detached" });
});

test("a network that breaks again and again costs no notification, and repeats none", async (t) => {
  const network = await Network.to(stage.server.port);
  t.after(() => network.dispose());
  const user = stage.someone();
  const page = await stage.open(t, { user, view: "inbox", service: network.url }, { tolerate: lost });
  await page.getByText("You’re all caught up").waitFor();
  const sent = [];
  for (let round = 1; round <= 3; round++) {
    const sending = (async () => {
      for (let n = 1; n <= 5; n++) {
        sent.unshift(`Round ${round}, ${n}`);
        await stage.send(user, `Round ${round}, ${n}`);
      }
    })();
    network.cut();
    await inbox(page).getByText("Connection lost. Reconnecting…").waitFor();
    await sending;
    network.mend();
    // As when the reader comes back to the tab, it does not wait until the next attempt is due.
    await page.evaluate(() => dispatchEvent(new Event("online")));
    await shows(page, sent);
  }
});

test("tabs share one connection, and hand it on when the one that has it is closed", async (t) => {
  const user = stage.someone();
  const ada = await stage.visitor(t);
  const one = await ada.open({ user });
  await bell(one).waitFor();
  await until("a connection", () => ada.sockets.size === 1);
  const two = await ada.open({ user });
  const three = await ada.open({ user });
  await stage.send(user, "In all of them");
  for (const page of [one, two, three]) {
    await bell(page, "Notifications, 1 new").waitFor();
  }
  assert.deepEqual([...ada.sockets.values()], [one]);

  await one.close();
  await until("the connection of another tab", () => ada.sockets.size === 1);
  await stage.send(user, "In those that are left");
  for (const page of [two, three]) {
    await bell(page, "Notifications, 2 new").waitFor();
    await bell(page).click();
    await shows(page, ["In those that are left", "In all of them"]);
  }
  assert.equal(ada.sockets.size, 1);
});

test("what is done in one tab shows in the others, and in other browsers", async (t) => {
  const user = stage.someone();
  const ada = await stage.visitor(t);
  const pages = [await ada.open({ user }), await ada.open({ user, view: "inbox" }), await stage.open(t, { user, view: "inbox" })];
  const [one, ...others] = pages;
  await stage.send(user, "First");
  await stage.send(user, "Second");
  for (const page of others) {
    await shows(page, ["Second", "First"]);
  }
  // Browsers draw pages in the background seldom, and a click waits for that.
  await one.bringToFront();
  await bell(one).click();
  await item(one, "First").getByRole("button", { name: "Mark as read" }).click();
  for (const page of others) {
    await item(page, "First").getByRole("button", { name: "Mark as unread" }).waitFor();
    await item(page, "Second").getByRole("button", { name: "Mark as read" }).waitFor();
  }
  await item(one, "Second").getByRole("button", { name: "Archive" }).click();
  for (const page of pages) {
    await shows(page, ["First"]);
  }
  await one.getByRole("button", { name: "Undo" }).click();
  for (const page of pages) {
    await shows(page, ["Second", "First"]);
  }
});

test("what is taken back leaves the page", async (t) => {
  const user = stage.someone();
  const page = await stage.open(t, { user });
  await bell(page).waitFor();
  const { id } = await stage.send(user, "Sent by mistake");
  await toasts(page).filter({ hasText: "Sent by mistake" }).waitFor();
  await bell(page, "Notifications, 1 new").waitFor();
  await stage.server.request("POST", `/v1/events/${id}/withdraw`);
  await bell(page, "Notifications").waitFor();
  await toasts(page).first().waitFor({ state: "detached" });
  await bell(page).click();
  await panel(page).getByText("You’re all caught up").waitFor();
});

test("a page that is loaded again sums up what was missed, in one toast", async (t) => {
  const user = stage.someone();
  const page = await stage.open(t, { user });
  await bell(page).waitFor();
  await stage.send(user, "Before");
  await toasts(page).filter({ hasText: "Before" }).waitFor();
  const address = page.url();
  await page.goto("about:blank");
  for (let n = 1; n <= 5; n++) {
    await stage.send(user, `Missed ${n}`);
  }
  await until("all to be stored", async () => (await stage.stored(user)).length === 6);

  await page.goto(address);
  await bell(page, "Notifications, 6 new").waitFor();
  await toasts(page).filter({ hasText: "5 new notifications" }).waitFor();
  assert.equal(await toasts(page).count(), 1);
  await page.reload();
  await bell(page, "Notifications, 6 new").waitFor();
  // What was told is not told again: the next toast is the only one.
  await stage.send(user, "And now");
  await toasts(page).filter({ hasText: "And now" }).waitFor();
  assert.equal(await toasts(page).count(), 1);
});

test("a server that is killed and started again goes on where it was", async (t) => {
  const user = stage.someone();
  const page = await stage.open(t, { user, view: "inbox" }, { tolerate: lost });
  await stage.send(user, "Before the crash");
  await item(page, "Before the crash").waitFor();
  await stage.server.end("SIGKILL");
  await inbox(page).getByText("Connection lost. Reconnecting…").waitFor();
  await item(page, "Before the crash").getByRole("button", { name: "Archive" }).click();
  await shows(page, []);
  await stage.server.startAgain();
  await stage.send(user, "After the crash");
  await shows(page, ["After the crash"]);
  await inbox(page).getByText("Connection lost. Reconnecting…").waitFor({ state: "detached" });
  await until("the change to be done", async () => (await stage.stored(user, "archived")).map(({ title }) => title).includes("Before the crash"));
});

const numbered = (user, count) => Array.from({ length: count }, (_, n) => ({ type: "test.event", to: [`user:${user}`], title: `${n + 1}` }));
const range = (from, to) => Array.from({ length: from - to + 1 }, (_, n) => `${from - n}`);
