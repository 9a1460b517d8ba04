import { expect, test } from "vitest";
import { layRails, type Point } from "../src/rails.ts";

const stations = { accepted: { x: 60, y: 50 }, stored: { x: 200, y: 50 } };

/** The corners of a line, without its curves. */
function corners(path: string | undefined): number[] {
  return (path?.match(/(?<=[MHV])[\d. ]+/g) ?? []).flatMap((numbers) => numbers.split(" ").map(Number));
}

function ends(path: string | undefined): { from: number; level: number; to: number } {
  const [from = 0, , down = 0] = corners(path);
  const across = /q(\S+) 0 \S+ (\S+)V/.exec(path ?? "");
  return { from, level: down + Number(across?.[2] ?? 0), to: (corners(path)[3] ?? 0) + Number(across?.[1] ?? 0) };
}

function lay(devices: Record<string, Point>, app: Point = { x: 0, y: 50 }): ReturnType<typeof layRails> {
  return layRails({ app, ...stations, devices: new Map(Object.entries(devices)) });
}

test("beside the app, the line starts at its side; below it, at its edge", () => {
  expect(lay({ ada: { x: 80, y: 130 } }).in).toBe("M0 50H60");
  expect(lay({ ada: { x: 80, y: 130 } }, { x: 60, y: 10 }).in).toBe("M60 10V50");
  expect(lay({ ada: { x: 80, y: 130 } }).between).toBe("M60 50H200");
});

test("each line ends at its device", () => {
  const { out } = lay({ ada: { x: 40, y: 130 }, ben: { x: 400, y: 130 }, cleo: { x: 800, y: 130 } });
  expect([...out].map(([user, path]) => [user, ends(path).to, corners(path).at(-1)])).toEqual([["ada", 40, 130], ["ben", 400, 130], ["cleo", 800, 130]]);
});

test("lines to one side do not cross: the outer one turns first and is on top", () => {
  const { out } = lay({ ada: { x: 400, y: 130 }, ben: { x: 600, y: 130 }, cleo: { x: 800, y: 130 } });
  const [ada, ben, cleo] = ["ada", "ben", "cleo"].map((user) => ends(out.get(user)));
  expect([ada?.from, ben?.from, cleo?.from]).toEqual([193, 200, 207]);
  expect((ada?.level ?? 0) > (ben?.level ?? 0) && (ben?.level ?? 0) > (cleo?.level ?? 0)).toBe(true);
});

test("to devices below each other they run beside each other", () => {
  const { out } = lay({ ada: { x: 40, y: 130 }, ben: { x: 40, y: 600 }, cleo: { x: 40, y: 1100 } });
  expect([...out.values()].map((path) => ends(path).to)).toEqual([33, 40, 47]);
});
