import type { ReactiveController, ReactiveControllerHost } from "lit";
import { Layout, type Anchor } from "./layout.ts";

/** Lists up to this long are in the document whole. */
const small = 100;
/** How far beyond what is in sight rows are in the document, and how much of that may be used up before others are brought in; pixels. */
const ahead = 700;
const reserve = 250;
/** How close to its end a list asks for more, in pixels. */
const nearEnd = 900;
/** How long rows take to slide to a new place, in milliseconds. */
const slideFor = 220;

export interface VirtualOptions {
  /** What scrolls. */
  scroller: () => HTMLElement | null;
  /** What the rows are in, each an element with its key in `data-key`; as high as all rows together. */
  canvas: () => HTMLElement | null;
  /** The end is near, or in sight; called again and again while it is. */
  end: () => void;
}

/**
 * Keeps only those rows of a long list in the document that are in sight or close to it, and the list still under its reader's eyes while
 * rows come, go and change their heights. Each update:
 * 1. {@link setKeys}, in `willUpdate`: remembers what is in sight, takes over the new order
 * 2. {@link rows}, in `render`: which rows to render
 * 3. `hostUpdated`: measures them, puts them in their places, scrolls by what changed above, and looks whether others are needed
 */
export class VirtualList implements ReactiveController {
  /** The row that stays in the document wherever it is, because it has the focus. */
  keep: string | null = null;
  readonly layout = new Layout();

  #host: ReactiveControllerHost;
  #options: VirtualOptions;
  #anchor: Anchor | null = null;
  #from = 0;
  #to = 0;
  #scroller: HTMLElement | null = null;
  #observer: ResizeObserver | null = null;
  #observed = new Set<Element>();
  #places = new WeakMap<Element, number>();
  #moving = false;
  /** When rows last began to slide. */
  #slid = -Infinity;
  #asked = false;

  constructor(host: ReactiveControllerHost, options: VirtualOptions) {
    this.#host = host;
    this.#options = options;
    host.addController(this);
  }

  /** The rows that the list has now. `moving`: let them slide to their new places, where the reader's view allows it. */
  setKeys(keys: readonly string[], moving = false): void {
    const anchor = this.layout.anchor(this.#top);
    if (this.layout.setKeys(keys)) {
      this.#anchor ??= anchor;
      this.#moving = moving;
    }
  }

  /** Begins anew, at the top: another list. */
  reset(): void {
    this.keep = null;
    this.layout.setKeys([]);
    this.#anchor = null;
    this.#options.scroller()?.scrollTo({ top: 0 });
  }

  /** The indexes of the rows to render, ascending. */
  rows(): number[] {
    const { length } = this.layout.keys;
    if (length <= small) {
      return Array.from({ length }, (_, index) => index);
    }
    // What will be in sight after the update is what is now.
    const top = this.#anchor === null ? this.#top : this.layout.restore(this.#anchor);
    this.#from = top - ahead;
    this.#to = top + (this.#scroller?.clientHeight ?? 0) + ahead;
    return this.layout.rows(this.#from, this.#to, [this.keep]);
  }

  hostUpdated(): void {
    this.#listen();
    const canvas = this.#options.canvas();
    this.#observe(canvas);
    if (canvas !== null) {
      this.#settle(canvas);
      this.#look();
    }
  }

  hostDisconnected(): void {
    this.#observer?.disconnect();
    this.#observer = null;
    this.#observed.clear();
    this.#scroller?.removeEventListener("scroll", this.#look);
    this.#scroller = null;
  }

  get #top(): number {
    return this.#scroller?.scrollTop ?? 0;
  }

  #listen(): void {
    const scroller = this.#options.scroller();
    if (scroller !== this.#scroller) {
      this.#scroller?.removeEventListener("scroll", this.#look);
      scroller?.addEventListener("scroll", this.#look, { passive: true });
      this.#scroller = scroller;
    }
  }

  /** Hears of rows and the view changing their size by themselves: narrower, another font, a picture. */
  #observe(canvas: HTMLElement | null): void {
    this.#observer ??= new ResizeObserver(() => {
      const canvas = this.#options.canvas();
      if (canvas !== null) {
        this.#settle(canvas);
        // In the next frame: rows that were brought in now could not be observed in this one any more, which browsers report as an error.
        requestAnimationFrame(this.#look);
      }
    });
    const wanted = new Set<Element>(canvas?.children);
    if (this.#scroller !== null) {
      wanted.add(this.#scroller);
    }
    for (const element of this.#observed) {
      if (!wanted.has(element)) {
        this.#observer.unobserve(element);
        this.#observed.delete(element);
      }
    }
    for (const element of wanted) {
      if (!this.#observed.has(element)) {
        this.#observer.observe(element);
        this.#observed.add(element);
      }
    }
  }

  /** Measures what is rendered, puts it in its place, and holds still what was in sight. */
  #settle(canvas: HTMLElement): void {
    const rows = [...canvas.children].filter((row) => row instanceof HTMLElement);
    const top = this.#top;
    const anchor = this.#anchor ?? this.layout.anchor(top);
    this.#anchor = null;
    for (const row of rows) {
      this.layout.measure(row.dataset.key ?? "", row.offsetHeight);
    }
    const wanted = this.layout.restore(anchor);
    const still = Math.abs(wanted - top) < 1;
    const now = performance.now();
    // Not while rows still slide: in a stream of arrivals they would never come to rest.
    const slide = this.#moving && still && now > this.#slid + 2 * slideFor && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#slid = slide ? now : this.#slid;
    this.#moving = false;
    canvas.style.setProperty("block-size", `${this.layout.total}px`);
    for (const row of rows) {
      this.#place(row, this.layout.top(this.layout.indexOf(row.dataset.key ?? "")), slide);
    }
    if (!still) {
      this.#scroller?.scrollTo({ top: wanted, behavior: "instant" });
    }
  }

  #place(row: HTMLElement, top: number, slide: boolean): void {
    const before = this.#places.get(row);
    if (before === top) {
      return;
    }
    this.#places.set(row, top);
    row.style.setProperty("translate", `0 ${top}px`);
    if (slide) {
      row.animate(
        before === undefined ? { opacity: [0, 1], transform: ["translateY(-12px)", "none"] } : { translate: [`0 ${before}px`, `0 ${top}px`] },
        { duration: slideFor, easing: "cubic-bezier(.2, .7, .2, 1)" },
      );
    }
  }

  /** Whether other rows are needed, or older items. */
  #look = (): void => {
    const size = this.#scroller?.clientHeight ?? 0;
    if (size === 0) {
      return;
    }
    const top = this.#top;
    const { total, keys } = this.layout;
    const beyond = Math.max(0, top - reserve) < this.#from || Math.min(total, top + size + reserve) > this.#to;
    if (keys.length > small && beyond && !this.#asked) {
      this.#asked = true;
      // After this update, which is not over yet where it has led here.
      void this.#host.updateComplete.then(() => {
        this.#asked = false;
        this.#host.requestUpdate();
      });
    }
    if (keys.length > 0 && top + size > total - nearEnd) {
      this.#options.end();
    }
  };
}
