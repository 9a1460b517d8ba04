import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";

/** How a control is named: by words of its own, or by the `<label>` for its id, and described by the element with the id `hint`. */
export type ControlName = { label: string } | { id: string; hint?: string };

/** A switch. */
export function toggle(name: ControlName, on: boolean, set: (on: boolean) => void, disabled = false): TemplateResult {
  return html`<input
    type="checkbox"
    role="switch"
    aria-label=${"label" in name ? name.label : nothing}
    id=${"id" in name ? name.id : nothing}
    aria-describedby=${("hint" in name && name.hint) || nothing}
    .checked=${live(on)}
    ?disabled=${disabled}
    @change=${({ target }: Event) => {
      if (target instanceof HTMLInputElement) {
        set(target.checked);
      }
    }}
  />`;
}

/** One of a few; without a name inside a `<label>`. */
export function choice<T extends string>(
  name: ControlName | null,
  options: readonly T[],
  chosen: string,
  text: (option: T) => string,
  set: (option: T) => void,
  disabled = false,
): TemplateResult {
  return html`<select
    aria-label=${name !== null && "label" in name ? name.label : nothing}
    ?disabled=${disabled}
    @change=${({ target }: Event) => {
      const option = target instanceof HTMLSelectElement ? options[target.selectedIndex] : undefined;
      if (option !== undefined) {
        set(option);
      }
    }}
  >
    ${options.map((option) => html`<option .selected=${live(option === chosen)}>${text(option)}</option>`)}
  </select>`;
}

/** A time of day, `HH:MM`, with its label. */
export function clock(label: string, time: string, set: (time: string) => void): TemplateResult {
  return html`<label
    >${label}
    <input
      type="time"
      required
      .value=${live(time)}
      @change=${({ target }: Event) => {
        // Empty while a part of it is missing.
        if (target instanceof HTMLInputElement && target.value !== "") {
          set(target.value);
        }
      }}
  /></label>`;
}
