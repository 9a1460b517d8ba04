// Pages of somebody else's site that embed the inbox as its users do: of another origin than the service, under the strictest policy that a site
// may have, in a real browser. Whatever breaks the policy, throws, or complains on the console fails the test.
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { freePort, limit, Server, until } from "./server.js";

/** What a page may show. `url` is where the service is, as this page reaches it. */
const views = {
  bell: (at) => `<notify-bell ${at} toasts></notify-bell>`,
  quiet: (at) => `<notify-bell ${at}></notify-bell>`,
  full: (at) => `<notify-bell ${at} toasts desktop sound></notify-bell>`,
  inbox: (at) => `<notify-inbox ${at} class="inline"></notify-inbox>`,
  preferences: (at) => `<notify-preferences ${at} class="inline"></notify-preferences>`,
};

const css = `
  body { margin: 0; font: 16px/1.5 sans-serif; color-scheme: light dark; color: CanvasText; background: Canvas }
  header { display: flex; align-items: center; justify-content: space-between; padding: 8px 16px }
  h1 { font-size: 20px; margin: 0 }
  main { padding: 16px }
  .inline { inline-size: 100%; max-inline-size: 480px; block-size: 640px }
`;

class Site {
  /** What users get who are not just given tokens: a status instead of one, or how long they live in seconds. */
  rules = new Map();
  /** How many tokens each user was given. */
  issued = new Map();
  #server;

  /** @param tokenFor Makes a token: of a user, and for how many seconds. */
  static async start(tokenFor) {
    const site = new Site();
    const port = await freePort();
    // Not the name that the service is reached by: another site, and not only another port.
    site.url = `http://localhost:${port}`;
    site.#server = createServer((request, response) => {
      site.#answer(new URL(request.url, site.url), request.method, response, tokenFor).catch(() => response.writeHead(500).end());
    });
    await new Promise((resolve) => site.#server.listen(port, "localhost", resolve));
    return site;
  }

  async #answer({ pathname, searchParams: asked }, method, response, tokenFor) {
    if (pathname === "/token" && method === "POST") {
      const user = asked.get("user");
      const { status, ttl } = this.rules.get(user) ?? {};
      if (status !== undefined) {
        response.writeHead(status).end();
        return;
      }
      const token = await tokenFor(user, ttl);
      this.issued.set(user, (this.issued.get(user) ?? 0) + 1);
      response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-store" }).end(JSON.stringify({ token }));
    } else if (pathname === "/site.css") {
      response.writeHead(200, { "Content-Type": "text/css" }).end(css);
    } else if (pathname === "/favicon.ico") {
      response.writeHead(204).end();
    } else {
      const service = asked.get("service") ?? "";
      response.writeHead(200, { "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy(service) }).end(this.#page(service, asked));
    }
  }

  #page(service, asked) {
    const user = asked.get("user");
    const at = `url="${service}" token-url="/token?user=${user}" theme="${asked.get("theme") ?? "auto"}"`;
    const view = views[asked.get("view")]?.(at) ?? "";
    return `<!doctype html>
      <html lang="${asked.get("lang") ?? "en"}" dir="${asked.get("dir") ?? "ltr"}">
        <head>
          <meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A shop</title>
          <link rel="stylesheet" href="/site.css">
          ${view === "" ? "" : `<script type="module" src="${service}/embed/notify.js"></script>`}
        </head>
        <body><header><h1>A shop</h1>${view.includes("bell") ? view : ""}</header><main><p>What it sells.</p>${view.includes("bell") ? "" : view}</main></body>
      </html>`;
  }

  async dispose() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** What a site has to allow, and nothing more. */
function policy(service) {
  return [
    "default-src 'none'",
    `script-src ${service}`,
    "style-src 'self'",
    `connect-src 'self' ${service} ${service.replace("http", "ws")}`,
    "img-src 'self' https:",
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types lit-html",
  ].join("; ");
}

const [issuer, audience, signingKey] = ["https://issuer.example", "notifications", randomBytes(32).toString("hex")];

