import "@notifications/inbox/define";
import { speak } from "./language.ts";

export { createNotifyClient, NotifyError, UnauthorizedError } from "@notifications/client";

speak();
