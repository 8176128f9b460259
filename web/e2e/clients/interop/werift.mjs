// werift (WebRTC in TypeScript) as a WHIP publisher and a WHEP viewer.
import {
  MediaStreamTrack,
  RTCPeerConnection,
  RTCRtpCodecParameters,
  RtpPacket,
  useNACK,
  usePLI,
  useSdesMid,
} from "werift";
import { command, post, run } from "./command.mjs";
import { Counter, PAYLOAD_TYPES, startSource } from "./rtp.mjs";

const H264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
const CODECS = {
  H264: { mimeType: "video/H264", clockRate: 90_000, parameters: H264 },
  VP8: { mimeType: "video/VP8", clockRate: 90_000 },
  opus: { mimeType: "audio/opus", clockRate: 48_000, channels: 2 },
};

function codec(name) {
  const rtcpFeedback = name === "opus" ? [] : [useNACK(), usePLI()];
  const payloadType = PAYLOAD_TYPES[name];
  return new RTCRtpCodecParameters({ ...CODECS[name], payloadType, rtcpFeedback });
}

function connection(options) {
  return new RTCPeerConnection({
    codecs: { video: [codec(options.codec)], audio: [codec("opus")] },
    headerExtensions: { video: [useSdesMid()], audio: [useSdesMid()] },
    bundlePolicy: "max-bundle",
  });
}

async function negotiate(peer, url) {
  // It cannot be talked out of asking a STUN server on the Internet, and waits 5 s for the answer.
  const hostCandidate = peer.onIceCandidate.asPromise();
  peer.setLocalDescription(await peer.createOffer());
  await hostCandidate;
  const { answer, session } = await post(url, peer.localDescription.sdp);
  const connected = new Promise((done, failed) => {
    const look = (state) => {
      if (state === "connected") done();
      if (state === "failed" || state === "closed") failed(new Error(`the connection is ${state}`));
    };
    peer.connectionStateChange.subscribe(look);
  });
  await peer.setRemoteDescription({ type: "answer", sdp: answer });
  return { session, connected };
}

async function publish(options) {
  const peer = connection(options);
  const tracks = {};
  for (const kind of ["video", "audio"].filter((kind) => options[kind])) {
    tracks[kind] = new MediaStreamTrack({ kind });
    peer.addTransceiver(tracks[kind], { direction: "sendonly" });
  }
  const { session, connected } = await negotiate(peer, options.url);
  const sent = { videoPackets: 0, audioPackets: 0 };
  const send = (kind) => (packet) => {
    sent[`${kind}Packets`] += 1;
    tracks[kind].writeRtp(RtpPacket.deSerialize(packet));
  };
  let stop = () => {};
  const sending = connected.then(async () => {
    stop = await startSource(options, send("video"), send("audio"));
  });
  const close = () => {
    stop();
    peer.close();
  };
  return { session, connected: sending, close, measured: () => sent };
}

async function watch(options) {
  const peer = connection(options);
  const names = new Map(Object.entries(PAYLOAD_TYPES).map(([name, type]) => [type, name]));
  const counters = {};
  for (const kind of ["video", "audio"].filter((kind) => options[kind])) {
    counters[kind] = new Counter((type) => names.get(type));
    const { onTrack } = peer.addTransceiver(kind, { direction: "recvonly" });
    onTrack.subscribe((track) => {
      track.onReceiveRtp.subscribe((packet) => counters[kind].take(packet.serialize()));
    });
  }
  const { session, connected } = await negotiate(peer, options.url);
  const measured = () => ({
    videoPackets: counters.video?.packets ?? 0,
    audioPackets: counters.audio?.packets ?? 0,
    frames: counters.video?.frames ?? 0,
    keyframes: counters.video?.keyframes ?? 0,
    lost: counters.video?.lost ?? 0,
  });
  return { session, connected, close: () => peer.close(), measured };
}

const options = command();
await run("werift", options, options.role === "publish" ? publish : watch);
