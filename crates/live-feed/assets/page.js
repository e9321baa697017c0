// Keeps the page live. The page is whole without it: it only replaces parts by what the server has rendered.
const live = document.getElementById("live");
const connection = document.getElementById("connection");
const summary = document.getElementById("summary");
const sections = document.getElementById("sections");
const QUIET_MS = 40_000;
const ANNOUNCE_MS = 20_000;
const PAUSE_MS = 1_000;
const PAUSE_MS_MAX = 10_000;
const STEADY_MS = 20_000;

let token = live.dataset.token;
let source;
let pause = PAUSE_MS;
let quiet;
// When this stream said something for the first time.
let heardAt;
let isStale = live.dataset.isStale === "true";
let isBehind = false;
let isCut = false;
let hasHeard = false;
let announced = 0;
let announcing;
let latest = "";
// Sections that came before the frame that fills them.
let pending;
const shown = new Map();

const slot = (name) => document.querySelector(`[data-slot="${CSS.escape(name)}"]`);

// A token is a log, a revision and the number of publication events in it.
const parts = (text) => {
  const [log, revision, publication] = text.split("-");
  return { log, revision: Number(revision), publication: Number(publication) };
};

// Nothing lower is ever shown after something higher of the same log.
const isNewer = (next) => {
  const [a, b] = [parts(token), parts(next)];
  if (a.log !== b.log) return true;
  return b.revision > a.revision || (b.revision === a.revision && b.publication >= a.publication);
};

const tell = () => {
  const updated = document.getElementById("updated");
  const isOld = isStale || isBehind || isCut;
  const was = connection.className;
  // Until the stream has said anything, nobody knows.
  connection.className = isOld ? "connection stale" : hasHeard ? "connection live" : "connection";
  if (isCut) connection.textContent = `${live.dataset.reconnecting} ${live.dataset.asOf} ${updated.textContent}`;
  else if (isOld) connection.textContent = `${live.dataset.stale}, ${live.dataset.asOf} ${updated.textContent}`;
  else connection.textContent = hasHeard ? live.dataset.live : "";
  // Who listens is told when it goes and when it is back.
  if (hasHeard && was !== connection.className && was !== "connection") announce();
};

const announce = () => {
  clearTimeout(announcing);
  const wait = announced + ANNOUNCE_MS - Date.now();
  const state = connection.className === "connection stale" ? connection.textContent : latest || connection.textContent;
  if (wait > 0) announcing = setTimeout(announce, wait);
  else if (summary.textContent !== state) {
    announced = Date.now();
    summary.textContent = state;
  }
};

// The same house: only who holds its seats is another.
const seats = (runs) => {
  const dots = document.querySelectorAll("#seats use");
  let place = 0;
  for (const [symbol, count] of runs)
    for (let seat = 0; seat < count && place < dots.length; seat++, place++) {
      const href = `#${symbol}`;
      if (dots[place].getAttribute("href") !== href) dots[place].setAttribute("href", href);
    }
};

// Whoever stands on a link of a part that is replaced stands on the same link after it; what was opened stays open.
const what = (it) => `${it.localName} ${it.getAttribute("href") ?? it.getAttribute("aria-label") ?? ""}`;
const keeping = (root, replace) => {
  const at = root.contains(document.activeElement) && document.activeElement;
  const opened = [...root.querySelectorAll("details")].map((details) => details.open);
  const scrolled = new Map([...root.querySelectorAll(".wide")].map((wide) => [wide.ariaLabel, wide.scrollLeft]));
  replace();
  root.querySelectorAll("details").forEach((details, place) => (details.open = opened[place] ?? false));
  root.querySelectorAll(".wide").forEach((wide) => (wide.scrollLeft = scrolled.get(wide.ariaLabel) ?? 0));
  if (!at || at.isConnected) return;
  [...root.querySelectorAll("a, summary, [tabindex]")].find((it) => what(it) === what(at))?.focus({ preventScroll: true });
};

const fill = (slots) => {
  for (const [name, html] of Object.entries(slots)) {
    const element = slot(name);
    if (!element || shown.get(name) === html) continue;
    element.innerHTML = html;
    shown.set(name, html);
  }
};

const show = (event) => {
  heard();
  isBehind = false;
  const next = pending;
  pending = undefined;
  if (!isNewer(event.lastEventId)) return;
  const news = JSON.parse(event.data);
  token = event.lastEventId;
  live.dataset.token = token;
  keeping(document.body, () => {
    if (next) {
      // Others than before: all that stands in them follows.
      sections.innerHTML = next.html;
      live.dataset.sections = next.sections;
      shown.clear();
    }
    fill(news.slots);
    if (news.seats) seats(news.seats);
  });
  live.dataset.page = news.page;
  document.title = slot("title").textContent + live.dataset.mark;
  isStale = news.is_stale;
  latest = news.summary;
  announce();
  tell();
};

// More of what is shown already. It says nothing of how old that is.
const add = (event) => {
  heard();
  if (event.lastEventId !== token) return;
  const news = JSON.parse(event.data);
  keeping(document.body, () => fill(news.slots));
  live.dataset.page = news.page;
};

const heard = () => {
  arm();
  heardAt ??= Date.now();
  hasHeard = true;
  if (isCut) {
    isCut = false;
    tell();
  }
};

// A stream that says nothing for long, or never opens, is given up.
const arm = () => {
  clearTimeout(quiet);
  quiet = setTimeout(again, QUIET_MS);
};

// After a pause that differs between readers, so that not all come back at once, and grows. That a stream has opened, or has
// said something, makes the next one no shorter: a server that is overrun may greet many and drop each at once. Only one that
// has lasted does.
const again = () => {
  clearTimeout(quiet);
  source?.close();
  isCut = true;
  tell();
  if (heardAt && Date.now() - heardAt >= STEADY_MS) pause = PAUSE_MS;
  setTimeout(connect, pause * (0.5 + Math.random()));
  pause = Math.min(pause * 2, PAUSE_MS_MAX);
};

const connect = () => {
  arm();
  heardAt = undefined;
  pending = undefined;
  const has = { resume: token, page: live.dataset.page, sections: live.dataset.sections };
  source = new EventSource(`${live.dataset.events}&${new URLSearchParams(has)}`);
  source.addEventListener("sections", (event) => (pending = JSON.parse(event.data)));
  source.addEventListener("frame", show);
  source.addEventListener("parts", add);
  source.addEventListener("heartbeat", (event) => {
    heard();
    const beat = JSON.parse(event.data);
    // A replica that has not come as far as this page does not know what is newest.
    [isStale, isBehind] = [beat.is_stale, beat.is_behind];
    tell();
  });
  // The log was replaced by another: what is shown here is gone, and what follows, whole, may be lower.
  source.addEventListener("reset", () => {
    isBehind = true;
    heard();
    token = "";
    live.dataset.page = "";
    shown.clear();
    tell();
  });
  source.addEventListener("error", again);
};

connect();
