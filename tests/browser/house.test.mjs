// What changes under a page that is open: the house, its looks, the log itself; and houses that are large or have many lists.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { open, shown, violations } from "./browser.mjs";
import { command, definition, folder, freePort, reports, serve, stopAll, waitFor } from "./server.mjs";

const pictures = process.env.HEMICYCLE_SCREENSHOTS;
let browser;

before(async () => {
  browser = await open();
});
after(async () => {
  await browser?.close();
  stopAll();
});

const LETTERS = "abcdefghijk".split("");
// Two neighbours that are nearly the same, one nearly white, one nearly black.
const COLOURS = ["#c0392b", "#c2402b", "#fdfdf5", "#101010", "#1a9fb8", "#d9a400", "#3d8b40", "#7a3d8b", "#888888", "#2f5fd0", "#b0c4de"];

const election = async (name, { data = folder(name), ...more }) => {
  const ports = { grpc: await freePort(), http: await freePort() };
  const write = (part, options) => {
    const file = path.join(data, `${part}.toml`);
    fs.writeFileSync(file, definition({ election: name, lists: ["a", "b", "c"], stations: 4, ...more, ...options }));
    return file;
  };
  const night = { data, ports, server: await serve(path.join(data, "log"), ports) };
  night.define = async () => {
    command("define", write("definition", {}), "--open", "all", "--server", night.server.server);
    await waitFor("the election", async () => (await fetch(`${night.server.base}/e/${name}`)).ok);
  };
  night.amend = (part, options) => command("amend", name, part, write(part, options), "--reason", "a change", "--server", night.server.server);
  night.submit = (rows) => {
    const lines = path.join(data, "reports.jsonl");
    fs.writeFileSync(lines, reports(name, rows));
    command("submit", name, lines, "--server", night.server.server);
  };
  night.page = async (query = "?lang=en") => {
    const page = await browser.context.newPage();
    await page.goto(`${night.server.base}/e/${name}${query}`);
    // Gone if the page is ever loaded anew.
    await page.evaluate(() => (globalThis.isTheSame = true));
    return page;
  };
  night.document = async () => (await fetch(`${night.server.base}/v1/elections/${name}/results.json`)).json();
  await night.define();
  return night;
};

const isTheSame = (page) => page.evaluate(() => globalThis.isTheSame === true);
const until = (page, what, argument) => page.waitForFunction(what, argument, { timeout: 60_000 });
const live = (page) => until(page, () => document.getElementById("connection").textContent === "Live");

test("a house that grows, other colours, letters and another title come by themselves: the page is never loaded anew", { timeout: 120_000 }, async () => {
  const night = await election("grown-2026", { seats: 10, looks: { a: 'short_name = "AA"\ncolour = "#1a9fb8"' } });
  night.submit([["s1", 1, { a: 500, b: 300, c: 200 }]]);
  const page = await night.page();
  await until(page, () => document.querySelectorAll("#seats use").length === 10);
  let loads = 0;
  page.on("load", () => (loads += 1));
  night.amend("rules", { seats: 14 });
  await until(page, () => document.querySelectorAll("#seats use").length === 14);
  await until(page, () => document.querySelector(".house .centre").textContent === "14");
  assert.match(await page.textContent(".house"), /majority 8/);
  const looks = { a: 'short_name = "ZZ"\ncolour = "#7a3d8b"', b: 'short_name = "BB"\ncolour = "#d9a400"' };
  night.amend("presentation", { seats: 10, title: "Another title", looks });
  await until(page, () => document.querySelector("h1").textContent === "Another title");
  assert.equal(await page.title(), "Another title · TEST");
  assert.equal(await page.getAttribute("#d0 circle", "fill"), "#7a3d8b");
  assert.equal(await page.textContent("#d0 text"), "ZZ");
  assert.match(await page.innerText('[data-slot="table-0"]'), /ZZ/);
  // After it seats move as before.
  night.submit([["s2", 1, { a: 0, b: 2_000, c: 0 }]]);
  await until(page, () => document.querySelectorAll('#seats use[href="#d1"]').length > 8);
  const { dots } = await shown(page);
  const { contests } = await night.document();
  assert.deepEqual(Object.values(dots), contests[0].options.map((option) => option.seats.seats).filter(Boolean));
  assert.ok(await isTheSame(page));
  assert.equal(loads, 0);
  await page.close();
  await night.server.stop();
  assert.deepEqual(browser.faults, []);
});

