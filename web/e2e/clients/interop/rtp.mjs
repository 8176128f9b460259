// RTP for the clients that have no encoder and no decoder: a source, and counting what comes.
import { spawn } from "node:child_process";
import dgram from "node:dgram";

export const PAYLOAD_TYPES = { H264: 102, VP8: 96, opus: 111 };

/** An H.264 profile that every browser decodes. */
const ENCODERS = {
  H264: "libx264 -preset veryfast -tune zerolatency -profile:v baseline".split(" "),
  VP8: "libvpx -deadline realtime -cpu-used 8 -auto-alt-ref 0".split(" "),
};
/** Encoders of this source answer no request for a key frame, so there is one a second. */
const PICTURE = "testsrc2=size=640x360:rate=30";
const PICTURE_OPTIONS = "-pix_fmt yuv420p -g 30 -b:v 800k -maxrate 800k -bufsize 800k".split(" ");
const SOUND = "sine=frequency=440:sample_rate=48000";
/** Bytes of RTP in a packet; leaves room for SRTP and header extensions. */
const PACKET_BYTES = 1200;

/** Encodes a picture and a sound; `onVideo` and `onAudio` get each RTP packet. */
export async function startSource({ codec, video, audio }, onVideo, onAudio) {
  const args = ["-v", "error"];
  const sockets = [];
  const output = async (onPacket) => {
    const socket = dgram.createSocket("udp4");
    await new Promise((bound) => socket.bind(0, "127.0.0.1", bound));
    socket.on("message", onPacket);
    sockets.push(socket);
    const url = `rtp://127.0.0.1:${socket.address().port}?pkt_size=${PACKET_BYTES}`;
    return ["-f", "rtp", url];
  };
  if (video) args.push("-re", "-f", "lavfi", "-i", PICTURE);
  if (audio) args.push("-re", "-f", "lavfi", "-i", SOUND);
  if (video) {
    args.push("-map", "0:v", "-c:v", ...ENCODERS[codec], ...PICTURE_OPTIONS);
    args.push("-payload_type", String(PAYLOAD_TYPES[codec]), ...(await output(onVideo)));
  }
  if (audio) {
    args.push("-map", video ? "1:a" : "0:a", "-c:a", "libopus", "-ac", "2");
    args.push("-payload_type", String(PAYLOAD_TYPES.opus), ...(await output(onAudio)));
  }
  const encoder = spawn("ffmpeg", args, { stdio: ["ignore", "ignore", "inherit"] });
  return () => {
    encoder.kill("SIGKILL");
    for (const socket of sockets) socket.close();
  };
}

/** Whether a datagram of one flow is RTCP (RFC 5761 §4). */
export function isRtcp(packet) {
  return packet[1] >= 192 && packet[1] <= 223;
}

/** The payload of an RTP packet, without padding (RFC 3550 §5.1). */
export function payload(packet) {
  let start = 12 + 4 * (packet[0] & 0x0f);
  if (packet[0] & 0x10) start += 4 + 4 * packet.readUInt16BE(start + 2);
  const padding = packet[0] & 0x20 ? packet[packet.length - 1] : 0;
  return packet.subarray(start, packet.length - padding);
}

/** Whether a key frame begins in this payload. */
export function beginsKeyframe(codec, data) {
  return codec === "VP8" ? vp8Keyframe(data) : h264Keyframe(data);
}

/** RFC 7741 §4.2: the first packet of a frame whose P bit is clear. */
function vp8Keyframe(data) {
  let at = 1;
  if (data[0] & 0x80) {
    const extensions = data[1];
    at = 2;
    if (extensions & 0x80) at += data[at] & 0x80 ? 2 : 1;
    if (extensions & 0x40) at += 1;
    if (extensions & 0x30) at += 1;
  }
  return (data[0] & 0x17) === 0x10 && (data[at] & 1) === 0;
}

/** RFC 6184 §5.2: an IDR slice by itself, in an aggregate, or the first fragment of one. */
function h264Keyframe(data) {
  const type = data[0] & 0x1f;
  if (type === 5) return true;
  if (type === 28) return (data[1] & 0x9f) === 0x85;
  if (type !== 24) return false;
  for (let at = 1; at + 2 < data.length; at += 2 + data.readUInt16BE(at)) {
    if ((data[at + 2] & 0x1f) === 5) return true;
  }
  return false;
}

/** Counts one kind of media as it comes. `lost` is what never came, not even late. */
export class Counter {
  packets = 0;
  frames = 0;
  keyframes = 0;
  #times = new Set();
  #keyTimes = new Set();
  #numbers = new Set();
  #codecOf;
  #last;

  /** `codecOf` names the codec of a payload type: others, RTX among them, are passed over. */
  constructor(codecOf) {
    this.#codecOf = codecOf;
  }

  take(packet) {
    const codec = this.#codecOf(packet[1] & 0x7f);
    const data = payload(packet);
    if (!codec || data.length === 0) return;
    this.packets += 1;
    this.#numbers.add(this.#extended(packet.readUInt16BE(2)));
    const time = packet.readUInt32BE(4);
    this.#times.add(time);
    this.frames = this.#times.size;
    if (codec === "opus" || !beginsKeyframe(codec, data)) return;
    this.#keyTimes.add(time);
    this.keyframes = this.#keyTimes.size;
  }

  get lost() {
    if (this.#numbers.size === 0) return 0;
    const all = [...this.#numbers];
    const first = all.reduce((a, b) => Math.min(a, b));
    const last = all.reduce((a, b) => Math.max(a, b));
    return last - first + 1 - this.#numbers.size;
  }

  /** A sequence number with its cycles (RFC 3550 appendix A.1). */
  #extended(number) {
    const last = this.#last ?? number;
    const step = ((number - last + 0x18000) & 0xffff) - 0x8000;
    this.#last = last + step;
    return this.#last;
  }
}
