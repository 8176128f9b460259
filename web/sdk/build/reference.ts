import { escapeHtml } from "./highlight.ts";

/** A member of a class, an interface or a type. */
export interface Member {
  signature: string;
  /** What its comment says; empty without one. */
  text: string;
}

/** What stands between the comment of a declaration and its end. */
export interface Declaration {
  text: string;
  /** The type itself, of one that has no members. */
  alias: string;
  members: Member[];
}

/** What the source says of an exported class, interface or type, as HTML. */
export function reference(source: string, name: string): string {
  const { text, alias, members } = declaration(source, name);
  const intro = text && `<p>${prose(text)}</p>\n`;
  if (members.length === 0) return `${intro}<p><code>${escapeHtml(alias)}</code></p>`;
  const items = members.map(({ signature, text }) => {
    const explained = text && `<dd>${prose(text)}</dd>`;
    return `<div><dt><code>${escapeHtml(signature)}</code></dt>${explained}</div>`;
  });
  return `${intro}<dl class="reference">\n${items.join("\n")}\n</dl>`;
}

/** Reads source as Biome formats it: that makes lines and indents reliable. */
export function declaration(source: string, name: string): Declaration {
  const lines = source.split("\n");
  const opens = new RegExp(`^export (?:class|interface|type) ${name}\\b`);
  const at = lines.findIndex((line) => opens.test(line));
  if (at < 0) throw new Error(`The source exports no ${name}.`);
  const before = lines.slice(0, at);
  const comment = before.slice(before.lastIndexOf("") + 1).join("\n");
  const body = lines.slice(at);
  const first = body[0] ?? "";
  if (!first.endsWith("{")) return { text: said(comment), alias: aliasOf(body), members: [] };
  const end = body.findIndex((line) => /^};?$/.test(line));
  return { text: said(comment), alias: "", members: members(body.slice(1, end)) };
}

/** The right side of `export type X = …;`. */
function aliasOf(lines: string[]): string {
  const end = lines.findIndex((line) => line.endsWith(";"));
  const whole = oneLine(lines.slice(0, end + 1));
  return whole
    .replace(/^.*? = (?:\| )?/, "")
    .replace(/;$/, "")
    .replaceAll("wire.", "");
}

function members(lines: string[]): Member[] {
  const found: Member[] = [];
  let comment: string[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? "";
    if (/^ {2}(\/\*\*| \*)/.test(line)) {
      comment.push(line);
      continue;
    }
    if (/^ {2}[\w"]/.test(line)) {
      const end = lines.findIndex((line, i) => i >= at && /^ {2}\S.*(?:[{;]|{})$/.test(line));
      const signature = readable(oneLine(lines.slice(at, end + 1)));
      const text = said(comment.join("\n"));
      if (isPublic(signature, text)) found.push({ signature, text });
      at = end;
    }
    comment = [];
  }
  return found;
}

/** Some members are for the rest of the library: their comments say so, or say nothing. */
function isPublic(signature: string, text: string): boolean {
  if (signature.includes("#") || /^(Made by|For the room)/.test(text)) return false;
  return text !== "" || !/^(constructor|static)\b|Callback\(|^readonly name$/.test(signature);
}

/** As one would write it for a reader: no bodies, no initial values. */
function readable(signature: string): string {
  return signature
    .replace(/ ?(?:[{;]|{})$/, "")
    .replace(/^get (\w+)\(\)/, "readonly $1")
    .replace(/^(override )+/, "")
    .replace(/^(static )?async /, "$1")
    .replace(/^(readonly )?(\w+) = new (\w+(?:<.*>)?)\(.*$/, "$1$2: $3")
    .replace(/^(readonly )?(\w+) = ""$/, "$1$2: string")
    .replace(/^readonly name = .*$/, "readonly name")
    .replaceAll(/\{ token \}: Omit<Endpoint, "url"> = \{\}/g, "options?: { token?: string }")
    .replaceAll(/(\w+): ([\w.]+) = \{\}/g, "$1?: $2")
    .replaceAll(/(\w+) = (true|false)/g, "$1?: boolean")
    .replaceAll(/(\w\?): ([^;]*?) \| undefined/g, "$1: $2")
    .replace(/^(\w+\?: .*) \| undefined$/, "$1")
    .replaceAll(/Loose<(Omit<\w+, "\w+">|\w+|wire\.\w+|Omit<wire\.\w+, "\w+">)>/g, "$1")
    .replaceAll("wire.", "");
}

function oneLine(lines: string[]): string {
  return lines
    .map((line) => line.trim())
    .join(" ")
    .replaceAll(/\(\s+/g, "(")
    .replaceAll(/,?\s+\)/g, ")");
}

/** The words of a comment. */
function said(comment: string): string {
  return comment
    .replaceAll(/^\s*(\/\*\*|\*\/|\*)|\*\/$/gm, "")
    .replaceAll(/\s+/g, " ")
    .replaceAll(/\[(`[^`]*`)\]/g, "$1")
    .trim();
}

function prose(text: string): string {
  return escapeHtml(text).replaceAll(/`([^`]*)`/g, "<code>$1</code>");
}
