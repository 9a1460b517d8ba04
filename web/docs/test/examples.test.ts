import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { compileScript, parse } from "vue/compiler-sfc";

const docs = join(import.meta.dirname, "..");
const folder = join(docs, "examples");
const examples = readdirSync(folder);

/** A component's script, and its template as the render function that Vue makes of it. */
function compiled(name: string): string {
  const { descriptor, errors } = parse(readFileSync(join(folder, name), "utf8"), { filename: name });
  expect(errors).toEqual([]);
  return compileScript(descriptor, {
    id: name,
    inlineTemplate: true,
    templateOptions: { compilerOptions: { isCustomElement: (tag) => tag.startsWith("notify-") } },
  }).content;
}

test("the components of Vue compile, and their templates fit their scripts", () => {
  const components = new Map(examples.filter((name) => name.endsWith(".vue")).map((name) => [join(folder, `${name}.ts`), compiled(name)]));
  expect(components.size).toBeGreaterThan(0);
  const config = ts.getParsedCommandLineOfConfigFile(join(docs, "../tsconfig.json"), {}, { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined });
  // What Vue generates has parameters that it does not use, and that have no type.
  const options = { ...config?.options, noUnusedParameters: false, noUnusedLocals: false, noImplicitAny: false };
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (file, version) => {
    const content = components.get(file);
    return content === undefined ? read(file, version) : ts.createSourceFile(file, content, version);
  };
  const program = ts.createProgram([...components.keys()], options, host);
  const problems = [...components.keys()].flatMap((path) => ts.getPreEmitDiagnostics(program, program.getSourceFile(path)));
  expect(problems.map(({ file, messageText }) => `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, "\n")}`)).toEqual([]);
}, 120_000);

test("every example is shown, and every one that is shown is there", () => {
  const pages = readdirSync(docs, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith("index.html"));
  const shown = pages.flatMap((page) => [...readFileSync(join(docs, page), "utf8").matchAll(/<!-- example (\S+) -->/g)].map(([, name]) => name));
  expect([...new Set(shown)].sort()).toEqual([...examples].sort());
});
