/** The address if it is one to follow (`https`, `http` or `mailto`), else null. */
export function safeLink(text: string | null): string | null {
  return withScheme(text, ["https:", "http:", "mailto:"]);
}

/** The address if it is one to load a picture from (`https` or `http`), else null. */
export function safeImage(text: string | null): string | null {
  return withScheme(text, ["https:", "http:"]);
}

/** Whether an address that {@link safeLink} let through leaves this site, and so opens in a new tab. */
export function leavesSite(href: string): boolean {
  return /^https?:/.test(href) && new URL(href).origin !== location.origin;
}

/** Follows an address that {@link safeLink} let through: here on the same origin, in a new tab elsewhere. */
export function follow(href: string): void {
  if (leavesSite(href)) {
    window.open(href, "_blank", "noopener,noreferrer");
  } else {
    location.assign(href);
  }
}

function withScheme(text: string | null, schemes: readonly string[]): string | null {
  if (text === null || !URL.canParse(text)) {
    return null;
  }
  const url = new URL(text);
  return schemes.includes(url.protocol) ? url.href : null;
}
