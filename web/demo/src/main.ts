import "./style.css";
import { find, oncePerFrame } from "./dom";
import { Panel, type Person } from "./panel";
import { Sender } from "./sender";
import { Tracer } from "./trace";
import { drawTrace } from "./traceView";

const people: readonly Person[] = [
  { id: "ada", name: "Ada" },
  { id: "ben", name: "Ben" },
];

/** This tab as a device of both users: each tab keeps its own place in their logs, also over a reload. */
function deviceId(): string {
  const key = "notifications-demo-device";
  const known = sessionStorage.getItem(key);
  const id = known ?? `demo-${crypto.randomUUID()}`;
  sessionStorage.setItem(key, id);
  return id;
}

const tracer = new Tracer();
const traceRoot = find<HTMLElement>(document, "#trace");
const traceChanged = oncePerFrame(() => {
  drawTrace(
    traceRoot,
    tracer.current,
    panels.map((panel) => ({ ...panel.person, online: panel.online })),
  );
});
const device = deviceId();
const panels = people.map((person) => new Panel(person, device, tracer, traceChanged));
find(document, "#people").append(...panels.map((panel) => panel.element));
new Sender(tracer, traceChanged);
for (const panel of panels) {
  panel.start();
}
