import type { ClientOptions, NotifyClient } from "@notifications/client";
import { LitElement, type PropertyDeclarations, type PropertyValues } from "lit";
import { labelsFor, type Labels } from "./labels/labels.ts";
import { lease, type Lease } from "./registry.ts";

export type Theme = "auto" | "light" | "dark";

/**
 * What all elements have in common: where their client comes from, in which language they speak, and the life of what they listen to.
 * A class that extends it says in `attach` what it listens to.
 */
export abstract class NotifyElement extends LitElement {
  static override properties: PropertyDeclarations = {
    client: { attribute: false },
    getToken: { attribute: false },
    labels: { attribute: false },
    url: {},
    tokenUrl: { attribute: "token-url" },
    theme: { reflect: true },
    locale: {},
  };

  /** A client of the application's own, which connects and disconnects it; wins over `url` and tokens. */
  declare client: NotifyClient | undefined;
  /** Asks for a token, for a client that all elements of the same `url` share; wins over `tokenUrl`. A new function for the same user is taken over without a new connection. */
  declare getToken: ClientOptions["getToken"] | undefined;
  /** Texts that differ from those of the language. */
  declare labels: Partial<Labels> | undefined;
  /** Where the service is; the page's own origin where it is left out. */
  declare url: string | null | undefined;
  /** Where a token is asked for: a POST with the page's cookies, answered by `{"token": "…"}`; 401 and 403 mean that nobody is signed in. */
  declare tokenUrl: string | null | undefined;
  /** `auto` follows the system. */
  declare theme: Theme | null | undefined;
  /** The language, as a BCP 47 tag; the closest `lang`, else the browser's, where it is left out. */
  declare locale: string | null | undefined;

  /** The client in use. Set before `attach` and `render`. */
  protected notify: NotifyClient | undefined = undefined;
  /** The texts in use. */
  protected text: Labels = labelsFor("en");
  /** The locale in use, for `Intl`: always a valid tag, in the language of the texts. */
  protected language = "en";

  #lease: Lease | null = null;
  #detach: (() => void)[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    // The client is resolved with the next update, when all properties have been set.
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#use(undefined);
    this.#lease?.release();
    this.#lease = null;
  }

  /** Overrides call this first. */
  protected override willUpdate(changed: PropertyValues): void {
    super.willUpdate(changed);
    if (!this.isConnected) {
      return;
    }
    this.#speak();
    this.#use(this.#resolve());
  }

  /** Starts to listen to a client, which has just come into use; returns what ends it. Ended when another comes, or the element leaves the page. */
  protected attach?(client: NotifyClient): (() => void)[];

  /** Whether text runs from right to left here. */
  protected get rtl(): boolean {
    return getComputedStyle(this).direction === "rtl";
  }

  #resolve(): NotifyClient | undefined {
    if (this.client !== undefined) {
      this.#lease?.release();
      this.#lease = null;
      return this.client;
    }
    if (this.#lease?.keeps(this) !== true) {
      const old = this.#lease;
      this.#lease = lease(this);
      old?.release();
    }
    return this.#lease?.client;
  }

  #use(client: NotifyClient | undefined): void {
    if (client === this.notify) {
      return;
    }
    for (const end of this.#detach.splice(0)) {
      end();
    }
    this.notify = client;
    if (client !== undefined) {
      this.#detach = this.attach?.(client) ?? [];
    }
  }

  #speak(): void {
    const wanted = this.locale ?? inheritedLanguage(this) ?? navigator.language;
    const known = labelsFor(wanted);
    this.text = this.labels === undefined ? known : { ...known, ...this.labels };
    // Dates in the language of the texts: "vor 3 Min." amid English reads badly. Who brings texts of their own says which they are in.
    const speaks = this.labels?.language ?? known.language;
    this.language = validLocale(base(wanted) === base(speaks) ? wanted : speaks);
  }
}

function base(tag: string): string | undefined {
  return tag.toLowerCase().split("-", 1)[0];
}

/** The closest `lang`, also beyond shadow roots. */
function inheritedLanguage(from: Element): string | null {
  for (let at: Element | null = from; at !== null; ) {
    const marked: Element | null = at.closest("[lang]");
    const language = marked?.getAttribute("lang");
    if (language != null && language !== "") {
      return language;
    }
    const root: Node = at.getRootNode();
    at = root instanceof ShadowRoot ? root.host : null;
  }
  return null;
}

function validLocale(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? "en";
  } catch {
    return "en";
  }
}
