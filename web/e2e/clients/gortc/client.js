// A client of gortcserver as its pages are built: npm's protoo-client as it is, a peer connection
// for each stream, and no trickled candidates. Tests call what is in `window.gortc`.

import { Peer, WebSocketTransport } from "protoo-client";

const state = {
  peer: undefined,
  /** What the peer went through, in order. */
  events: [],
  /** Notifications, in order. */
  told: [],
  /** Peer connections, by `mid` or `sid`. */
  connections: new Map(),
};

/** Opens the socket; resolves when that is open. */
function open(uid) {
  const url = `${location.origin.replace("http", "ws")}/ws?peer=${encodeURIComponent(uid)}`;
  const peer = new Peer(new WebSocketTransport(url));
  state.peer = peer;
  for (const event of ["open", "failed", "disconnected", "close"]) {
    peer.on(event, () => state.events.push(event));
  }
  peer.on("notification", ({ method, data }) => state.told.push({ method, data }));
  return new Promise((done) => peer.on("open", done));
}

/** Resolves with what comes back, or with what the library throws. */
async function request(method, data) {
  try {
    return await state.peer.request(method, data);
  } catch ({ code, message }) {
    return { code, message };
  }
}

/** The connection's offer with all candidates in it. */
async function offer(connection) {
  await connection.setLocalDescription(await connection.createOffer());
  await new Promise((done) => {
    const look = () => connection.iceGatheringState === "complete" && done();
    connection.addEventListener("icegatheringstatechange", look);
    look();
  });
  const { type, sdp } = connection.localDescription;
  return { type, sdp };
}

/** Publishes the fake devices; returns the `mid`. */
async function publish(rid, kinds) {
  const { audio = false, video = false } = kinds;
  const media = await navigator.mediaDevices.getUserMedia(kinds);
  const connection = new RTCPeerConnection();
  for (const track of media.getTracks()) {
    connection.addTransceiver(track, { direction: "sendonly", streams: [media] });
  }
  const minfo = { audio, video, audiotype: 1, videotype: 2 };
  const { mid, jsep } = await state.peer.request("publish", {
    rid,
    jsep: await offer(connection),
    minfo,
  });
  await connection.setRemoteDescription(jsep);
  state.connections.set(mid, connection);
  return mid;
}

/** Watches a stream, by both kinds whatever it has; returns the `sid`. */
async function subscribe(rid, mid, sfuid) {
  const connection = new RTCPeerConnection();
  for (const kind of ["audio", "video"]) {
    connection.addTransceiver(kind, { direction: "recvonly" });
  }
  const media = new MediaStream();
  connection.ontrack = ({ track }) => media.addTrack(track);
  const { sid, jsep } = await state.peer.request("subscribe", {
    rid,
    mid,
    sfuid,
    jsep: await offer(connection),
  });
  await connection.setRemoteDescription(jsep);
  state.connections.set(sid, connection);
  const video = document.createElement("video");
  Object.assign(video, { id: sid, muted: true, autoplay: true, srcObject: media });
  document.body.append(video);
  return sid;
}

/** What has come of a stream: pictures that were decoded, and packets of sound. */
async function received(sid) {
  const all = [...(await state.connections.get(sid).getStats()).values()];
  const of = (kind) => all.find((it) => it.type === "inbound-rtp" && it.kind === kind);
  return {
    frames: of("video")?.framesDecoded ?? 0,
    sound: of("audio")?.packetsReceived ?? 0,
  };
}

/** Sends no more of a kind, over a connection that stays. */
async function pause(mid, kind) {
  const senders = state.connections.get(mid).getSenders();
  await Promise.all(
    senders.filter(({ track }) => track?.kind === kind).map((sender) => sender.replaceTrack(null)),
  );
}

/** Ends the connection of a stream, without a word to the server. */
function drop(id) {
  state.connections.get(id).close();
}

window.gortc = { state, open, request, publish, subscribe, received, pause, drop };
