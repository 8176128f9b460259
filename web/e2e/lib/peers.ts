import type { Page } from "playwright-core";

declare global {
  /** Every peer connection of the page, oldest first; put there by `recordPeers`. */
  var peers: RTCPeerConnection[];
}

/** Runs in the page before its scripts: remembers its peer connections for the test to look into. */
export function recordPeers(): void {
  globalThis.peers = [];
  const Original = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      globalThis.peers.push(this);
    }
  };
}

/** The codecs in which the page receives video now, as `video/VP8`. */
export function receivedCodecs(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const report = (await globalThis.peers.at(-1)?.getStats()) ?? new Map();
    return [...report.values()]
      .filter(({ type, kind }) => type === "inbound-rtp" && kind === "video")
      .map(({ codecId }) => report.get(codecId)?.mimeType);
  });
}

/** How many frames of its best layer the page has encoded. */
export function framesEncoded(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const report = (await globalThis.peers.at(-1)?.getStats()) ?? new Map();
    const best = [...report.values()]
      .filter(({ type, kind }) => type === "outbound-rtp" && kind === "video")
      .sort((a, b) => (b.frameHeight ?? 0) - (a.frameHeight ?? 0))[0];
    return best?.framesEncoded ?? 0;
  });
}

/** What the page has received of video. */
export function received(page: Page): Promise<{ frames: number; lost: number; freezes: number }> {
  return page.evaluate(async () => {
    const report = (await globalThis.peers.at(-1)?.getStats()) ?? new Map();
    const video = [...report.values()].find(
      ({ type, kind }) => type === "inbound-rtp" && kind === "video",
    );
    const { framesReceived = 0, packetsLost = 0, freezeCount = 0 } = video ?? {};
    return { frames: framesReceived, lost: packetsLost, freezes: freezeCount };
  });
}
