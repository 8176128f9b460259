/** What is coloured, first match first. Template strings are coloured whole. */
const TOKENS: [string, RegExp][] = [
  ["comment", /\/\/.*|<!--[\s\S]*?-->|\/\*[\s\S]*?\*\//],
  ["string", /"[^"\n]*"|'[^'\n]*'|`[^`]*`/],
  ["tag", /<\/?[a-z][\w-]*|(?<=["\w])>/],
  ["keyword", /\b(?:async|await|const|else|export|for|from|if|import|let|new|of|return|typeof)\b/],
];

const ANY = new RegExp(TOKENS.map(([name, { source }]) => `(?<${name}>${source})`).join("|"), "g");

/** HTML or JavaScript as HTML, with colours. */
export function highlight(code: string): string {
  let html = "";
  let end = 0;
  for (const match of code.matchAll(ANY)) {
    const [kind] = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined) ?? [];
    html += escapeHtml(code.slice(end, match.index));
    html += `<span class="${kind}">${escapeHtml(match[0])}</span>`;
    end = match.index + match[0].length;
  }
  return html + escapeHtml(code.slice(end));
}

export function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
