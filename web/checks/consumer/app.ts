// Somebody's application, with the packages as they come from a registry: it must compile with plain settings, and bundle.
import { createNotifyClient, NotifyError, UnauthorizedError, type Item, type NotifyClient } from "@notifications/client";
import { useInbox } from "@notifications/client/react";
import "@notifications/inbox/define";
import * as inbox from "@notifications/inbox";
import * as de from "@notifications/inbox/labels/de";

export const client: NotifyClient = createNotifyClient({
  url: "https://notify.example.com",
  async getToken({ signal }) {
    const answer = await fetch("/notify-token", { method: "POST", signal });
    if (answer.status === 401) {
      throw new UnauthorizedError();
    }
    if (!answer.ok) {
      throw new NotifyError("token", `The backend answered ${answer.status}.`, answer.status);
    }
    return ((await answer.json()) as { token: string }).token;
  },
});
client.on("notification", ({ item }) => console.log(item.title satisfies Item["title"]));
const bell = document.querySelector("notify-bell");
if (bell !== null) {
  bell.client = client;
}
export const all = [useInbox, inbox, de];
