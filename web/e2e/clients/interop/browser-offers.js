// The offers that pages make, of every kind that is known to differ. Runs in a browser's page.
// Leaves `makeOffer(name)`, `takeAnswer(sdp)` and `offerNames`.
{
  const LAYERS = ["l", "m", "h"];
  let peer;

  const camera = () => navigator.mediaDevices.getUserMedia({ video: true, audio: true });

  const encodings = (rids) =>
    rids.map((rid, i) => ({ rid, scaleResolutionDownBy: 2 ** (rids.length - 1 - i) }));

  /** Puts the codec first, with all that is no codec of its own behind. */
  function prefer(transceiver, name) {
    const all = RTCRtpReceiver.getCapabilities("video").codecs;
    const isHelper = ({ mimeType }) => /rtx|red|ulpfec/i.test(mimeType);
    const chosen = all.filter(({ mimeType }) => mimeType === `video/${name}`);
    transceiver.setCodecPreferences([...chosen, ...all.filter(isHelper)]);
  }

  async function publish({ video = true, audio = true, rids, codec, direction = "sendonly" } = {}) {
    const stream = await camera();
    const streams = [stream];
    if (audio) peer.addTransceiver(stream.getAudioTracks()[0], { direction, streams });
    if (!video) return;
    const sendEncodings = rids && encodings(rids);
    const settings = { direction, streams, ...(rids && { sendEncodings }) };
    const transceiver = peer.addTransceiver(stream.getVideoTracks()[0], settings);
    if (codec) prefer(transceiver, codec);
  }

  function watch(...kinds) {
    for (const kind of kinds) peer.addTransceiver(kind, { direction: "recvonly" });
  }

  /** A remote picture is shown on a line that the other side offered; then the page adds its own. */
  async function addTrackOnShownPicture() {
    const server = new RTCPeerConnection();
    const stream = await camera();
    for (const track of stream.getTracks()) server.addTrack(track, stream);
    await server.setLocalDescription();
    await peer.setRemoteDescription(server.localDescription);
    await peer.setLocalDescription();
    await server.setRemoteDescription(peer.localDescription);
    for (const track of stream.clone().getTracks()) peer.addTrack(track, stream);
    server.close();
  }

  const KINDS = {
    publish: () => publish({ rids: LAYERS }),
    "publish-one-layer": () => publish(),
    "publish-video-only": () => publish({ audio: false }),
    "publish-audio-only": () => publish({ video: false }),
    "publish-sendrecv": () => publish({ direction: "sendrecv" }),
    "publish-rids": () => publish({ rids: ["quarter01", "quarter02", "quarter03"] }),
    "publish-vp8": () => publish({ codec: "VP8" }),
    "publish-h264": () => publish({ codec: "H264" }),
    "publish-vp9": () => publish({ codec: "VP9" }),
    "publish-av1": () => publish({ codec: "AV1" }),
    "publish-on-shown-picture": addTrackOnShownPicture,
    watch: () => watch("video", "audio"),
    "watch-audio-first": () => watch("audio", "video"),
    "watch-video-only": () => watch("video"),
    "watch-audio-only": () => watch("audio"),
    "watch-two-pictures": () => watch("video", "audio", "video"),
    "watch-data-channel": () => {
      watch("video", "audio");
      peer.createDataChannel("chat");
    },
    "watch-odd-mids": () => watch("video", "audio"),
    "watch-before-gathering": () => watch("video", "audio"),
  };

  window.offerNames = Object.keys(KINDS);

  window.makeOffer = async (name) => {
    peer?.close();
    peer = new RTCPeerConnection();
    await KINDS[name]();
    const offer = await peer.createOffer();
    if (name === "watch-odd-mids") offer.sdp = renameMids(offer.sdp);
    if (name === "watch-before-gathering") {
      await peer.setLocalDescription(offer);
      return offer.sdp;
    }
    const gathered = new Promise((done) => {
      peer.onicegatheringstatechange = () => peer.iceGatheringState === "complete" && done();
    });
    await peer.setLocalDescription(offer);
    if (peer.iceGatheringState !== "complete") await gathered;
    return peer.localDescription.sdp;
  };

  /** The mids that a page may write itself: tokens (RFC 5888 §4), of which browsers take 16 bytes. */
  function renameMids(sdp) {
    const names = { 0: "a-picture_of.one", 1: "its.sound" };
    return sdp
      .replace(/a=group:BUNDLE 0 1/, `a=group:BUNDLE ${names[0]} ${names[1]}`)
      .replace(/a=mid:(\d)/g, (_, mid) => `a=mid:${names[mid]}`);
  }

  /** Takes an answer to the last offer; the mids it refused. */
  window.takeAnswer = async (sdp) => {
    await peer.setRemoteDescription({ type: "answer", sdp });
    const stopped = peer.getTransceivers().filter((t) => t.currentDirection === "stopped");
    return stopped.map(({ mid }) => mid).join(" ");
  };
}
