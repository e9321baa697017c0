// Starts the product as people do, and drives it with its own commands.
import { spawn, execFileSync } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";

const BINARY = process.env.HEMICYCLE_BINARY;
if (!BINARY) throw new Error("HEMICYCLE_BINARY must name the program; cargo xtask test sets it");

/** A port that nobody has now. */
export const freePort = async () => {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
};

export const folder = (name) => fs.mkdtempSync(path.join(os.tmpdir(), `hemicycle-${name}-`));

/** Runs a command to its end. Codes other than 0 that are answers (3: nothing new, 4: not all counted) are no error. */
export const command = (...args) => execFileSync(BINARY, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

const waitFor = async (what, question) => {
  for (let tries = 0; tries < 600; tries++) {
    const answer = await question().catch(() => undefined);
    if (answer) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`waited in vain for ${what}`);
};
export { waitFor };

const running = new Set();

/** Ends whatever a failed test has left. */
export const stopAll = () => running.forEach((child) => child.kill("SIGKILL"));

const start = (args) => {
  const env = { ...process.env, HEMICYCLE_LOG_FILTER: "warn" };
  const child = spawn(BINARY, args, { stdio: ["ignore", "ignore", "inherit"], env });
  running.add(child);
  const ended = once(child, "exit").then(() => running.delete(child));
  return {
    stop: async (signal = "SIGTERM") => {
      child.kill(signal);
      await ended;
    },
  };
};

/** The demonstration, on ports of its own. */
export const demo = async (speed) => {
  const [grpc, http] = [await freePort(), await freePort()];
  const started = start(["demo", "--speed", String(speed), "--port", String(grpc), "--http-port", String(http)]);
  const base = `http://127.0.0.1:${http}`;
  await waitFor("the page of the demonstration", async () => (await fetch(`${base}/e/demo-almaty-2021`)).ok);
  return { base, election: "demo-almaty-2021", ...started };
};

/** A server with a folder that outlives it. */
export const serve = async (data, ports) => {
  const args = ["serve", "--data", data, "--listen", `127.0.0.1:${ports.grpc}`, "--http", `127.0.0.1:${ports.http}`];
  const started = start(args);
  const base = `http://127.0.0.1:${ports.http}`;
  await waitFor("the server", async () => (await fetch(`${base}/v1`)).ok);
  return { base, server: `http://127.0.0.1:${ports.grpc}`, ...started };
};

/** An election, of one district unless told otherwise, with lists a, b, c, ... and stations s1, s2, ... */
export const definition = ({ election, lists, seats, stations, ties = "", districts = ["city"], title = `Elections to a house of ${seats}`, looks = {}, threshold = "" }) => `
[ballot]
election = "${election}"
is_test = true
[[ballot.contests]]
id = "list"
${districts
  .map((id) => `[[ballot.contests.districts]]\nid = "${id}"\noptions = [${lists.map((id) => `{ id = "${id}" }`).join(", ")}]`)
  .join("\n")}
[register]
units = [${Array.from({ length: stations }, (_, n) => `{ id = "s${n + 1}", name = "Станция ${n + 1}", district = "${districts[n % districts.length]}", roll = 50000 }`).join(", ")}]
[rules]
house_size = ${seats}
[[rules.contests]]
id = "list"
districts = [${districts.map((id) => `{ id = "${id}", seats = ${seats / districts.length} }`).join(", ")}]
stages = [{ method = "largest-remainder", quota = "hare" }]
${threshold}
${ties}
[rules.form]
identities = []
[presentation]
time_zone = "Asia/Almaty"
districts = { ${districts.map((id) => `${id} = { en = "${id[0].toUpperCase()}${id.slice(1)}" }`).join(", ")} }
title = { en = "${title}", ru = "Выборы ${seats} мандатов", kk = "${seats} мандатқа сайлау" }
${Object.entries(looks)
  .map(([id, look]) => `[presentation.options.${id}]\n${look}`)
  .join("\n")}
`;

/** Reports as a file: one line for each station, of which the first names the election. */
export const reports = (election, rows) =>
  rows
    .map(([unit, version, votes, more = {}], n) => JSON.stringify({ ...(n ? {} : { election }), unit, version, votes, ...more }))
    .join("\n") + "\n";
