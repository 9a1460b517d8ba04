import { readdirSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vite";
import { resolve } from "../vite.shared.ts";
import { pages } from "./pages.ts";

const folders = readdirSync(import.meta.dirname, { withFileTypes: true, recursive: true })
  .filter((entry) => entry.name === "index.html" && !/node_modules|examples/.test(entry.parentPath))
  .map((entry) => join(entry.parentPath, entry.name));

export default defineConfig({
  base: "/docs/",
  resolve,
  plugins: [pages(import.meta.dirname)],
  build: {
    outDir: "../dist/docs",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: folders },
    // Swagger UI is one bundle of this size.
    chunkSizeWarningLimit: 2000,
  },
});
