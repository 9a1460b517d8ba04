// Who the reader is, and what they want: tokens that end, people who sign out, and settings.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inbox, said, shows, Stage, until } from "./page.js";

/** What browsers print where a request is refused, as the site refuses tokens here. */
const refused = (status) => new RegExp(`Failed to load resource: .* ${status} .*/token`);

let stage;
before(async () => {
  stage = await Stage.start();
  await stage.server.request("PUT", "/v1/policy", {
    categories: { orders: { name: "Your orders" }, security: { name: "Security", mandatory: true } },
    openTopics: ["news.*"],
  });
  // A topic exists by being named.
  await stage.server.request("PUT", "/v1/topics/news.weekly/subscriptions/somebody-else");
});
after(async () => {
  await stage?.dispose();
});

const preferences = async (user) => stage.server.request("GET", `/v1/users/${user}/preferences`);

test("when a token ends, the page goes on with the next one, or says that the reader is signed out", async (t) => {
  const [stays, leaves] = [stage.someone(), stage.someone()];
  for (const user of [stays, leaves]) {
    stage.site.rules.set(user, { ttl: 1 });
  }
  const one = await stage.open(t, { user: stays, view: "inbox" });
  const other = await stage.open(t, { user: leaves, view: "inbox" }, { tolerate: [refused(401)] });
  await inbox(other).getByText("You’re all caught up").waitFor();
  stage.site.rules.set(leaves, { status: 401 });
  // The service ends a connection some seconds after its token has.
  await inbox(other).getByText("You’re signed out").waitFor();
  await until("other tokens", () => stage.site.issued.get(stays) > 2);
  await stage.send(stays, "With another token");
  await shows(one, ["With another token"]);
});

test("who is not signed in is told so, and goes on after signing in", async (t) => {
  for (const status of [401, 403]) {
    const user = stage.someone();
    await stage.send(user, "For those who are signed in");
    stage.site.rules.set(user, { status });
    const visitor = await stage.visitor(t, { tolerate: [refused(status)] });
    const page = await visitor.visit({ user, view: "inbox" });
    await inbox(page).getByText("You’re signed out").waitFor();
    await inbox(page).getByText("Sign in again to see your notifications.").waitFor();
    stage.site.rules.delete(user);
    await page.getByRole("button", { name: "Try again" }).click();
    await shows(page, ["For those who are signed in"]);
    await inbox(page).getByText("You’re signed out").waitFor({ state: "detached" });
  }
});

test("a site that cannot give tokens just now is asked again", async (t) => {
  const user = stage.someone();
  await stage.send(user, "Still there");
  stage.site.rules.set(user, { status: 503 });
  const visitor = await stage.visitor(t, { tolerate: [refused(503)] });
  const page = await visitor.visit({ user, view: "inbox" });
  await inbox(page).getByText("Connection lost. Reconnecting…").waitFor();
  stage.site.rules.delete(user);
  await shows(page, ["Still there"]);
  await inbox(page).getByText("Connection lost. Reconnecting…").waitFor({ state: "detached" });
});

test("settings are the user's own at the service, and stay", async (t) => {
  const user = stage.someone();
  const page = await stage.open(t, { user, view: "inbox" });
  await page.getByRole("button", { name: "Notification settings" }).click();
  const orders = page.getByRole("combobox", { name: "Your orders: Email" });
  await orders.selectOption("Digest");
  await said(page, "Saved");
  await page.getByRole("switch", { name: "Your orders: Inbox" }).uncheck();
  await page.getByRole("switch", { name: "Quiet hours" }).check();
  await page.getByLabel("From", { exact: true }).fill("21:30");
  await page.getByRole("button", { name: "Use Europe/Vienna" }).first().click();
  await page.getByRole("switch", { name: "News weekly" }).check();
  await until("the settings to be saved", async () => {
    const { categories, quietHours, timeZone } = await preferences(user);
    return categories.orders?.email === "digest" && categories.orders.inbox === "off" && quietHours?.start === "21:30" && timeZone === "Europe/Vienna";
  });

  // What is mandatory cannot be turned off, and says so.
  await page.getByRole("row", { name: /^Security/ }).getByText("Always delivered").waitFor();
  for (const control of [page.getByRole("combobox", { name: "Security: Email" }), page.getByRole("switch", { name: "Security: Inbox" })]) {
    assert.equal(await control.isDisabled(), true);
  }

  // They do what they say.
  await until("the topic to be followed", async () => {
    const { data } = await stage.server.request("GET", "/v1/topics/news.weekly/subscriptions");
    return JSON.stringify(data).includes(user);
  });
  await stage.send(user, "An order", { category: "orders" });
  await stage.server.request("POST", "/v1/events", { type: "test.event", to: ["topic:news.weekly"], title: "This week" });
  await page.getByRole("button", { name: "Back to notifications" }).click();
  await shows(page, ["This week"]);

  // They stay.
  await page.reload();
  await page.getByRole("button", { name: "Notification settings" }).click();
  assert.equal(await orders.inputValue(), "Digest");
  assert.equal(await page.getByRole("switch", { name: "Your orders: Inbox" }).isChecked(), false);
  assert.equal(await page.getByLabel("From", { exact: true }).inputValue(), "21:30");
  assert.equal(await page.getByRole("switch", { name: "News weekly" }).isChecked(), true);
  // And go as they came.
  await page.getByRole("switch", { name: "News weekly" }).uncheck();
  await page.getByRole("switch", { name: "Quiet hours" }).uncheck();
  await until("quiet hours to be over", async () => {
    const { start, end } = (await preferences(user)).quietHours ?? {};
    return start === end;
  });
});

test("a setting that cannot be saved goes back to what it was, and says so", async (t) => {
  const user = stage.someone();
  const page = await stage.open(t, { user, view: "preferences" }, { tolerate: [/Failed to load resource/] });
  const inboxSwitch = page.getByRole("switch", { name: "Your orders: Inbox" });
  await inboxSwitch.waitFor();
  await page.route("**/v1/me/preferences", (route) => route.abort());
  await inboxSwitch.click();
  await page.getByRole("alert").filter({ hasText: "That could not be saved." }).waitFor({ state: "attached" });
  await until("the switch to be on again", () => inboxSwitch.isChecked());
});
