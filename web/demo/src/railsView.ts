import { find } from "./dom.ts";
import type { Traveller } from "./journey.ts";
import { layRails, type Point } from "./rails.ts";
import type { Trace } from "./trace.ts";

/** How long the way along one part of the line takes to be drawn, in milliseconds. In truth it takes a few. */
const drawTime = 320;

const still = matchMedia("(prefers-reduced-motion: reduce)");

/** One part of the line: the rail, what has passed it, and what runs on it. */
class Rail {
  readonly #parts: SVGPathElement[];
  readonly #train: SVGCircleElement;
  #running: Animation[] = [];

  constructor(
    parent: SVGElement,
    private readonly name: string,
  ) {
    this.#parts = ["rail", "lit", "stream"].map((kind) => {
      const path = element("path");
      path.setAttribute("class", `${kind} ${name}`);
      return path;
    });
    // What is drawn little by little is measured in parts of the whole.
    this.#parts[1]?.setAttribute("pathLength", "1");
    this.#train = element("circle");
    this.#train.setAttribute("class", `train ${name}`);
    this.#train.setAttribute("r", "6");
    parent.append(...this.#parts, this.#train);
  }

  lay(path: string): void {
    for (const part of this.#parts) {
      part.setAttribute("d", path);
    }
    this.#train.style.setProperty("offset-path", `path("${path}")`);
  }

  mark(name: string, on: boolean): void {
    for (const part of [...this.#parts, this.#train]) {
      part.classList.toggle(name, on);
    }
  }

  /** Draws something passing, from `delay` milliseconds from now on; resolves when it has passed. */
  async run(delay: number, stays: boolean): Promise<void> {
    const options: KeyframeAnimationOptions = still.matches
      ? { duration: 0, fill: "both" }
      : { delay, duration: drawTime, easing: this.name === "in" ? "ease-in" : "ease-in-out", fill: "both" };
    const lit = this.#parts[1]?.animate([{ strokeDashoffset: 1 }, { strokeDashoffset: 0 }], options);
    const train = this.#train.animate(
      [
        { offsetDistance: "0%", opacity: 0 },
        { opacity: 1, offset: 0.1 },
        { opacity: 1, offset: 0.9 },
        { offsetDistance: "100%", opacity: 0 },
      ],
      options,
    );
    this.#running.push(train, ...(lit === undefined ? [] : [lit]));
    await train.finished.catch(() => undefined);
    if (!stays) {
      lit?.cancel();
    }
  }

  clear(): void {
    for (const animation of this.#running.splice(0)) {
      animation.cancel();
    }
  }
}

/** Draws the lines between the app, the stations and the devices, and what travels along them. */
export class RailsView {
  readonly #svg = find<SVGSVGElement>(document, ".rails");
  readonly #in: Rail;
  readonly #between: Rail;
  readonly #out: ReadonlyMap<string, Rail>;
  /** Of which event it is drawn, and which parts have been passed. */
  #sentAt = -1;
  #passed = new Set<string>();
  /** When the part before is drawn, on the page's clock. */
  #ready = 0;

  constructor(private readonly devices: readonly Traveller[]) {
    this.#out = new Map(devices.map(({ person }) => [person.id, new Rail(this.#svg, person.id)]));
    this.#in = new Rail(this.#svg, "in");
    this.#between = new Rail(this.#svg, "between");
    const observer = new ResizeObserver(() => {
      this.#lay();
    });
    for (const sized of [find(document, "#stage"), find(document, "#app"), find(document, "#journey")]) {
      observer.observe(sized);
    }
  }

  draw(trace: Trace | null): void {
    for (const { person, isOn } of this.devices) {
      this.#out.get(person.id)?.mark("off", !isOn);
    }
    if (trace === null) {
      return;
    }
    if (trace.sentAt !== this.#sentAt) {
      this.#sentAt = trace.sentAt;
      this.#passed.clear();
      this.#ready = 0;
      for (const rail of [this.#in, this.#between, ...this.#out.values()]) {
        rail.clear();
      }
      this.#reach("accepted", false);
      this.#reach("stored", false);
    }
    if (trace.acceptedAt !== null && this.#first("accepted")) {
      void this.#then(this.#in, "accepted");
    }
    if (trace.storedAt !== null && this.#first("stored")) {
      void this.#then(this.#between, "stored");
    }
    for (const [user, { deliveredAt }] of trace.legs) {
      if (trace.storedAt !== null && deliveredAt !== null && this.#first(user)) {
        void this.#out.get(user)?.run(this.#wait(), true);
      }
    }
  }

  flow(user: string, on: boolean): void {
    for (const rail of [this.#in, this.#between, this.#out.get(user)]) {
      rail?.mark("busy", on);
    }
  }

  pass(user: string): void {
    void this.#out.get(user)?.run(0, this.#passed.has(user));
  }

  #first(part: string): boolean {
    const first = !this.#passed.has(part);
    this.#passed.add(part);
    return first;
  }

  async #then(rail: Rail, station: string): Promise<void> {
    const wait = this.#wait();
    this.#ready = performance.now() + wait + (still.matches ? 0 : drawTime);
    const sentAt = this.#sentAt;
    await rail.run(wait, true);
    if (sentAt === this.#sentAt) {
      this.#reach(station, true);
    }
  }

  #wait(): number {
    return Math.max(0, this.#ready - performance.now());
  }

  #reach(station: string, on: boolean): void {
    find(document, `#${station}`).classList.toggle("reached", on);
  }

  #lay(): void {
    const origin = find(document, "#stage").getBoundingClientRect();
    const place = (rect: DOMRect, x: number, y: number): Point => ({
      x: rect.left + rect.width * x - origin.left,
      y: rect.top + rect.height * y - origin.top,
    });
    const centre = (selector: string): Point => place(find(document, selector).getBoundingClientRect(), 0.5, 0.5);
    const accepted = centre("#accepted .dot");
    const stored = centre("#stored .dot");
    const card = find(document, "#app").getBoundingClientRect();
    const side = place(card, 1, 0.5);
    // Beside the app the line starts at its side, else below it.
    const app = side.x < accepted.x ? { x: side.x, y: accepted.y } : { x: accepted.x, y: place(card, 0, 1).y };
    const ends = this.devices.map(({ person, element: device }) => {
      const end = place(find(device, ".avatar").getBoundingClientRect(), 0.5, 0.1);
      return [person.id, end] as const;
    });
    const paths = layRails({ app, accepted, stored, devices: new Map(ends) });
    this.#in.lay(paths.in);
    this.#between.lay(paths.between);
    for (const [user, path] of paths.out) {
      this.#out.get(user)?.lay(path);
    }
  }
}

function element<K extends keyof SVGElementTagNameMap>(name: K): SVGElementTagNameMap[K] {
  return document.createElementNS("http://www.w3.org/2000/svg", name);
}
