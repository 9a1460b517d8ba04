// The pages and what other sites embed, as a browser and as its cache see them.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { chromium } from "playwright-core";
import { Server } from "./server.js";

const guides = ["html", "react", "vue", "client", "inbox"].map((name) => `/docs/${name}/`);

let shop;
let server;
let browser;
before(async () => {
  shop = await startShop();
  server = await Server.start({ Notifications__Cors__Origins__0: shop.url });
  const executablePath = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
  browser = await chromium.launch({ executablePath, args: process.getuid() === 0 ? ["--no-sandbox"] : [] });
});
after(async () => {
  await browser?.close();
  await server?.dispose();
  shop?.close();
});

/** An answer as it comes, not decompressed. */
function ask(path, headers = {}, method = "GET") {
  return new Promise((resolve, reject) => {
    request(server.url + path, { method, headers }, (answer) => {
      const parts = [];
      answer.on("data", (part) => parts.push(part)).on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(parts) }));
    })
      .on("error", reject)
      .end();
  });
}

/** A page that says what its policy forbade, and whatever else went wrong. */
async function open(url, options) {
  const page = await browser.newPage(options);
  const problems = [];
  await page.exposeFunction("violated", (what) => problems.push(what));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => window.violated(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`));
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  await page.goto(url);
  return { page, problems };
}

/** A large script of the documentation, which the build has compressed. */
async function large() {
  const [, path] = /src="(\/docs\/assets\/[^"]+\.js)"/.exec((await ask("/docs/")).body.toString());
  return path;
}

test("a file comes in the encoding that its reader likes best, always the same content", async () => {
  const path = await large();
  const plain = await ask(path);
  assert.equal(plain.headers["content-encoding"], undefined);
  const same = { undefined: (body) => body, br: brotliDecompressSync, gzip: gunzipSync };
  const cases = [
    ["gzip, deflate, br, zstd", "br"],
    ["gzip", "gzip"],
    ["x-gzip", "gzip"],
    ["GZIP;q=0.4, BR;q=0.2", "gzip"],
    ["br;q=0, gzip", "gzip"],
    ["*", "br"],
    ["*;q=0.5, br;q=0", "gzip"],
    ["gzip;q=0.5, identity", undefined],
    ["identity", undefined],
    ["deflate, zstd", undefined],
    ["br;q=0, gzip;q=0", undefined],
    ["identity;q=0, *;q=0", undefined],
    ["", undefined],
    ["br;q=nonsense, ;;, gzip", "gzip"],
  ];
  for (const [accept, expected] of cases) {
    const answer = await ask(path, { "accept-encoding": accept });
    assert.equal(answer.status, 200, accept);
    assert.equal(answer.headers["content-encoding"], expected, accept);
    assert.equal(answer.headers["vary"], "Accept-Encoding", accept);
    assert.equal(Number(answer.headers["content-length"]), answer.body.length);
    assert.ok(same[expected](answer.body).equals(plain.body), accept);
    assert.match(answer.headers["content-type"], /^text\/javascript/);
  }
});

test("each encoding has an ETag of its own, by which a browser keeps it", async () => {
  const path = await large();
  const answers = await Promise.all(["br", "gzip", "identity"].map((encoding) => ask(path, { "accept-encoding": encoding })));
  const tags = answers.map((answer) => answer.headers.etag);
  assert.equal(new Set(tags).size, 3);
  for (const [index, accept] of ["br", "gzip", "identity"].entries()) {
    const again = await ask(path, { "accept-encoding": accept, "if-none-match": `"other", W/${tags[index]}` });
    assert.deepEqual([again.status, again.body.length, again.headers.etag, again.headers.vary], [304, 0, tags[index], "Accept-Encoding"]);
    assert.equal(again.headers["cache-control"], "public, max-age=31536000, immutable");
    const other = await ask(path, { "accept-encoding": accept, "if-none-match": tags[(index + 1) % 3] });
    assert.equal(other.status, 200);
  }
});

test("HEAD tells what GET would", async () => {
  const path = await large();
  for (const accept of ["br", "identity"]) {
    const [get, head] = await Promise.all([ask(path, { "accept-encoding": accept }), ask(path, { "accept-encoding": accept }, "HEAD")]);
    assert.equal(head.body.length, 0);
    for (const name of ["content-length", "content-encoding", "etag", "vary", "content-type", "cache-control", "content-security-policy"]) {
      assert.equal(head.headers[name], get.headers[name], name);
    }
  }
});

test("what was compressed has no address of its own, and nothing outside the folder has one", async () => {
  const path = await large();
  for (const none of [`${path}.br`, `${path}.gz`, "/docs/../appsettings.json", "/docs/%2e%2e/not-built.txt", "/docs/..%2fembed/notify.js", "/embed/nothing.js"]) {
    assert.equal((await ask(none, { "accept-encoding": "br" })).status, 404, none);
  }
});

test("a page is asked for by its folder", async () => {
  const answer = await ask("/docs/html?a=b");
  assert.deepEqual([answer.status, answer.headers.location], [302, "/docs/html/?a=b"]);
});

test("no page allows anything inline, or eval", async () => {
  for (const path of ["/docs/", "/demo/", ...guides, "/embed/notify.js"]) {
    const { status, headers } = await ask(path);
    assert.equal(status, 200, path);
    const policy = headers["content-security-policy"];
    assert.match(policy, /default-src 'none'/);
    assert.doesNotMatch(policy, /unsafe-/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(/require-trusted-types-for 'script'/.test(policy), !["/docs/", "/embed/notify.js"].includes(path), path);
  }
});

test("the API reference works without inline styles: operations, trying one out, schemas", async () => {
  const { page, problems } = await open(`${server.url}/docs/`);
  await page.getByRole("button", { name: "Authorize", exact: true }).click();
  await page.locator(".auth-container input").first().fill("sk_dev_local");
  await page.locator(".auth-container").getByRole("button", { name: "Apply credentials" }).first().click();
  await page.getByRole("button", { name: "Close", exact: true }).last().click();
  const operation = page.locator(".opblock", { has: page.locator('[data-path="/v1/topics"]') }).first();
  await operation.locator(".opblock-summary-control").click();
  await operation.getByRole("button", { name: "Try it out" }).click();
  await operation.getByRole("button", { name: "Execute" }).click();
  await operation.locator(".live-responses-table .response-col_status", { hasText: "200" }).waitFor();
  for (const tab of await operation.getByRole("tab", { name: "Schema" }).all()) {
    await tab.click();
  }
  await operation.locator(".json-schema-2020-12").first().waitFor();
  await page.locator("section.models button").first().click();
  const model = page.locator("section.models .json-schema-2020-12-accordion").first();
  await model.click();
  await page.locator("section.models .json-schema-2020-12-property").first().waitFor();
  assert.deepEqual(problems, []);
  await page.close();
});

test("the guides are readable and accessible, light and dark, on a phone and on a desk", async () => {
  const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  for (const [colorScheme, width] of [["light", 360], ["dark", 1280]]) {
    for (const path of guides) {
      const { page, problems } = await open(server.url + path, { colorScheme, viewport: { width, height: 800 } });
      await page.getByRole("heading", { level: 1 }).waitFor();
      const here = `${path} ${colorScheme} ${width}`;
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, `${here} scrolls sideways`);
      for (const link of await page.locator("aside a").all()) {
        assert.equal(await page.locator(await link.getAttribute("href")).count(), 1, `${here}: a link leads nowhere`);
      }
      const { violations } = await page.evaluate(`${axe}; axe.run()`);
      assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes[0].html}`), [], here);
      assert.deepEqual(problems, [], here);
      await page.close();
    }
  }
});