test("a log that is another one resets the page: it shows what is there now, lower or not", { timeout: 120_000 }, async () => {
  const night = await election("reset-2026", { seats: 10 });
  night.submit([
    ["s1", 1, { a: 500, b: 300, c: 200 }],
    ["s2", 1, { a: 500, b: 300, c: 200 }],
  ]);
  const page = await night.page();
  await until(page, () => document.querySelectorAll('#seats use[href="#d0"]').length === 5);
  await live(page);
  const before = await shown(page);
  await night.server.stop();
  // The folder is lost, and the election is defined anew: another log of the same election.
  fs.rmSync(path.join(night.data, "log"), { recursive: true });
  night.server = await serve(path.join(night.data, "log"), night.ports);
  await night.define();
  await until(page, (log) => document.getElementById("live").dataset.token.split("-")[0] !== log, before.log);
  await live(page);
  const after = await shown(page);
  assert.ok(after.revision < before.revision, `${after.token} after ${before.token}`);
  assert.deepEqual(after.dots, { dn: 10 }, "nothing is counted in the new one");
  night.submit([["s1", 1, { a: 100, b: 800, c: 100 }]]);
  await until(page, () => document.querySelectorAll('#seats use[href="#d1"]').length === 8);
  assert.ok(await isTheSame(page));
  await page.close();
  await night.server.stop();
  assert.deepEqual(browser.faults, []);
});

test("of nine hundred lists some are shown, it says so, and each keeps its symbol from frame to frame", { timeout: 120_000 }, async () => {
  const lists = Array.from({ length: 900 }, (_, n) => `a-list-with-a-long-name-number-${n}`);
  const night = await election("many-2026", { seats: 10, lists });
  // All are counted, and 256 fit: those with the most votes, other ones each time.
  const votes = (first, many, most) => Object.fromEntries(lists.map((id, n) => [id, most[n] ?? (n >= first && n < first + 254 ? many : 1)]));
  night.submit([["s1", 1, votes(0, 3, { 700: 6_000, 850: 4_000 })]]);
  const page = await night.page();
  await until(page, () => document.querySelectorAll('#seats use[href="#d700"]').length === 6);
  const first = await shown(page);
  assert.deepEqual(first.dots, { d700: 6, d850: 4 });
  assert.match(first.text, /Only 256 of 900 lists are shown; 644 are left out\./);
  assert.doesNotMatch(first.text, /below the threshold/);
  assert.deepEqual(await violations(page), []);
  const colour = await page.getAttribute("#d850 circle", "fill");
  night.submit([["s2", 1, votes(400, 9, { 300: 20_000, 850: 2_000 })]]);
  await until(page, () => document.querySelectorAll('#seats use[href="#d300"]').length > 4);
  const second = await shown(page);
  assert.deepEqual(Object.keys(second.dots), ["d300", "d700", "d850"]);
  assert.equal(await page.getAttribute("#d850 circle", "fill"), colour);
  const document = await night.document();
  assert.equal(document.contests[0].options_left_out, 644);
  const rows = document.contests[0].options.map((option) => option.option_id);
  assert.ok(!rows.includes(lists[0]) && rows.includes(lists[400]), "other rows than before");
  assert.ok(await isTheSame(page));
  await page.close();
  await night.server.stop();
  assert.deepEqual(browser.faults, []);
});

