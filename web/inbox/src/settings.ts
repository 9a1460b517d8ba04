/** What the user has switched on in this browser. Off until then. */
export type LocalSetting = "desktop" | "sound";

const listeners = new Set<() => void>();
const offers: Record<LocalSetting, Set<object>> = { desktop: new Set(), sound: new Set() };
/** Where the browser keeps nothing: true until the page is left. */
const unkept = new Set<LocalSetting>();

function key(name: LocalSetting): string {
  return `notify.${name}`;
}

export function isOn(name: LocalSetting): boolean {
  try {
    return unkept.has(name) || localStorage.getItem(key(name)) === "on";
  } catch {
    return unkept.has(name);
  }
}

export function setOn(name: LocalSetting, on: boolean): void {
  unkept.delete(name);
  try {
    if (on) {
      localStorage.setItem(key(name), "on");
    } else {
      localStorage.removeItem(key(name));
    }
  } catch {
    if (on) {
      unkept.add(name);
    }
  }
  tell();
}

/** Says whether an element makes use of a setting: only what some element of the page uses is offered to the user. */
export function offer(name: LocalSetting, by: object, offered: boolean): void {
  if (offers[name].has(by) !== offered) {
    if (offered) {
      offers[name].add(by);
    } else {
      offers[name].delete(by);
    }
    tell();
  }
}

export function isOffered(name: LocalSetting): boolean {
  return offers[name].size > 0;
}

/** Calls back when a setting or an offer changes, also in another tab. Returns what ends it. */
export function onSettings(callback: () => void): () => void {
  if (listeners.size === 0) {
    addEventListener("storage", tell);
  }
  listeners.add(callback);
  return () => {
    listeners.delete(callback);
    if (listeners.size === 0) {
      removeEventListener("storage", tell);
    }
  };
}

function tell(): void {
  for (const listener of [...listeners]) {
    listener();
  }
}
