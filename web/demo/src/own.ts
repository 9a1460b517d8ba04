import type { EventRequest } from "./api.ts";
import { curlText } from "./curl.ts";
import { find, setText } from "./dom.ts";
import { recipients } from "./people.ts";
import type { Priority } from "@notifications/client";
import type { Texts } from "./texts/index.ts";

/** How long the button says that it has copied, in milliseconds. */
const copiedTime = 2_000;

/** The form for an event of the reader's own, and the command that does the same. */
export class OwnEvent {
  readonly #form = find<HTMLFormElement>(document, "#own form");
  readonly #title = find<HTMLInputElement>(this.#form, "[name=title]");
  readonly #command = find(this.#form, ".code code");
  readonly #copy = find<HTMLButtonElement>(this.#form, ".copy");
  /** The title that was offered. */
  #offered = "";

  constructor(
    send: (event: Omit<EventRequest, "id">) => Promise<boolean>,
    private readonly text: () => Texts,
  ) {
    const button = find<HTMLButtonElement>(this.#form, "[type=submit]");
    this.#form.addEventListener("input", () => {
      this.#showCommand();
    });
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      button.disabled = true;
      void send(this.#event()).finally(() => {
        button.disabled = false;
        // Disabled, it has lost the focus.
        if (document.activeElement === document.body) {
          button.focus();
        }
      });
    });
    this.#copy.addEventListener("click", () => void this.#copyCommand());
  }

  /** In another language. */
  show(): void {
    if (this.#title.value === this.#offered) {
      this.#title.value = this.#offered = this.text().ownTitleValue;
    }
    this.#showCommand();
  }

  #event(): Omit<EventRequest, "id"> {
    const fields = new FormData(this.#form);
    const value = (name: string): string => {
      const field = fields.get(name);
      return typeof field === "string" ? field.trim() : "";
    };
    const to = value("to");
    const body = value("body");
    return {
      type: "demo.message",
      to: recipients(to === "everyone" ? to : [to]),
      title: value("title"),
      ...(body === "" ? {} : { body }),
      priority: value("priority") as Priority,
    };
  }

  #showCommand(): void {
    setText(this.#command, curlText(location.origin, this.#event()));
  }

  async #copyCommand(): Promise<void> {
    try {
      await navigator.clipboard.writeText(this.#command.textContent);
    } catch {
      // Not allowed: then it is selected, for the reader to copy.
      getSelection()?.selectAllChildren(this.#command);
      return;
    }
    setText(this.#copy, this.text().copied);
    setTimeout(() => {
      setText(this.#copy, this.text().copy);
    }, copiedTime);
  }
}
