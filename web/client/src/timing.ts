import type { Environment } from "./environment.ts";

/** Full jitter: anywhere between now and what doubles with every attempt, in milliseconds, so that many clients do not come back at once. */
export function backoff(attempt: number, environment: Pick<Environment, "random">): number {
  return environment.random() * Math.min(30_000, 1000 * 2 ** attempt);
}

/** A pause that can be cut short. */
export class Pause {
  #end: (() => void) | null = null;

  for(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => { this.cut(); }, ms);
      this.#end = () => {
        clearTimeout(timer);
        this.#end = null;
        resolve();
      };
    });
  }

  cut(): void {
    this.#end?.();
  }
}

/** Rejects when the time, in milliseconds, is over before the promise is settled. */
export function within<T>(ms: number, promise: Promise<T>, error: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => { reject(error()); }, ms);
    promise.then(resolve, reject).finally(() => { clearTimeout(timer); });
  });
}

/** Rejects when the signal comes before the promise is settled. */
export function orEnd<T>(signal: AbortSignal, start: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => { reject(signal.reason as Error); };
    signal.addEventListener("abort", end);
    start().then(resolve, reject).finally(() => { signal.removeEventListener("abort", end); });
  });
}

/** Reports an error of the application's own handler where it shows, and goes on. */
export function rethrow(error: unknown): void {
  queueMicrotask(() => { throw error; });
}
