// The list in a page that embeds the inbox: with very many items, by keyboard alone, and with items that mean harm.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bell, feed, inbox, item, panel, picture, said, shows, Stage, titles, toasts, until } from "./page.js";
import { limit } from "./server.js";

let stage;
before(async () => {
  stage = await Stage.start();
});
after(async () => {
  await stage?.dispose();
});

test("ten thousand items are scrolled to the last one, in order, each once, and few of them in the document", async (t) => {
  const user = stage.someone();
  const count = 10_000;
  for (let from = 0; from < count; from += 1000) {
    const events = Array.from({ length: 1000 }, (_, n) => ({ type: "test.event", to: [`user:${user}`], title: `${from + n + 1}` }));
    await stage.server.request("POST", "/v1/events/batch", events);
  }
  await until("all to be stored", async () => (await stage.stored(user))[0]?.title === `${count}`);
  const page = await stage.open(t, { user, view: "inbox" });
  await item(page, `${count}`).waitFor();
  const list = await watch(page, count);

  // By wheel; then by keyboard, from the item that Tab leads to, which has stayed: a page, and to the end again and again, as it moves away.
  await feed(page).hover();
  await list.until(500, () => page.mouse.wheel(0, 3000));
  await item(page, `${count}`).focus();
  await page.keyboard.press("PageDown");
  await item(page, `${count - 3}`).waitFor();
  await list.until(count, () => page.keyboard.press("End"));
  await page.getByText("That is everything").waitFor();
  await item(page, "1").and(page.locator(":focus")).waitFor();

  // What arrives meanwhile waits, and moves nothing.
  const before = await item(page, "1").boundingBox();
  await stage.send(user, "While you were reading");
  const pill = page.getByRole("button", { name: "1 new", exact: true });
  await pill.waitFor();
  assert.deepEqual(await item(page, "1").boundingBox(), before);
  await item(page, "1").and(page.locator(":focus")).waitFor();
  const { problems, most } = await list.end();
  assert.deepEqual(problems, []);
  assert.ok(most < 120, `${most} items were in the document at once.`);

  await pill.click();
  await item(page, "While you were reading").and(page.locator(":focus")).waitFor();
  await page.keyboard.press("ArrowDown");
  await item(page, `${count}`).and(page.locator(":focus")).waitFor();
});

