import { RoomError } from "./room-error.ts";

const SUBPROTOCOL = "headwater.v1";
/** Until the socket is open, and until `join` or `resume` is answered. */
export const CONNECT_MS_MAX = 10_000;

/** A WebSocket that is given up for lost when an answer does not come in time. */
export class LiveSocket {
  onText: (text: string) => void = () => {};
  /** Called once, unless `close` came before. */
  onLost: (code: number, reason: string) => void = () => {};
  readonly #socket: WebSocket;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      this.#reprieve();
      this.onText(data);
    };
    socket.onclose = ({ code, reason }) => this.#lose(code, reason);
  }

  /** Resolves when the socket is open. */
  static open(url: URL, closing: AbortSignal): Promise<LiveSocket> {
    const socket = new WebSocket(url, SUBPROTOCOL);
    return new Promise((resolve, reject) => {
      const fail = () => {
        clearTimeout(timer);
        closing.removeEventListener("abort", fail);
        socket.onopen = socket.onclose = null;
        socket.close();
        reject(new RoomError("unreachable", "The server cannot be reached."));
      };
      const timer = setTimeout(fail, CONNECT_MS_MAX);
      closing.addEventListener("abort", fail);
      socket.onclose = fail;
      socket.onopen = () => {
        clearTimeout(timer);
        closing.removeEventListener("abort", fail);
        resolve(new LiveSocket(socket));
      };
    });
  }

  send(text: string): void {
    // One that is closing says so by `onLost` in a moment.
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  /** Something has to come within `ms`. */
  expect(ms: number): void {
    this.#deadline ??= setTimeout(() => this.#lose(1006, "The server is silent."), ms);
  }

  close(): void {
    this.#reprieve();
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
  }

  #lose(code: number, reason: string): void {
    this.close();
    this.onLost(code, reason);
  }

  #reprieve(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }
}
