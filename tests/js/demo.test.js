// The demo page in a real browser, found by what a visitor sees: names of controls and texts.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { Server } from "./server.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const flags = ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

let server;
let browser;
before(async () => {
  server = await Server.start();
  const executablePath = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
  browser = await chromium.launch({ executablePath, args: process.getuid() === 0 ? [...flags, "--no-sandbox"] : flags });
});
after(async () => {
  await browser?.close();
  await server?.dispose();
});

/** A visitor with the page open. In the end there must have been no problem: no error, nothing the policy forbids, nothing asked of another host. */
async function visit(use, options = {}) {
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1440, height: 1100 }, ...options });
  context.setDefaultTimeout(60_000);
  const problems = [];
  context.on("weberror", (error) => problems.push(String(error.error())));
  context.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  context.on("request", (request) => {
    if (new URL(request.url()).host !== new URL(server.url).host) {
      problems.push(`asks another host: ${request.url()}`);
    }
  });
  const page = await open(context);
  await use(page, context);
  await context.close();
  assert.deepEqual(problems, []);
}

async function open(context) {
  const page = await context.newPage();
  await page.goto(`${server.url}/demo/`);
  for (const name of ["Ada", "Ben", "Cleo"]) {
    await device(page, name).getByText("Online", { exact: true }).waitFor();
  }
  return page;
}

const device = (page, name) => page.getByRole("region", { name, exact: true });
const online = (page, name) => page.getByRole("switch", { name: `${name} is online` });
const item = (page, name, title) => device(page, name).getByRole("article").filter({ hasText: title });
const titles = async (page, name) => (await device(page, name).getByRole("article").getByRole("heading").allTextContents()).map((title) => title.trim());
const app = (page) => page.getByRole("region", { name: /^Your app/ });

/** Sends an event of the visitor's own. */
async function send(page, title, to = "Everyone") {
  await app(page).getByRole("textbox", { name: "Title" }).fill(title);
  await app(page).getByRole("combobox", { name: "To" }).selectOption(to);
  await app(page).getByRole("button", { name: "Send" }).click();
}

const openForm = (page) => page.getByText("An event of your own").click();

test("an event of the app is at everybody's device, and its way is told to the end", () =>
  visit(async (page) => {
    await app(page).getByRole("button", { name: "Announcement" }).click();
    await item(page, "Ada", "Maintenance on Sunday").waitFor();
    await item(page, "Ben", "Maintenance on Sunday").waitFor();
    await page.getByRole("region", { name: "Notifications" }).getByRole("button", { name: "Maintenance on Sunday", exact: true }).waitFor();
    const journey = page.getByRole("region", { name: "The way of the last event" });
    await journey.getByText(/^“Maintenance on Sunday” is stored, and reached Ada, Ben, and Cleo in (<?\d+\sms|\d+\.\d\ss)\.$/).waitFor();
    assert.match((await journey.getByRole("listitem").allTextContents()).join("; "), /^Accepted \+<?\d+.*; Stored \+<?\d+/);
    await device(page, "Ada").getByText(/^in .* · seen$/).waitFor();
  }));

test("the buttons of a notification tell what the app would do, and leave the page where it is", () =>
  visit(async (page) => {
    await app(page).getByRole("button", { name: "Order shipped" }).click();
    const order = item(page, "Ada", "Order 4711 is on its way");
    await order.getByRole("link", { name: "Track it" }).or(order.getByRole("button", { name: "Track it" })).click();
    await device(page, "Ada").getByText("Your app would now open “Track it”.").waitFor();
    await device(page, "Ada").getByText(/ · read$/).waitFor();
    assert.equal(page.url(), `${server.url}/demo/`);
  }));

test("what somebody missed while offline comes when they are back, in order, and is summed up", () =>
  visit(async (page) => {
    await openForm(page);
    await send(page, "Before");
    await item(page, "Ben", "Before").waitFor();
    await online(page, "Ben").uncheck();
    await send(page, "Missed one", "Ben");
    await page.getByText("“Missed one” is stored. It waits for Ben.").waitFor();
    await send(page, "Missed two", "Ben");
    await app(page).getByRole("button", { name: "Incident" }).click();
    await device(page, "Ben").getByText("Offline, 3 waiting").waitFor();
    await item(page, "Ada", "Payments are failing").waitFor();
    assert.equal((await titles(page, "Ben"))[0], "Before");

    await online(page, "Ben").check();
    await device(page, "Ben").getByText("Caught up on 3 missed, in order").waitFor();
    // What is critical, or goes to others as well, is ordered by itself.
    for (const title of ["Payments are failing", "Missed one", "Missed two"]) {
      await item(page, "Ben", title).waitFor();
    }
    const order = (await titles(page, "Ben")).slice(0, 4).filter((title) => title !== "Payments are failing");
    assert.deepEqual(order, ["Missed two", "Missed one", "Before"]);
    assert.deepEqual((await titles(page, "Ada")).filter((title) => title.startsWith("Missed")), []);
  }));

