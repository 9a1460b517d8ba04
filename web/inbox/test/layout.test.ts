import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Layout } from "../src/layout.ts";

const height = fc.integer({ min: 1, max: 400 });
const keys = fc.uniqueArray(fc.integer({ min: 0, max: 200 }).map(String), { maxLength: 120 });

/** A list of which some rows were measured. */
const layouts = fc.record({ keys, heights: fc.array(fc.option(height), { minLength: 120, maxLength: 120 }), estimate: height }).map((made) => {
  const layout = new Layout(made.estimate);
  layout.setKeys(made.keys);
  made.keys.forEach((key, index) => {
    layout.measure(key, made.heights[index] ?? 0);
  });
  return layout;
});

const spot = fc.double({ min: 0, max: 1, noNaN: true });

/** Where a row is seen, from the upper edge of what is in sight. */
const seenAt = (layout: Layout, key: string, scrollTop: number) => layout.top(layout.indexOf(key)) - scrollTop;

describe("layout", () => {
  it("puts each row where the one before ends: no gaps, no overlaps", () => {
    fc.assert(
      fc.property(fc.record({ keys, heights: fc.array(height, { minLength: 120, maxLength: 120 }) }), ({ keys, heights }) => {
        const layout = new Layout();
        layout.setKeys(keys);
        keys.forEach((key, index) => {
          layout.measure(key, heights[index] ?? 1);
        });
        expect(layout.top(0)).toBe(0);
        keys.forEach((_, index) => {
          expect(layout.top(index + 1) - layout.top(index)).toBe(heights[index]);
        });
        expect(layout.total).toBe(heights.slice(0, keys.length).reduce((sum, each) => sum + each, 0));
      }),
    );
  });

  it("takes in every row that is in sight, and few others", () => {
    fc.assert(
      fc.property(layouts, spot, fc.integer({ min: 0, max: 900 }), (layout, where, size) => {
        const from = where * layout.total;
        const rows = layout.rows(from, from + size);
        layout.keys.forEach((_, index) => {
          const inSight = layout.top(index) < from + size && layout.top(index + 1) > from;
          if (inSight) {
            expect(rows).toContain(index);
          }
        });
        // One at either end may only touch.
        const within = rows.filter((index) => layout.top(index) < from + size && layout.top(index + 1) > from);
        expect(rows.length - within.length).toBeLessThanOrEqual(2);
      }),
    );
  });

  it("always keeps the focused row, once and in its place", () => {
    fc.assert(
      fc.property(layouts, spot, fc.nat(200).map(String), (layout, where, focused) => {
        const rows = layout.rows(where * layout.total, where * layout.total + 500, [focused, null, focused]);
        expect(rows.includes(layout.indexOf(focused))).toBe(layout.keys.includes(focused));
        expect(rows).toEqual([...new Set(rows)].sort((a, b) => a - b));
      }),
    );
  });

  it("holds still what is in sight while rows come, go and are measured", () => {
    fc.assert(
      fc.property(layouts, spot, keys, fc.array(fc.tuple(fc.nat(200), height)), (layout, where, others, measured) => {
        const scrollTop = where * layout.total;
        const anchor = layout.anchor(scrollTop);
        const first = layout.keys[anchor.index];
        const before = layout.keys.map((key) => [key, seenAt(layout, key, scrollTop)] as const);
        // Every third may be gone; others come in anywhere.
        const next = [...new Set([...others, ...layout.keys.filter((key) => Number(key) % 3 !== 0)])];
        layout.setKeys(next);
        for (const [key, height] of measured) {
          layout.measure(String(key), height);
        }
        const restored = layout.restore(anchor);
        if (scrollTop <= 0) {
          expect(restored).toBe(scrollTop);
          return;
        }
        const survivor = before.slice(anchor.index).find(([key]) => next.includes(key));
        if (survivor !== undefined && restored > 0) {
          expect(seenAt(layout, survivor[0], restored)).toBeCloseTo(survivor[1], 6);
        }
        if (first !== undefined && next.includes(first)) {
          expect(survivor?.[0]).toBe(first);
        }
      }),
    );
  });

  it("stays at the top of a list that stands there, to show what is new", () => {
    const layout = new Layout(50);
    layout.setKeys(["b", "a"]);
    const anchor = layout.anchor(0);
    layout.setKeys(["c", "b", "a"]);
    expect(layout.restore(anchor)).toBe(0);
  });

  it("goes on below what was removed", () => {
    const layout = new Layout(50);
    layout.setKeys(["d", "c", "b", "a"]);
    const anchor = layout.anchor(60);
    layout.setKeys(["d", "b", "a"]);
    // "b" was 40 below the upper edge, and still is.
    expect(layout.restore(anchor)).toBe(10);
  });

  it("guesses the heights of rows that are to come by those it knows", () => {
    const layout = new Layout(50);
    layout.setKeys(["a"]);
    layout.measure("a", 120);
    layout.setKeys(["a", "b"]);
    expect(layout.total).toBe(240);
  });

  it("learns nothing from what is hidden", () => {
    const layout = new Layout(50);
    layout.setKeys(["a"]);
    layout.measure("a", 0);
    expect(layout.total).toBe(50);
  });

  it("has 10,000 rows at hand in no time", () => {
    const layout = new Layout(50);
    layout.setKeys(Array.from({ length: 10_000 }, (_, index) => `ntf_${index}`));
    expect(layout.rows(250_000, 250_500)).toHaveLength(11);
    expect(layout.at(1e9)).toBe(9_999);
  });
});
