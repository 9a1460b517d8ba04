import { html, type TemplateResult } from "lit";
import type { Labels } from "./labels/labels.ts";
import type { MenuEntry } from "./menu.ts";
import { localInput, morning, snoozeChoices, snoozeTime } from "./snooze.ts";

/** The entries of the menu to snooze with; `pick` asks for a time of the reader's own. */
export function snoozeEntries(text: Labels, locale: string, choose: (until: Date) => void, pick: () => void, now = new Date()): MenuEntry[] {
  return [
    ...snoozeChoices(now).map(({ label, until }) => ({
      label: text[label],
      hint: snoozeTime(until, locale),
      run: () => {
        choose(until);
      },
    })),
    { label: text.snoozePick, run: pick },
  ];
}

/** Asks for a date and a time. */
export function snoozeForm(text: Labels, choose: (until: Date) => void, cancel: () => void): TemplateResult {
  const now = new Date();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const input = (event.currentTarget as HTMLFormElement).querySelector("input");
    if (input !== null && input.value !== "") {
      choose(new Date(input.value));
    }
  };
  return html`<form @submit=${submit}>
    <label for="until">${text.snoozeUntil}</label>
    <input id="until" type="datetime-local" required autofocus .value=${localInput(morning(now, 1))} min=${localInput(now)} />
    <div>
      <button type="button" class="button" @click=${cancel}>${text.cancel}</button>
      <button class="button primary">${text.confirm}</button>
    </div>
  </form>`;
}

/** Which keys do what on an item. */
export function keyHints(text: Labels): TemplateResult {
  const keys: [string, string][] = [
    ["↑ ↓", text.keyMove],
    ["Enter", text.keyOpen],
    ["R", text.keyRead],
    ["E", text.keyArchive],
    ["S", text.keySnooze],
    ["X", text.keySelect],
    ["Ctrl Z", text.undo],
  ];
  return html`<div class="hints" tabindex="-1" autofocus>
    <p class="title">${text.keyboard}</p>
    <dl>
      ${keys.map(([key, what]) => html`<div><dt>${key.split(" ").map((each) => html`<kbd>${each}</kbd>`)}</dt><dd>${what}</dd></div>`)}
    </dl>
  </div>`;
}
