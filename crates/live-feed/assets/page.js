// Keeps the page live. The page is whole without it: it only replaces parts by what the server has rendered.
const live = document.getElementById("live");
const connection = document.getElementById("connection");
const summary = document.getElementById("summary");
const QUIET_MS = 40_000;
const ANNOUNCE_MS = 20_000;
const PAUSE_MS = 1_000;
const PAUSE_MS_MAX = 10_000;

let token = live.dataset.token;
let source;
let pause = PAUSE_MS;
let quiet;
let isStale = live.dataset.isStale === "true";
let isBehind = false;
let isCut = false;
let hasHeard = false;
let announced = 0;
let announcing;
let latest = "";
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
  // Until the stream has said anything, nobody knows.
  connection.className = isOld ? "connection stale" : hasHeard ? "connection live" : "connection";
  if (isCut) connection.textContent = `${live.dataset.reconnecting} ${live.dataset.asOf} ${updated.textContent}`;
  else if (isOld) connection.textContent = `${live.dataset.stale}, ${live.dataset.asOf} ${updated.textContent}`;
  else connection.textContent = hasHeard ? live.dataset.live : "";
};

const announce = () => {
  clearTimeout(announcing);
  const wait = announced + ANNOUNCE_MS - Date.now();
  if (wait > 0) announcing = setTimeout(announce, wait);
  else if (summary.textContent !== latest) {
    announced = Date.now();
    summary.textContent = latest;
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
const replace = (element, html) => {
  const at = document.activeElement;
  const held = element.contains(at) && (at.getAttribute("href") ?? at.localName);
  const opened = [...element.querySelectorAll("details")].map((details) => details.open);
  const scrolled = [...element.querySelectorAll(".wide")].map((wide) => wide.scrollLeft);
  element.innerHTML = html;
  element.querySelectorAll("details").forEach((details, place) => (details.open = opened[place] ?? false));
  element.querySelectorAll(".wide").forEach((wide, place) => (wide.scrollLeft = scrolled[place] ?? 0));
  if (!held) return;
  const find = (it) => it.getAttribute("href") === held || (!it.hasAttribute("href") && it.localName === held);
  [...element.querySelectorAll("a, summary, [tabindex]")].find(find)?.focus({ preventScroll: true });
};

const show = (event) => {
  heard();
  isBehind = false;
  if (!isNewer(event.lastEventId)) return;
  const news = JSON.parse(event.data);
  token = event.lastEventId;
  live.dataset.token = token;
  for (const [name, html] of Object.entries(news.slots)) {
    const element = slot(name);
    if (element && shown.get(name) !== html) {
      replace(element, html);
      shown.set(name, html);
      if (name === "house") shown.delete("house-text");
    }
  }
  if (news.seats) {
    seats(news.seats);
    // What the part was sent as is not what it shows any more.
    shown.delete("house");
  }
  document.title = slot("title").textContent + live.dataset.mark;
  isStale = news.is_stale;
  latest = news.summary;
  announce();
  tell();
};

// Something came, so the other side is there: the next pause is a short one again. That a stream has opened says less: a
// server that is overrun may open many and end each at once.
const heard = () => {
  arm();
  pause = PAUSE_MS;
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

// After a pause that grows and differs between readers, so that not all come back at once.
const again = () => {
  clearTimeout(quiet);
  source?.close();
  isCut = true;
  tell();
  setTimeout(connect, pause * (0.5 + Math.random()));
  pause = Math.min(pause * 2, PAUSE_MS_MAX);
};

const connect = () => {
  arm();
  source = new EventSource(`${live.dataset.events}&resume=${encodeURIComponent(token)}`);
  source.addEventListener("frame", show);
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
    shown.clear();
    tell();
  });
  source.addEventListener("error", again);
};

connect();
