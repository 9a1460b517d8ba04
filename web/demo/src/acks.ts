/**
 * Acknowledges the highest position reached, one call at a time: while one is under way later positions wait,
 * and only the highest of them is sent, as it covers the others.
 */
export class Acks {
  #wanted = 0;
  #done = 0;
  #running = false;
  #log = 0;

  constructor(
    private readonly send: (rev: number) => Promise<unknown>,
    private readonly acknowledged: (rev: number) => void,
  ) {}

  add(rev: number): void {
    this.#wanted = Math.max(this.#wanted, rev);
    if (!this.#running) {
      void this.#run();
    }
  }

  /** Forgets the positions of a log that is no longer the current one. */
  reset(): void {
    this.#wanted = 0;
    this.#done = 0;
    this.#log++;
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#wanted > this.#done) {
        const rev = this.#wanted;
        const log = this.#log;
        await this.send(rev);
        if (log === this.#log) {
          this.#done = rev;
          this.acknowledged(rev);
        }
      }
    } catch {
      // The connection went away: what was not acknowledged comes again on the next one.
      this.#wanted = this.#done;
    } finally {
      this.#running = false;
    }
  }
}
