/** Where a room is. */
export interface RoomAddress {
  socket: URL;
  room: string;
}

/**
 * Reads an address: with `room`, any URL of the server; without, one whose last path segment is
 * the room's name, like that of the page where people meet.
 */
export function roomAddress(
  url: string | URL,
  room: string | undefined,
  base: string,
): RoomAddress {
  const { protocol, host, pathname } = new URL(url, base);
  const last = pathname.split("/").findLast((segment) => segment !== "");
  const name = room ?? decodeURIComponent(last ?? "");
  if (name === "") throw new TypeError(`No room: neither in ${url} nor in the options.`);
  const secure = protocol === "https:" || protocol === "wss:";
  return { socket: new URL(`${secure ? "wss" : "ws"}://${host}/api/v1/connect`), room: name };
}
