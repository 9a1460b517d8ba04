/** How long an item must be in sight to be seen, in milliseconds. */
const dwell = 500;
/** Or this much of a large one, in pixels. */
const enough = 120;

/**
 * Notices what a reader has had before their eyes: half of it (or {@link enough}) for half a second, in a page that is not in the background.
 * Reports in batches, each item once.
 */
export class SeenWatch {
  #report: (keys: string[]) => void;
  #observer: IntersectionObserver | null = null;
  #watched = new Map<Element, string>();
  /** Since when each is in sight. */
  #since = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(report: (keys: string[]) => void) {
    this.#report = report;
  }

  /** These are on the page and not seen yet, each with its key in `data-key`. */
  watch(rows: Iterable<HTMLElement>): void {
    // Clipped by the list's own scroller and by the window, so that only what really shows counts.
    this.#observer ??= new IntersectionObserver(this.#changed, { threshold: [0, 0.25, 0.5, 0.75, 1] });
    const wanted = new Map([...rows].map((row) => [row as Element, row.dataset.key ?? ""]));
    for (const [row, key] of this.#watched) {
      if (wanted.get(row) !== key) {
        this.#observer.unobserve(row);
        this.#watched.delete(row);
        this.#since.delete(key);
      }
    }
    for (const [row, key] of wanted) {
      if (!this.#watched.has(row)) {
        this.#watched.set(row, key);
        this.#observer.observe(row);
      }
    }
  }

  stop(): void {
    this.#observer?.disconnect();
    this.#observer = null;
    this.#watched.clear();
    this.#since.clear();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    document.removeEventListener("visibilitychange", this.#turned);
  }

  #changed = (entries: IntersectionObserverEntry[]): void => {
    for (const { target, isIntersecting, intersectionRatio, intersectionRect } of entries) {
      const key = this.#watched.get(target);
      if (key === undefined) {
        continue;
      }
      if (isIntersecting && (intersectionRatio >= 0.5 || intersectionRect.height >= enough)) {
        this.#since.set(key, this.#since.get(key) ?? performance.now());
      } else {
        this.#since.delete(key);
      }
    }
    this.#wait();
  };

  #wait(): void {
    document.addEventListener("visibilitychange", this.#turned);
    if (this.#since.size > 0 && document.visibilityState === "visible") {
      this.#timer ??= setTimeout(this.#flush, dwell);
    }
  }

  /** What was in sight when the page came back is in sight from then on. */
  #turned = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const key of this.#since.keys()) {
      this.#since.set(key, performance.now());
    }
    this.#wait();
  };

  #flush = (): void => {
    this.#timer = undefined;
    // Timers may fire a little early by another clock.
    const before = performance.now() - dwell + 5;
    const seen = [...this.#since].filter(([, since]) => since <= before).map(([key]) => key);
    for (const key of seen) {
      this.#since.delete(key);
    }
    if (seen.length > 0) {
      this.#report(seen);
    }
    this.#wait();
  };
}
