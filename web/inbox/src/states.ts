import type { InboxFilter } from "@notifications/client";
import { html, nothing, type TemplateResult } from "lit";
import { icon, type IconName } from "./icons.ts";
import type { Labels } from "./labels/labels.ts";

/** Stands for items that are on their way. */
export function skeleton(text: Labels): TemplateResult {
  return html`<div class="skeleton" part="skeleton">
    <span class="hidden">${text.loading}</span>
    ${[0, 1, 2, 3, 4].map(
      () => html`<div class="item"><span class="picture"></span><div class="main"><i></i><i></i><i></i></div></div>`,
    )}
  </div>`;
}

/** A list without items, in its own words. */
export function emptyView({ status = "inbox", category }: InboxFilter, text: Labels): TemplateResult {
  if (status === "unread" && category === undefined) {
    return notice("checkAll", text.emptyUnread, text.emptyUnreadHint);
  }
  if (status === "archived" && category === undefined) {
    return notice("archive", text.emptyArchived, text.emptyArchivedHint);
  }
  return (status === "inbox" || status === "all") && category === undefined
    ? notice("inbox", text.emptyAll, text.emptyAllHint)
    : notice("inbox", text.emptyOther);
}

/** Instead of a list: what is the matter, and what can be done about it. */
export function notice(name: IconName, title: string, hint?: string, retry?: { label: string; run: () => void }): TemplateResult {
  return html`<div class="notice" part="notice">
    <span class="medal">${icon(name)}</span>
    <p class="title">${title}</p>
    ${hint === undefined ? nothing : html`<p>${hint}</p>`}
    ${retry === undefined ? nothing : html`<button type="button" class="button" @click=${retry.run}>${retry.label}</button>`}
  </div>`;
}
