import type { ItemAction, Priority } from "@notifications/client";

export interface EventRequest {
  /** The sender's own: the same one sent again is the same event. */
  id: string;
  type: string;
  to: string[];
  title: string;
  body?: string;
  url?: string;
  actions?: Partial<ItemAction>[];
  category?: string;
  priority: Priority;
  data?: unknown;
}

/** An answer other than the one hoped for, in words for the reader. */
export class ApiError extends Error {
  /** `status`: of HTTP; 0 where there was no answer. */
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }

  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export async function issueToken(userId: string, signal: AbortSignal): Promise<string> {
  return (await send<{ token: string }>("POST", "/demo/api/token", { userId }, signal)).token;
}

/** Sends an event, and tells its id in the service. Asks again where the answer is lost: under the same id it cannot arrive twice. */
export function sendEvent(event: EventRequest): Promise<{ id: string }> {
  return insist(() => send("POST", "/demo/api/events", event));
}

/** The same for up to 1,000 of them. */
export async function sendBatch(events: readonly EventRequest[]): Promise<void> {
  const { rejected } = await insist(() => send<{ rejected: number }>("POST", "/demo/api/events/batch", events));
  if (rejected > 0) {
    throw new ApiError(`The service refused ${rejected} events.`, 400);
  }
}

export interface StoredEvent {
  acceptedAt: number;
  storedAt: number;
}

/** When an event was accepted and stored, in milliseconds since 1970; null while it is not stored yet. */
export async function getEvent(id: string): Promise<StoredEvent | null> {
  try {
    const event = await send<{ acceptedAt: string; storedAt: string }>("GET", `/demo/api/events/${encodeURIComponent(id)}`);
    return { acceptedAt: Date.parse(event.acceptedAt), storedAt: Date.parse(event.storedAt) };
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.isPassing)) {
      return null;
    }
    throw error;
  }
}

const pauses = [300, 1000, 2000];

async function insist<T>(request: () => Promise<T>): Promise<T> {
  for (const ms of pauses) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isPassing) {
        throw error;
      }
      await pause(ms);
    }
  }
  return request();
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function send<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const init: RequestInit = { method, cache: "no-store" };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { "Content-Type": "application/json" };
  }
  if (signal !== undefined) {
    init.signal = signal;
  }
  let response: Response;
  try {
    response = await fetch(path, init);
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
