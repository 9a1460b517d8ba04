import { createNotifyClient, UnauthorizedError, type ClientOptions, type NotifyClient } from "@notifications/client";

/** How an element without a client of its own gets one. */
export interface Source {
  /** Where the service is; the page's own origin where it is left out. */
  url?: string | null | undefined;
  /** Where a token is asked for by POST. */
  tokenUrl?: string | null | undefined;
  /** Asks for a token; wins over `tokenUrl`. */
  getToken?: ClientOptions["getToken"] | undefined;
}

/** A share in a client. */
export interface Lease {
  readonly client: NotifyClient;
  /** Whether another description still means the same client; takes over a new `getToken`. */
  keeps(source: Source): boolean;
  release(): void;
}

interface Entry {
  url: string;
  /** Null where a function is asked instead. */
  tokenUrl: string | null;
  getToken: ClientOptions["getToken"];
  client: NotifyClient;
  users: number;
}

const entries = new Set<Entry>();

/**
 * A client for this source, connected, and shared by all who ask for the same one; null where the source names no way to a token.
 * When the last one has released it, it is disconnected.
 */
export function lease(source: Source, create: (options: ClientOptions) => NotifyClient = createNotifyClient): Lease | null {
  const url = service(source.url);
  const tokenUrl = source.getToken === undefined && source.tokenUrl != null ? absolute(source.tokenUrl) : null;
  const getToken = source.getToken ?? (tokenUrl === null ? null : tokenFrom(tokenUrl));
  if (getToken === null) {
    return null;
  }
  let entry = [...entries].find((e) => e.url === url && e.tokenUrl === tokenUrl && (tokenUrl !== null || e.getToken === getToken));
  if (entry === undefined) {
    const made: Entry = {
      url,
      tokenUrl,
      getToken,
      // Asks the newest function: frameworks hand over a new one at each rendering.
      client: create({ url, getToken: (request) => made.getToken(request) }),
      users: 0,
    };
    entry = made;
    entries.add(made);
    made.client.connect();
  }
  entry.users++;
  return share(entry);
}

function share(entry: Entry): Lease {
  let released = false;
  return {
    client: entry.client,
    keeps(source) {
      const same = entry.url === service(source.url);
      if (source.getToken !== undefined) {
        if (same && entry.tokenUrl === null) {
          entry.getToken = source.getToken;
          return true;
        }
        return false;
      }
      return same && entry.tokenUrl !== null && source.tokenUrl != null && entry.tokenUrl === absolute(source.tokenUrl);
    },
    release() {
      if (released) {
        return;
      }
      released = true;
      entry.users--;
      // In a while: an element that is moved, or a page that swaps one view for another, leaves and comes back at once.
      setTimeout(() => {
        if (entry.users === 0 && entries.delete(entry)) {
          entry.client.disconnect();
        }
      });
    },
  };
}

/**
 * Asks the application's backend for a token: `POST url` with the page's cookies, answered by `{"token": "…"}`. 401 and 403 mean that
 * nobody is signed in.
 */
export function tokenFrom(url: string): ClientOptions["getToken"] {
  return async ({ signal }) => {
    const answer = await fetch(url, { method: "POST", credentials: "same-origin", headers: { accept: "application/json" }, signal });
    if (answer.status === 401 || answer.status === 403) {
      throw new UnauthorizedError();
    }
    if (!answer.ok) {
      throw new Error(`${url} answered ${answer.status}.`);
    }
    const body: unknown = await answer.json();
    if (typeof body !== "object" || body === null || !("token" in body) || typeof body.token !== "string") {
      throw new Error(`${url} answered without a "token".`);
    }
    return body.token;
  };
}

/** The page's own origin, and not its address, where there is none. */
function service(url: string | null | undefined): string {
  return url == null || url === "" ? location.origin : absolute(url);
}

function absolute(url: string): string {
  return new URL(url, document.baseURI).href;
}
