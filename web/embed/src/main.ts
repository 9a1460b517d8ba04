import "@notifications/inbox/define";

export { createNotifyClient, NotifyError, UnauthorizedError } from "@notifications/client";
