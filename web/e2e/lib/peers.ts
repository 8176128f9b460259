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

/** How wide the picture is that the page sends now as the layer `rid`; 0 while it sends none. */
export async function sentWidth(page: Page, rid: string): Promise<number> {
  return (await sentWidths(page))[rid] ?? 0;
}

/**
 * The widths of all layers that are sent at one time, by their rids. On a busy machine Chromium scales its
 * source down, and all layers with it. Heights say less: of an odd one H.264 leaves out a line.
 */
export function sentWidths(page: Page): Promise<Record<string, number>> {
  return page.evaluate(async () => {
    const report = (await globalThis.peers.at(-1)?.getStats()) ?? new Map();
    const sent = [...report.values()].filter((s) => s.type === "outbound-rtp" && s.frameWidth);
    // A layer that has ceased keeps its last size.
    const layers = sent.filter((s) => s.framesPerSecond > 0);
    return Object.fromEntries(layers.map((s) => [s.rid, s.frameWidth]));
  });
}

/** How many frames a second the page sends while `during` runs. */
export async function sentFps<T>(
  page: Page,
  during: () => Promise<T>,
): Promise<{ fps: number; result: T }> {
  const [before, start] = [await framesSent(page), performance.now()];
  const result = await during();
  const seconds = (performance.now() - start) / 1_000;
  const sent = sentSince(before, await framesSent(page));
  return { fps: leastSent({ sent }) / seconds, result };
}

/** What a page has received of video. */
interface ReceivedVideo {
  /** Frames that came, and of them those that were decoded. */
  frames: number;
  decoded: number;
  /** Packets. */
  lost: number;
  freezes: number;
}

/** What the page has received so far. */
export function received(page: Page): Promise<ReceivedVideo> {
  return page.evaluate(async () => {
    const report = (await globalThis.peers.at(-1)?.getStats()) ?? new Map();
    const video = [...report.values()].find(
      ({ type, kind }) => type === "inbound-rtp" && kind === "video",
    );
    const {
      framesReceived: frames = 0,
      framesDecoded: decoded = 0,
      packetsLost: lost = 0,
      freezeCount: freezes = 0,
    } = video ?? {};
    return { frames, decoded, lost, freezes };
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
  const sent = sentSince(sentBefore, await framesSent(publisher));
  const arrived = (await framesReceived(viewer)) - arrivedBefore;
  return { sent, arrived, result };
}

/** By how much the frames of each layer are more than before. */
export function sentSince(
  before: Record<string, number>,
  after: Record<string, number>,
): Record<string, number> {
  const grown = Object.entries(after).map(([rid, n]) => [rid, n - (before[rid] ?? 0)]);
  return Object.fromEntries(grown);
}

/** The frames of the layer that sent the fewest: a viewer may have had any. A layer that sent nothing
 * is none. */
export function leastSent({ sent }: Pick<FramesPassed, "sent">): number {
  return Math.min(...Object.values(sent).filter((frames) => frames > 0));
}

/** Frames that are sent and not yet received when a stretch of time ends: a busy machine makes a few at a
 * time. */
const ON_THEIR_WAY_MAX = 3;

/** The share of them that arrived, or may be on their way; 1 = all. */
export function arrivedShare(passed: FramesPassed): number {
  return (passed.arrived + ON_THEIR_WAY_MAX) / leastSent(passed);
}

/** How many frames of each layer the page has sent, by its rid. */
export async function framesSent(page: PeerPage): Promise<Record<string, number>> {
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
