import { rethrow } from "./timing.ts";

export class Emitter<Events> {
  readonly #handlers = new Map<keyof Events, Set<(payload: never) => void>>();

  on<K extends keyof Events>(event: K, handler: (payload: Events[K]) => void): () => void {
    // Its own, so that the same function given twice is called twice and ended one by one.
    const own = (payload: Events[K]): void => { handler(payload); };
    const handlers = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, handlers.add(own));
    return () => { handlers.delete(own); };
  }

  /** An error in a handler is reported as uncaught, and keeps nobody else from hearing. */
  emit<K extends keyof Events>(event: K, payload: Events[K]): void {
    for (const handler of [...(this.#handlers.get(event) ?? [])]) {
      try {
        (handler as (payload: Events[K]) => void)(payload);
      } catch (error) {
        rethrow(error);
      }
    }
  }
}
