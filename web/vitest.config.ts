import { defineConfig } from "vitest/config";
import { resolve } from "./vite.shared.ts";

export default defineConfig({
  resolve,
  ssr: { resolve },
  test: { include: ["*/test/**/*.test.ts"] },
});
