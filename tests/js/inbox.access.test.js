// Whether everybody can use a page that embeds the inbox: by screen reader, in the dark, from right to left, with a phone, without motion, with
// colours of their own.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { bell, cried, feed, inbox, item, panel, picture, said, Stage, toasts, until } from "./page.js";

let stage;
before(async () => {
  stage = await Stage.start();
});
after(async () => {
  await stage?.dispose();
});

/** One of each kind. */
async function furnish(user) {
  await stage.send(user, "Read before", { category: "account" });
  await stage.send(user, "Your order is on its way", {
    body: "It left the warehouse in Graz this morning and arrives on Friday, between eight and noon; somebody has to be there to sign for it.",
    category: "orders",
    url: "https://example.com/orders/42",
    actions: [{ label: "Track", url: "https://example.com/track", primary: true }, { label: "Change the date" }],
  });
  await stage.send(user, "Unusual sign-in", { body: "From a new device in Lisbon.", category: "security", priority: "critical" });
  await until("all to be stored", async () => (await stage.stored(user)).length === 3);
  const token = await stage.server.token(user);
  await stage.server.request("PATCH", `/v1/me/inbox/${(await stage.stored(user)).find(({ title }) => title === "Read before").id}`, { read: true }, token);
}

async function findings(page, where) {
  // Colours that are still fading in are not those that are read.
  await page.evaluate(() => Promise.all(document.getAnimations().map(({ finished }) => finished.catch(() => undefined))));
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${where}: ${id} at ${target.flat().join(" ")}: ${failureSummary}`));
}

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing, in ${colorScheme} colours`, async (t) => {
    const user = stage.someone();
    await furnish(user);
    const page = await stage.open(t, { user, view: "full" }, { colorScheme, reducedMotion: "reduce" });
    const found = [];
    const look = async (where) => {
      found.push(...(await findings(page, where)));
      await picture(page, `${colorScheme}-${where}`);
    };
    await bell(page, "Notifications, 2 new").waitFor();
    await look("closed");
    await stage.send(user, "A toast", { body: "With a second line.", actions: [{ label: "Act", primary: true }] });
    await stage.send(user, "An urgent toast", { priority: "critical" });
    await toasts(page).filter({ hasText: "An urgent toast" }).waitFor();
    await toasts(page).filter({ hasText: "A toast" }).waitFor();
    await look("toasts");
    await toasts(page).getByRole("button", { name: "Dismiss: An urgent toast" }).click();
    await bell(page).click();
    await item(page, "A toast").waitFor();
    await look("list");
    await item(page, "Unusual sign-in").hover();
    await item(page, "Unusual sign-in").getByRole("button", { name: "Snooze" }).click();
    await page.getByRole("menu").waitFor();
    await look("menu");
    await page.keyboard.press("Escape");
    await panel(page).getByRole("button", { name: "More actions" }).first().click();
    await page.getByRole("menuitem", { name: "Select", exact: true }).click();
    await page.getByRole("checkbox", { name: "Select: A toast" }).check();
    await look("selecting");
    await page.getByRole("button", { name: "Done" }).click();
    await page.getByRole("tab", { name: "Archived" }).click();
    await page.getByText("Nothing archived").waitFor();
    await look("empty");
    await page.getByRole("button", { name: "Notification settings" }).click();
    await page.getByRole("switch", { name: "Quiet hours" }).check();
    await look("settings");
    assert.deepEqual(found, []);
  });
}

test("a screen reader is told what is there: names, places, states", async (t) => {
  const user = stage.someone();
  await furnish(user);
  const page = await stage.open(t, { user, view: "quiet" });
  await bell(page, "Notifications, 2 new").click();
  await item(page, "Unusual sign-in").waitFor();
  const tree = await panel(page).ariaSnapshot();
  for (const expected of [
    /^- dialog "Notifications"/,
    /- heading "Notifications" \[level=2\]/,
    /- button "More actions"/,
    /- button "Notification settings"/,
    /- button "Close"/,
    /- tablist "Lists":\s+- tab "All" \[selected\]\s+- tab "Unread ?2?"\s+- tab "Archived"/,
    /- tabpanel "All":\s+- feed "Notifications":/,
    /- article "Unread Critical Unusual sign-in":/,
    /- article "Unread Your order is on its way":/,
    /- article "Read before":/,
    /- link "Track":/,
    /- button "Change the date"/,
    /- time: now/,
  ]) {
    assert.match(tree, expected);
  }
  const places = await feed(page).getByRole("article").evaluateAll((rows) => rows.map((row) => `${row.ariaPosInSet} of ${row.ariaSetSize}`));
  assert.deepEqual(places, ["1 of 3", "2 of 3", "3 of 3"]);

  await stage.send(user, "Politely");
  await said(page, "New notification: Politely");
  await stage.send(user, "At once", { priority: "critical" });
  await cried(page, "Critical: At once");
  // One of each region in the page, however many elements there are.
  assert.deepEqual([await page.getByRole("status").count(), await page.getByRole("alert").count()], [1, 1]);
});

