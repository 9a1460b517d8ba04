// What the public API promises in types; checked by `npm run typecheck`, never run.
import { createNotifyClient, NotifyError, UnauthorizedError } from "@notifications/client";
import type { ClientEvents, ConnectionState, Counts, Inbox, InboxState, Item, NotifyClient, NotifyErrorLike } from "@notifications/client";
import { useConnection, useCounts, useInbox, useNotification } from "@notifications/client/react";
import { expectTypeOf } from "vitest";

declare const client: NotifyClient;
declare const inbox: Inbox;

// Making a client: only getToken is needed, and it may answer at once or later.
expectTypeOf(createNotifyClient).returns.toEqualTypeOf<NotifyClient>();
createNotifyClient({ getToken: () => "token" });
createNotifyClient({ url: new URL("https://notify.example.com"), getToken: () => Promise.resolve("token"), storage: null, shareConnection: false });
createNotifyClient({ storage: sessionStorage, getToken: ({ reason, signal }) => {
  expectTypeOf(reason).toEqualTypeOf<"connect" | "expiring" | "rejected">();
  expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
  return "token";
} });
// @ts-expect-error Without a token there is no connection.
createNotifyClient({ url: "https://notify.example.com" });
// @ts-expect-error A token is a string.
createNotifyClient({ getToken: () => 1 });
// @ts-expect-error A misspelt option does not go unnoticed.
createNotifyClient({ getToken: () => "token", shareConnections: true });

// Events know their payload, and `on` returns what ends it.
expectTypeOf<keyof ClientEvents>().toEqualTypeOf<"state" | "notification" | "updated" | "counts" | "synced" | "error">();
const off = client.on("notification", ({ item, counts, missed }) => {
  expectTypeOf(item).toEqualTypeOf<Item>();
  expectTypeOf(counts).toEqualTypeOf<Counts>();
  expectTypeOf(missed).toEqualTypeOf<boolean>();
});
expectTypeOf(off).toEqualTypeOf<() => void>();
client.on("state", (event) => {
  expectTypeOf(event.state).toEqualTypeOf<ConnectionState>();
  expectTypeOf(event.retryAt).toEqualTypeOf<number | null>();
});
client.on("error", (error) => {
  expectTypeOf(error).toEqualTypeOf<NotifyErrorLike>();
});
// @ts-expect-error There is no such event.
client.on("message", () => undefined);
// @ts-expect-error The state is read, not set.
client.state = "connected";

// A list: what it shows cannot be changed by its reader; filters are checked.
client.inbox();
client.inbox({ filter: { status: "unread", category: "orders" }, pageSize: 50 });
// @ts-expect-error There is no such status.
client.inbox({ filter: { status: "new" } });
expectTypeOf(inbox.getState()).toEqualTypeOf<InboxState>();
expectTypeOf(inbox.getState().items).toEqualTypeOf<readonly Item[]>();
expectTypeOf<InboxState["items"]>().not.toHaveProperty("push");
expectTypeOf<Inbox["read"]>().parameters.toEqualTypeOf<[ids: readonly string[]]>();
expectTypeOf<Inbox["snooze"]>().parameters.toEqualTypeOf<[id: string, until: Date | null]>();
expectTypeOf<Inbox["archiveAll"]>().returns.resolves.toEqualTypeOf<boolean>();
// What a sender puts there is not known here.
expectTypeOf<Item["data"]>().toBeUnknown();

// Errors are classes, to be told apart.
expectTypeOf(new NotifyError("network", "No answer.")).toExtend<Error & NotifyErrorLike>();
expectTypeOf(new UnauthorizedError()).toExtend<Error>();

// Preferences: a merge, in which null removes.
void client.preferences.update({ channels: { email: "digest", webhook: null }, categories: { orders: null }, quietHours: null });
// @ts-expect-error A channel is on, off or a digest.
void client.preferences.update({ channels: { email: true } });

// React.
expectTypeOf(useInbox).returns.toExtend<InboxState>();
expectTypeOf(useInbox).returns.toHaveProperty("archiveAll").toEqualTypeOf<Inbox["archiveAll"]>();
expectTypeOf(useCounts).returns.toEqualTypeOf<Counts | null>();
expectTypeOf(useConnection).returns.toHaveProperty("state").toEqualTypeOf<ConnectionState>();
expectTypeOf(useNotification).parameter(1).parameter(0).toEqualTypeOf<ClientEvents["notification"]>();
