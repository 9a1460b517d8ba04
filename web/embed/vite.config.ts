import { defineConfig } from "vite";
import { resolve } from "../vite.shared.ts";
import { denseStyles } from "./css.ts";

export default defineConfig({
  // Pages of other origins load it: every address is relative to the file that names it.
  base: "./",
  resolve,
  plugins: [denseStyles()],
  build: {
    target: "es2022",
    outDir: "../dist/embed",
    emptyOutDir: true,
    // As a library: its exports stay, and nothing preloads chunks, which would be looked for where the page is that embeds it.
    lib: { entry: { notify: "src/notify.ts" }, formats: ["es"] },
    rolldownOptions: {
      output: {
        // Libraries are left readable otherwise.
        minify: true,
        entryFileNames: "[name].js",
        chunkFileNames: "assets/[name]-[hash].js",
        // All that is needed at once, as one file, apart from the entry, which names it; what opens is another.
        codeSplitting: { groups: [{ name: "main", test: /\/embed\/src\/main\.ts$/ }] },
      },
    },
  },
});
