// The page as people see it: through the demonstration night, without a script, and across the death of the server.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { brokenNames, open, parliament, shown, sideways, violations } from "./browser.mjs";
import { command, definition, demo, folder, freePort, reports, serve, stopAll, waitFor } from "./server.mjs";

const BYTES_MAX = 60_000;
// Where pictures of all pages go, and where that of the README goes; neither where it is not said.
const pictures = process.env.HEMICYCLE_SCREENSHOTS;
const readme = process.env.HEMICYCLE_README_PICTURE;
let browser;

before(async () => {
  browser = await open();
});
after(async () => {
  await browser?.close();
  stopAll();
});

const document_of = async (base, election) => (await fetch(`${base}/v1/elections/${election}/results.json`)).json();

/** Never lower than before: by revision, then by the number of publication events. */
const isLower = (now, last) => now.revision < last.revision || (now.revision === last.revision && now.publication < last.publication);

// What the drawing must show of the document: dots by list, in the order of the ballot.
const dots_of = (document) => {
  const dots = {};
  document.contests[0].options.forEach((option, place) => {
    if (option.seats?.seats) dots[`d${place}`] = option.seats.seats;
  });
  return dots;
};

test("the demonstration night: live, never backwards, two tabs the same, clean for axe, small", { timeout: 300_000 }, async () => {
  const night = await demo(4);
  try {
    let bytes = 0;
    const first = await browser.context.newPage();
    const network = await browser.context.newCDPSession(first);
    await network.send("Network.enable");
    network.on("Network.loadingFinished", (event) => (bytes += event.encodedDataLength));
    await first.goto(`${night.base}/?lang=en`);
    const loaded = bytes;
    assert.ok(loaded > 0 && loaded < BYTES_MAX, `${loaded} bytes`);
    const second = await browser.context.newPage();
    await second.goto(`${night.base}/e/${night.election}?lang=en`);
    let last = { revision: 0, publication: 0 };
    const by_token = [new Map(), new Map()];
    let newest;
    do {
      for (const [place, page] of [first, second].entries()) {
        const now = await shown(page);
        by_token[place].set(now.token, JSON.stringify([now.rows, now.dots]));
        if (page === first) {
          assert.ok(!isLower(now, last), `${now.token} after ${last.token}`);
          last = now;
        }
      }
      newest = await document_of(night.base, night.election);
    } while (newest.stage !== "complete_unofficial" || last.revision < newest.revision);
    assert.ok(by_token[0].size > 2, "it was live");
    let same = 0;
    for (const [token, what] of by_token[0]) {
      if (!by_token[1].has(token)) continue;
      assert.equal(by_token[1].get(token), what, "two tabs at one revision");
      same += 1;
    }
    assert.ok(same > 0);
    // The end of the night, as the commission has it.
    assert.deepEqual(last.dots, { d0: 29, d1: 4, d2: 3, d3: 3 });
    assert.deepEqual(last.dots, dots_of(newest));
    assert.deepEqual(last.rows[0].slice(1), ["218,003", "68.10%", "29", "29"]);
    assert.match(last.text, /seats if only the counted ballots existed/);
    assert.match(last.text, /of list votes/);
    assert.match(last.text, /TEST/);
    assert.match(last.text, /Asia\/Almaty/);
    for (const [lang, scheme, width, height, more] of [
      ["en", "light", 1280, 900, ""],
      ["ru", "dark", 1280, 900, ""],
      ["kk", "light", 390, 844, ""],
      ["en", "dark", 1920, 1080, "&kiosk"],
      ["ru", "light", 1280, 720, "&kiosk"],
      ["kk", "light", 1280, 720, "&kiosk"],
      ["kk", "dark", 1024, 768, "&kiosk"],
      ["kk", "dark", 360, 740, ""],
      // As narrow as WCAG 1.4.10 has it: a page of 1,280 px at four times its size.
      ["en", "dark", 320, 256, ""],
      ["ru", "light", 320, 640, ""],
      ["kk", "light", 320, 640, ""],
    ]) {
      const page = await browser.context.newPage();
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
      for (const [name, address] of [
        ["election", `/?lang=${lang}${more}`],
        ["units", `/e/${night.election}/units?lang=${lang}`],
        ["unit", `/e/${night.election}/units/demo-014?lang=${lang}`],
      ]) {
        await page.goto(`${night.base}${address}`);
        assert.deepEqual(await violations(page), [], `${name} ${lang} ${scheme}`);
        assert.equal(await page.evaluate(() => document.documentElement.lang), lang);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(overflow <= 0, `${name} ${lang} ${width}: ${overflow} px too wide`);
        assert.deepEqual(await sideways(page), [], `${name} ${lang} ${width}`);
        // A wall has nobody who scrolls.
        const below = await page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
        if (name === "election" && more) assert.ok(below <= 0, `${below} px below the edge of the wall`);
        if (name === "election" && more) {
          await page.waitForFunction(() => document.getElementById("connection").textContent);
          const [dot, ...texts] = await page.evaluate(() =>
            ["#connection", "h1", ".status"].map((it) => {
              const text = document.createRange();
              text.selectNodeContents(document.querySelector(it));
              return text.getBoundingClientRect();
            }),
          );
          // The dot stands before its text.
          const isOver = (it) => it.right > dot.left - 20 && it.left < dot.right && it.bottom > dot.top && it.top < dot.bottom;
          assert.ok(!texts.some(isOver), `${lang} ${width}: the dot on another text`);
        }
        if (name === "election") assert.ok(await page.locator(".last-seat .last").isVisible(), "the last seat");
        if (name === "election") assert.deepEqual(await brokenNames(page), [], `${lang} ${width}`);
        if (pictures) await page.screenshot({ path: path.join(pictures, `${name}-${lang}-${scheme}-${width}.png`), fullPage: !more });
      }
      await page.close();
    }
    // What would change a seat comes a moment after its frame, by itself: Adal with 724 votes more.
    for (const [page, words] of [
      [first, "Adal with 724 votes more"],
      [await browser.context.newPage(), "Адал: на 724 голоса больше"],
      [await browser.context.newPage(), "Адал: 724 дауыс көп болса"],
    ]) {
      const lang = { A: "en", А: words.includes("голос") ? "ru" : "kk" }[words[0]];
      if (page !== first) await page.goto(`${night.base}/?lang=${lang}`);
      await page.waitForFunction((words) => document.querySelector(".moves")?.innerText.includes(words), words, { timeout: 30_000 });
      if (page !== first) await page.close();
    }
    if (readme) {
      const page = await browser.context.newPage();
      await page.setViewportSize({ width: 1120, height: 800 });
      await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
      await page.goto(`${night.base}/?lang=en`);
      await page.waitForFunction(() => document.querySelector(".moves"));
      await page.screenshot({ path: readme });
      await page.close();
    }
    await first.close();
    await second.close();
  } finally {
    await night.stop();
  }
  assert.deepEqual(browser.faults, []);
});

