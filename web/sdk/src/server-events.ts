import { Backoff } from "./backoff.ts";
import type { HttpSession } from "./http-session.ts";
import { linkWithRel } from "./link-header.ts";
import { RequestError } from "./request-error.ts";
import { wait } from "./wait.ts";

const REL = "urn:ietf:params:whep:ext:core:server-sent-events";

export interface ServerEvent {
  name: string;
  data: string;
}

/** Reads the text of an event stream as it arrives (HTML Standard §9.2.6). */
export class ServerEventParser {
  #rest = "";
  #name = "";
  #data: string[] = [];

  push(text: string): ServerEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?=[^\n])/);
    this.#rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): ServerEvent | undefined {
    if (line === "") {
      const event = { name: this.#name || "message", data: this.#data.join("\n") };
      const complete = this.#data.length > 0;
      this.#name = "";
      this.#data = [];
      return complete ? event : undefined;
    }
    const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === "event") this.#name = value;
    if (field === "data") this.#data.push(value);
    return undefined;
  }
}

/**
 * Follows the events of a session until `signal` is aborted or the session has ended.
 * `fetch` instead of `EventSource`, because only it can send a token in a header.
 */
export async function followEvents(
  session: HttpSession,
  names: readonly string[],
  signal: AbortSignal,
  onEvent: (event: ServerEvent) => void,
): Promise<void> {
  const link = linkWithRel(session.links, REL);
  if (!link) return;
  const backoff = new Backoff();
  while (!signal.aborted) {
    try {
      const created = await session.request(link.url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(names),
        signal,
      });
      const stream = await session.request(
        new URL(created.headers.get("Location") ?? "", created.url).href,
        { headers: { Accept: "text/event-stream" }, signal },
      );
      await readAll(stream, (event) => {
        backoff.reset();
        onEvent(event);
      });
    } catch (error) {
      if (error instanceof RequestError && !error.temporary) return;
    }
    await wait(backoff.nextMs(), signal);
  }
}

async function readAll(response: Response, onEvent: (event: ServerEvent) => void): Promise<void> {
  const parser = new ServerEventParser();
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (!reader) return;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    for (const event of parser.push(value)) onEvent(event);
  }
}
