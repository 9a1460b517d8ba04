import type { Environment } from "./environment.ts";
import { NotifyError, UnauthorizedError } from "./errors.ts";
import { orEnd } from "./timing.ts";
import type { ClientOptions, TokenRequest } from "./types.ts";

/** How long before its end a token is replaced, in milliseconds; for a short-lived one a fifth of its life. */
const margin = 60_000;

/** Keeps the user's token, asks for the next one in time, and asks once however many wait for it. */
export class Tokens {
  /** Whose tokens these are, as `tenant/user`; empty until the first one. */
  user = "";
  #token = "";
  #until = 0;
  #reason: TokenRequest["reason"] = "connect";
  #asking: Promise<string> | null = null;
  #abort = new AbortController();

  constructor(
    private readonly ask: ClientOptions["getToken"],
    private readonly environment: Environment,
  ) {}

  /**
   * @throws {UnauthorizedError} Nobody is signed in.
   * @throws {NotifyError} `token`: there was none to be had now.
   */
  async get(): Promise<string> {
    if (this.#token !== "" && this.environment.now() < this.#until) {
      return this.#token;
    }
    if (this.#token !== "") {
      this.#reason = "expiring";
    }
    if (this.#asking === null) {
      const asking = this.#next(this.#abort.signal).finally(() => {
        if (this.#asking === asking) {
          this.#asking = null;
        }
      });
      this.#asking = asking;
    }
    return await this.#asking;
  }

  /** This one is of no use any more; one that came in the meantime stays. */
  drop(token: string, reason: TokenRequest["reason"]): void {
    if (this.#token === token) {
      this.#token = "";
      this.#reason = reason;
    }
  }

  /** Ends what is under way, also where the application does not heed the signal; who asks next asks anew. */
  stop(): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#asking = null;
  }

  async #next(signal: AbortSignal): Promise<string> {
    let token: unknown;
    try {
      token = await orEnd(signal, async () => await this.ask({ reason: this.#reason, signal }));
    } catch (error) {
      if (signal.aborted) {
        throw new NotifyError("disconnected", "The client was disconnected.");
      }
      throw isUnauthorized(error) ? error : new NotifyError("token", `There is no token: ${error instanceof Error ? error.message : String(error)}`);
    }
    if (typeof token !== "string" || token === "") {
      throw new NotifyError("token", "getToken returned no token.");
    }
    const { sub, tenant, exp } = claims(token);
    const user = `${tenant ?? "default"}/${sub ?? ""}`;
    if (this.user !== "" && this.user !== user) {
      // Everything that is kept belongs to the first one.
      throw new UnauthorizedError("getToken returned another user's token; create a client for each user.");
    }
    const now = this.environment.now();
    const life = (exp ?? 0) * 1000 - now;
    this.user = user;
    this.#token = token;
    // A token without an end, or one that this clock takes for ended, is used until the service refuses it.
    this.#until = life > 0 ? now + life - Math.min(margin, life / 5) : Infinity;
    return token;
  }
}

/** Also where the class comes from another copy of this package. */
export function isUnauthorized(error: unknown): error is UnauthorizedError {
  return error instanceof Error && error.name === "UnauthorizedError";
}

/** What a JWT says; nothing where it is none. It is checked by the service alone. */
function claims(token: string): { sub?: string; tenant?: string; exp?: number } {
  try {
    const part = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(part), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as { sub?: string; tenant?: string; exp?: number };
  } catch {
    return {};
  }
}
