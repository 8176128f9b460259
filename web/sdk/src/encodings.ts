import type { PublishedLayer } from "./wire.ts";

/** Video codecs by the name that SDP gives them. */
export type VideoCodec = "VP8" | "VP9" | "H264" | "AV1";

/** How many simulcast layers to send. */
export type LayerCount = 1 | 2 | 3;

/** lib.dom does not know scalability modes (W3C webrtc-svc) yet. */
export interface VideoEncoding extends RTCRtpEncodingParameters {
  scalabilityMode?: string;
}

/** In pixels. */
export interface Size {
  width: number;
  height: number;
}

interface Step {
  rid: string;
  scaleResolutionDownBy: number;
  /** At 1280×720 before scaling down. */
  maxBitrate: number;
}

const LOW: Step = { rid: "l", scaleResolutionDownBy: 4, maxBitrate: 150_000 };
const MEDIUM: Step = { rid: "m", scaleResolutionDownBy: 2, maxBitrate: 500_000 };
const HIGH: Step = { rid: "h", scaleResolutionDownBy: 1, maxBitrate: 2_500_000 };

const LADDERS: Record<LayerCount, Step[]> = {
  1: [HIGH],
  2: [{ ...MEDIUM, rid: "l" }, HIGH],
  3: [LOW, MEDIUM, HIGH],
};

const STEREO_BITRATE_MAX = 128_000;

/** The encodings of an audio track. */
export function audioEncodings(stereo = false): RTCRtpEncodingParameters[] {
  return stereo ? [{ maxBitrate: STEREO_BITRATE_MAX }] : [];
}

/** The encodings of a video track, worst first, with bitrates fit for its size. */
export function videoEncodings(
  layers: LayerCount,
  codec: VideoCodec | undefined,
  { width, height }: Size,
): VideoEncoding[] {
  // Bits grow more slowly than pixels: a larger picture is smoother per pixel.
  const scale = ((width * height) / (1280 * 720)) ** 0.75;
  return LADDERS[layers].map(({ rid, scaleResolutionDownBy, maxBitrate }) => ({
    ...(layers > 1 && { rid, scaleResolutionDownBy }),
    maxBitrate: Math.round(maxBitrate * scale),
    // VP9 and AV1 do simulcast only with one spatial layer per encoding, said explicitly.
    ...((codec === "VP9" || codec === "AV1") && { scalabilityMode: "L1T2" }),
  }));
}

/** The layers that encodings give, with their sizes; none without simulcast. */
export function layerSizes(
  encodings: readonly RTCRtpEncodingParameters[],
  { width, height }: Size,
): PublishedLayer[] {
  return encodings.flatMap(({ rid, scaleResolutionDownBy: scale = 1 }) =>
    rid === undefined
      ? []
      : { rid, width: Math.floor(width / scale), height: Math.floor(height / scale) },
  );
}

/**
 * The codecs to offer, the wanted one first. The others stay in the offer for servers that
 * do not take it.
 */
export function codecPreferences(
  codec: VideoCodec,
  available: readonly RTCRtpCodec[],
): RTCRtpCodec[] {
  const wanted = `video/${codec.toLowerCase()}`;
  const is = ({ mimeType }: RTCRtpCodec) => mimeType.toLowerCase() === wanted;
  return [...available.filter(is), ...available.filter((other) => !is(other))];
}

/** Offers a transceiver's codecs with this one first. */
export function preferCodec(transceiver: RTCRtpTransceiver, codec: VideoCodec): void {
  const available = RTCRtpSender.getCapabilities("video")?.codecs ?? [];
  transceiver.setCodecPreferences(codecPreferences(codec, available));
}

/** How large a video track's pictures are; a guess where nobody knows yet. */
export function pictureSize(track: MediaStreamTrack): Size {
  const { width = 1280, height = 720 } = track.getSettings();
  return { width, height };
}
