// What users download, compressed as a server would (gzip -9, each file by itself), against what it may be. What is loaded later has limits of its
// own: SignalR comes with the first connection, what a bell opens when the page has come to rest, German where it is spoken. For the measurement it is put into a file by itself, so that
// what is ours is counted as ours.

import { gzipSync } from "node:zlib";
import { isAbsolute, join } from "node:path";
import { build, loadConfigFromFile } from "vite";

const web = join(import.meta.dirname, "..");
const entry = join(import.meta.dirname, "client.js");
const failures = [];
const alone = { minify: true, codeSplitting: { groups: [{ name: "signalr", test: /node_modules\/@microsoft\/signalr\// }] } };

const { config } = await loadConfigFromFile({ command: "build", mode: "production" }, join(web, "embed", "vite.config.ts"));
const client = await chunks({
  root: web,
  configFile: false,
  resolve: config.resolve,
  plugins: [{ name: "entry", resolveId: (id) => (id === entry ? id : null), load: (id) => (id === entry ? 'export * from "@notifications/client";' : null) }],
  build: { target: "es2022", lib: { entry, formats: ["es"] }, rolldownOptions: { output: alone } },
});
const embed = await chunks({ root: join(web, "embed"), build: { rolldownOptions: { output: alone } } });

const rows = [
  row("client", client.filter((chunk) => !isSignalR(chunk)), 10),
  row("embed: bell and toasts, at once", embed.filter((chunk) => !isSignalR(chunk) && !isLater(chunk)), 30),
  row("embed: list and settings, at rest", embed.filter((chunk) => /\/panel-/.test(chunk.fileName)), 18),
  row("embed: German, where it is spoken", embed.filter((chunk) => /\/de-/.test(chunk.fileName)), 2),
  row("embed: SignalR, loaded when connecting", embed.filter(isSignalR), 16),
];
for (const { name, files, bytes, limit } of rows) {
  const size = (bytes / 1024).toFixed(2).padStart(6);
  console.log(`${name.padEnd(40)} ${size} KB of ${limit.toString().padStart(2)} KB  ${files.map((file) => file.split("/").at(-1)).join(" ")}`);
  check(bytes <= limit * 1024, `${name} is too large.`);
  check(bytes > 0, `${name} is empty.`);
}
for (const failure of failures) {
  console.error(failure);
}
process.exitCode = failures.length === 0 ? 0 : 1;

async function chunks(config) {
  // An array where it is built as a library.
  const files = [await build({ ...config, logLevel: "error", build: { ...config.build, write: false } })].flat().flatMap(({ output }) => output);
  check(files.every((file) => file.type === "chunk"), "There are files beside the scripts; they would have to be counted.");
  return files;
}

function isLater({ fileName }) {
  return /\/(panel|de)-/.test(fileName);
}

/** A file of SignalR alone. With anything of ours in it, it counts as ours. */
function isSignalR({ moduleIds }) {
  const modules = moduleIds.filter((id) => isAbsolute(id));
  return modules.length > 0 && modules.every((id) => id.includes("/node_modules/@microsoft/signalr/"));
}

function row(name, files, limit) {
  const bytes = files.reduce((sum, { code }) => sum + gzipSync(code, { level: 9 }).length, 0);
  return { name, files: files.map((file) => file.fileName), bytes, limit };
}

function check(condition, failure) {
  if (!condition) {
    failures.push(failure);
  }
}
