// The demo page in a real browser, found by what a reader sees: names of controls and texts.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { Server } from "./server.js";

let server;
let browser;
before(async () => {
  server = await Server.start();
  const executablePath = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
  browser = await chromium.launch({ executablePath, args: process.getuid() === 0 ? ["--no-sandbox"] : [] });
});
after(async () => {
  await browser?.close();
  await server?.dispose();
});

async function open() {
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && !message.text().startsWith("Failed to load") && problems.push(message.text()));
  // An event is not found until it is stored, and the page asks until it is.
  page.on("response", (response) => {
    if (response.status() >= 400 && !(response.status() === 404 && response.url().includes("/demo/api/events/"))) {
      problems.push(`${response.status()} ${response.url()}`);
    }
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(server.url) && !request.url().startsWith(server.url.replace("http", "ws")) && !request.url().startsWith("data:")) {
      problems.push(`asks another host: ${request.url()}`);
    }
  });
  await page.goto(`${server.url}/demo/`);
  return { page, problems };
}

const panel = (page, name) => page.getByRole("region", { name, exact: true });
const online = (page, name) => page.getByRole("switch", { name: `${name} is online` });

async function send(page, title, to) {
  await page.getByLabel("Title").fill(title);
  await page.getByRole("radio", { name: to }).check({ force: true });
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

const shows = (page, name, title) => panel(page, name).getByRole("listitem").filter({ hasText: title }).waitFor();
const titles = (page, name) => panel(page, name).locator(".item-title").allTextContents();

test("what a user missed while offline appears when they are back, once and in order", async () => {
  const { page, problems } = await open();
  await panel(page, "Ada").getByText("Online", { exact: true }).waitFor();
  await panel(page, "Ben").getByText("Online", { exact: true }).waitFor();
  await send(page, "To both of you", "Both");
  await shows(page, "Ada", "To both of you");
  await shows(page, "Ben", "To both of you");

  await online(page, "Ben").uncheck({ force: true });
  await panel(page, "Ben").getByText("Offline", { exact: true }).waitFor();
  await send(page, "Missed one", "Both");
  await shows(page, "Ada", "Missed one");
  await send(page, "Missed two", "Ben");
  await page.getByText("Missed two").first().waitFor();
  assert.deepEqual(await titles(page, "Ben"), ["To both of you"]);

  await online(page, "Ben").check({ force: true });
  await shows(page, "Ben", "Missed two");
  assert.deepEqual(await titles(page, "Ben"), ["Missed two", "Missed one", "To both of you"]);
  assert.deepEqual(await titles(page, "Ada"), ["Missed one", "To both of you"]);
  assert.deepEqual(problems, []);
  await page.close();
});

test("the journey of an event is complete down to the acknowledgement", async () => {
  const { page, problems } = await open();
  await panel(page, "Ada").getByText("Online", { exact: true }).waitFor();
  await send(page, "Watch me", "Ada");
  await page.locator("#trace[data-done='4']").waitFor();
  assert.match(await page.locator("#trace").innerText(), /Watch me/);
  assert.deepEqual(problems, []);
  await page.close();
});

test("a change in one tab shows in another", async () => {
  const one = await open();
  const two = await open();
  await panel(one.page, "Ada").getByText("Online", { exact: true }).waitFor();
  await panel(two.page, "Ada").getByText("Online", { exact: true }).waitFor();
  await send(one.page, "In both tabs", "Ada");
  await shows(two.page, "Ada", "In both tabs");
  await panel(one.page, "Ada").getByRole("button", { name: "All read" }).click();
  await panel(two.page, "Ada").locator(".count-unread", { hasText: /^0$/ }).waitFor();
  assert.deepEqual([...one.problems, ...two.problems], []);
  await one.page.close();
  await two.page.close();
});
