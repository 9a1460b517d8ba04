import type { Plugin } from "vite";

/** Takes the comments and the indentation out of css`…`, which no minifier looks into. */
export function denseStyles(): Plugin {
  return {
    name: "dense-styles",
    enforce: "pre",
    transform: {
      filter: { code: /\bcss`/ },
      handler: (code) => code.replace(/\bcss`([^`]*)`/g, (_, styles: string) => `css\`${dense(styles)}\``),
    },
  };
}

function dense(styles: string): string {
  return styles
    .replace(/\/\*[^]*?\*\//g, "")
    .replace(/\s+/g, " ")
    // Before a brace a space can be part of `${ … }`, and after one of a selector.
    .replace(/([{;,]) /g, "$1")
    .replace(/ ([{;])/g, "$1")
    .trim();
}
