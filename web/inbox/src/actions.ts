import type { Item } from "@notifications/client";
import { html, nothing, type LitElement, type TemplateResult } from "lit";
import { announce } from "./announce.ts";
import { snoozeEntries, snoozeForm } from "./dialogs.ts";
import type { Here } from "./feed.ts";
import { commands, commandsOf, type ItemChange } from "./item.ts";
import type { Menu, MenuEntry } from "./menu.ts";
import { snoozeTime } from "./snooze.ts";

/** How long what was done can be undone from its line, in milliseconds. */
const undoFor = 10_000;

export type BulkCommand = "read" | "unread" | "archive" | "unarchive";

/** What was done, and how it is taken back. */
interface Done {
  text: string;
  undo?: () => unknown;
}

/** What can be done with items, and the line that says what was, and undoes it. */
export class Actions {
  #done: Done | null = null;
  #host: LitElement;
  #menu: Menu;
  #here: () => Here;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: LitElement, menu: Menu, here: () => Here) {
    this.#host = host;
    this.#menu = menu;
    this.#here = here;
  }

  /** `at`: where a menu opens. */
  run(command: ItemChange | "more", item: Item, at: HTMLElement): void {
    const { list, text, locale } = this.#here();
    if (command === "more") {
      const entries = commandsOf(item).map((name) => ({
        label: text[commands[name].label],
        icon: commands[name].icon,
        run: () => {
          this.run(name, item, at);
        },
      }));
      void this.#menu.show(at, text.moreActions, entries);
    } else if (command === "snooze") {
      const choose = (until: Date): void => {
        this.#menu.close();
        if (list !== undefined) {
          this.attempt(list.snooze(item.id, until), {
            text: text.snoozed(snoozeTime(until, locale)),
            undo: () => list.snooze(item.id, null),
          });
        }
      };
      const pick = (): void => {
        void this.#menu.showDialog(at, text.snooze, () => snoozeForm(text, choose, () => { this.#menu.close(); }));
      };
      void this.#menu.show(at, text.snooze, snoozeEntries(text, locale, choose, pick));
    } else if (command === "unsnooze") {
      if (list !== undefined) {
        this.attempt(list.snooze(item.id, null));
      }
    } else {
      this.bulk(command, [item.id]);
    }
  }

  /** What can be done with the whole list. */
  entries(): MenuEntry[] {
    const { list, text } = this.#here();
    if (list === undefined) {
      return [];
    }
    const readAll: MenuEntry = {
      label: text.markAllRead,
      icon: "checkAll",
      run: () => {
        this.attempt(list.readAll());
      },
    };
    const archiveRead: MenuEntry = {
      label: text.archiveAllRead,
      icon: "archive",
      run: () => {
        this.attempt(list.archiveAll({ onlyRead: true }));
      },
    };
    // Only where what it takes in is what the list shows.
    return ["inbox", "all", "read"].includes(list.filter.status ?? "inbox") ? [readAll, archiveRead] : [readAll];
  }

  bulk(command: BulkCommand, ids: readonly string[]): void {
    const { list, text } = this.#here();
    if (list === undefined || ids.length === 0) {
      return;
    }
    // Before the change: what is done is said even where the list is gone by the time it is confirmed.
    const done = {
      read: undefined,
      unread: undefined,
      archive: { text: text.archived(ids.length), undo: () => list.unarchive(ids) },
      unarchive: { text: text.unarchived(ids.length), undo: () => list.archive(ids) },
    }[command];
    this.attempt(list[command](ids), done);
  }

  /** Says at once what is being done, and later, where it fails, that it did. */
  attempt(change: Promise<boolean>, done: Done | null = null): void {
    this.say(done);
    void change.then((worked) => {
      if (!worked) {
        this.say({ text: this.#here().text.changeFailed });
      }
    });
  }

  say(done: Done | null): void {
    clearTimeout(this.#timer);
    if (done === null && this.#host.shadowRoot?.activeElement?.closest(".done") != null) {
      // The line goes, and must not take the focus along.
      this.#host.focus({ preventScroll: true });
    }
    this.#done = done;
    this.#host.requestUpdate();
    if (done !== null) {
      announce(done.text);
      this.#timer = setTimeout(this.#expire, undoFor);
    }
  }

  /** Not while someone is about to use it. */
  #expire = (): void => {
    if (this.#host.renderRoot.querySelector(".done:is(:hover, :focus-within)") === null) {
      this.say(null);
    } else {
      this.#timer = setTimeout(this.#expire, undoFor);
    }
  };

  get undoable(): boolean {
    return this.#done?.undo !== undefined;
  }

  undo = (): void => {
    const undo = this.#done?.undo;
    this.say(null);
    undo?.();
  };

  render(): TemplateResult | typeof nothing {
    return this.#done === null
      ? nothing
      : html`<div class="done" part="done">
          <span>${this.#done.text}</span>
          ${this.#done.undo === undefined ? nothing : html`<button type="button" @click=${this.undo}>${this.#here().text.undo}</button>`}
        </div>`;
  }
}
