import {
  UnauthorizedError,
  type ChannelName,
  type ChannelSetting,
  type ChannelSettings,
  type Digest,
  type NotifyClient,
  type Preferences,
  type QuietHours,
  type Topic,
} from "@notifications/client";
import { html, nothing, type PropertyDeclarations, type TemplateResult } from "lit";
import { announce } from "./announce.ts";
import { choice, clock, toggle } from "./controls.ts";
import { askForDesktop, desktopPermission } from "./desktop.ts";
import { NotifyElement } from "./element.ts";
import { icon } from "./icons.ts";
import { preferencesStyles } from "./preferencesStyles.ts";
import { isOffered, isOn, onSettings, setOn, type LocalSetting } from "./settings.ts";
import { chime } from "./sound.ts";
import { theme } from "./theme.ts";

const channels = ["inbox", "email", "webhook"] as const satisfies readonly ChannelName[];
const channelLabels = { inbox: "channelInbox", email: "channelEmail", webhook: "channelWebhook" } as const;
const weekdays = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;
const rhythms = ["hourly", "daily", "weekly"] as const satisfies readonly Digest["every"][];
/** Where nobody has said which hours are quiet. */
const night: QuietHours = { start: "22:00", end: "07:00" };

/** What this panel changes. */
interface Change {
  channels?: ChannelSettings;
  categories?: Record<string, ChannelSettings>;
  quietHours?: QuietHours | null;
  digest?: Digest;
  timeZone?: string;
}

/**
 * The user's settings: which categories reach them by which channel, quiet hours, digest, topics, and what this browser does. Each change is
 * saved at once.
 *
 * @csspart heading - the title
 * @csspart status - the line that says whether a change was saved
 */
export class NotifyPreferences extends NotifyElement {
  static override properties: PropertyDeclarations = {
    ...NotifyElement.properties,
    heading: {},
    saved: { state: true },
    topics: { state: true },
    problem: { state: true },
    outcome: { state: true },
  };

  static override styles = [theme, preferencesStyles];

  /** The title; "Notification settings" where it is left out, and none where it is empty. */
  declare heading: string | null | undefined;
  /** As the service has them; null until they have come. */
  private declare saved: Preferences | null;
  private declare topics: readonly Topic[];
  /** Why they did not come. */
  private declare problem: "unauthorized" | "error" | null;
  /** What became of the last change. */
  private declare outcome: "saved" | "failed" | null;

