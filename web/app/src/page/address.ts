/** As the server has it: one or two segments of characters that need no escaping in a URL. */
const STREAM_NAME = /^[\w.~-]+(\/[\w.~-]+)?$/;
const STREAM_NAME_MAX = 128;

export function isStreamName(name: string): boolean {
  return (
    name.length <= STREAM_NAME_MAX &&
    STREAM_NAME.test(name) &&
    !name.split("/").some((segment) => segment === "." || segment === "..")
  );
}

/** The stream in a path like `/watch/room/camera`; `undefined` when there is none. */
export function streamOfPath(pathname: string): string | undefined {
  const name = decodeURI(pathname)
    .replace(/^\/watch\//, "")
    .replace(/\/$/, "");
  return isStreamName(name) ? name : undefined;
}

/** Where viewers watch a stream. The token stays out of it: it may be the publisher's. */
export function watchUrl(stream: string): string {
  return new URL(`/watch/${stream}`, location.href).href;
}

/** The token in the page's own address. */
export function tokenOfPage(): string | undefined {
  return new URLSearchParams(location.search).get("token") ?? undefined;
}
