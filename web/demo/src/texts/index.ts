import { de } from "./de.ts";
import { en, type Texts } from "./en.ts";

export type { Texts };
export type Language = "en" | "de";

export const texts: Record<Language, Texts> = { en, de };

/** Fills in the texts of the page: `data-text` names one, `data-label` one for `aria-label`, by its path in {@link Texts}. */
export function fill(root: ParentNode, text: Texts): void {
  for (const element of root.querySelectorAll<HTMLElement>("[data-text]")) {
    element.textContent = at(text, element.dataset["text"] ?? "");
  }
  for (const element of root.querySelectorAll<HTMLElement>("[data-label]")) {
    element.setAttribute("aria-label", at(text, element.dataset["label"] ?? ""));
  }
}

function at(text: Texts, path: string): string {
  const value = path.split(".").reduce<unknown>((from, key) => (from as Record<string, unknown> | undefined)?.[key], text);
  if (typeof value !== "string") {
    throw new Error(`There is no text ${path}.`);
  }
  return value;
}
