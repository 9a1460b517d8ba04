// Installs what the pages need and builds them, each only when what it depends on has changed. `dotnet build` calls it;
// by hand it is `node build.mjs`. Builds that run at the same time take turns.
//
// node build.mjs [--reason FILE]   FILE gets the reason when the pages could not be built; the exit code is then 1.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";

const root = import.meta.dirname;
const lock = join(root, ".build-lock");
const installStamp = join(root, "node_modules", ".installed");
const buildStamp = join(root, "dist", ".built");
const reasonFile = process.argv[2] === "--reason" ? process.argv[3] : undefined;

/** A lock of a build that was killed; no build takes this long. */
const staleAfter = 15 * 60 * 1000;

try {
  await takeLock();
  try {
    const wanted = hash(["package.json", "package-lock.json", ".npmrc", ...files(root).filter((path) => /^\w+\/package\.json$/.test(path))]);
    if (read(installStamp) !== wanted) {
      run("npm ci --ignore-scripts --no-audit --no-fund --prefer-offline --fetch-retries=1");
      writeFileSync(installStamp, wanted);
    }
    const sources = hash(files(root));
    if (read(buildStamp) !== sources) {
      rmSync(buildStamp, { force: true });
      run("npm run build");
      writeFileSync(buildStamp, sources);
    }
    const now = new Date();
    utimesSync(buildStamp, now, now);
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
} catch (error) {
  console.log(error.message);
  if (reasonFile !== undefined) {
    mkdirSync(dirname(reasonFile), { recursive: true });
    writeFileSync(reasonFile, `${error.message}\n`);
  }
  process.exitCode = 1;
}

async function takeLock() {
  for (;;) {
    try {
      mkdirSync(lock);
      return;
    } catch (error) {
      if (error.code !== "EEXIST") {
        throw error;
      }
    }
    const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > staleAfter) {
      rmSync(lock, { recursive: true, force: true });
    } else {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** Runs one npm command; when it fails, the error says which and what it complained of. */
function run(command) {
  console.log(`web: ${command}`);
  const result = spawnSync(command, { cwd: root, shell: true, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (result.status === 0) {
    return;
  }
  const lines = `${result.stderr ?? ""}\n${result.stdout ?? ""}`
    // eslint-disable-next-line no-control-regex
    .replace(/\u001b\[[0-9;]*m/g, "")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !/^npm (warn|notice)|^(npm error)? *at |complete log of this run/.test(line));
  throw new Error([`"${command}" failed:`, ...lines.slice(0, 8)].join("\n"));
}

/** Every file the pages are made of, by its path from here. */
function files(directory) {
  const found = [];
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) {
      if (!["node_modules", "dist", "test", "checks", ".build-lock"].includes(entry.name)) {
        found.push(...files(path));
      }
    } else {
      found.push(relative(root, path).split(sep).join("/"));
    }
  }
  return found.sort();
}

function hash(paths) {
  const sum = createHash("sha256");
  for (const path of paths) {
    sum.update(path).update("\0").update(readFileSync(join(root, path))).update("\0");
  }
  return sum.digest("hex");
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