test("what other sites embed may be loaded by any of them, and is kept by its hash", async () => {
  const entry = await ask("/embed/notify.js", { origin: "https://shop.example" });
  assert.equal(entry.headers["access-control-allow-origin"], "*");
  assert.equal(entry.headers["access-control-allow-credentials"], undefined);
  assert.equal(entry.headers["cross-origin-resource-policy"], "cross-origin");
  assert.equal(entry.headers["cache-control"], "no-cache");
  assert.ok(entry.body.length < 1024, "The entry is asked for each time, and must be tiny.");
  assert.equal((await ask("/embed/notify.js", { "if-none-match": entry.headers.etag })).status, 304);
  const [, chunk] = /"\.(\/assets\/[^"]+)"/.exec(entry.body.toString());
  const main = await ask(`/embed${chunk}`);
  assert.equal(main.headers["access-control-allow-origin"], "*");
  assert.equal(main.headers["cache-control"], "public, max-age=31536000, immutable");
});

test("a page of another origin, under a strict policy of its own, has a bell, in its language, and live", async () => {
  const { page, problems } = await open(shop.url);
  await page.getByRole("button", { name: "Mitteilungen", exact: true }).waitFor();
  await server.publish("shopper", "Ihr Paket ist unterwegs");
  const bell = page.getByRole("button", { name: /^Mitteilungen, 1/ });
  await bell.waitFor();
  await bell.click();
  await page.getByText("Ihr Paket ist unterwegs").first().waitFor();
  await page.getByRole("tab", { name: "Ungelesen" }).waitFor();
  assert.deepEqual(problems, []);
  await page.close();
});

/** Somebody else's site, with a backend that hands out tokens; the service's address is known once it runs. */
async function startShop() {
  const site = createServer(async (asked, answer) => {
    if (asked.method === "POST") {
      answer.setHeader("content-type", "application/json").end(JSON.stringify({ token: await server.token("shopper") }));
      return;
    }
    const policy = [
      "default-src 'none'",
      `script-src ${server.url}`,
      `connect-src 'self' ${server.url} ${server.url.replace("http", "ws")}`,
      "img-src https: data:",
      "require-trusted-types-for 'script'",
      "trusted-types lit-html",
    ];
    answer.setHeader("content-type", "text/html").setHeader("content-security-policy", policy.join("; ")).end(`
      <!doctype html><html lang="de"><title>Shop</title><link rel="icon" href="data:,">
      <script type="module" src="${server.url}/embed/notify.js"></script>
      <notify-bell url="${server.url}" token-url="/notify-token"></notify-bell>`);
  });
  await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${site.address().port}`, close: () => site.close() };
}
