import { describe, expect, test } from "vitest";
import { de } from "../src/labels/de.ts";
import { en } from "../src/labels/en.ts";
import { addLabels, labelsFor, type Labels } from "../src/labels/labels.ts";
import { humanize, plural } from "../src/labels/plural.ts";

describe.each([en, de])("the texts in $language", (labels) => {
  test("are all there, and tidy", () => {
    for (const [name, text] of Object.entries(labels)) {
      if (typeof text === "string") {
        expect(text.trim(), name).toBe(text);
        expect(text, name).not.toBe("");
      }
    }
  });

  test("name what they are about", () => {
    expect(labels.selectItem("Order 7")).toContain("Order 7");
    expect(labels.newNotification("Order 7")).toContain("Order 7");
    expect(labels.setting("Orders", labels.channelEmail)).toBe(`Orders: ${labels.channelEmail}`);
  });
});

test("the German texts are those of the English ones", () => {
  expect(Object.keys(de)).toEqual(Object.keys(en));
  const same = (Object.keys(en) as (keyof Labels)[]).filter((name) => typeof en[name] === "string" && en[name] === de[name]);
  expect(same).toEqual(["channelWebhook"]);
});

describe("counts", () => {
  test.each([
    [en, 0, "0 new notifications"],
    [en, 1, "1 new notification"],
    [en, 2, "2 new notifications"],
    [en, 1234, "1,234 new notifications"],
    [de, 0, "0 neue Mitteilungen"],
    [de, 1, "1 neue Mitteilung"],
    [de, 2, "2 neue Mitteilungen"],
    [de, 1234, "1.234 neue Mitteilungen"],
  ])("$language: %#", (labels, count, text) => {
    expect(labels.newNotifications(count)).toBe(text);
  });

  test.each([
    [en, 0, "Notifications"],
    [en, 1, "Notifications, 1 new"],
    [en, 120, "Notifications, 120 new"],
    [de, 0, "Mitteilungen"],
    [de, 3, "Mitteilungen, 3 neu"],
  ])("on the bell, $language: %#", (labels, count, text) => {
    expect(labels.bell(count, "unseen")).toBe(text);
  });

  test("take the forms that a language has", () => {
    const forms = plural("pl");
    const days = (count: number) => forms(count, { one: "# dzień", few: "# dni", many: "# dni", other: "# dnia" });
    expect([1, 2, 5, 1.5].map(days)).toEqual(["1 dzień", "2 dni", "5 dni", "1,5 dnia"]);
  });
});

test.each([
  ["order_updates", "Order updates"],
  ["news.product", "News product"],
  ["Äpfel", "Äpfel"],
  ["--", "--"],
])("%s reads %s", (key, text) => {
  expect(humanize(key)).toBe(text);
});

test("a language is found by its region, its language, or not at all", () => {
  expect(labelsFor("de-AT").language).toBe("en");
  addLabels(de);
  expect(labelsFor("de-AT")).toBe(de);
  expect(labelsFor("DE")).toBe(de);
  addLabels({ ...de, language: "de-CH", close: "Schliessen" });
  expect(labelsFor("de-CH").close).toBe("Schliessen");
  expect(labelsFor("de").close).toBe("Schließen");
  expect(labelsFor("fr")).toBe(en);
  expect(labelsFor("")).toBe(en);
});
