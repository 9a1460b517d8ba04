import { HttpTransportType, HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import type { Closing, HubEvents, HubLink, Reset, Resumed } from "./environment.ts";
import type { Counts, Item, NotifyErrorLike } from "./types.ts";

/**
 * Opens one connection over SignalR. In a module of its own, so that bundlers load SignalR when it is first needed and keep only the part
 * that is named here. Reconnecting is the caller's: SignalR's own gives up after four tries and never repeats a failed start.
 */
export async function openHub(url: string, token: string, events: HubEvents): Promise<HubLink> {
  const connection = new HubConnectionBuilder()
    // Without a negotiation, which the service does not need, the connection is there a round trip earlier.
    .withUrl(url, { transport: HttpTransportType.WebSockets, skipNegotiation: true, accessTokenFactory: () => token })
    // What goes wrong is told by the client's events; SignalR would print the address, and with it the token.
    .configureLogging(LogLevel.None)
    .build();
  connection.on("notification", (item: Item, counts: Counts) => { events.notification(item, counts); });
  connection.on("updated", (items: Item[], counts: Counts) => { events.updated(items, counts); });
  connection.on("counts", (counts: Counts) => { events.counts(counts); });
  connection.on("resumed", (resumed: Resumed) => { events.resumed(resumed); });
  connection.on("reset", (reset: Reset) => { events.reset(reset); });
  connection.on("closing", (closing: Closing) => { events.closing(closing); });
  const closed = new Promise<NotifyErrorLike | null>((resolve) => {
    connection.onclose((error) => { resolve(error === undefined ? null : { code: "network", message: error.message }); });
  });
  await connection.start();
  return {
    closed,
    ack: (rev) => connection.invoke("Ack", rev),
    stop: () => void connection.stop(),
  };
}
