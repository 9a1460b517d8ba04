import type { Accepted, Counts, EventRequest, Page, StoredEvent, Token } from "./wire";

/** An answer other than the one hoped for, in words for the reader. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

export function issueToken(userId: string): Promise<Token> {
  return send<Token>("POST", "/demo/api/token", { body: { userId } });
}

export function sendEvent(event: EventRequest): Promise<Accepted> {
  return send<Accepted>("POST", "/demo/api/events", { body: event });
}

export function getEvent(id: string): Promise<StoredEvent> {
  return send<StoredEvent>("GET", `/demo/api/events/${encodeURIComponent(id)}`);
}

export function getInbox(token: string, limit: number): Promise<Page> {
  return send<Page>("GET", `/v1/me/inbox?limit=${limit}`, { token });
}

/** Marks everything up to the given position, and nothing that arrived after it. */
export function markAll(token: string, action: "seen" | "read", before: number): Promise<{ counts: Counts }> {
  return send("POST", "/v1/me/inbox/actions", { token, body: { action, filter: {}, before } });
}

async function send<T>(method: string, path: string, options: { body?: unknown; token?: string } = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (options.body !== undefined) {
    headers["Content-Type"] = "application/json";
  }
  if (options.token !== undefined) {
    headers["Authorization"] = `Bearer ${options.token}`;
  }
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      cache: "no-store",
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    });
  } catch {
    throw new ApiError("The service does not answer.", 0);
  }
  if (!response.ok) {
    throw new ApiError(await reason(response), response.status);
  }
  return (await response.json()) as T;
}

/** The reason given by problem details (RFC 9457), with the first field at fault. */
async function reason(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as { title?: unknown; detail?: unknown; errors?: Record<string, unknown> };
    const [field, messages] = Object.entries(problem.errors ?? {})[0] ?? [];
    if (field !== undefined && Array.isArray(messages) && typeof messages[0] === "string") {
      return `${field}: ${messages[0]}`;
    }
    const text = problem.detail ?? problem.title;
    if (typeof text === "string" && text !== "") {
      return text;
    }
  } catch {
    // Not problem details; the status says what there is to say.
  }
  return `The service answered ${response.status}.`;
}
