// @vitest-environment happy-dom
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { curlText } from "../src/curl.ts";
import { raise, type Raise } from "../src/raises.ts";
import { reached, recipients } from "../src/people.ts";
import { fill, texts } from "../src/texts/index.ts";
import { span } from "../src/time.ts";

test.each([
  [-3, "<1 ms"],
  [0.84, "<1 ms"],
  [1, "1 ms"],
  [999.4, "999 ms"],
  [999.6, "1.0 s"],
  [59_900, "59.9 s"],
  [59_960, "1 min 0 s"],
  [125_000, "2 min 5 s"],
])("a span of %d ms reads %s", (ms, text) => {
  expect(span(ms)).toBe(text.replaceAll(" ", "\u00a0"));
});

test("a span is written as the language does", () => {
  expect(span(1740, "de")).toBe("1,7\u00a0s");
});

test("a shell reads from the command what was written in the form", () => {
  const event = { type: "demo.message", to: ["all"], title: `It's "$HOME" \`id\` \\ 'x' ü`, body: "two\nlines", priority: "normal" as const };
  const command = curlText("http://localhost:8080", event);
  const words = execFileSync("sh", ["-c", `curl() { printf '%s\\0' "$@"; }\n${command}`], { encoding: "utf8" }).split("\0").slice(0, -1);
  expect(words.slice(0, -1)).toEqual([
    "http://localhost:8080/v1/events", "-H", "Authorization: Bearer sk_dev_local", "-H", "Content-Type: application/json", "-d",
  ]);
  expect(JSON.parse(words.at(-1) ?? "")).toEqual(event);
});

test("the people an event reaches are those it names", () => {
  expect(reached(recipients(["ben"]))).toEqual(["ben"]);
  expect(reached(recipients("everyone"))).toEqual(["ada", "ben", "cleo"]);
});

test.each(["shipped", "comment", "incident", "news"] satisfies Raise[])("%s reads in both languages, and not the same twice", (name) => {
  for (const text of Object.values(texts)) {
    const [first, second] = [raise(name, 0, text), raise(name, 1, text)];
    expect(first.title).not.toBe("");
    expect(second.title).not.toBe(first.title);
  }
  expect(raise(name, 0, texts.de).title).not.toBe(raise(name, 0, texts.en).title);
});

test("the page has its texts in both languages, and in English as it is written", () => {
  const html = readFileSync(join(import.meta.dirname, "..", "index.html"), "utf8");
  const page = new DOMParser().parseFromString(html, "text/html");
  const marked = (): string[] => [...page.querySelectorAll("[data-text]")].map((element) => element.textContent.replaceAll(/\s+/g, " ").trim());
  const written = marked();
  expect(written.length).toBeGreaterThan(30);
  fill(page, texts.en);
  expect(marked()).toEqual(written);
  fill(page, texts.de);
  expect(page.querySelector("h1")?.textContent).toBe(texts.de.claim);
});
