/** A point of the stage, in pixels. */
export interface Point {
  x: number;
  y: number;
}

export interface Stops {
  /** Where the line leaves the app: at its side, or below it. */
  app: Point;
  accepted: Point;
  stored: Point;
  /** Where the lines of the devices end, by user. */
  devices: ReadonlyMap<string, Point>;
}

/** Between lines that run beside each other, in pixels. */
const gap = 7;
const radius = 14;

/**
 * The lines of the stage, as paths of SVG: from the app through both stations, and from there one for each device, beside each other and
 * without crossing.
 */
export function layRails({ app, accepted, stored, devices }: Stops): { in: string; between: string; out: Map<string, string> } {
  const count = devices.size;
  const sorted = [...devices].map(([user, end]) => ({ user, end })).sort((a, b) => a.end.x - b.end.x);
  // Devices below each other share an edge: their lines stay beside each other.
  const isStack = sorted.every(({ end }) => Math.abs(end.x - (sorted[0]?.end.x ?? 0)) < gap);
  const top = Math.min(...sorted.map(({ end }) => end.y));
  const bus = Math.max(stored.y + 2 * radius, top - 2 * radius - (count - 1) * gap);
  const out = new Map<string, string>();
  sorted.forEach(({ user, end }, index) => {
    const offset = (index - (count - 1) / 2) * gap;
    const from = { x: stored.x + offset, y: stored.y };
    const to = { x: isStack ? end.x + offset : end.x, y: end.y };
    // Of lines to one side, the one that goes furthest is on top, or they would cross.
    const level = bus + (to.x < from.x ? index : count - 1 - index) * gap;
    out.set(user, bent(from, level, to));
  });
  return { in: app.x === accepted.x ? `M${at(app)}V${r(accepted.y)}` : `M${at(app)}H${r(accepted.x)}`, between: `M${at(accepted)}H${r(stored.x)}`, out };
}

/** Down to a level, along it, and down again, around corners. */
function bent(from: Point, level: number, to: Point): string {
  const across = to.x - from.x;
  const turn = Math.min(radius, Math.abs(across) / 2);
  const side = Math.sign(across) * turn;
  return [
    `M${at(from)}`,
    `V${r(level - turn)}`,
    `q0 ${r(turn)} ${r(side)} ${r(turn)}`,
    `H${r(to.x - side)}`,
    `q${r(side)} 0 ${r(side)} ${r(turn)}`,
    `V${r(to.y)}`,
  ].join("");
}

function at({ x, y }: Point): string {
  return `${r(x)} ${r(y)}`;
}

function r(value: number): number {
  return Math.round(value * 10) / 10;
}
