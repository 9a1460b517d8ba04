import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  globalIgnores(["**/dist/", "**/node_modules/", "checks/consumer/"]),
  js.configs.recommended,
  tseslint.configs.recommended,
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // find<HTMLInputElement>(…) says what the page holds.
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // React's own types of tags are in one.
      "@typescript-eslint/no-namespace": ["error", { allowDeclarations: true }],
      // What a server sends must never become markup.
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Build elements instead: data must never become markup." },
        { property: "outerHTML", message: "Build elements instead: data must never become markup." },
        { property: "insertAdjacentHTML", message: "Build elements instead: data must never become markup." },
      ],
    },
  },
  {
    files: ["demo/public/*.js"],
    languageOptions: { globals: { document: "readonly", localStorage: "readonly" } },
  },
  {
    files: ["**/*.mjs"],
    languageOptions: { globals: { console: "readonly", process: "readonly", setTimeout: "readonly", TextEncoder: "readonly", URL: "readonly" } },
  },
);