/** A token for less time than the service itself gives any, as another issuer might: in seconds. */
function shortLived(user, ttl) {
  const now = Math.floor(Date.now() / 1000);
  const parts = [
    { alg: "HS256", typ: "JWT" },
    { iss: issuer, aud: audience, sub: user, tenant: "default", iat: now, exp: now + ttl },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  return [...parts, createHmac("sha256", signingKey).update(parts.join(".")).digest("base64url")].join(".");
}

/** A service, a site that embeds it, and a browser; one of each for a file of tests. */
export class Stage {
  #people = 0;

  static async start() {
    const stage = new Stage();
    stage.site = await Site.start((user, ttl) => (ttl === undefined ? stage.server.token(user) : shortLived(user, ttl)));
    try {
      stage.server = await Server.start({
        Notifications__Cors__Origins__0: stage.site.url,
        Notifications__Auth__Jwt__SigningKey: signingKey,
        Notifications__Auth__Jwt__Issuer: issuer,
        Notifications__Auth__Jwt__Audience: audience,
      });
      const executablePath = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
      stage.browser = await chromium.launch({ executablePath, args: process.getuid() === 0 ? ["--no-sandbox"] : [] });
    } catch (error) {
      await stage.dispose();
      throw error;
    }
    return stage;
  }

  async dispose() {
    await this.browser?.close();
    await this.server?.dispose();
    await this.site?.dispose();
  }

  /** Somebody whom the service has never heard of. */
  someone() {
    return `someone-${++this.#people}`;
  }

  /** Publishes one event; `more` has further fields of it. */
  send(user, title, more = {}) {
    return this.server.request("POST", "/v1/events", { type: "test.event", to: [`user:${user}`], title, ...more });
  }

  /** The user's whole inbox as the service has it, archived and snoozed included, newest first. */
  async stored(user, status = "all") {
    return (await this.server.request("GET", `/v1/me/inbox?status=${status}&limit=100`, undefined, await this.server.token(user))).data;
  }

  /**
   * A browser with nothing in it, that a test opens pages in. What a page complains of fails the test, but for what `tolerate` matches: lost
   * connections are reported on the console, where a test cuts them.
   */
  async visitor(t, { tolerate = [], ...options } = {}) {
    const context = await this.browser.newContext({ locale: "en-GB", timezoneId: "Europe/Vienna", ...options });
    context.setDefaultTimeout(limit);
    const visitor = new Visitor(this, context);
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sourceFile }) => {
        console.error(`Breaks the policy: ${violatedDirective} ${blockedURI} ${sourceFile}`);
      });
    });
    context.on("weberror", (error) => visitor.problems.push(String(error.error())));
    context.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") {
        visitor.problems.push(`${message.text()} (${message.location().url})`);
      }
    });
    t.after(async () => {
      await context.close();
      assert.deepEqual(visitor.problems.filter((problem) => !tolerate.some((known) => known.test(problem))), []);
    });
    return visitor;
  }

  /** A page in a browser of its own, with the client live. */
  async open(t, asked, options) {
    return (await this.visitor(t, options)).open(asked);
  }
}

class Visitor {
  #live = false;
  problems = [];
  /** The WebSockets that are open, each with its page. */
  sockets = new Map();

  constructor(stage, context) {
    this.stage = stage;
    this.context = context;
    context.on("page", (page) => {
      page.on("websocket", (socket) => {
        this.sockets.set(socket, page);
        socket.on("framereceived", ({ payload }) => /"target":"(resumed|reset)"/.test(payload) && (this.#live = true));
        socket.on("close", () => this.sockets.delete(socket));
      });
      // The browser does not tell of sockets that end with their page.
      page.on("close", () => {
        for (const [socket, owner] of this.sockets) {
          if (owner === page) {
            this.sockets.delete(socket);
          }
        }
      });
    });
  }

  /** Opens a page, and waits until a page of this browser is live. `service`: where this page reaches the service, if not directly. */
  async open(asked) {
    const page = await this.visit(asked);
    await until("the connection to be live", () => this.#live);
    return page;
  }

  /** Opens a page that may never be live. */
  async visit({ user, view = "bell", service = this.stage.server.url, ...rest }) {
    const page = await this.context.newPage();
    await page.goto(`${this.stage.site.url}/?${new URLSearchParams({ user, view, service, ...rest })}`);
    return page;
  }
}

/** Keeps a picture of a page, where the environment variable SHOTS names a folder for them. */
export const picture = async (page, name) => process.env.SHOTS !== undefined && page.screenshot({ path: join(process.env.SHOTS, `${name}.png`) });

/** What a reader finds on a page. */
export const bell = (page, name = /^Notifications/) => page.getByRole("button", { name });
export const inbox = (page) => page.locator("notify-inbox");
export const panel = (page) => page.getByRole("dialog", { name: "Notifications", exact: true });
export const toasts = (page) => page.getByRole("region", { name: "Notifications", exact: true }).getByRole("list").getByRole("listitem");
export const feed = (page) => page.getByRole("feed");
export const item = (page, title) => feed(page).getByRole("article").filter({ has: page.getByRole("heading", { name: title, exact: true }) });
export const titles = (page) => feed(page).getByRole("heading").allInnerTexts();
/** What a screen reader says by itself: when it has a moment, or at once. */
export const said = (page, text) => page.getByRole("status").filter({ hasText: text }).waitFor({ state: "attached" });
export const cried = (page, text) => page.getByRole("alert").filter({ hasText: text }).waitFor({ state: "attached" });

/** Waits until the list shows exactly this, from the top. */
export async function shows(page, expected) {
  let last;
  try {
    await until("the list to be as expected", async () => (last = await titles(page)).join("\n") === expected.join("\n"));
  } catch {
    assert.deepEqual(last, expected);
  }
}

export { until };