test("an oracle: what scrolls sideways, or is cut off, is found where it is no marked table", async () => {
  const page = await browser.context.newPage();
  await page.setViewportSize({ width: 320, height: 640 });
  await page.setContent(
    `<p id="long" style="overflow: auto; white-space: nowrap">${"long ".repeat(99)}</p>
     <p id="cut" style="overflow: hidden; white-space: nowrap">${"long ".repeat(99)}</p>
     <div id="beyond" style="position: fixed; left: 300px; width: 40px">x</div>
     <div class="wide" style="overflow: auto"><table><tr><td style="white-space: nowrap">${"long ".repeat(99)}</table></div>
     <p>short</p>`,
  );
  const found = (await sideways(page)).map((it) => it.split(" ")[0]);
  assert.deepEqual(found, ["P#long", "P#cut", "DIV#beyond"]);
  await page.close();
});

test("an oracle: a word that goes on in the next line is found", async () => {
  const page = await browser.context.newPage();
  await page.setContent('<table class="lists"><tbody><tr><th style="width: 6em; overflow-wrap: anywhere">New Agrarians-Socialdemocrats</table>');
  assert.deepEqual(await brokenNames(page), ["Socialdemocrats"]);
  await page.close();
});

test("an oracle: axe finds what is wrong where something is", async () => {
  const page = await browser.context.newPage();
  await page.setContent('<html><body><img src="data:,"><p style="color:#ccc;background:#fff">pale</p></body></html>');
  const found = (await violations(page)).join("\n");
  assert.match(found, /image-alt/);
  assert.match(found, /html-has-lang/);
  await page.close();
});

