// One Chromium for a test file, with nothing of its own going out.
import { createRequire } from "node:module";
import fs from "node:fs";
import { folder } from "./server.mjs";

const FOLDER = process.env.HEMICYCLE_BROWSER_MODULES;
if (!FOLDER) throw new Error("HEMICYCLE_BROWSER_MODULES must name a folder with node_modules; cargo xtask test sets it");
const modules = createRequire(`${FOLDER}/`);
export const { chromium } = modules("playwright-core");
export const axe = fs.readFileSync(modules.resolve("axe-core/axe.min.js"), "utf8");
/** Another program's half circles. */
export const { default: parliament } = await import(`${FOLDER}/node_modules/parliament-svg/src/index.js`);

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A browser, and everything that went wrong on its pages. */
export const open = async (options = {}) => {
  const context = await chromium.launchPersistentContext(folder("browser"), {
    executablePath: process.env.HEMICYCLE_CHROMIUM ?? "/usr/bin/chromium",
    args: FLAGS,
    viewport: { width: 1280, height: 900 },
    ...options,
  });
  const faults = [];
  context.on("weberror", (error) => faults.push(String(error.error())));
  context.on("console", (message) => {
    // A server that is down is a fault of the network, and meant.
    if (message.type() === "error" && !/ERR_|Failed to load resource/.test(message.text())) faults.push(message.text());
  });
  return { context, faults, close: () => context.close() };
};

/** What the page shows, as the tests compare it. */
export const shown = (page) =>
  page.evaluate(() => {
    const live = document.getElementById("live");
    const [log, revision, publication] = live.dataset.token.split("-");
    const dots = {};
    for (const use of document.querySelectorAll("#seats use")) {
      const symbol = use.getAttribute("href").slice(1);
      dots[symbol] = (dots[symbol] ?? 0) + 1;
    }
    const rows = [...document.querySelectorAll('[data-slot="table-0"] tbody tr:not(.line)')].map((row) => [
      row.querySelector("th").innerText.trim(),
      ...[...row.querySelectorAll("td")].map((cell) => cell.innerText.trim()),
    ]);
    return {
      token: live.dataset.token,
      log,
      revision: Number(revision),
      publication: Number(publication),
      dots,
      rows,
      text: document.body.innerText,
    };
  });

/** What scrolls sideways, is cut off, or stands beyond the edge, but for tables that are marked as wide. */
export const sideways = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll("body *")]
      // Texts for listeners alone stand nowhere, and drawings clip by themselves.
      .filter((it) => !it.closest(".unseen, .skip, svg, .wide, .scroll, option"))
      .filter((it) => {
        const isWider = it.clientWidth > 0 && it.scrollWidth > it.clientWidth + 1 && getComputedStyle(it).overflowX !== "visible";
        return isWider || it.getBoundingClientRect().right > innerWidth + 1;
      })
      .map((it) => `${it.tagName}#${it.id} ${it.className} ${it.scrollWidth}`),
  );

/** Words of lists' names, and of what is said of them, that begin in one line and end in another. */
export const brokenNames = (page) =>
  page.evaluate(() => {
    const broken = [];
    for (const name of document.querySelectorAll(".lists tbody th")) {
      const texts = document.createTreeWalker(name, NodeFilter.SHOW_TEXT);
      while (texts.nextNode()) {
        for (const word of texts.currentNode.data.matchAll(/[^\s-]+/g)) {
          const range = document.createRange();
          range.setStart(texts.currentNode, word.index);
          range.setEnd(texts.currentNode, word.index + word[0].length);
          const lines = new Set([...range.getClientRects()].map((it) => Math.round(it.top)));
          if (lines.size > 1) broken.push(word[0]);
        }
      }
    }
    return broken;
  });

/** Whatever axe finds against WCAG 2.2 A and AA, as lines. */
export const violations = async (page) => {
  // The policy forbids scripts that are injected as elements; the tester's own is evaluated from outside.
  await page.evaluate(axe);
  const found = await page.evaluate(() =>
    globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }),
  );
  return found.violations.map((it) => `${it.id}: ${it.help}: ${it.nodes.map((node) => node.target).join(" | ")}`);
};
