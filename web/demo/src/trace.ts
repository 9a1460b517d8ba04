export interface Arrival {
  rev: number;
  pushedAt: number;
  acknowledgedAt: number | null;
}

/** The last event's way through the service. Times are milliseconds since 1970, null until reached. */
export interface Trace {
  eventId: string;
  title: string;
  /** Who has to get it, by user id. */
  recipients: readonly string[];
  acceptedAt: number;
  storedAt: number | null;
  arrivals: ReadonlyMap<string, Arrival>;
}

/**
 * Follows the last event sent from this page. A push often overtakes the answer to the request that caused it, so
 * the arrivals of the latest events are kept for those that turn out to be the one.
 */
export class Tracer {
  #current: (Omit<Trace, "arrivals"> & { arrivals: Map<string, Arrival> }) | null = null;
  #recent = new Map<string, Map<string, Arrival>>();

  constructor(private readonly keep = 50) {}

  get current(): Trace | null {
    return this.#current;
  }

  /** Starts with the time the answer came; the event itself brings the exact one. */
  accepted(eventId: string, title: string, recipients: readonly string[], at: number): void {
    const arrivals = this.#arrivals(eventId);
    this.#current = { eventId, title, recipients, acceptedAt: at, storedAt: null, arrivals };
  }

  stored(eventId: string, acceptedAt: number, storedAt: number | null): void {
    if (this.#current?.eventId === eventId) {
      this.#current.acceptedAt = acceptedAt;
      this.#current.storedAt = storedAt;
    }
  }

  /** Only the first arrival counts: the same item may be shown again after a lost connection. */
  pushed(userId: string, eventId: string, rev: number, at: number): void {
    const arrivals = this.#arrivals(eventId);
    if (!arrivals.has(userId)) {
      arrivals.set(userId, { rev, pushedAt: at, acknowledgedAt: null });
    }
  }

  /** An acknowledgement covers everything up to its position. */
  acknowledged(userId: string, rev: number, at: number): void {
    const all = [...this.#recent.values()];
    if (this.#current !== null) {
      all.push(this.#current.arrivals);
    }
    for (const arrivals of all) {
      const arrival = arrivals.get(userId);
      if (arrival !== undefined && arrival.rev <= rev && arrival.acknowledgedAt === null) {
        arrival.acknowledgedAt = at;
      }
    }
  }

  #arrivals(eventId: string): Map<string, Arrival> {
    if (this.#current?.eventId === eventId) {
      return this.#current.arrivals;
    }
    let arrivals = this.#recent.get(eventId);
    if (arrivals === undefined) {
      arrivals = new Map();
      this.#recent.set(eventId, arrivals);
      const oldest = this.#recent.keys().next();
      if (this.#recent.size > this.keep && oldest.done !== true) {
        this.#recent.delete(oldest.value);
      }
    }
    return arrivals;
  }
}

/** How many steps are done: 1 accepted, 2 stored, 3 pushed to all, 4 acknowledged by all. */
export function progress(trace: Trace): 1 | 2 | 3 | 4 {
  if (trace.storedAt === null) {
    return 1;
  }
  const arrivals = trace.recipients.map((user) => trace.arrivals.get(user));
  if (arrivals.some((arrival) => arrival === undefined)) {
    return 2;
  }
  return arrivals.some((arrival) => arrival?.acknowledgedAt === null) ? 3 : 4;
}
