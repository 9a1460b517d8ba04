import type { NotifyErrorLike } from "./types.ts";

/** Something that was asked for could not be done. */
export class NotifyError extends Error implements NotifyErrorLike {
  override name = "NotifyError";

  constructor(
    /** Stable, for programs: a code of the service, or `network`, `timeout`, `token`, `disconnected`, `invalid_answer`. */
    readonly code: string,
    message: string,
    /** The status of the HTTP answer; 0 where there was none. */
    readonly status = 0,
    /** By field, what is wrong with it. */
    readonly fields: Readonly<Record<string, readonly string[]>> = {},
    /** How long the service asked to be left alone, in milliseconds. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }
}

/** Thrown by `getToken`: nobody is signed in, and asking again is of no use. */
export class UnauthorizedError extends Error {
  override name = "UnauthorizedError";

  constructor(message = "Nobody is signed in.") {
    super(message);
  }
}