test("it fits a phone and a desktop, in both directions", async (t) => {
  const user = stage.someone();
  await furnish(user);
  for (const [lang, dir, colorScheme] of [["en", "ltr", "light"], ["de", "ltr", "dark"], ["ar", "rtl", "light"]]) {
    const page = await stage.open(t, { user, view: "bell", lang, dir }, { colorScheme, reducedMotion: "reduce" });
    const button = page.locator("notify-bell").getByRole("button").first();
    for (const width of [360, 1280]) {
      await page.setViewportSize({ width, height: 740 });
      await button.click();
      await item(page, "Unusual sign-in").waitFor();
      const name = `${lang}-${width}`;
      await picture(page, name);
      const [box, at] = [await page.getByRole("dialog").boundingBox(), await button.boundingBox()];
      if (width === 360) {
        assert.deepEqual(box, { x: 0, y: 0, width, height: 740 }, name);
      } else {
        // Below the bell, at its end of the line.
        assert.ok(box.y >= at.y + at.height && box.y + box.height <= 740, `${name}: ${JSON.stringify(box)}`);
        assert.ok(dir === "rtl" ? Math.abs(box.x - at.x) <= 8 : Math.abs(box.x + box.width - at.x - at.width) <= 8, `${name}: ${JSON.stringify([box, at])}`);
      }
      const wider = await inbox(page).evaluate((element) =>
        [document.documentElement, ...element.shadowRoot.querySelectorAll("#panel, article, header")].filter((part) => part.scrollWidth > part.clientWidth + 1).length,
      );
      assert.equal(wider, 0, name);
      // What was read shows that it was not, by more than a colour, on the far side of where reading starts.
      const [text, dot] = await item(page, "Unusual sign-in").evaluate((row) => [row.querySelector("h3"), row.querySelector(".dot")].map((part) => part.getBoundingClientRect().x));
      assert.ok(dir === "rtl" ? dot < text : dot > text, name);
      await inbox(page).locator("#settings").click();
      await page.getByRole("switch").first().waitFor();
      await picture(page, `${name}-settings`);
      await inbox(page).locator("#back").click();
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "hidden" });
    }
  }
});

test("it speaks German where the page does", async (t) => {
  const user = stage.someone();
  const page = await stage.open(t, { user, lang: "de" });
  await page.getByRole("button", { name: "Mitteilungen", exact: true }).click();
  await page.getByRole("tab", { name: "Ungelesen" }).click();
  await page.getByRole("tabpanel", { name: "Ungelesen" }).waitFor();
  await stage.send(user, "Etwas Neues");
  await said(page, "Neue Mitteilung: Etwas Neues");
});

test("nothing moves for those who do not want it", async (t) => {
  const user = stage.someone();
  const moved = async (reducedMotion) => {
    const page = await stage.open(t, { user }, { reducedMotion });
    await page.evaluate(() => {
      window.moved = 0;
      const roots = (root) => [root, ...[...root.querySelectorAll("*")].flatMap(({ shadowRoot }) => (shadowRoot ? roots(shadowRoot) : []))];
      const look = () => {
        window.moved += roots(document).flatMap((root) => root.getAnimations()).filter(({ effect }) => effect.getComputedTiming().duration > 0).length;
        requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    });
    const title = `Without ${reducedMotion}`;
    await stage.send(user, title);
    await toasts(page).filter({ hasText: title }).waitFor();
    await bell(page).click();
    await item(page, title).waitFor();
    const count = await page.evaluate(() => window.moved);
    await page.close();
    return count;
  };
  assert.ok((await moved("no-preference")) > 0);
  assert.equal(await moved("reduce"), 0);
});

test("with colours of the reader's own, edges and states still show", async (t) => {
  const user = stage.someone();
  await furnish(user);
  const page = await stage.open(t, { user }, { forcedColors: "active" });
  await bell(page, "Notifications, 2 new").click();
  await item(page, "Unusual sign-in").waitFor();
  const style = (locator, ...names) => locator.evaluate((element, names) => names.map((name) => getComputedStyle(element)[name]), names);
  assert.deepEqual(await style(panel(page), "borderTopStyle", "borderTopWidth"), ["solid", "1px"]);
  const [badge] = await style(page.locator("notify-bell [part=badge]"), "forcedColorAdjust");
  assert.equal(badge, "none");
  await item(page, "Unusual sign-in").focus();
  await page.keyboard.press("ArrowDown");
  const [outline] = await style(item(page, "Your order is on its way"), "outlineStyle");
  assert.notEqual(outline, "none");
  await picture(page, "forced-colors");
});
