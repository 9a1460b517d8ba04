import type { ClientOptions, NotifyClient } from "./types.ts";

export declare function createNotifyClient(options: ClientOptions): NotifyClient;
