import { find } from "./dom.ts";
import type { Language } from "./texts/index.ts";

export type Theme = "auto" | "light" | "dark";

/** What the reader chose at the top of the page; kept for the next visit. */
export interface Settings {
  theme: Theme;
  language: Language;
}

/** Shows the choices, and calls back with each; once at the beginning. */
export function followSettings(changed: (settings: Settings) => void): void {
  const settings: Settings = {
    theme: oneOf(keep("theme"), ["auto", "light", "dark"]) ?? "auto",
    language: oneOf(keep("language"), ["en", "de"]) ?? (navigator.language.toLowerCase().startsWith("de") ? "de" : "en"),
  };
  for (const name of ["theme", "language"] as const) {
    const group = find<HTMLElement>(document, `#${name}`);
    find<HTMLInputElement>(group, `[value="${settings[name]}"]`).checked = true;
    group.addEventListener("change", (event) => {
      const { value } = event.target as HTMLInputElement;
      Object.assign(settings, { [name]: value });
      keep(name, value);
      changed({ ...settings });
    });
  }
  changed({ ...settings });
}

/** Reads what is kept, or writes it. Where nothing may be kept, the choice lasts as long as the page. */
function keep(name: string, value?: string): string | null {
  const key = `notifications-demo:${name}`;
  try {
    if (value !== undefined) {
      localStorage.setItem(key, value);
    }
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function oneOf<T extends string>(value: string | null, known: readonly T[]): T | undefined {
  return known.find((one) => one === value);
}
