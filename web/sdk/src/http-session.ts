import { type Link, parseLinks } from "./link-header.ts";
import { request } from "./request-error.ts";
import { type IceFragment, readFragment } from "./sdp.ts";

const FRAGMENT_TYPE = "application/trickle-ice-sdpfrag";

const POST_MS_MAX = 10_000;

/** Where to POST an offer, and with which token. */
export interface Endpoint {
  url: string | URL;
  token?: string | undefined;
}

/** The HTTP side of one WHIP or WHEP session: the two protocols are the same here. */
export class HttpSession {
  readonly answer: string;
  readonly links: Link[];
  readonly #url: URL;
  readonly #token: string | undefined;
  #iceTag: string | null;

  private constructor(url: URL, token: string | undefined, response: Response, answer: string) {
    this.#url = url;
    this.#token = token;
    this.#iceTag = response.headers.get("ETag");
    this.links = parseLinks(response.headers.get("Link"));
    this.answer = answer;
  }

  /** POSTs the offer. */
  static async open(endpoint: Endpoint, offer: string): Promise<HttpSession> {
    const response = await request(endpoint.url, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", ...authorization(endpoint.token) },
      body: offer,
      signal: AbortSignal.timeout(POST_MS_MAX),
    });
    const location = response.headers.get("Location") ?? "";
    // Relative to where the answer came from: a redirect may have led elsewhere.
    const url = new URL(location, response.url);
    return new HttpSession(url, endpoint.token, response, await response.text());
  }

  /** Sends more local candidates. */
  async trickle(fragment: string): Promise<void> {
    await this.#patch(fragment, this.#iceTag);
  }

  /** Restarts ICE; returns the server's new credentials and candidates. */
  async restart(fragment: string): Promise<IceFragment> {
    const response = await this.#patch(fragment, "*");
    const ice = readFragment(await response.text());
    if (!ice) throw new Error("The server did not restart ICE.");
    this.#iceTag = response.headers.get("ETag") ?? this.#iceTag;
    return ice;
  }

  /** Sends a request to a link of this session. */
  request(target: string, init: RequestInit): Promise<Response> {
    const headers = { ...authorization(this.#token), ...init.headers };
    return request(new URL(target, this.#url), { ...init, headers });
  }

  /** Ends the session; goes out even when the page is being left. */
  close(): void {
    this.request("", { method: "DELETE", keepalive: true }).catch(() => {
      // The server finds out by itself that nobody is there any more.
    });
  }

  #patch(fragment: string, iceTag: string | null): Promise<Response> {
    return this.request("", {
      method: "PATCH",
      headers: { "Content-Type": FRAGMENT_TYPE, ...(iceTag !== null && { "If-Match": iceTag }) },
      body: fragment,
    });
  }
}

function authorization(token: string | undefined): Record<string, string> {
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}
