import "./style/page.css";
import "./style/stage.css";
import "./style/device.css";
import "./style/panels.css";
import "@notifications/inbox/define";
import { addLabels } from "@notifications/inbox";
import { de } from "@notifications/inbox/labels/de";
import { Device } from "./device.ts";
import { copyTemplate, find, oncePerFrame, setText } from "./dom.ts";
import { Journey } from "./journey.ts";
import { loadType } from "./loadRun.ts";
import { LoadView } from "./loadView.ts";
import { OwnEvent } from "./own.ts";
import { people, type Person } from "./people.ts";
import { raise, type Raise } from "./raises.ts";
import { Sender } from "./sender.ts";
import { followSettings, type Settings } from "./settings.ts";
import { fill, texts } from "./texts/index.ts";
import { now } from "./time.ts";
import { Tracer } from "./trace.ts";

addLabels(de);

let settings: Settings = { theme: "auto", language: "en" };
const tracer = new Tracer();
const devices = people.map((person) => device(person));
find(document, "#devices").append(...devices.map(({ element }) => element));
const [ada] = devices;
if (ada === undefined) {
  throw new Error("There is nobody here.");
}

const journey = new Journey(devices);
const draw = oncePerFrame(() => {
  journey.draw(tracer.current);
});
const load = new LoadView(ada, {
  flowing: (on) => {
    journey.flow(ada.person.id, on);
  },
  sent: (count) => {
    ada.sentTo(count);
  },
});
const sender = new Sender(tracer, {
  traceChanged: draw,
  sent: (users) => {
    for (const one of devices.filter(({ person }) => users.includes(person.id))) {
      one.sentTo(1);
    }
  },
  problem: (message) => {
    setText(find(document, "#app .problem"), message);
  },
});
const own = new OwnEvent((event) => sender.send(event), () => texts[settings.language]);

for (const button of document.querySelectorAll<HTMLButtonElement>("[data-raise]")) {
  let count = 0;
  button.addEventListener("click", () => {
    void sender.send(raise(button.dataset["raise"] as Raise, count++, texts[settings.language]));
  });
}

followSettings((chosen) => {
  settings = chosen;
  const text = texts[chosen.language];
  document.documentElement.lang = chosen.language;
  document.documentElement.dataset["theme"] = chosen.theme;
  document.title = text.title;
  fill(document, text);
  for (const one of devices) {
    one.show(chosen);
  }
  own.show();
  load.show(chosen.language);
  journey.show(chosen.language);
  draw();
});
for (const one of devices) {
  one.start();
}
setText(
  find(document, "#embed-code"),
  [
    `<script type="module" src="${location.origin}/embed/notify.js"></script>`,
    `<notify-bell url="${location.origin}"`,
    `             token-url="/your-token-endpoint" toasts></notify-bell>`,
  ].join("\n"),
);

function device(person: Person): Device {
  const screen = person.id === "cleo" ? copyTemplate<HTMLElement>("bell-screen") : document.createElement("notify-inbox");
  return new Device(person, screen, {
    arrived: (item, missed) => {
      const { id } = person;
      if (item.type === loadType) {
        if (id === "ada") {
          load.take(item, missed);
        }
      } else {
        tracer.delivered(id, item.eventId, now());
        draw();
      }
    },
    looked: (item, seenAt, readAt) => {
      if (item.type !== loadType) {
        tracer.seen(person.id, item.eventId, seenAt);
        if (readAt !== null) {
          tracer.read(person.id, item.eventId, readAt);
        }
        draw();
      }
    },
    back: (missed) => {
      if (missed > 0) {
        journey.pass(person.id);
      }
    },
    stateChanged: () => {
      draw();
    },
  });
}
