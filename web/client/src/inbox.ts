import type { Action, Change } from "./change.ts";
import { rethrow } from "./timing.ts";
import type { Range, Store } from "./store.ts";
import type { Counts, Inbox, InboxFilter, InboxState, Item, NotifyErrorLike } from "./types.ts";

/** A page of the inbox, read in one snapshot of the user's log. */
export interface InboxPage {
  data: Item[];
  nextCursor: string | null;
  counts: Counts;
  epoch: number;
  /** Up to which place of the log the page is. */
  head: number;
}

/** What a list needs of its client. */
export interface InboxHost {
  readonly store: Store;
  readonly counts: Counts | null;
  /** Fetches a page, newest first, and takes in what it says. Null where its answer is of no use any more. */
  page(filter: Readonly<InboxFilter>, limit: number, after: string | null): Promise<InboxPage | null>;
  /** Makes a change, and tells in the end whether it was done. */
  change(change: Change): Promise<boolean>;
  /** Whether news since this place of the log may have been missed here. */
  isBehind(head: number): boolean;
  /** The highest place that is known. */
  position(): number;
  failed(error: unknown): NotifyErrorLike;
}

/** So often at most are listeners called, in milliseconds: once a frame. */
const frame = 16;
/** A page holds at most that many. */
const maxPage = 100;
/** A list that grew beyond this by what arrived starts anew, with one page. */
const maxItems = 20_000;

export class InboxList implements Inbox {
  readonly #range: Range;
  readonly #listeners = new Set<() => void>();
  #status: InboxState["status"] = "idle";
  #error: NotifyErrorLike | null = null;
  /** Whether it is the first page that failed, so that what is shown may be old. */
  #isFirstMissing = false;
  #cursor: string | null = null;
  #loads = 0;
  #head = -1;
  #frozen: readonly Item[] | null = null;
  #under: Promise<void> | null = null;
  #state: InboxState | null = null;
  #version = -1;
  #told = -Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isTelling = false;

  constructor(
    private readonly host: InboxHost,
    readonly filter: Readonly<InboxFilter>,
    private readonly pageSize: number,
  ) {
    this.#range = { filter, floor: Infinity, top: Infinity };
    host.store.ranges.add(this.#range);
  }

  getState(): InboxState {
    const { store, counts } = this.host;
    if (this.#state === null || this.#version !== store.version || this.#state.counts !== counts) {
      const before = this.#state;
      const { items, pendingNew } = this.#frozen === null ? store.list(this.#range) : { items: this.#frozen, pendingNew: 0 };
      const same = before !== null && before.items.length === items.length && items.every((item, i) => item === before.items[i]);
      this.#version = store.version;
      this.#state = {
        items: same ? before.items : items,
        counts,
        hasMore: this.#cursor !== null,
        status: this.#status,
        error: this.#error,
        pendingNew,
      };
      if (same && before.counts === counts && before.hasMore === this.#state.hasMore && before.status === this.#status
        && before.error === this.#error && before.pendingNew === pendingNew) {
        this.#state = before;
      }
    }
    return this.#state;
  }