const house = async (name, seats, stations, more = {}) => {
  const data = folder(name);
  const ports = { grpc: await freePort(), http: await freePort() };
  const file = path.join(data, "definition.toml");
  fs.writeFileSync(file, definition({ election: name, lists: ["a", "b", "c"], seats, stations, ...more }));
  const server = await serve(path.join(data, "log"), ports);
  command("define", file, "--open", "all", "--server", server.server);
  await waitFor("the election", async () => (await fetch(`${server.base}/e/${name}`)).ok);
  const submit = (rows) => {
    const lines = path.join(data, "reports.jsonl");
    fs.writeFileSync(lines, reports(name, rows));
    command("submit", name, lines, "--server", server.server);
  };
  return { data, ports, server, submit, restart: () => serve(path.join(data, "log"), ports) };
};

test("the server dies in the middle of the night: the page says so, comes back by itself, and never goes back", { timeout: 300_000 }, async () => {
  const night = await house("killed-2026", 10, 4);
  let { server } = night;
  const page = await browser.context.newPage();
  await page.goto(`${server.base}/e/killed-2026?lang=en`);
  const empty = await shown(page);
  assert.deepEqual(empty.dots, { dn: 10 }, "empty before the first result");
  assert.match(empty.text, /nothing is counted/);
  night.submit([["s1", 1, { a: 500, b: 300, c: 200 }]]);
  await page.waitForFunction(() => document.querySelectorAll('#seats use[href="#d0"]').length === 5);
  const before = await shown(page);
  await server.stop("SIGKILL");
  await page.waitForFunction(() => /Reconnecting/.test(document.getElementById("connection").textContent));
  assert.match((await shown(page)).text, /as of/);
  assert.deepEqual((await shown(page)).dots, before.dots, "what was shown stays");
  server = await night.restart();
  await page.waitForFunction(() => document.getElementById("connection").textContent === "Live", null, { timeout: 60_000 });
  const back = await shown(page);
  assert.equal(back.log, before.log);
  assert.ok(!isLower(back, before), `${back.token} after ${before.token}`);
  night.submit([["s2", 1, { a: 0, b: 1000, c: 100 }]]);
  await page.waitForFunction(() => document.querySelectorAll('#seats use[href="#d1"]').length === 6);
  await page.close();
  await server.stop();
  assert.deepEqual(browser.faults, []);
});

test("without a script the page is whole, and what follows it too", { timeout: 300_000 }, async () => {
  const night = await house("plain-2026", 10, 120);
  const rows = Array.from({ length: 120 }, (_, n) => [`s${n + 1}`, 1, { a: 10, b: 6, c: 4 }]);
  night.submit(rows.slice(0, 119));
  night.submit([["s1", 2, { a: 9, b: 7, c: 4 }, { kind: "correction", by: "Commission 3", reason: "rows swapped" }]]);
  await waitFor("the count", async () => (await document_of(night.server.base, "plain-2026")).envelope.corrections_count === 1);
  const plain = await open({ javaScriptEnabled: false });
  const page = await plain.context.newPage();
  await page.goto(`${night.server.base}/e/plain-2026?lang=ru`);
  const text = await page.innerText("body");
  for (const wanted of ["Предварительно", "rows swapped", "Commission 3", "10 → 9", "119", "ожидается 1", "ТЕСТ", "Страница показывает момент загрузки"])
    assert.ok(text.includes(wanted), `${wanted}: ${text}`);
  const follow = async (what, address) => Promise.all([page.waitForURL(address), page.click(what)]);
  await follow('a:has-text("Все участки")', /units/);
  assert.equal(await page.locator("table.units tbody tr").count(), 50);
  await follow("text=Дальше", /page=/);
  assert.equal(await page.locator("table.units tbody tr").first().locator("th").innerText(), "Станция 51");
  await page.fill("#q", "станция 117");
  await follow("button", /117/);
  assert.equal(await page.locator("table.units tbody tr").count(), 1);
  await page.fill("#q", "");
  await page.selectOption("#state", "not_counted");
  await follow("button", /state=not_counted/);
  assert.equal(await page.locator("table.units tbody tr").count(), 1);
  await follow("text=Станция 120", /s120/);
  assert.match(await page.innerText("h1"), /Станция 120/);
  await page.goto(`${night.server.base}/e/plain-2026/units/s1?lang=en`);
  assert.match(await page.innerText("body"), /rows swapped/);
  const missing = await page.goto(`${night.server.base}/e/nobody-2026?lang=en`);
  assert.equal(missing.status(), 404);
  await plain.close();
  await night.server.stop();
});

