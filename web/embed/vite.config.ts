import { defineConfig } from "vite";
import { resolve } from "../vite.shared.ts";

export default defineConfig({
  // Pages of other origins load it: every address is relative to the file that names it.
  base: "./",
  resolve,
  build: {
    target: "es2022",
    outDir: "../dist/embed",
    emptyOutDir: true,
    // Preloading would address the chunks from the page that embeds them.
    modulePreload: false,
    rolldownOptions: {
      input: { notify: "src/notify.ts", main: "src/main.ts" },
      preserveEntrySignatures: "strict",
      output: {
        entryFileNames: (chunk) => (chunk.name === "notify" ? "notify.js" : "assets/[name]-[hash].js"),
        chunkFileNames: "assets/[name]-[hash].js",
      },
    },
  },
});
