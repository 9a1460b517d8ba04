import { defineConfig } from "vite";
import { resolve } from "../vite.shared.ts";

const server = "http://localhost:8080";

export default defineConfig({
  base: "/demo/",
  resolve,
  build: {
    outDir: "../dist/demo",
    emptyOutDir: true,
    // Nothing inline: the page is served under a policy that allows only its own files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: {
      "/demo/api": server,
      "/v1": server,
      "/hubs": { target: server, ws: true },
    },
  },
});