test("a seat is a dot: as many for each list as another program draws", { timeout: 300_000 }, async () => {
  for (const seats of [39, 120, 450, 705]) {
    const name = `house-${seats}`;
    const night = await house(name, seats, 1);
    night.submit([["s1", 1, { a: 5_117, b: 2_890, c: 1_993 }]]);
    await waitFor("the seats", async () => (await document_of(night.server.base, name)).contests[0].seats_state === "provisional");
    const page = await browser.context.newPage();
    await page.goto(`${night.server.base}/e/${name}`);
    const { dots } = await shown(page);
    const document = await document_of(night.server.base, name);
    assert.deepEqual(dots, dots_of(document));
    const parties = Object.fromEntries(
      document.contests[0].options.map((option) => [option.option_id, { seats: option.seats.seats, colour: "#111" }]),
    );
    // The other program's circles by list, in the order of the ballot.
    const circles = parliament(parties, { seatCount: false }).children.filter((node) => node.tagName === "circle");
    const drawn = {};
    document.contests[0].options.forEach((option, place) => {
      const own = circles.filter((circle) => [circle.properties.className].flat().includes(option.option_id));
      if (own.length) drawn[`d${place}`] = own.length;
    });
    assert.deepEqual(dots, drawn);
    assert.equal(circles.length, seats);
    await page.close();
    await night.server.stop();
  }
});

test("with the keyboard alone everything can be reached, seen and used", { timeout: 300_000 }, async () => {
  const night = await house("keys-2026", 10, 60);
  night.submit([["s1", 1, { a: 500, b: 300, c: 200 }]]);
  const page = await browser.context.newPage();
  await page.goto(`${night.server.base}/e/keys-2026?lang=en`);
  const focus = () =>
    page.evaluate(() => {
      const at = document.activeElement;
      const style = getComputedStyle(at);
      const box = at.getBoundingClientRect();
      return {
        what: at === document.body ? "" : `${at.tagName} ${at.innerText || at.name || at.getAttribute("aria-label") || ""}`.trim(),
        outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        inView: box.width > 0 && box.left >= 0 && box.top >= 0 && box.right <= innerWidth + 1 && box.bottom <= innerHeight + 1,
      };
    });
  await page.keyboard.press("Tab");
  const skip = await focus();
  assert.match(skip.what, /To the results/);
  assert.ok(skip.outline && skip.inView, "the first stop is seen");
  await page.keyboard.press("Enter");
  assert.match(page.url(), /#main$/);
  // All stops in their order, each to be seen, none twice, and out again at the end: no trap.
  const stops = [];
  // What has the focus is scrolled to, and that is done with the next picture at the earliest.
  const seen = async () => {
    for (let looks = 0; looks < 100; looks++) {
      const stop = await focus();
      if (!stop.what || (stop.outline && stop.inView)) return stop;
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)));
    }
    return focus();
  };
  for (let steps = 0; steps < 60; steps++) {
    await page.keyboard.press("Tab");
    const stop = await seen();
    if (!stop.what) break;
    assert.ok(stop.outline && stop.inView, `${stop.what} has the focus and is seen`);
    stops.push(stop.what);
  }
  const wanted = await page.evaluate(
    () =>
      [...document.querySelectorAll("main a, main input:not([type=hidden]), main button, main summary, main [tabindex='0'], footer a")].filter(
        (it) => it.checkVisibility(),
      ).length,
  );
  assert.equal(stops.length, wanted, stops.join(" | "));
  // A search by keys alone, and back by the browser's own key.
  await page.focus("#q");
  await page.keyboard.type("Станция 17");
  await Promise.all([page.waitForURL(/units/), page.keyboard.press("Enter")]);
  assert.equal(await page.locator("table.units tbody tr").count(), 1);
  let reached = "";
  for (let steps = 0; steps < 30 && reached !== "A Станция 17"; steps++) {
    await page.keyboard.press("Tab");
    reached = (await focus()).what;
  }
  assert.equal(reached, "A Станция 17");
  await Promise.all([page.waitForURL(/units\/s17/), page.keyboard.press("Enter")]);
  assert.match(await page.innerText("h1"), /Станция 17/);
  // What is live does not take the focus away.
  await page.goto(`${night.server.base}/e/keys-2026?lang=en`);
  await page.focus("#q");
  const before = (await shown(page)).revision;
  night.submit([["s2", 1, { a: 1, b: 2, c: 3 }]]);
  await page.waitForFunction((before) => Number(document.getElementById("live").dataset.token.split("-")[1]) > before, before);
  assert.equal(await page.evaluate(() => document.activeElement.id), "q");
  // Nor where the part with the focus is replaced itself.
  const correct = (unit, version) => [unit, version, { a: 2, b: 1, c: version }, { kind: "correction", by: "Commission 3", reason: "rows swapped" }];
  night.submit([correct("s1", 2)]);
  const link = '[data-slot="corrections"] a[href*="/units/s1?"]';
  await page.waitForSelector(link);
  await page.focus(link);
  night.submit([correct("s2", 2)]);
  await page.waitForSelector('[data-slot="corrections"] a[href*="/units/s2?"]');
  assert.match(await page.evaluate(() => document.activeElement.getAttribute("href") ?? ""), /units\/s1/);
  await page.close();
  await night.server.stop();
  assert.deepEqual(browser.faults, []);
});

