/** What happy-dom lacks of a browser, as far as the inbox needs it; without layout, which tests set where it matters. */

/** Tells the observers what has come into sight, and what has left it. */
export interface Sight {
  show(target: Element, ratio?: number): void;
}

export function installDom(): Sight {
  const observers = new Set<{ targets: Set<Element>; callback: IntersectionObserverCallback; self: IntersectionObserver }>();
  globalThis.IntersectionObserver = class {
    #entry;
    constructor(callback: IntersectionObserverCallback) {
      this.#entry = { targets: new Set<Element>(), callback, self: this as unknown as IntersectionObserver };
      observers.add(this.#entry);
    }
    observe(target: Element) {
      this.#entry.targets.add(target);
    }
    unobserve(target: Element) {
      this.#entry.targets.delete(target);
    }
    disconnect() {
      this.#entry.targets.clear();
    }
  } as unknown as typeof IntersectionObserver;

  const open = new WeakSet<Element>();
  const toggle = (element: HTMLElement, newState: "open" | "closed") => {
    if (open.has(element) === (newState === "open")) {
      return;
    }
    if (newState === "open") {
      open.add(element);
    } else {
      open.delete(element);
    }
    queueMicrotask(() => element.dispatchEvent(Object.assign(new Event("toggle"), { newState })));
  };
  HTMLElement.prototype.showPopover = function (this: HTMLElement) {
    toggle(this, "open");
  };
  HTMLElement.prototype.hidePopover = function (this: HTMLElement) {
    toggle(this, "closed");
  };
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const matches = Element.prototype.matches;
  Object.defineProperty(Element.prototype, "matches", {
    value(this: Element, selector: string) {
      return selector === ":popover-open" ? open.has(this) : matches.call(this, selector);
    },
  });

  return {
    show(target, ratio = 1) {
      for (const { targets, callback, self } of observers) {
        if (targets.has(target)) {
          const entry = { target, isIntersecting: ratio > 0, intersectionRatio: ratio, intersectionRect: { height: ratio * 80 } };
          callback([entry as unknown as IntersectionObserverEntry], self);
        }
      }
    },
  };
}
