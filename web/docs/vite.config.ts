import { defineConfig } from "vite";

export default defineConfig({
  base: "/docs/",
  build: {
    outDir: "../dist/docs",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Swagger UI is one bundle of this size.
    chunkSizeWarningLimit: 2000,
  },
});
