// Packs the packages and uses them as an application would: from their tarballs alone, beside the dependencies that are installed here.
// Needs what `npm run build:packages` emits.

import { execFile, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { build } from "vite";

const web = join(import.meta.dirname, "..");
const modules = join(web, "node_modules");
const place = mkdtempSync(join(tmpdir(), "notifications-packages-"));
const problems = [];

try {
  install();
  await lint();
  await Promise.all([compile("bundler", "esnext"), compile("nodenext", "nodenext")]);
  loadInNode();
  await bundle();
} finally {
  rmSync(place, { recursive: true, force: true });
}
for (const problem of problems) {
  console.error(problem);
}
console.log(problems.length === 0 ? "The packages can be published." : `${problems.length} problems.`);
process.exitCode = problems.length === 0 ? 0 : 1;

/** An application's folder: both packages from their tarballs, and what they depend on from here. */
function install() {
  const packed = JSON.parse(run("npm", ["pack", "--json", "--workspace=client", "--workspace=inbox", `--pack-destination=${place}`], web));
  for (const one of Object.values(packed)) {
    const files = one.files.map((file) => file.path);
    console.log(`${one.name} ${one.version}: ${files.length} files, ${(one.size / 1024).toFixed(1)} KB packed`);
    expect(files.includes("README.md"), `${one.name} has no README.md`);
    expect(files.includes("dist/index.js") && files.includes("dist/index.d.ts"), `${one.name} has no dist`);
    const odd = files.filter((file) => !/^(README\.md|package\.json|dist\/.+\.(js|d\.ts)(\.map)?|src\/.+\.ts)$/.test(file));
    expect(odd.length === 0, `${one.name} has files that nobody needs: ${odd.join(", ")}`);
    const folder = join(place, "node_modules", one.name);
    mkdirSync(folder, { recursive: true });
    run("tar", ["-xzf", join(place, one.filename), "--strip-components=1", "-C", folder], place);
  }
  for (const name of readdirSync(modules).filter((entry) => !entry.startsWith(".") && entry !== "@notifications")) {
    symlinkSync(join(modules, name), join(place, "node_modules", name));
  }
  cpSync(join(import.meta.dirname, "consumer"), place, { recursive: true });
  writeFileSync(join(place, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  writeFileSync(join(place, "one.js"), 'export { NotifyError } from "@notifications/client";\n');
}

async function lint() {
  for (const name of ["client", "inbox"]) {
    const { messages, pkg } = await publint({ pkgDir: join(web, name), strict: true });
    problems.push(...messages.map((message) => `${name}: ${formatMessage(message, pkg)}`));
  }
}

async function compile(moduleResolution, module) {
  const settings = { module, moduleResolution, target: "es2022", lib: ["es2022", "dom", "dom.iterable"], strict: true, noEmit: true, types: [] };
  const project = join(place, `tsconfig.${moduleResolution}.json`);
  writeFileSync(project, JSON.stringify({ compilerOptions: settings, files: ["app.ts"] }));
  await promisify(execFile)(process.execPath, [join(modules, "typescript", "bin", "tsc"), "-p", project]).catch((error) => {
    problems.push(`With moduleResolution ${moduleResolution}:\n${error.stdout}`);
  });
}

/** Where pages are rendered on a server, the modules are loaded there, too. */
function loadInNode() {
  for (const name of ["@notifications/client", "@notifications/client/react", "@notifications/inbox", "@notifications/inbox/define"]) {
    const result = spawnSync(process.execPath, ["--input-type=module", "--eval", `await import("${name}")`], { cwd: place, encoding: "utf8" });
    expect(result.status === 0, `${name} does not load in Node:\n${result.stderr}`);
  }
}

async function bundle() {
  expect((await bundled("app.ts")).code.includes("notify-bell"), "The elements are not in the bundle of who imports them.");
  const one = await bundled("one.js");
  const bytes = new TextEncoder().encode(one.code).length;
  expect(bytes < 1024 && one.chunks === 1, `NotifyError alone takes ${bytes} bytes in ${one.chunks} files along.`);
  console.log(`NotifyError alone: ${bytes} bytes`);
}

async function bundled(input) {
  const { output } = await build({
    root: place,
    configFile: false,
    logLevel: "error",
    build: { write: false, modulePreload: false, rolldownOptions: { input: join(place, input), preserveEntrySignatures: "strict" } },
  });
  const chunks = output.filter((file) => file.type === "chunk");
  return { code: chunks.map((chunk) => chunk.code).join("\n"), chunks: chunks.length };
}

function expect(condition, problem) {
  if (!condition) {
    problems.push(problem);
  }
}

function run(command, args, cwd) {
  const result = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 16 * 1024 * 1024 });
  if (result.status !== 0) {
    throw new Error(`${command} ${args.join(" ")} failed:\n${result.stdout}${result.stderr}`);
  }
  return result.stdout;
}