test("everything is done by keyboard, and the focus is always where it helps", async (t) => {
  const user = stage.someone();
  const page = await stage.open(t, { user, view: "quiet" });
  for (const title of ["First", "Second", "Third", "Fourth"]) {
    await stage.send(user, title);
  }
  await bell(page, "Notifications, 4 new").waitFor();
  const press = (...keys) => keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
  const focused = (locator) => locator.and(page.locator(":focus")).waitFor();

  await press("Tab");
  await focused(bell(page));
  // The first time, there are no items yet to give the focus to.
  await press("Enter");
  await item(page, "Fourth").waitFor();
  await focused(page.getByRole("tab", { name: "All" }));
  await press("Escape");
  await focused(bell(page));
  await press("Enter");
  await focused(item(page, "Fourth"));

  // Walk.
  await press("ArrowDown");
  await focused(item(page, "Third"));
  await press("End");
  await focused(item(page, "First"));
  await press("ArrowUp", "ArrowUp", "Home");
  await focused(item(page, "Fourth"));

  // Read, and unread again.
  await press("r");
  await item(page, "Fourth").getByRole("button", { name: "Mark as unread" }).waitFor();
  await focused(item(page, "Fourth"));
  await press("r");
  await item(page, "Fourth").getByRole("button", { name: "Mark as read" }).waitFor();

  // Archive: the focus goes on to the next one. Undo.
  await press("ArrowDown", "e");
  await said(page, /^Archived$/);
  await shows(page, ["Fourth", "Second", "First"]);
  await focused(item(page, "Second"));
  await press("Control+z");
  await shows(page, ["Fourth", "Third", "Second", "First"]);
  await focused(item(page, "Second"));

  // Snooze: a menu, left and then used.
  await press("s");
  const menu = page.getByRole("menu", { name: "Snooze" });
  await focused(menu.getByRole("menuitem").first());
  await press("ArrowUp");
  await focused(menu.getByRole("menuitem", { name: "Pick date and time…" }));
  await press("Escape");
  await menu.waitFor({ state: "hidden" });
  await panel(page).waitFor();
  await focused(item(page, "Second"));
  await press("s", "t");
  await focused(menu.getByRole("menuitem", { name: /^Tomorrow/ }));
  await press("Enter");
  await said(page, "Snoozed until");
  await shows(page, ["Fourth", "Third", "First"]);
  await focused(item(page, "First"));

  // The end of the list archived: the focus goes to the one before.
  await press("Delete");
  await shows(page, ["Fourth", "Third"]);
  await focused(item(page, "Third"));

  // The tabs.
  await press("Shift+Tab");
  const tab = (name) => page.getByRole("tab", { name });
  await focused(tab("All"));
  await press("ArrowRight", "ArrowRight");
  await focused(tab("Archived"));
  await shows(page, ["First"]);
  await page.getByRole("tabpanel", { name: "Archived" }).waitFor();
  await press("Tab");
  await focused(item(page, "First"));
  await press("e");
  await panel(page).getByText("Nothing archived").waitFor();
  await focused(tab("Archived"));
  await press("Home");
  await shows(page, ["Fourth", "Third", "First"]);

  // Settings and back.
  await press("Shift+Tab");
  await focused(page.getByRole("button", { name: "Close" }));
  await press("Shift+Tab");
  await focused(page.getByRole("button", { name: "Notification settings" }));
  await press("Enter");
  await page.getByRole("heading", { name: "Notification settings" }).waitFor();
  await focused(page.getByRole("button", { name: "Back to notifications" }));
  await press("Enter");
  await focused(page.getByRole("button", { name: "Notification settings" }));

  // Close: by Escape, and by going on.
  await press("Escape");
  await panel(page).waitFor({ state: "hidden" });
  await focused(bell(page));
  await press("Enter");
  await focused(item(page, "Fourth"));
  await press("Enter");
  await item(page, "Fourth").getByRole("button", { name: "Mark as unread" }).waitFor();
  await press("Escape");
  await focused(bell(page));
});

test("an item with an address leads there, is read, and opens another site in a tab of its own", async (t) => {
  const user = stage.someone();
  const page = await stage.open(t, { user, view: "inbox" });
  await stage.send(user, "Here", { url: `${stage.site.url}/?user=${user}&here` });
  await stage.send(user, "There", { url: "https://example.com/there", actions: [{ label: "Pay", url: "https://example.com/pay", primary: true }] });
  for (const link of [item(page, "There").getByRole("link", { name: "There" }), item(page, "There").getByRole("link", { name: "Pay" })]) {
    await link.waitFor();
    assert.deepEqual([await link.getAttribute("rel"), await link.getAttribute("target")], ["noopener noreferrer", "_blank"]);
  }
  await item(page, "Here").getByRole("link").click();
  await page.waitForURL(/here/);
  await until("it to be read", async () => (await stage.stored(user, "read")).length === 1);
});

test("what means harm is text, stays in its place, and does nothing", async (t) => {
  const user = stage.someone();
  const page = await stage.open(t, { user }, { tolerate: [/Failed to load resource: net::ERR_/] });
  const title = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title = 'owned'\">";
  const body = "\u202Egnp.exe <svg onload=alert(1)> &lt;b&gt; ${alert(1)} {{alert(1)}}";
  const label = "</button><iframe srcdoc=x>";
  await stage.send(user, title, {
    body,
    category: "<b>category</b>",
    imageUrl: "https://127.0.0.1:1/x'onerror='alert(1).png",
    url: "https://example.com/'onmouseover='alert(1)",
    data: { "__proto__": { polluted: true }, "</script>": "<img src=x onerror=alert(1)>" },
    actions: [{ label, primary: true }, { label: "x".repeat(100), url: "https://example.com" }],
  });
  const long = "W".repeat(500);
  await stage.send(user, long, { body: "\u2067".repeat(50) + "i".repeat(2000), priority: "critical" });

  await toasts(page).filter({ hasText: title }).waitFor();
  await bell(page, "Notifications, 2 new").click();
  const hostile = item(page, title);
  await hostile.getByText(body, { exact: true }).waitFor();
  await hostile.getByRole("button", { name: label }).waitFor();
  await item(page, long).waitFor();
  await picture(page, "hostile");
  // Nothing is wider than the panel, nor runs over its neighbour.
  assert.deepEqual(await feed(page).evaluate((element) => [...element.children].filter((row) => row.scrollWidth > row.clientWidth + 1).length), 0);
  const made = await inbox(page).evaluate((element) => element.shadowRoot.querySelectorAll("script, iframe, svg[onload], img[onerror], [onmouseover], article b").length);
  assert.equal(made, 0);
  assert.equal(await page.title(), "A shop");
  assert.equal(await page.evaluate(() => ({}).polluted), undefined);
});

