import type { Environment } from "./environment.ts";
import { NotifyError } from "./errors.ts";
import type { Tokens } from "./token.ts";

/** How long an answer may take, in milliseconds. */
const limit = 15_000;

/** The service's HTTP API, as the user. */
export class Http {
  constructor(
    readonly base: string,
    private readonly tokens: Tokens,
    private readonly environment: Environment,
  ) {}

  /**
   * @throws {NotifyError} `network` or `timeout` where there was no answer, else the service's code.
   * @throws {UnauthorizedError} Nobody is signed in.
   */
  async send<T>(method: string, path: string, body?: unknown, keepalive = false): Promise<T> {
    const token = await this.tokens.get();
    try {
      return await this.#once<T>(method, path, body, token, keepalive);
    } catch (error) {
      if (!(error instanceof NotifyError) || error.status !== 401) {
        throw error;
      }
    }
    this.tokens.drop(token, "rejected");
    return await this.#once<T>(method, path, body, await this.tokens.get(), keepalive);
  }

  async #once<T>(method: string, path: string, body: unknown, token: string, keepalive: boolean): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json", Authorization: `Bearer ${token}` };
    const init: RequestInit = { method, headers, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(limit), keepalive };
    if (body !== undefined) {
      headers["Content-Type"] = "application/json";
      init.body = JSON.stringify(body);
    }
    let response: Response;
    try {
      response = await this.environment.fetch(this.base + path, init);
    } catch (error) {
      throw error instanceof DOMException && error.name === "TimeoutError"
        ? new NotifyError("timeout", "The service did not answer in time.")
        : new NotifyError("network", "The service could not be reached.");
    }
    if (!response.ok) {
      throw await problem(response);
    }
    try {
      // What is put is answered without a body, also by 200 and 201.
      return (response.status === 204 || method === "PUT" ? undefined : await response.json()) as T;
    } catch {
      throw new NotifyError("invalid_answer", "The answer was cut off, or is not the service's.");
    }
  }
}

/** Whether the same request can succeed later. Of a refused token it can: the next one may be taken. */
export function isPassing(error: unknown): boolean {
  return error instanceof NotifyError && (error.status === 0 || error.status === 401 || error.status === 408 || error.status === 429 || error.status >= 500);
}

/** Problem details (RFC 9457) as an error; whatever else answered, by its status. */
async function problem(response: Response): Promise<NotifyError> {
  let body: { code?: unknown; title?: unknown; detail?: unknown; errors?: unknown } = {};
  try {
    body = (await response.json()) as typeof body;
  } catch {
    // Not the service's own answer.
  }
  const text = [body.detail, body.title].find((part) => typeof part === "string" && part !== "");
  const after = Number(response.headers.get("Retry-After"));
  return new NotifyError(
    typeof body.code === "string" ? body.code : `http_${response.status}`,
    typeof text === "string" ? text : `The service answered ${response.status}.`,
    response.status,
    typeof body.errors === "object" && body.errors !== null ? (body.errors as Record<string, string[]>) : {},
    after > 0 ? after * 1000 : null,
  );
}
