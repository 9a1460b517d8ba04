import { find, setText } from "./dom";
import { span, timeOfDay } from "./time";
import { progress, type Arrival, type Trace } from "./trace";

export interface Watcher {
  id: string;
  name: string;
  online: boolean;
}

const steps = ["accepted", "stored", "pushed", "acknowledged"] as const;

/** Draws the last event's way. Times after the first are given as the span since the event was accepted. */
export function drawTrace(root: HTMLElement, trace: Trace | null, watchers: readonly Watcher[]): void {
  if (trace === null) {
    return;
  }
  const done = progress(trace);
  root.dataset["done"] = String(done);
  setText(find(root, ".trace-title"), trace.title);
  steps.forEach((step, index) => {
    find(root, `.step-${step}`).classList.toggle("done", index < done);
  });

  setText(find(root, ".step-accepted .step-time"), timeOfDay(trace.acceptedAt));
  setText(find(root, ".step-stored .step-time"), trace.storedAt === null ? "…" : since(trace, trace.storedAt));
  const targets = watchers.filter((watcher) => trace.recipients.includes(watcher.id));
  drawLines(find(root, ".step-pushed .step-time"), targets, (watcher) => {
    const arrival = trace.arrivals.get(watcher.id);
    return arrival === undefined ? null : since(trace, arrival.pushedAt);
  });
  drawLines(find(root, ".step-acknowledged .step-time"), targets, (watcher) => {
    const at = acknowledgedAt(trace.arrivals.get(watcher.id));
    return at === null ? null : since(trace, at);
  });
  setText(find(root, ".spoken"), spoken(trace, targets));
}

/** One line for each recipient: the time it was reached, or what it is waiting for. */
function drawLines(cell: Element, targets: readonly Watcher[], reached: (watcher: Watcher) => string | null): void {
  while (cell.childElementCount > targets.length) {
    cell.lastElementChild?.remove();
  }
  targets.forEach((watcher, index) => {
    let line = cell.children[index];
    if (line === undefined) {
      line = document.createElement("span");
      cell.append(line);
    }
    const text = reached(watcher);
    line.classList.toggle("pending", text === null);
    setText(line, `${watcher.name} ${text ?? (watcher.online ? "…" : "is away")}`);
  });
}

function since(trace: Trace, at: number): string {
  return `+${span(at - trace.acceptedAt)}`;
}

function acknowledgedAt(arrival: Arrival | undefined): number | null {
  return arrival === undefined ? null : arrival.acknowledgedAt;
}

function spoken(trace: Trace, targets: readonly Watcher[]): string {
  if (trace.storedAt === null) {
    return "";
  }
  const parts = targets.map((watcher) => {
    const at = acknowledgedAt(trace.arrivals.get(watcher.id));
    return at === null ? `${watcher.name} is still to get it` : `${watcher.name} has it after ${span(at - trace.acceptedAt)}`;
  });
  return `Stored. ${parts.join(", ")}.`;
}
