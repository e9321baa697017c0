// Keeps the page live. The page is whole without it: it only replaces parts by what the server has rendered.
const live = document.getElementById("live");
const connection = document.getElementById("connection");
const summary = document.getElementById("summary");
const QUIET_MS = 40_000;
const ANNOUNCE_MS = 20_000;

let token = live.dataset.token;
let source;
let pause = 1_000;
let quiet;
let isStale = live.dataset.isStale === "true";
let isCut = false;
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
  connection.className = isStale || isCut ? "connection stale" : "connection live";
  if (isCut) connection.textContent = `${live.dataset.reconnecting} ${live.dataset.asOf} ${updated.textContent}`;
  else if (isStale) connection.textContent = `${live.dataset.stale}, ${live.dataset.asOf} ${updated.textContent}`;
  else connection.textContent = live.dataset.live;
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

// Once for each reason: a page that is no other after it must not be loaded over and over.
const reload = (reason) => {
  const key = `${location.pathname} ${reason}`;
  try {
    if (sessionStorage.getItem(key)) return;
    sessionStorage.setItem(key, "1");
  } catch {
    // Without a memory there is no telling whether this is the second time.
    return;
  }
  location.reload();
};

// A drawing that cannot follow is worse than none: the table says the same.
const otherHouse = (reason) => {
  reload(reason);
  document.querySelector(".house").remove();
};

const seats = (runs) => {
  // A page without a house has none to fill.
  if (!document.getElementById("seats")) return;
  const dots = document.querySelectorAll("#seats use");
  const wanted = runs.reduce((sum, [, count]) => sum + count, 0);
  // Another house, or lists that the drawing has no symbol for.
  if (wanted !== dots.length) return otherHouse(`${dots.length} seats, not ${wanted}`);
  const missing = runs.find(([symbol]) => !document.getElementById(symbol));
  if (missing) return otherHouse(`no symbol ${missing[0]}`);
  let place = 0;
  for (const [symbol, count] of runs)
    for (let seat = 0; seat < count; seat++, place++) {
      const href = `#${symbol}`;
      if (dots[place].getAttribute("href") !== href) dots[place].setAttribute("href", href);
    }
};

// Whoever stands on a link of a part that is replaced stands on the same link after it.
const replace = (element, html) => {
  const held = element.contains(document.activeElement) && document.activeElement.getAttribute("href");
  element.innerHTML = html;
  if (!held) return;
  const links = [...element.querySelectorAll("a")];
  links.find((link) => link.getAttribute("href") === held)?.focus({ preventScroll: true });
};

const show = (event) => {
  heard();
  if (!isNewer(event.lastEventId)) return;
  token = event.lastEventId;
  live.dataset.token = token;
  const news = JSON.parse(event.data);
  for (const [name, html] of Object.entries(news.slots)) {
    const element = slot(name);
    if (!element || shown.get(name) === html) continue;
    replace(element, html);
    shown.set(name, html);
  }
  if (news.seats) seats(news.seats);
  isStale = news.is_stale;
  latest = news.summary;
  announce();
  tell();
};

const heard = () => {
  clearTimeout(quiet);
  quiet = setTimeout(again, QUIET_MS);
  pause = 1_000;
  if (isCut) {
    isCut = false;
    tell();
  }
};

// After a pause that grows and differs between readers, so that not all come back at once.
const again = () => {
  clearTimeout(quiet);
  source?.close();
  isCut = true;
  tell();
  setTimeout(connect, pause * (0.5 + Math.random()));
  pause = Math.min(pause * 2, 10_000);
};

const connect = () => {
  source = new EventSource(`${live.dataset.events}&resume=${encodeURIComponent(token)}`);
  source.addEventListener("open", () => {
    heard();
    tell();
  });
  source.addEventListener("frame", show);
  source.addEventListener("heartbeat", (event) => {
    heard();
    isStale = JSON.parse(event.data).is_stale;
    tell();
  });
  // The log was replaced by another: what is shown here is gone, and what follows may be lower.
  source.addEventListener("reset", (event) => {
    reload(`reset ${token} ${event.data}`);
    token = "";
  });
  source.addEventListener("error", again);
};

connect();
