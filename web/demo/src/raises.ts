import type { EventRequest } from "./api.ts";
import { recipients } from "./people.ts";
import type { Texts } from "./texts/index.ts";

export type Raise = "shipped" | "comment" | "incident" | "news";

/** What the app's events look like; each time a little different. `count`: how many there have been. */
export function raise(name: Raise, count: number, { examples }: Texts): Omit<EventRequest, "id"> {
  const link = (path: string): string => `https://app.example.com/${path}`;
  switch (name) {
    case "shipped": {
      const order = 4711 + count;
      const [title, body] = examples.shipped(order);
      const url = link(`orders/${order}`);
      const actions = [
        { id: "track", label: examples.track, url: `${url}/parcel`, primary: true },
        { id: "invoice", label: examples.invoice, url: `${url}/invoice` },
      ];
      return { type: "order.shipped", to: recipients(["ada"]), title, body, url, actions, category: "orders", priority: "normal" };
    }
    case "comment": {
      const [title, body] = pick(examples.comments, count);
      const actions = [{ id: "reply", label: examples.reply, url: link("comments/7/reply") }];
      return { type: "comment.added", to: recipients(["ben"]), title, body, url: link("comments/7"), actions, category: "comments", priority: "normal" };
    }
    case "incident": {
      const [title, body] = pick(examples.incidents, count);
      const actions = [
        { id: "acknowledge", label: examples.acknowledge, url: link("incidents/12/acknowledge"), primary: true },
        { id: "runbook", label: examples.runbook, url: link("runbooks/12") },
      ];
      return { type: "incident.opened", to: recipients(["ada", "ben"]), title, body, actions, category: "incidents", priority: "critical" };
    }
    case "news": {
      const [title, body] = pick(examples.news, count);
      return { type: "news.published", to: recipients("everyone"), title, body, category: "news", priority: "normal" };
    }
  }
}

function pick(from: readonly (readonly string[])[], count: number): [string, string] {
  const [title = "", body = ""] = from[count % from.length] ?? [];
  return [title, body];
}
