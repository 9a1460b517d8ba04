/** The one element that matches; the page is broken without it. */
export function find<T extends Element>(root: ParentNode, selector: string): T {
  const element = root.querySelector<T>(selector);
  if (element === null) {
    throw new Error(`The page has no ${selector}.`);
  }
  return element;
}

/** A copy of the single element in the template of that id. */
export function copyTemplate<T extends Element>(id: string): T {
  const template = find<HTMLTemplateElement>(document, `template#${id}`);
  const copy = document.importNode(template.content, true).firstElementChild;
  if (copy === null) {
    throw new Error(`The template ${id} is empty.`);
  }
  return copy as T;
}

/** Sets the text where it differs, so that nothing is announced or repainted for no reason. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** Runs the action at the next frame, once however often it was asked for. */
export function oncePerFrame(action: () => void): () => void {
  let asked = false;
  return () => {
    if (!asked) {
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        action();
      });
    }
  };
}
