// The service as users run it: the built server in a process of its own, on a free port and a temporary data folder.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const limit = 60_000;

/** Waits for what has no event to await; the limit says that something hangs, not how fast it is. */
export async function until(what, condition) {
  for (const started = Date.now(); ; await pause(20)) {
    const value = await condition();
    if (value) {
      return value;
    }
    if (Date.now() - started > limit) {
      throw new Error(`Waited in vain for: ${what}`);
    }
  }
}

export class Server {
  #process;
  #log = [];

  constructor(port, folder, settings) {
    this.port = port;
    this.folder = folder;
    this.settings = settings;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** With settings as environment variables, such as `Notifications__Cors__Origins__0`. */
  static async start(settings = {}) {
    const server = new Server(await freePort(), await mkdtemp(join(tmpdir(), "notifications-js-")), settings);
    await server.startAgain();
    return server;
  }

  async startAgain() {
    const configuration = process.env.CONFIGURATION?.toLowerCase() ?? "release";
    const assembly = join(root, "artifacts", "bin", "Notifications.Server", configuration, "Notifications.Server.dll");
    if (!existsSync(assembly)) {
      throw new Error(`The server is not built: ${assembly} is missing.`);
    }
    const child = spawn("dotnet", [assembly, "--urls", this.url], {
      cwd: dirname(assembly),
      env: { ...process.env, ASPNETCORE_ENVIRONMENT: "Development", Notifications__DataPath: this.folder, ...this.settings },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        this.#log = [...this.#log.slice(-200), text];
      });
    }
    await until("the server to be ready", async () => {
      if (child.exitCode !== null) {
        throw new Error(`The server ended with ${child.exitCode}.\n${this.#log.join("")}`);
      }
      return fetch(`${this.url}/health/ready`).then((response) => response.ok, () => false);
    });
  }

  /** SIGKILL ends it without a warning, SIGTERM asks it to stop. */
  async end(signal) {
    const ended = new Promise((resolve) => this.#process.once("exit", resolve));
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill(signal);
      await ended;
    }
  }

  async dispose() {
    await this.end("SIGKILL");
    await rm(this.folder, { recursive: true });
  }

  async request(method, path, body, token = "sk_dev_local") {
    const response = await fetch(this.url + path, {
      method,
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) {
      throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    }
    return response.status === 204 ? undefined : response.json();
  }

  async token(userId) {
    return (await this.request("POST", "/v1/tokens", { userId })).token;
  }

  async publish(user, title) {
    return (await this.request("POST", "/v1/events", { type: "test.event", to: [`user:${user}`], title })).id;
  }

  /** The user's inbox, oldest first, once it has this many items. */
  inbox(token, count) {
    return until(`${count} items in the inbox`, async () => {
      const items = [];
      for (let cursor = ""; cursor !== null; ) {
        const page = await this.request("GET", `/v1/me/inbox?limit=100${cursor && `&after=${encodeURIComponent(cursor)}`}`, undefined, token);
        items.push(...page.data);
        cursor = page.nextCursor ?? null;
      }
      return items.length >= count && items.reverse();
    });
  }
}

/** A network that can be cut: what goes through it is lost without a word, and new connections fail while it is down. */
export class Network {
  #server;
  #sockets = new Set();
  #down = false;

  static async to(port) {
    const network = new Network();
    network.#server = createServer((client) => {
      if (network.#down) {
        client.destroy();
        return;
      }
      const upstream = connect(port, "127.0.0.1");
      for (const [one, other] of [[client, upstream], [upstream, client]]) {
        network.#sockets.add(one);
        one.pipe(other);
        one.on("error", () => other.destroy());
        one.on("close", () => {
          network.#sockets.delete(one);
          other.destroy();
        });
      }
    });
    network.port = await freePort();
    await new Promise((resolve) => network.#server.listen(network.port, "127.0.0.1", resolve));
    network.url = `http://127.0.0.1:${network.port}`;
    return network;
  }

  cut() {
    this.#down = true;
    for (const socket of this.#sockets) {
      socket.resetAndDestroy();
    }
  }

  mend() {
    this.#down = false;
  }

  async dispose() {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A port that nobody listens on, below those that the system hands out to clients. */
async function freePort() {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 17_900);
    const free = await new Promise((resolve) => {
      const probe = createServer().once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (free) {
      return port;
    }
  }
}