// What a seat looks like where it stands: its fill, its edge, and what is drawn on it.
const seatsOf = (page) =>
  page.evaluate(() => {
    const seat = (use) => {
      const symbol = document.querySelector(use.getAttribute("href"));
      const circle = symbol.querySelector("circle");
      const style = getComputedStyle(circle);
      const marks = [...symbol.children].slice(1).map((it) => it.outerHTML);
      return { symbol: symbol.id, fill: style.fill, stroke: style.stroke, width: parseFloat(style.strokeWidth), marks: marks.join("") };
    };
    const paper = getComputedStyle(document.documentElement).backgroundColor;
    return { paper, seats: [...document.querySelectorAll("#seats use")].map(seat) };
  });

const luminance = (colour) => {
  const [red, green, blue] = colour.match(/[\d.]+/g).map(Number);
  const linear = (it) => (it / 255 <= 0.04045 ? it / 255 / 12.92 : ((it / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
};
const contrast = (one, other) => {
  const [a, b] = [luminance(one), luminance(other)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
};
const isSolid = (colour) => !/rgba|none|transparent/.test(colour);

// Everything that is wrong with seats side by side: alike but for a colour that is hardly another, or lost on the paper.
const faultsOf = ({ paper, seats }) => {
  const faults = [];
  seats.forEach((seat, place) => {
    const edges = [seat.fill, ...(seat.width >= 1 ? [seat.stroke] : [])].filter(isSolid);
    if (!edges.some((colour) => contrast(colour, paper) >= 3)) faults.push(`${seat.symbol} is lost on ${paper}`);
    const next = seats[place + 1];
    if (!next || next.symbol === seat.symbol) return;
    const isApart = seat.marks !== next.marks || (isSolid(seat.fill) && isSolid(next.fill) && contrast(seat.fill, next.fill) >= 3);
    if (!isApart) faults.push(`${seat.symbol} beside ${next.symbol}`);
  });
  return faults;
};

test("eleven lists in two districts: neighbours are told apart in light and dark, in a house of any size", { timeout: 120_000 }, async () => {
  for (const seats of [44, 450]) {
    const name = `eleven-${seats}`;
    const looks = Object.fromEntries(LETTERS.map((id, n) => [id, `short_name = "${id.toUpperCase()}${n}"\ncolour = "${COLOURS[n]}"`]));
    const night = await election(name, { seats, lists: LETTERS, districts: ["north", "south"], looks });
    const votes = (turn) => Object.fromEntries(LETTERS.map((id, n) => [id, 500 + ((n * 7 + turn * 5) % 11) * 90]));
    night.submit([
      ["s1", 1, votes(0)],
      ["s2", 1, votes(1)],
    ]);
    await waitFor("the seats", async () => (await night.document()).contests[0].seats_state === "provisional");
    const page = await night.page();
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const seen = await seatsOf(page);
      assert.equal(new Set(seen.seats.map((seat) => seat.symbol)).size, 11);
      assert.deepEqual(faultsOf(seen), [], `${seats} ${colorScheme}`);
      assert.deepEqual(await violations(page), [], `${seats} ${colorScheme}`);
      if (pictures) await page.screenshot({ path: path.join(pictures, `eleven-${seats}-${colorScheme}.png`), fullPage: true });
    }
    await page.setViewportSize({ width: 390, height: 844 });
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0, "too wide for a phone");
    // Labels of the chart lie apart, inside of it; the same in figures.
    // Not the mouse, which waits for a page that stands still: this one is live.
    await page.locator(".figures summary").evaluate((summary) => summary.click());
    assert.equal(await page.locator(".figures tbody tr").count(), 11);
    const boxes = await page.evaluate(() => [...document.querySelectorAll(".chart .end")].map((it) => it.getBBox().y).sort((a, b) => a - b));
    assert.ok(boxes.every((y, place) => place === 0 || y - boxes[place - 1] >= 20), boxes.join(" "));
    assert.equal(await page.locator("table.districts tbody tr").count(), 2);
    // What was opened stays open while it is live.
    night.submit([["s3", 1, votes(2)]]);
    await until(page, () => document.querySelector("table.districts tbody tr").innerText.includes("2 / 2"));
    assert.ok(await page.evaluate(() => document.querySelector(".figures").open));
    await page.close();
    await night.server.stop();
  }
  assert.deepEqual(browser.faults, []);
});

test("an oracle: seats that look alike, or are lost on the paper, are found", () => {
  const seat = (symbol, fill, more = {}) => ({ symbol, fill, stroke: "none", width: 0, marks: "", ...more });
  const found = (...seats) => faultsOf({ paper: "rgb(251, 250, 247)", seats });
  assert.deepEqual(found(seat("d0", "rgb(192, 57, 43)"), seat("d1", "rgb(194, 64, 43)")), ["d0 beside d1"]);
  assert.deepEqual(found(seat("d0", "rgb(192, 57, 43)"), seat("d1", "rgb(194, 64, 43)", { marks: "<path/>" })), []);
  assert.match(found(seat("d2", "rgb(253, 253, 245)"))[0], /lost/);
  assert.deepEqual(found(seat("d2", "rgb(253, 253, 245)", { stroke: "rgb(111, 115, 124)", width: 1.75 })), []);
});

test("nothing moves for whoever asks for less motion", { timeout: 60_000 }, async () => {
  const night = await election("still-2026", { seats: 10 });
  night.submit([["s1", 1, { a: 500, b: 300, c: 200 }]]);
  const page = await night.page();
  const moving = () =>
    page.evaluate(() =>
      [...document.querySelectorAll("*")]
        .map((it) => getComputedStyle(it))
        .filter((it) => /[1-9]/.test(it.transitionDuration) || it.animationName !== "none").length,
    );
  await page.emulateMedia({ reducedMotion: "no-preference" });
  assert.ok((await moving()) > 0, "bars grow for the others: so this is an oracle");
  await page.emulateMedia({ reducedMotion: "reduce" });
  assert.equal(await moving(), 0);
  await page.close();
  await night.server.stop();
});

// Time is the test's own, and so is the stream: what it says is what the test lets it say.
const scripted = async (address) => {
  const page = await browser.context.newPage();
  await page.clock.install();
  await page.addInitScript(() => {
    globalThis.opened = [];
    globalThis.EventSource = class extends EventTarget {
      constructor(address) {
        super();
        this.address = address;
        globalThis.opened.push(this);
      }
      close() {
        this.isClosed = true;
      }
    };
  });
  await page.goto(address);
  return {
    page,
    count: () => page.evaluate(() => globalThis.opened.length),
    text: () => page.textContent("#connection"),
    token: () => page.evaluate(() => document.getElementById("live").dataset.token),
    asked: () => page.evaluate(() => Object.fromEntries(new URL(globalThis.opened.at(-1).address, location).searchParams)),
    fire: (type, data, lastEventId) =>
      page.evaluate(
        ([type, data, lastEventId]) =>
          globalThis.opened.at(-1).dispatchEvent(Object.assign(new Event(type), { data: data && JSON.stringify(data), lastEventId })),
        [type, data, lastEventId],
      ),
  };
};
const beat = (more) => ({ is_stale: false, is_behind: false, ...more });

test("a stream that never opens, or is overrun, is tried again after pauses that grow", { timeout: 60_000 }, async () => {
  const night = await election("pauses-2026", { seats: 10 });
  const { page, count, text, fire } = await scripted(`${night.server.base}/e/pauses-2026?lang=en`);
  assert.equal(await count(), 1);
  assert.equal(await text(), "", "nobody knows yet");
  // It never opens: given up after a while.
  await page.clock.runFor(41_000);
  assert.ok(await page.evaluate(() => globalThis.opened[0].isClosed));
  assert.match(await text(), /Reconnecting/);
  await page.clock.runFor(2_000);
  assert.equal(await count(), 2);
  // It opens, greets and ends, again and again: the pauses grow all the same.
  for (const [least, most] of [[900, 3_100], [1_900, 6_100], [3_900, 12_100]]) {
    const before = await count();
    await fire("open");
    await fire("heartbeat", beat());
    assert.equal(await text(), "Live");
    await fire("error");
    assert.match(await text(), /Reconnecting/);
    await page.clock.runFor(least);
    assert.equal(await count(), before, `not before ${least} ms`);
    await page.clock.runFor(most - least);
    assert.equal(await count(), before + 1);
  }
  // One that has lasted is another matter: the next pause is short again.
  await fire("heartbeat", beat());
  await page.clock.runFor(15_000);
  await fire("heartbeat", beat());
  await page.clock.runFor(6_000);
  const before = await count();
  await fire("error");
  await page.clock.runFor(1_600);
  assert.equal(await count(), before + 1);
  await page.close();
  await night.server.stop();
});

test("what is stale is called so until that is over, and what is not there any more goes", { timeout: 60_000 }, async () => {
  const night = await election("said-2026", { seats: 10 });
  night.submit([["s1", 1, { a: 500, b: 300, c: 200 }]]);
  await waitFor("the seats", async () => (await night.document()).contests[0].seats_state === "provisional");
  const { page, text, fire, token, asked } = await scripted(`${night.server.base}/e/said-2026?lang=en`);
  // The server is told what is there already.
  const { resume, page: mark, sections } = await asked();
  assert.equal(resume, await token());
  assert.match(`${mark} ${sections}`, /^[0-9a-f]{16} [0-9a-f]{16}$/);
  await fire("heartbeat", beat());
  assert.equal(await text(), "Live");
  // A replica that has not come as far as the page does not know the newest.
  await fire("heartbeat", beat({ is_behind: true }));
  assert.match(await text(), /Stale, as of/);
  await fire("heartbeat", beat());
  assert.equal(await text(), "Live");
  await fire("heartbeat", beat({ is_stale: true }));
  // More of the same frame is no word on how old it is; of another frame it is nothing.
  await fire("parts", { page: "00000000000000aa", slots: { "last-seat": "<p id=more>more</p>" } }, await token());
  assert.equal(await page.textContent("#more"), "more");
  assert.match(await text(), /Stale, as of/);
  await fire("parts", { page: "00000000000000ab", slots: { "last-seat": "<p id=other>other</p>" } }, (await token()).replace(/-\d+$/, "-999"));
  assert.equal(await page.locator("#other").count(), 0);
  // Who listens is told of it, by the one region there is.
  await page.clock.runFor(21_000);
  assert.match(await page.textContent("#summary"), /Stale, as of/);
  assert.equal(await page.locator("[aria-live]").count(), 1);
  // Sections that are others wait for what stands in them.
  const html = '<section class="result" aria-labelledby="r"><h2 id="r">Result</h2><div data-slot="table-0"></div></section>';
  await fire("sections", { sections: "00000000000000ba", html });
  assert.equal(await page.locator("#seats use").count(), 10);
  const [log, revision, publication] = (await token()).split("-");
  const next = `${log}-${Number(revision) + 1}-${publication}`;
  const slots = { "table-0": "<p id=fresh>fresh</p>", "table-1": "nowhere", "house-text": "nowhere" };
  await fire("frame", { is_stale: false, summary: "new", page: "00000000000000ac", slots }, next);
  assert.equal(await page.locator("#seats, .lists").count(), 0, "the old house and the old table are gone");
  assert.equal(await page.textContent("#fresh"), "fresh");
  assert.equal(await text(), "Live");
  // A lower frame, and its sections, are never shown.
  await fire("sections", { sections: "00000000000000bb", html: "<p id=low>low</p>" });
  await fire("frame", { is_stale: true, summary: "old", page: "00000000000000ad", slots: { "table-0": "old" } }, `${log}-1-1`);
  assert.equal(await page.locator("#low").count(), 0);
  assert.equal(await page.textContent("#fresh"), "fresh");
  // What it has now is what it asks with.
  await fire("error");
  await page.clock.runFor(2_000);
  assert.deepEqual(await asked(), { lang: "en", resume: next, page: "00000000000000ac", sections: "00000000000000ba" });
  await page.close();
  await night.server.stop();
  assert.deepEqual(browser.faults, []);
});
