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

/** The size in which the page sends the layer `rid` now, such as `640 × 360`; empty before it does. */
export function sentSize(page: Page, rid: string): Promise<string> {
  return page.evaluate(async (rid) => {
    const report = (await globalThis.peers.at(-1)?.getStats()) ?? new Map();
    const layer = [...report.values()].find((s) => s.type === "outbound-rtp" && s.rid === rid);
    return layer?.frameWidth ? `${layer.frameWidth} × ${layer.frameHeight}` : "";
  }, rid);
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

/** A page of either browser, with `recordPeers`. */
export interface PeerPage {
  evaluate(expression: string): Promise<unknown>;
}

/** How many frames of video went from one page to another in one stretch of time. */
export interface FramesPassed {
  /** Of each layer, by its rid. */
  sent: Record<string, number>;
  arrived: number;
}

/** What passes from a publisher to its viewer while `during` runs. Arrivals are counted from before
 * the first frame that counts as sent until after the last. */
export async function framesPassed<T>(
  publisher: PeerPage,
  viewer: PeerPage,
  during: () => Promise<T>,
): Promise<FramesPassed & { result: T }> {
  const arrivedBefore = await framesReceived(viewer);
  const sentBefore = await framesSent(publisher);
  const result = await during();
  const sentAfter = await framesSent(publisher);
  const arrived = (await framesReceived(viewer)) - arrivedBefore;
  const sent = Object.entries(sentAfter).map(([rid, n]) => [rid, n - (sentBefore[rid] ?? 0)]);
  return { sent: Object.fromEntries(sent), arrived, result };
}

/** The share that arrived, 1 = all, of the layer that sent the fewest frames: the viewer may have had
 * any. A layer that sent nothing is none. */
export function arrivedShare({ sent, arrived }: FramesPassed): number {
  const least = Math.min(...Object.values(sent).filter((frames) => frames > 0));
  return arrived / least;
}

async function framesSent(page: PeerPage): Promise<Record<string, number>> {
  const layers = await videoStats(page, "outbound-rtp");
  return Object.fromEntries(layers.map(({ rid, framesSent }) => [rid ?? "", framesSent ?? 0]));
}

async function framesReceived(page: PeerPage): Promise<number> {
  const [video] = await videoStats(page, "inbound-rtp");
  return video?.framesReceived ?? 0;
}

interface VideoStats {
  rid?: string;
  framesSent?: number;
  framesReceived?: number;
}

async function videoStats(page: PeerPage, type: string): Promise<VideoStats[]> {
  const told = await page.evaluate(`(async () => {
    const report = await globalThis.peers.at(-1).getStats();
    const video = [...report.values()].filter((s) => s.type === "${type}" && s.kind === "video");
    return JSON.stringify(video);
  })()`);
  return JSON.parse(String(told));
}
