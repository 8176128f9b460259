/** One link of an RFC 8288 `Link` header. Parameter names are in lower case. */
export interface Link {
  url: string;
  params: Record<string, string>;
}

// `<target>` and everything up to the comma that ends the link; commas in quotes belong to it.
const LINK = /<([^>]*)>((?:[^",<]|"(?:[^"\\]|\\.)*")*)/g;
const PARAM = /([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",;]+))/g;

/** Reads a `Link` header, which `fetch` joins from several by commas. */
export function parseLinks(header: string | null): Link[] {
  return [...(header ?? "").matchAll(LINK)].map(([, url = "", rest = ""]) => ({
    url,
    params: Object.fromEntries(
      [...rest.matchAll(PARAM)].map(([, name = "", quoted, plain = ""]) => [
        name.toLowerCase(),
        quoted?.replace(/\\(.)/g, "$1") ?? plain,
      ]),
    ),
  }));
}

/** The first link with this relation. */
export function linkWithRel(links: readonly Link[], rel: string): Link | undefined {
  return links.find((link) => hasRel(link, rel));
}

/** STUN and TURN servers as RFC 9725 §4.6 announces them. */
export function iceServers(links: readonly Link[]): RTCIceServer[] {
  return links
    .filter((link) => hasRel(link, "ice-server"))
    .map(({ url, params: { username, credential } }) => ({
      urls: url,
      ...(username !== undefined && { username }),
      ...(credential !== undefined && { credential }),
    }));
}

function hasRel(link: Link, rel: string): boolean {
  return link.params.rel?.split(/\s+/).includes(rel) ?? false;
}
