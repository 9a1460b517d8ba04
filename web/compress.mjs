// Compresses what was built, once and as well as it goes, so that the server never has to: beside each file that gains from it, `.br` and `.gz`.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const kinds = new Set([".css", ".html", ".js", ".json", ".map", ".svg", ".txt"]);
/** In bytes; smaller files fit into one packet either way. */
const least = 1024;
const dist = join(import.meta.dirname, "dist");

for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath, entry.name);
  if (entry.isFile() && kinds.has(extname(path))) {
    await compress(path);
  }
}

async function compress(path) {
  const content = await readFile(path);
  if (content.length <= least) {
    return;
  }
  const small = await Promise.all([
    promisify(brotliCompress)(content, {
      params: {
        [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
      },
    }),
    promisify(gzip)(content, { level: constants.Z_BEST_COMPRESSION }),
  ]);
  for (const [index, bytes] of small.entries()) {
    if (bytes.length < content.length) {
      await writeFile(path + [".br", ".gz"][index], bytes);
    }
  }
}
