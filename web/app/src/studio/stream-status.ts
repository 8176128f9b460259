/** Something that keeps media from viewers, as `/api/v1/streams` names it. */
export interface Problem {
  /** The cause and what to do, in one or two sentences. */
  message: string;
}

/** What the server says of one stream. */
export interface StreamStatus {
  name: string;
  /** Sessions that watch. */
  viewers: number;
  /** Empty when all is well. */
  problems: Problem[];
}

/** The body of `/api/v1/streams`, as far as the studio reads it. */
export interface Listing {
  streams: StreamStatus[];
}

/** The stream of this name; `undefined` when it has neither publisher nor viewer. */
export function streamIn({ streams }: Listing, name: string): StreamStatus | undefined {
  return streams.find((stream) => stream.name === name);
}

/** What the publisher is told of its stream's problems, one in a line; empty without any. */
export function problemText({ problems }: StreamStatus): string {
  return problems.map(({ message }) => message).join("\n");
}
