import { addLabels, NotifyElement } from "@notifications/inbox";

/** Loads German where the page asks for it: an element, a part around it, or, where nothing says a language, the browser. */
export function speak(): void {
  if (asked("de")) {
    // Not waited for: until it is there, or where it cannot be loaded, elements speak English, which beats not appearing.
    void import("@notifications/inbox/labels/de").then(
      ({ de }) => {
        addLabels(de);
        translate(document);
      },
      () => undefined,
    );
  }
}

function asked(language: string): boolean {
  return (
    document.querySelector(`[lang|="${language}" i], [locale|="${language}" i]`) !== null ||
    (document.documentElement.lang === "" && navigator.language.split("-", 1)[0] === language)
  );
}

/** Elements that are there already, and those inside them. */
function translate(root: ParentNode): void {
  for (const element of root.querySelectorAll("*")) {
    if (element instanceof NotifyElement) {
      element.requestUpdate();
    }
    if (element.shadowRoot !== null) {
      translate(element.shadowRoot);
    }
  }
}
