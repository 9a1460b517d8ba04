import type { Environment } from "./environment.ts";
import type { Position } from "./replica.ts";

/** So often at most is the position written, in milliseconds. */
const interval = 200;
/** After this long away, in milliseconds, what was missed is not told one by one any more. */
const maxAge = 7 * 24 * 60 * 60 * 1000;

/** Remembers this browser's place in the user's log across page loads, and the name under which the service keeps it. */
export class Memory {
  #latest: Position | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly storage: Environment["storage"] | null,
    private readonly environment: Environment,
    private readonly key: string,
  ) {}

  /** Null where nothing is remembered; a place of no history where it was for too long. */
  read(): Position | null {
    try {
      const kept = JSON.parse(this.storage?.getItem(`${this.key}:position`) ?? "null") as { epoch?: unknown; at?: unknown; on?: unknown } | null;
      if (kept === null || typeof kept.epoch !== "number" || typeof kept.at !== "number" || typeof kept.on !== "number") {
        return null;
      }
      return Math.abs(this.environment.now() - kept.on) < maxAge ? { epoch: kept.epoch, at: kept.at } : { epoch: 0, at: 0 };
    } catch {
      return null;
    }
  }

  /** Notes the place; written at once after a pause, else now and then, and by `flush()`. */
  note(position: Position): void {
    this.#latest = position;
    if (this.#timer === undefined) {
      this.#write();
      this.#timer = setTimeout(() => { this.flush(); }, interval);
    }
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#write();
  }

  /** This browser's name, or null where nothing can be kept. */
  device(): string | null {
    try {
      const known = this.storage?.getItem(`${this.key}:device`) ?? null;
      const device = known ?? `web-${Math.floor(this.environment.random() * 2 ** 48).toString(36)}`;
      return known !== null || this.#set("device", device) ? device : null;
    } catch {
      return null;
    }
  }

  #write(): void {
    if (this.#latest !== null) {
      this.#set("position", JSON.stringify({ ...this.#latest, on: this.environment.now() }));
      this.#latest = null;
    }
  }

  #set(name: string, value: string): boolean {
    try {
      this.storage?.setItem(`${this.key}:${name}`, value);
      return this.storage != null;
    } catch {
      return false; // No room, or not allowed: then it lasts as long as the page.
    }
  }
}