  /** Changes that are on their way, in order. They show already. */
  #pending: Change[] = [];
  #queue: Promise<unknown> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.saved = null;
    this.topics = [];
    this.problem = null;
    this.outcome = null;
  }

  protected override attach(client: NotifyClient): (() => void)[] {
    this.saved = null;
    void this.#load(client);
    return [
      client.on("synced", () => {
        if (this.saved === null) {
          void this.#load(client);
        }
      }),
      onSettings(() => {
        this.requestUpdate();
      }),
      () => {
        this.#pending = [];
        clearTimeout(this.#timer);
      },
    ];
  }

  protected override render(): TemplateResult {
    const heading = this.heading ?? this.text.preferences;
    return html`${heading === "" ? nothing : html`<h2 part="heading">${heading}</h2>`} ${this.#content()}`;
  }

  #content(): TemplateResult {
    const { text, problem } = this;
    if (problem !== null) {
      const signedOut = problem === "unauthorized";
      return html`<div class="notice">
        <h3>${signedOut ? text.unauthorized : text.preferencesError}</h3>
        ${signedOut ? html`<p>${text.unauthorizedHint}</p>` : html`<button class="button" @click=${this.#retry}>${text.retry}</button>`}
      </div>`;
    }
    const preferences = this.#preferences();
    if (preferences === null) {
      return html`<div class="all" aria-busy="true">
        <span class="hidden">${text.loadingPreferences}</span>${[1, 2, 3, 4, 5, 6].map(() => html`<div class="bone"></div>`)}
      </div>`;
    }
    return html`<div class="all">
        ${this.#table(preferences)} ${this.#quietHours(preferences)} ${this.#digest(preferences)} ${this.#topics()} ${this.#browser()}
      </div>
      ${
        this.outcome === null
          ? nothing
          : html`<p class="status ${this.outcome}" part="status">${this.outcome === "saved" ? text.saved : text.saveFailed}</p>`
      }`;
  }

  #table(preferences: Preferences): TemplateResult {
    const { text } = this;
    const general = { ...preferences.defaults.channels, ...preferences.channels };
    return html`<section>
      <h3 id="channels">${text.channels}</h3>
      <table aria-labelledby="channels">
        <thead>
          <tr>
            <td></td>
            ${channels.map((channel) => html`<th scope="col">${text[channelLabels[channel]]}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${preferences.effective.map(({ category, name, mandatory, channels: settings }) =>
            this.#row(name, mandatory, settings, (change) => ({ categories: { [category]: change } })),
          )}
          ${this.#row(preferences.effective.length === 0 ? text.notifications : text.general, false, general, (change) => ({ channels: change }))}
        </tbody>
      </table>
    </section>`;
  }

  #row(name: string, locked: boolean, settings: Record<ChannelName, ChannelSetting>, change: (change: ChannelSettings) => Change): TemplateResult {
    const { text } = this;
    return html`<tr>
      <th scope="row" class="wrap">
        ${name} ${locked ? html`<span class="lock">${icon("lock")}${text.mandatory}</span>` : nothing}
      </th>
      ${channels.map((channel) => {
        const label = text.setting(name, text[channelLabels[channel]]);
        const save = (value: ChannelSetting): void => {
          this.#save(change({ [channel]: value }));
        };
        const value = settings[channel];
        return html`<td>
          ${
            channel === "email"
              ? choice({ label }, ["on", "digest", "off"], value, (option) => text[option], save, locked)
              : toggle({ label }, value !== "off", (on) => { save(on ? "on" : "off"); }, locked)
          }
        </td>`;
      })}
    </tr>`;
  }

  #quietHours(preferences: Preferences): TemplateResult {
    const { text } = this;
    const inherited = preferences.defaults.quietHours;
    const hours = quietHoursOf(preferences);
    const set = (quietHours: QuietHours | null): void => {
      this.#save({ quietHours });
    };
    // Equal start and end are none: what others have set for this user is off only by saying so.
    const none = inherited === null ? null : { start: "00:00", end: "00:00" };
    return html`<section>
      <div class="line">
        <div>
          <h3><label for="quiet">${text.quietHours}</label></h3>
          <p id="quiet-hint">${text.quietHoursHint}</p>
        </div>
        ${toggle({ id: "quiet", hint: "quiet-hint" }, hours !== null, (on) => { set(on ? (inherited === null || inherited.start === inherited.end ? night : inherited) : none); })}
      </div>
      ${
        hours !== null
          ? html`<div class="fields">
                ${clock(text.from, hours.start, (start) => { set({ ...hours, start }); })}
                ${clock(text.to, hours.end, (end) => { set({ ...hours, end }); })}
              </div>
              ${this.#zone(preferences)}`
          : nothing
      }
    </section>`;
  }

  /** In which zone the hours are; a user whose zone nobody has told has the service's. */
  #zone({ timeZone, defaults }: Preferences): TemplateResult {
    const used = timeZone ?? defaults.timeZone;
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    return html`<p>
      ${this.text.timeZone(used)}
      ${
        used === here
          ? nothing
          : html`<button class="link" @click=${() => { this.#save({ timeZone: here }); }}>${this.text.useTimeZone(here)}</button>`
      }
    </p>`;
  }

  #digest(preferences: Preferences): TemplateResult | typeof nothing {
    const { text } = this;
    const gathers = [...preferences.effective.map(({ channels: { email } }) => email), preferences.channels.email ?? preferences.defaults.channels.email];
    if (!gathers.includes("digest")) {
      return nothing;
    }
    const digest = preferences.digest ?? preferences.defaults.digest;
    const set = (change: Partial<Digest>): void => {
      this.#save({ digest: { ...digest, ...change } });
    };
    const names = new Intl.DateTimeFormat(this.language, { weekday: "long", timeZone: "UTC" });
    // 1 January 2024 was a Monday.
    const nameOf = (day: string): string => names.format(Date.UTC(2024, 0, 1 + weekdays.findIndex((weekday) => weekday === day)));
    return html`<section>
      <h3>${text.digestTitle}</h3>
      <p>${text.digestHint}</p>
      <div class="fields">
        <label>${text.frequency} ${choice(null, rhythms, digest.every, (every) => text[every], (every) => { set({ every }); })}</label>
        ${
          digest.every === "weekly"
            ? html`<label>${text.weekday} ${choice(null, weekdays, digest.weekday, nameOf, (weekday) => { set({ weekday }); })}</label>`
            : nothing
        }
        ${digest.every === "hourly" ? nothing : clock(text.at, digest.at, (at) => { set({ at }); })}
      </div>
      ${quietHoursOf(preferences) === null ? this.#zone(preferences) : nothing}
    </section>`;
  }

  #topics(): TemplateResult | typeof nothing {
    const { text } = this;
    return this.topics.length === 0
      ? nothing
      : html`<section>
          <h3>${text.topics}</h3>
          <p>${text.topicsHint}</p>
          ${this.topics.map(
            ({ key, subscribed, open }, index) => html`<div class="line">
              <div class="wrap">
                <label for="topic-${index}">${text.topic(key)}</label>
                ${open ? nothing : html`<span class="lock">${icon("lock")}${text.topicLocked}</span>`}
              </div>
              ${toggle({ id: `topic-${index}` }, subscribed, (on) => { this.#follow(key, on); }, !open)}
            </div>`,
          )}
        </section>`;
  }

  #browser(): TemplateResult | typeof nothing {
    const { text } = this;
    const line = (name: LocalSetting, hint: string, on: boolean, set: (on: boolean) => void, locked = false): TemplateResult | typeof nothing =>
      isOffered(name)
        ? html`<div class="line">
            <div>
              <label for=${name}>${text[name]}</label>
              <p id="${name}-hint">${hint}</p>
            </div>
            ${toggle({ id: name, hint: `${name}-hint` }, on, set, locked)}
          </div>`
        : nothing;
    if (!isOffered("desktop") && !isOffered("sound")) {
      return nothing;
    }
    const permission = desktopPermission();
    const hint = { unsupported: text.desktopUnsupported, denied: text.desktopDenied, default: text.desktopHint, granted: text.desktopHint }[permission];
    return html`<section>
      <h3>${text.thisBrowser}</h3>
      ${line("desktop", hint, permission === "granted" && isOn("desktop"), this.#setDesktop, permission === "unsupported" || permission === "denied")}
      ${line("sound", text.soundHint, isOn("sound"), this.#setSound)}
    </section>`;
  }

  #setDesktop = (on: boolean): void => {
    if (on) {
      void askForDesktop().then((permission) => {
        setOn("desktop", permission === "granted");
      });
    } else {
      setOn("desktop", false);
    }
  };

  #setSound = (on: boolean): void => {
    setOn("sound", on);
    if (on) {
      // So that they hear what they have chosen.
      chime();
    }
  };

  /** As they will be when everything is saved. */
  #preferences(): Preferences | null {
    return this.saved === null ? null : this.#pending.reduce(withChange, this.saved);
  }

  async #load(client: NotifyClient): Promise<void> {
    this.problem = null;
    try {
      const [saved, topics] = await Promise.all([client.preferences.get(), client.topics.list()]);
      if (client === this.notify) {
        this.saved = saved;
        this.topics = topics;
      }
    } catch (error) {
      if (client === this.notify) {
        const signedOut = error instanceof UnauthorizedError || (error instanceof Error && "code" in error && error.code === "unauthorized");
        this.problem = signedOut ? "unauthorized" : "error";
      }
    }
  }

  #retry = (): void => {
    if (this.notify !== undefined) {
      void this.#load(this.notify);
    }
  };

  #save(change: Change): void {
    const client = this.notify;
    if (client === undefined) {
      return;
    }
    this.#pending.push(change);
    this.#do(async () => {
      try {
        const saved = await client.preferences.update(change);
        if (client === this.notify) {
          this.saved = saved;
        }
      } finally {
        this.#pending = this.#pending.filter((pending) => pending !== change);
      }
    });
  }

  #follow(key: string, subscribed: boolean): void {
    const client = this.notify;
    if (client === undefined) {
      return;
    }
    const set = (on: boolean): void => {
      this.topics = this.topics.map((topic) => (topic.key === key ? { ...topic, subscribed: on } : topic));
    };
    set(subscribed);
    this.#do(async () => {
      try {
        await (subscribed ? client.topics.subscribe(key) : client.topics.unsubscribe(key));
      } catch (error) {
        set(!subscribed);
        throw error;
      }
    });
  }

  /** One after the other: the later of two changes of one thing must win. */
  #do(work: () => Promise<void>): void {
    this.requestUpdate();
    const client = this.notify;
    this.#queue = this.#queue.then(work).then(
      () => { this.#tell(client, "saved"); },
      () => { this.#tell(client, "failed"); },
    );
  }

  #tell(client: NotifyClient | undefined, outcome: "saved" | "failed"): void {
    this.requestUpdate();
    if (client !== this.notify) {
      return;
    }
    this.outcome = outcome;
    announce(outcome === "saved" ? this.text.saved : this.text.saveFailed, outcome === "failed");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => {
        this.outcome = null;
      },
      outcome === "saved" ? 2_500 : 10_000,
    );
  }
}

/** Those that hold; equal start and end are none. */
function quietHoursOf({ quietHours, defaults }: Preferences): QuietHours | null {
  const hours = quietHours ?? defaults.quietHours;
  return hours === null || hours.start === hours.end ? null : hours;
}

/** What the service will answer to a change, as far as it can be told before. */
function withChange(preferences: Preferences, { channels: general, categories, ...rest }: Change): Preferences {
  return {
    ...preferences,
    ...rest,
    channels: { ...preferences.channels, ...general },
    effective: preferences.effective.map((line) => ({ ...line, channels: { ...line.channels, ...categories?.[line.category] } })),
  };
}

declare global {
  interface HTMLElementTagNameMap {
    "notify-preferences": NotifyPreferences;
  }
}