test("two tabs are two devices of the same person", () =>
  visit(async (page, context) => {
    const other = await open(context);
    await openForm(page);
    await online(other, "Ada").uncheck();
    await send(page, "In both tabs", "Ada");
    await item(page, "Ada", "In both tabs").waitFor();
    await online(other, "Ada").check();
    await device(other, "Ada").getByText("Caught up on the one missed").waitFor();
    await item(page, "Ada", "In both tabs").press("r");
    await item(other, "Ada", "In both tabs").and(other.locator(":not(.unread)")).waitFor();
  }));

test("turned up, everything that is sent arrives once and in order, and the page stays small", () =>
  visit(async (page) => {
    const load = page.getByRole("region", { name: "Turn it up" });
    const rate = load.getByRole("slider", { name: "Events per second" });
    await rate.fill("30");
    await load.getByRole("button", { name: "Start" }).click();
    await item(page, "Ada", "Event 1").first().waitFor();
    await rate.fill("86");
    await load.getByText("209 events a second").waitFor();
    await page.waitForFunction(() => Number.parseInt(document.querySelector("#load-received").textContent.replace(",", ""), 10) > 400);
    assert.ok((await device(page, "Ada").getByRole("article").count()) < 60);
    await load.getByRole("button", { name: "Stop" }).click();
    const result = load.getByText(/^All [\d,]+ arrived: each once, in order\.$/);
    await result.waitFor();
    const sent = Number((await result.textContent()).replaceAll(/\D/g, ""));
    assert.ok(sent > 400);
    // What the page says of itself is what the service has.
    const stored = (await server.inbox(await server.token("ada"), sent)).filter(({ type }) => type === "demo.load").map(({ data }) => data.n);
    assert.deepEqual(stored, Array.from({ length: sent }, (_, index) => index + 1));
    assert.ok((await device(page, "Ada").getByRole("article").count()) < 60);
    await item(page, "Ada", `Event ${sent.toLocaleString("en")}`).waitFor();
    assert.match(await load.getByRole("definition").nth(2).textContent(), /^(<?\d+\sms|\d+\.\d\ss)$/);
  }));

test("the command beside the form sends the same event", () =>
  visit(async (page) => {
    await openForm(page);
    await app(page).getByRole("textbox", { name: "Title" }).fill("It's \"quoted\"");
    const command = await page.getByRole("group", { name: "The same from a shell" }).textContent();
    assert.ok(command.startsWith(`curl ${server.url}/v1/events \\\n`));
    assert.ok(command.includes(String.raw`"title": "It'\''s \"quoted\""`));
  }));

test("theme and language are the reader's, here and on the next visit", () =>
  visit(async (page) => {
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await page.getByRole("radio", { name: "Dark" }).check();
    assert.notEqual(await background(), light);
    await page.getByRole("radio", { name: "Deutsch" }).check();
    await page.getByRole("heading", { name: "Unterwegs geht nichts verloren." }).waitFor();
    await device(page, "Ada").getByRole("tab", { name: "Archiviert" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Unterwegs geht nichts verloren." }).waitFor();
    assert.notEqual(await background(), light);
    assert.equal(await page.locator("html").getAttribute("lang"), "de");
    // Also before the page's own scripts have run, or the other theme would flash.
    await page.route("**/assets/*.js", (route) => route.fulfill({ contentType: "text/javascript", body: "" }));
    await page.reload();
    assert.notEqual(await background(), light);
  }));

test("only the page itself may send without a key", async () => {
  const event = JSON.stringify([{ type: "test.event", to: ["all"], title: "From elsewhere" }]);
  const ask = (headers) => fetch(`${server.url}/demo/api/events/batch`, { method: "POST", headers, body: event }).then(({ status }) => status);
  assert.equal(await ask({ "Content-Type": "application/json", Origin: "https://example.com" }), 403);
  assert.equal(await ask({ "Content-Type": "application/json", "Sec-Fetch-Site": "cross-site" }), 403);
  assert.equal(await ask({ "Content-Type": "text/plain" }), 415);
  assert.equal(await ask({ "Content-Type": "application/json" }), 202);
});

for (const [colorScheme, width] of [["light", 1440], ["dark", 360]]) {
  test(`nothing stands in the way of anybody: ${colorScheme}, ${width} pixels wide`, () =>
    visit(
      async (page) => {
        await openForm(page);
        await app(page).getByRole("button", { name: "Incident" }).click();
        await item(page, "Ada", "Payments are failing").first().waitFor();
        await online(page, "Ben").uncheck();
        await device(page, "Ben").getByText("Offline").waitFor();
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run());
        assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`), []);
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      },
      { colorScheme, viewport: { width, height: 900 }, reducedMotion: "reduce" },
    ));
}
