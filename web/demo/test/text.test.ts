import { expect, test } from "vitest";
import { safeImage, safeLink } from "../src/links";
import { parseTime, span } from "../src/time";

test("times keep their fraction", () => {
  const whole = Date.parse("2026-03-01T12:00:00Z");
  expect(parseTime("2026-03-01T12:00:00Z")).toBe(whole);
  expect(parseTime("2026-03-01T12:00:00.1234567Z")).toBeCloseTo(whole + 123.4567, 2);
  expect(parseTime("2026-03-01T13:00:00.5+01:00")).toBe(whole + 500);
  expect(parseTime("soon")).toBeNaN();
});

test.each([
  [-3, "0.0 ms"],
  [0.84, "0.8 ms"],
  [9.94, "9.9 ms"],
  [9.96, "10 ms"],
  [999.4, "999 ms"],
  [999.6, "1.0 s"],
  [59_900, "59.9 s"],
  [59_960, "1 min 0 s"],
  [125_000, "2 min 5 s"],
])("a span of %d ms reads %s", (ms, text) => {
  expect(span(ms)).toBe(text);
});

test.each(["https://example.com/a", "http://example.com/", "mailto:ada@example.com"])("%s is a link", (address) => {
  expect(safeLink(address)).toBe(address);
});

test.each(["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "/relative", "", null])(
  "%s is no link",
  (address) => {
    expect(safeLink(address)).toBeNull();
  },
);

test("pictures are loaded over https only", () => {
  expect(safeImage("https://example.com/a.png")).toBe("https://example.com/a.png");
  expect(safeImage("http://example.com/a.png")).toBeNull();
  expect(safeImage("data:image/png;base64,AA==")).toBeNull();
});