test("districts have a table of their own that is live, and a long history has pages", { timeout: 300_000 }, async () => {
  const night = await house("parts-2026", 12, 8, { districts: ["north", "south"] });
  night.submit([
    ["s1", 1, { a: 500, b: 300, c: 200 }],
    ["s2", 1, { a: 100, b: 700, c: 200 }],
  ]);
  const page = await browser.context.newPage();
  await page.goto(`${night.server.base}/e/parts-2026?lang=en`);
  const districts = () => page.locator("table.districts tbody tr").allInnerTexts();
  await page.waitForFunction(() => document.querySelectorAll("table.districts .held").length >= 5);
  const rows = (await districts()).map((row) => row.replace(/\s+/g, " "));
  assert.match(rows[0], /^North 6 a 3 b 2 c 1 1 \/ 4$/);
  assert.match(rows[1], /^South 6 b 4 .*1 \/ 4$/);
  assert.deepEqual(await violations(page), []);
  const before = rows[1];
  night.submit([["s4", 1, { a: 9_000, b: 0, c: 0 }]]);
  await page.waitForFunction(() => /2 \/ 4/.test(document.querySelectorAll("table.districts tbody tr")[1].innerText));
  assert.notEqual((await districts())[1].replace(/\s+/g, " "), before);
  // 620 versions of one tally, of which a page shows 500.
  const versions = Array.from({ length: 620 }, (_, n) => ["s3", n + 1, { a: n, b: 1, c: 1 }]);
  for (const row of versions) row[3] = row[1] === 1 ? {} : { kind: "correction", by: "Commission 3", reason: `version ${row[1]}` };
  night.submit(versions);
  const unit = `${night.server.base}/e/parts-2026/units/s3?lang=en`;
  await waitFor("the history", async () => /version 500/.test(await (await fetch(unit)).text()));
  await page.goto(unit);
  const entries = page.locator("ol.changes > li");
  assert.equal(await entries.count(), 500);
  await Promise.all([page.waitForURL(/page=/), page.click('a[rel="next"]')]);
  assert.equal(await entries.count(), 120);
  assert.match(await entries.first().innerText(), /version 620/);
  assert.equal(await page.locator('a[rel="next"]').count(), 0);
  assert.deepEqual(await violations(page), []);
  await page.close();
  await night.server.stop();
  assert.deepEqual(browser.faults, []);
});
