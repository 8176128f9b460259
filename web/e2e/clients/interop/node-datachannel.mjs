// node-datachannel (libdatachannel, the library under OBS) as a WHIP publisher and a WHEP viewer.
import ndc from "node-datachannel";
import { command, post, run } from "./command.mjs";
import { Counter, isRtcp, PAYLOAD_TYPES, startSource } from "./rtp.mjs";

const H264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
const CLOCKS_HZ = { video: 90_000, audio: 48_000 };
const SSRCS = { video: 4_001, audio: 4_002 };
const CNAME = "interop";

function media(kind, direction, codec) {
  const line = kind === "video" ? new ndc.Video(kind, direction) : new ndc.Audio(kind, direction);
  if (kind === "audio") line.addOpusCodec(PAYLOAD_TYPES.opus);
  else if (codec === "VP8") line.addVP8Codec(PAYLOAD_TYPES.VP8);
  else line.addH264Codec(PAYLOAD_TYPES.H264, H264);
  if (direction === "SendOnly") line.addSSRC(SSRCS[kind], CNAME, CNAME, kind);
  return line;
}

/** As `PeerConnection` gathers once `setLocalDescription` is called, the offer is complete then. */
async function negotiate(peer, url) {
  const gathered = new Promise((done) =>
    peer.onGatheringStateChange((state) => state === "complete" && done()),
  );
  const connected = new Promise((done, failed) =>
    peer.onStateChange((state) => {
      if (state === "connected") done();
      if (state === "failed" || state === "closed") failed(new Error(`the connection is ${state}`));
    }),
  );
  peer.setLocalDescription("offer");
  await gathered;
  const { answer, session } = await post(url, peer.localDescription().sdp);
  peer.setRemoteDescription(answer, "answer");
  return { session, connected };
}

async function publish(options) {
  const peer = new ndc.PeerConnection("publisher", {
    iceServers: [],
    disableAutoNegotiation: true,
  });
  const tracks = {};
  for (const kind of ["audio", "video"].filter((kind) => options[kind])) {
    const track = peer.addTrack(media(kind, "SendOnly", options.codec));
    const type = PAYLOAD_TYPES[kind === "audio" ? "opus" : options.codec];
    const config = new ndc.RtpPacketizationConfig(SSRCS[kind], CNAME, type, CLOCKS_HZ[kind]);
    const reporter = new ndc.RtcpSrReporter(config);
    reporter.addToChain(new ndc.RtcpNackResponder());
    track.setMediaHandler(reporter);
    tracks[kind] = track;
  }
  const { session, connected } = await negotiate(peer, options.url);
  const sent = { videoPackets: 0, audioPackets: 0 };
  const send = (kind) => (packet) => {
    packet.writeUInt32BE(SSRCS[kind], 8);
    if (tracks[kind].isOpen() && tracks[kind].sendMessageBinary(packet))
      sent[`${kind}Packets`] += 1;
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
  const peer = new ndc.PeerConnection("viewer", { iceServers: [], disableAutoNegotiation: true });
  const names = new Map(Object.entries(PAYLOAD_TYPES).map(([name, type]) => [type, name]));
  const counters = {};
  // A track that its owner forgets is closed.
  const tracks = [];
  for (const kind of ["audio", "video"].filter((kind) => options[kind])) {
    const counter = new Counter((type) => names.get(type));
    counters[kind] = counter;
    const track = peer.addTrack(media(kind, "RecvOnly", options.codec));
    track.setMediaHandler(new ndc.RtcpReceivingSession());
    track.onMessage((packet) => {
      if (!isRtcp(packet)) counter.take(packet);
    });
    track.onOpen(() => {
      if (kind === "video") track.requestKeyframe();
    });
    tracks.push(track);
  }
  const { session, connected } = await negotiate(peer, options.url);
  const measured = () => ({
    videoPackets: counters.video?.packets ?? 0,
    audioPackets: counters.audio?.packets ?? 0,
    frames: counters.video?.frames ?? 0,
    keyframes: counters.video?.keyframes ?? 0,
    lost: counters.video?.lost ?? 0,
  });
  const close = () => {
    tracks.length = 0;
    peer.close();
  };
  return { session, connected, close, measured };
}

const options = command();
await run("node-datachannel", options, options.role === "publish" ? publish : watch);
