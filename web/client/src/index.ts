export { createNotifyClient } from "./client.ts";
export { NotifyError, UnauthorizedError } from "./errors.ts";
export type * from "./types.ts";
