/** The element with this id, of this class; a page without it is a bug. */
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`#${id} is not a ${kind.name}`);
  return element;
}

/** Sets the text of the element with this id. */
export function setText(id: string, text: string): void {
  const element = byId(id, HTMLElement);
  // A write that changes nothing would still make screen readers speak.
  if (element.textContent !== text) element.textContent = text;
}

/** Shows the state in one word, for eyes, screen readers and tests. */
export function showState(state: string, text: string): void {
  byId("state", HTMLElement).dataset.state = state;
  setText("state", text);
}
