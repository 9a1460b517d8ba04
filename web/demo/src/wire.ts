/** What the service sends, as it sends it: absent values are null. */

export type Priority = "low" | "normal" | "high" | "critical";

export interface Item {
  id: string;
  seq: number;
  /** The item's place in its user's log: every change gives it a higher one. */
  rev: number;
  eventId: string;
  type: string;
  title: string;
  body: string | null;
  url: string | null;
  imageUrl: string | null;
  priority: Priority;
  createdAt: string;
  seenAt: string | null;
  readAt: string | null;
  archivedAt: string | null;
  snoozedUntil: string | null;
  withdrawnAt: string | null;
}

/** The server's counts. They come with every message; this page never counts by itself. */
export interface Counts {
  unseen: number;
  unread: number;
}

export interface Page {
  data: Item[];
  nextCursor: string | null;
  counts: Counts;
}

export interface Closing {
  code: string;
  message: string;
  reconnect: boolean;
}

export interface EventRequest {
  id: string;
  type: string;
  to: string[];
  title: string;
  body?: string;
  priority: Priority;
}

export interface Accepted {
  id: string;
  duplicate: boolean;
}

export interface StoredEvent {
  id: string;
  acceptedAt: string;
  storedAt: string | null;
}

export interface Token {
  token: string;
  expiresAt: string;
}