  subscribe(listener: () => void): () => void {
    // Its own, so that the same function given twice is called twice and ended one by one.
    const own = (): void => { listener(); };
    this.#listeners.add(own);
    return () => { this.#listeners.delete(own); };
  }

  /** Something that lists show may have changed: tells the listeners, at once after a pause and else once a frame. */
  changed(): void {
    if (this.#listeners.size === 0 || this.#isTelling) {
      return;
    }
    this.#isTelling = true;
    const wait = this.#told + frame - performance.now();
    if (wait <= 0) {
      queueMicrotask(() => { this.#tell(); });
    } else {
      this.#timer = setTimeout(() => { this.#tell(); }, wait);
    }
  }

  load(): Promise<void> {
    if (this.#status === "ready" || this.#status === "more") {
      return Promise.resolve();
    }
    return this.#status === "loading" && this.#under !== null ? this.#under : this.refresh();
  }

  refresh(): Promise<void> {
    const shown = this.#status === "idle" ? 0 : this.getState().items.length;
    return this.#load(Math.min(maxPage, Math.max(this.pageSize, shown)), null);
  }

  loadMore(): Promise<void> {
    if (this.#cursor === null || this.#under !== null) {
      return this.#under ?? Promise.resolve();
    }
    return this.#load(this.pageSize, this.#cursor);
  }

  showNew(): void {
    this.#range.top = Math.max(this.#range.top, this.host.position());
    this.#touch();
    if (this.getState().items.length > maxItems) {
      void this.refresh();
    }
  }

  /** Up to which place of the log it was fetched; null where it was not asked for. */
  get head(): number | null {
    return this.#status === "idle" ? null : this.#head;
  }

  /** Tries again, where the first page could not be loaded. */
  retry(): void {
    if (this.#status === "error" && this.#isFirstMissing) {
      void this.refresh();
    }
  }

  /** What it shows is of no use to the log any more; it stays until the next page has come. */
  freeze(): void {
    this.#frozen = this.getState().items;
  }

  read(ids: readonly string[]): Promise<boolean> {
    return this.#act("read", ids);
  }

  unread(ids: readonly string[]): Promise<boolean> {
    return this.#act("unread", ids);
  }

  /** Most of what comes into view has been seen before; that costs no request. */
  seen(ids: readonly string[]): Promise<boolean> {
    return this.#act("seen", ids.filter((id) => this.host.store.get(id)?.seenAt == null));
  }

  archive(ids: readonly string[]): Promise<boolean> {
    return this.#act("archive", ids);
  }

  unarchive(ids: readonly string[]): Promise<boolean> {
    return this.#act("unarchive", ids);
  }

  snooze(id: string, until: Date | null): Promise<boolean> {
    return this.host.change(until === null
      ? { action: "unsnooze", ids: [id] }
      : { action: "snooze", ids: [id], snoozedUntil: until.toISOString() });
  }

  readAll(): Promise<boolean> {
    return this.#actOnAll("read", this.filter);
  }

  seenAll(): Promise<boolean> {
    return this.#actOnAll("seen", this.filter);
  }

  archiveAll({ onlyRead = false } = {}): Promise<boolean> {
    if (!onlyRead) {
      return this.#actOnAll("archive", this.filter);
    }
    const { status = "inbox" } = this.filter;
    return ["inbox", "seen", "read", "all"].includes(status) ? this.#actOnAll("archive", { ...this.filter, status: "read" }) : Promise.resolve(true);
  }

  #act(action: Action, ids: readonly string[]): Promise<boolean> {
    return ids.length === 0 ? Promise.resolve(true) : this.host.change({ action, ids: [...new Set(ids)] });
  }

  #actOnAll(action: Action, filter: Readonly<InboxFilter>): Promise<boolean> {
    // What arrived and waits to be shown is not what the reader means by all.
    const before = this.#range.top === Infinity ? this.host.position() : this.#range.top;
    return this.host.change({ action, filter: { ...filter }, before });
  }

  #load(limit: number, after: string | null): Promise<void> {
    const load = ++this.#loads;
    const isFirst = after === null;
    if (this.#status !== "ready" || !isFirst) {
      this.#status = isFirst ? "loading" : "more";
    }
    this.#error = null;
    this.#touch();
    const under = this.#fetch(load, limit, after).finally(() => {
      if (this.#under === under) {
        this.#under = null;
      }
    });
    this.#under = under;
    return under;
  }

  async #fetch(load: number, limit: number, after: string | null): Promise<void> {
    try {
      const page = await this.host.page(this.filter, limit, after);
      if (load !== this.#loads) {
        return; // Another load has overtaken this one.
      }
      if (page === null || (after === null && this.host.isBehind(page.head))) {
        await this.#fetch(load, limit, null);
        return;
      }
      if (after === null) {
        this.#range.top = this.#head = page.head;
        this.#frozen = null;
      }
      this.#cursor = page.nextCursor;
      this.#range.floor = page.nextCursor === null ? 0 : (page.data.at(-1)?.seq ?? 0);
      this.#status = "ready";
    } catch (error) {
      if (load === this.#loads) {
        this.#status = "error";
        this.#isFirstMissing = after === null;
        this.#error = this.host.failed(error);
      }
    }
    this.#touch();
  }

  #touch(): void {
    this.#version = -1;
    this.changed();
  }

  #tell(): void {
    clearTimeout(this.#timer);
    this.#isTelling = false;
    this.#told = performance.now();
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch (error) {
        rethrow(error);
      }
    }
  }
}