test("what cannot be shown safely is refused at the door, with the field, and nothing is stored", async () => {
  const user = stage.someone();
  const refusal = async (event) => {
    const response = await fetch(`${stage.server.url}/v1/events`, {
      method: "POST",
      headers: { Authorization: "Bearer sk_dev_local", "Content-Type": "application/json" },
      body: JSON.stringify({ type: "test.event", to: [`user:${user}`], title: "Harmful", ...event }),
    });
    const { errors = {} } = await response.json();
    return [response.status, ...Object.keys(errors)];
  };
  for (const url of ["javascript:alert(1)", "JavaScript:alert(1)", " javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd"]) {
    assert.deepEqual(await refusal({ url }), [400, "url"], url);
    assert.deepEqual(await refusal({ imageUrl: url }), [400, "imageUrl"], url);
    assert.deepEqual(await refusal({ actions: [{ label: "x", url }] }), [400, "actions[0].url"], url);
  }
  assert.deepEqual(await refusal({ title: "x".repeat(501) }), [400, "title"]);
  assert.deepEqual(await refusal({ title: "x".repeat(10 * 1024 * 1024) }), [413]);
  assert.deepEqual(await refusal({ title: "\u0000" }), [400, "title"]);

  // What is sent after them is stored after them: it is all there is.
  await stage.send(user, "Harmless");
  await until("it to be stored", async () => (await stage.stored(user)).length > 0);
  assert.deepEqual((await stage.stored(user)).map(({ title }) => title), ["Harmless"]);
});

/** Looks at every frame whether what is in sight is a run of the list: the `n`th item is number `count + 1 - n`, and each below its predecessor. */
async function watch(page, count) {
  await inbox(page).evaluate((element, count) => {
    const list = (window.list = { problems: [], most: 0, last: 0, ended: false });
    const look = () => {
      const panel = element.shadowRoot.querySelector("[role=tabpanel]").getBoundingClientRect();
      const rows = [...element.shadowRoot.querySelectorAll("article")];
      list.most = Math.max(list.most, rows.length);
      const sight = rows
        .map((row) => ({ at: Number(row.ariaPosInSet), title: row.querySelector("h3").textContent.trim(), box: row.getBoundingClientRect() }))
        .filter(({ box }) => box.bottom > panel.top && box.top < panel.bottom)
        .sort((a, b) => a.box.top - b.box.top);
      sight.forEach(({ at, title, box }, index) => {
        const above = sight[index - 1];
        if (title !== `${count + 1 - at}` || (above && (above.at !== at - 1 || Math.abs(above.box.bottom - box.top) > 1))) {
          list.problems.push(`${above?.at} (to ${above?.box.bottom}) is followed by ${at} (from ${box.top}): ${title}`);
        }
        list.last = Math.max(list.last, at);
      });
      if (!list.ended) {
        requestAnimationFrame(look);
      }
    };
    requestAnimationFrame(look);
  }, count);
  const last = () => page.evaluate(() => window.list.last);
  return {
    last,
    /** Goes on until so many have been in sight. Not by `until`, which pauses: there are hundreds of pages to load. */
    async until(end, go) {
      for (let [at, since] = [await last(), Date.now()]; at < end; ) {
        await go();
        const now = await last();
        assert.ok(now > at || Date.now() - since < limit, `Nothing comes after ${at}.`);
        [at, since] = now > at ? [now, Date.now()] : [at, since];
      }
    },
    end: () =>
      page.evaluate(() => {
        window.list.ended = true;
        return window.list;
      }),
  };
}
