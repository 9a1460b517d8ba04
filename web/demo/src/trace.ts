/** What became of the event at one user. Times are milliseconds since 1970, null until reached. */
export interface Leg {
  deliveredAt: number | null;
  seenAt: number | null;
  readAt: number | null;
}

/** An event's way through the service. Times are milliseconds since 1970, null until reached. */
export interface Trace {
  /** Null until the service has answered. */
  eventId: string | null;
  title: string;
  sentAt: number;
  acceptedAt: number | null;
  storedAt: number | null;
  /** Who has to get it, by user id. */
  legs: ReadonlyMap<string, Readonly<Leg>>;
}

/**
 * Follows the last event sent from this page. A push often overtakes the answer to the request that caused it, so what arrives is kept for
 * a while, for the one that turns out to be it.
 */
export class Tracer {
  #current: (Omit<Trace, "legs"> & { legs: Map<string, Leg> }) | null = null;
  /** By event, then by user. */
  #recent = new Map<string, Map<string, Leg>>();

  /** `keep`: of so many events. */
  constructor(private readonly keep = 100) {}

  get current(): Trace | null {
    return this.#current;
  }

  /** An event is sent; from now on it is the one that is followed. */
  begin(title: string, users: readonly string[], at: number): Trace {
    const legs = new Map(users.map((user) => [user, noLeg()]));
    this.#current = { eventId: null, title, sentAt: at, acceptedAt: null, storedAt: null, legs };
    return this.#current;
  }

  /** It could not be sent. */
  abandon(trace: Trace): void {
    if (this.#current === trace) {
      this.#current = null;
    }
  }

  /** The answer came. The event itself brings the exact time. */
  accepted(trace: Trace, eventId: string, at: number): void {
    const current = this.#current;
    if (current !== null && current === trace) {
      current.eventId = eventId;
      current.acceptedAt = Math.max(at, current.sentAt);
      for (const [user, leg] of this.#recent.get(eventId) ?? []) {
        if (current.legs.has(user)) {
          current.legs.set(user, leg);
        }
      }
    }
  }

  /** The service's clock counts in whole milliseconds, so what it says is never put before what led to it. */
  stored(eventId: string, acceptedAt: number, storedAt: number): void {
    const current = this.#current;
    if (current?.eventId === eventId) {
      current.acceptedAt = Math.max(acceptedAt, current.sentAt);
      current.storedAt = Math.max(storedAt, current.acceptedAt);
    }
  }

  /** Only the first time counts: a device may be shown the same again after a lost connection. */
  delivered(user: string, eventId: string, at: number): void {
    this.#leg(user, eventId).deliveredAt ??= at;
  }

  seen(user: string, eventId: string, at: number): void {
    this.#leg(user, eventId).seenAt ??= at;
  }

  read(user: string, eventId: string, at: number): void {
    this.#leg(user, eventId).readAt ??= at;
  }

  #leg(user: string, eventId: string): Leg {
    const own = this.#current?.eventId === eventId ? this.#current.legs : this.#kept(eventId);
    let leg = own.get(user);
    if (leg === undefined) {
      leg = noLeg();
      own.set(user, leg);
    }
    return leg;
  }

  #kept(eventId: string): Map<string, Leg> {
    let legs = this.#recent.get(eventId);
    if (legs === undefined) {
      legs = new Map();
      this.#recent.set(eventId, legs);
      const [oldest] = this.#recent.keys();
      if (this.#recent.size > this.keep && oldest !== undefined) {
        this.#recent.delete(oldest);
      }
    }
    return legs;
  }
}

/** How far an event is: it counts what everybody has reached. */
export type Progress = "sent" | "accepted" | "stored" | "delivered";

export function progress(trace: Trace): Progress {
  if (trace.acceptedAt === null) {
    return "sent";
  }
  if (trace.storedAt === null) {
    return "accepted";
  }
  return [...trace.legs.values()].every((leg) => leg.deliveredAt !== null) ? "delivered" : "stored";
}

function noLeg(): Leg {
  return { deliveredAt: null, seenAt: null, readAt: null };
}
