import type { Item } from "@notifications/client";
import { find, setText } from "./dom.ts";
import { Frames, rateAt } from "./load.ts";
import { LoadRun, longest } from "./loadRun.ts";
import type { Device } from "./device.ts";
import { now, span } from "./time.ts";
import { texts, type Language } from "./texts/index.ts";

/** So often are the numbers renewed, in milliseconds. */
const interval = 250;

export interface LoadHandlers {
  /** It starts, or ends. */
  flowing(on: boolean): void;
  sent(count: number): void;
}

/** The slider, and what it does to one device. */
export class LoadView {
  readonly #root = find<HTMLElement>(document, "#load");
  readonly #slider = find<HTMLInputElement>(this.#root, "input");
  readonly #button = find<HTMLButtonElement>(this.#root, "button");
  readonly #result = find(this.#root, "#load-result");
  readonly #frames = new Frames();
  #run: LoadRun | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #language: Language = "en";
  #told = 0;
  /** Accepted at, of those that arrived and are not on the screen yet. */
  #unshown: number[] = [];

  constructor(
    private readonly device: Device,
    private readonly handlers: LoadHandlers,
  ) {
    this.#slider.addEventListener("input", () => {
      this.#showRate();
      if (this.#run !== null) {
        this.#run.rate = this.#rate;
      }
    });
    this.#button.addEventListener("click", () => {
      if (this.#run?.isRunning === true) {
        this.#run.stop();
      } else {
        this.#start();
      }
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") {
        this.#run?.stop();
      }
    });
    // The list is told first, renders then, and is on the screen after the next frame.
    device.client.inbox().subscribe(() => {
      const shown = this.#unshown.splice(0);
      if (shown.length > 0) {
        requestAnimationFrame(() => setTimeout(() => {
          for (const acceptedAt of shown) {
            this.#run?.delays.add(Math.max(0, now() - acceptedAt));
          }
        }));
      }
    });
  }

  show(language: Language): void {
    this.#language = language;
    this.#showRate();
    this.#draw();
  }

  /** Takes what is of the run; false where it is something else. */
  take(item: Item, missed: boolean): boolean {
    const isOurs = this.#run?.take(item) === true;
    if (isOurs && !missed) {
      this.#unshown.push(Date.parse(item.createdAt));
    }
    return isOurs;
  }

  get #rate(): number {
    return rateAt(this.#slider.valueAsNumber);
  }

  get #text(): (typeof texts)[Language] {
    return texts[this.#language];
  }

  #start(): void {
    this.#unshown = [];
    this.#told = 0;
    const run = new LoadRun(this.#rate, this.device.person.id, (n) => this.#text.examples.load(n), (error) => {
      this.handlers.flowing(false);
      this.#root.dataset["problem"] = error instanceof Error ? error.message : "";
      this.#draw();
    });
    this.#root.dataset["problem"] = "";
    this.#run = run;
    this.handlers.flowing(true);
    const frame = (at: number): void => {
      if (this.#run === run && run.isRunning) {
        this.#frames.add(at);
        requestAnimationFrame(frame);
      }
    };
    requestAnimationFrame(frame);
    clearInterval(this.#timer);
    this.#timer = setInterval(() => {
      this.#draw();
    }, interval);
    this.#draw();
  }

  #showRate(): void {
    const text = this.#text.rateValue(this.#rate);
    setText(find(this.#root, "output"), text);
    this.#slider.setAttribute("aria-valuetext", text);
    this.#slider.style.setProperty("--at", `${this.#slider.value}%`);
  }

  #draw(): void {
    const run = this.#run;
    const text = this.#text;
    const isRunning = run?.isRunning === true;
    setText(this.#button, isRunning ? text.stop : text.start);
    this.#root.classList.toggle("running", isRunning);
    if (run === null) {
      return;
    }
    const { ledger } = run;
    this.handlers.sent(ledger.sent - this.#told);
    this.#told = ledger.sent;
    const at = performance.now();
    const count = (total: number, rate: number): string => {
      const whole = total.toLocaleString(this.#language);
      return isRunning ? `${whole} · ${text.perSecond(rate)}` : whole;
    };
    const ms = (value: number | null | undefined): string => (value == null ? "–" : span(value, this.#language));
    const [half, most] = run.delays.at(0.5, 0.99);
    this.#set("sent", count(ledger.sent, run.sentRate.at(at)));
    this.#set("received", count(ledger.received, run.receivedRate.at(at)));
    this.#set("p50", ms(half));
    this.#set("p99", ms(most));
    const smooth = this.#frames.smoothness;
    if (smooth !== null) {
      this.#set("frames", text.fps(smooth.fps, Math.round(smooth.longest)));
    }
    this.#root.dataset["complete"] = String(!isRunning && ledger.isComplete);
    setText(this.#result, this.#describe(run));
    if (!isRunning && ledger.isComplete) {
      clearInterval(this.#timer);
    }
  }

  #describe(run: LoadRun): string {
    const { ledger, isRunning } = run;
    const text = this.#text;
    const problem = this.#root.dataset["problem"] ?? "";
    if (isRunning) {
      return text.stopsAfter(longest / 1000);
    }
    if (problem !== "") {
      return problem;
    }
    if (!ledger.isClean) {
      return text.unclean(ledger.sent - ledger.received, ledger.twice, ledger.disordered);
    }
    return ledger.isComplete ? text.clean(ledger.sent) : text.awaited(ledger.sent - ledger.received);
  }

  #set(name: string, value: string): void {
    setText(find(this.#root, `#load-${name}`), value);
  }
}
