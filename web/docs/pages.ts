import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

/** Every page of the documentation, in the order of the header. */
const all = [
  { path: "/index.html", href: "/docs/", name: "API reference" },
  { path: "/html/index.html", href: "/docs/html/", name: "Plain HTML" },
  { path: "/react/index.html", href: "/docs/react/", name: "React" },
  { path: "/vue/index.html", href: "/docs/vue/", name: "Vue" },
  { path: "/client/index.html", href: "/docs/client/", name: "JavaScript SDK" },
  { path: "/inbox/index.html", href: "/docs/inbox/", name: "Components" },
];

/**
 * What all pages share, put in when they are built, so that they need no script to be read: `<!-- header -->`, and `<!-- example NAME -->`,
 * a file of `examples/` as it is. The examples are compiled with everything else, so what is shown works.
 */
export function pages(root: string): Plugin {
  return {
    name: "docs-pages",
    transformIndexHtml: {
      order: "pre",
      handler: (html, { path }) =>
        html
          .replace("<!-- header -->", () => header(path))
          .replace(/<!-- example (\S+) -->/g, (_, name: string) => example(root, name)),
    },
  };
}

function header(path: string): string {
  const links = all.map(({ href, name, path: own }) => `<a href="${href}"${own === path ? ' aria-current="page"' : ""}>${name}</a>`);
  return `<header class="site">
      <a class="skip" href="#content">Skip to content</a>
      <a class="brand" href="/docs/"><img src="/favicon.svg" alt="" width="24" height="24" />Notifications</a>
      <nav aria-label="Documentation">${links.join("\n        ")}</nav>
    </header>`;
}

function example(root: string, name: string): string {
  const code = readFileSync(join(root, "examples", name), "utf8").trimEnd();
  return `<figure class="code"><figcaption>${name}</figcaption><pre tabindex="0" role="group" aria-label="${name}"><code>${escape(code)}</code></pre></figure>`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
