const CSS = `
:host { display: block; position: relative; aspect-ratio: 16 / 9; background: #000; color: #fff;
  font: 1rem/1.4 system-ui, sans-serif; overflow: hidden; }
:host([hidden]) { display: none; }
video { width: 100%; height: 100%; object-fit: contain; display: block; }
.over { position: absolute; inset: 0; display: flex; flex-direction: column; gap: .75rem;
  align-items: center; justify-content: center; text-align: center; padding: 1rem;
  pointer-events: none; }
.foot { justify-content: flex-end; }
p { margin: 0; text-shadow: 0 0 .25rem #000; }
p:empty, button[hidden] { display: none; }
button { pointer-events: auto; font: inherit; min-height: 2.75rem; padding: 0 1.25rem; border: 0;
  border-radius: .5rem; background: #fff; color: #111; cursor: pointer; }
button:focus-visible { outline: 3px solid #4c9ffe; outline-offset: 2px; }
button:disabled { opacity: .6; cursor: default; }
`;

/** Fills a shadow root. A constructed sheet, because a document's policy may forbid inline styles. */
export function dress(element: HTMLElement, ...content: Node[]): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  const root = element.attachShadow({ mode: "open" });
  root.adoptedStyleSheets = [sheet];
  root.append(...content);
}

/** Makes an element with these properties. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]>,
  ...content: Node[]
): HTMLElementTagNameMap[Name] {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...content);
  return element;
}
