/** The address if it is one to follow from a page (http, https or mailto), else null. */
export function safeLink(text: string | null): string | null {
  return withScheme(text, ["http:", "https:", "mailto:"]);
}

/** The address if it is one to load a picture from (https only), else null. */
export function safeImage(text: string | null): string | null {
  return withScheme(text, ["https:"]);
}

function withScheme(text: string | null, schemes: readonly string[]): string | null {
  if (text === null || !URL.canParse(text)) {
    return null;
  }
  const url = new URL(text);
  return schemes.includes(url.protocol) ? url.href : null;
}
