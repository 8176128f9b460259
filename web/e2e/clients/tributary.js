// A client of tributary as those of 2015 are: streams are added whole, descriptions are set without
// waiting, and nothing is negotiated twice. Written from the description of the protocol.

/** Only one request of a kind waits for its answer; a refusal never answers it. */
const waiting = new Map();
/** Those whom this browser feeds, by their id. */
const below = new Map();
/** Who counts frames must know one stream from the next. */
let streams = 0;
let above;
let stream;
let iceServers = [];

const $ = (id) => document.getElementById(id);
const broadcast = () => $("broadcast").value;
const socket = new WebSocket(`ws://${location.host}/api/ws`);

function say(frame) {
  socket.send(JSON.stringify(frame));
}

function ask(frame) {
  say(frame);
  return new Promise((answered) => waiting.set(`${frame.command}_RECEIVED`, answered));
}

function state(now) {
  $("state").textContent = now;
}

function show(shown) {
  stream = shown;
  streams += 1;
  $("video").dataset.streams = streams;
  $("video").srcObject = shown;
}

/** A connection that gathers candidates until it may send them, and keeps those that come early. */
function connect() {
  const peer = { gathered: [], early: [], id: undefined, described: false };
  peer.connection = new webkitRTCPeerConnection({ iceServers });
  peer.connection.onicecandidate = ({ candidate }) => {
    // The end of candidates is not told.
    if (!candidate) return;
    if (peer.id === undefined) peer.gathered.push(candidate);
    else say({ command: "ICE_CANDIDATES", peer: peer.id, candidates: [candidate] });
  };
  return peer;
}

function sendGathered(peer, id) {
  peer.id = id;
  say({ command: "ICE_CANDIDATES", peer: id, candidates: peer.gathered.splice(0) });
}

function describe(peer, description, then) {
  const done = () => {
    peer.described = true;
    for (const candidate of peer.early.splice(0)) take(peer, candidate);
    then();
  };
  peer.connection.setRemoteDescription(new RTCSessionDescription(description), done, fail);
}

function take(peer, candidate) {
  if (!peer.described) peer.early.push(candidate);
  else peer.connection.addIceCandidate(new RTCIceCandidate(candidate), () => {}, fail);
}

function fail(error) {
  $("state").dataset.error = String(error);
}

/** Offers to get the stream; whoever is to feed this browser answers. */
function join() {
  const peer = connect();
  // The connection before is forgotten, and not closed.
  above = peer;
  peer.connection.onaddstream = (event) => show(event.stream);
  const offered = (offer) => {
    peer.connection.setLocalDescription(offer);
    const frame = { command: "JOIN_BROADCAST", name: broadcast(), peerName: $("user").value };
    ask({ ...frame, offer }).then(({ peer: id, answer }) => {
      state("LISTENING");
      peer.parent = id;
      describe(peer, answer, () => sendGathered(peer, id));
    });
  };
  const wanted = { offerToReceiveAudio: 1, offerToReceiveVideo: 1 };
  peer.connection.createOffer(offered, fail, wanted);
}

/** Feeds another browser with the stream that is there. Throws when there is none. */
function feed({ peer: id, offer }) {
  const peer = connect();
  below.set(id, peer);
  peer.connection.addStream(stream);
  const answered = (answer) => {
    peer.connection.setLocalDescription(answer);
    say({ command: "RELAY_BROADCAST_RECEIVED", peer: id, answer });
    sendGathered(peer, id);
  };
  describe(peer, offer, () => peer.connection.createAnswer(answered, fail));
}

function candidates({ peer: id, candidates }) {
  const child = below.get(id);
  const peer = child ?? above;
  for (const candidate of candidates) take(peer, candidate);
  // Only what comes from below is confirmed.
  if (child) say({ command: "ICE_CANDIDATES_RECEIVED", peer: id });
}

const handlers = {
  RELAY_BROADCAST: feed,
  ICE_CANDIDATES: candidates,
  RECONNECT_TO_BROADCAST() {
    if ($("state").textContent !== "LISTENING") return;
    state("RECONNECTING");
    join();
  },
  BROADCAST_ENDED() {
    if ($("state").textContent === "LISTENING") state("BROADCAST_ENDED");
  },
  TREE_STATE_CHANGED({ tree }) {
    $("tree").textContent = JSON.stringify(tree);
  },
};

socket.onmessage = ({ data }) => {
  const frame = JSON.parse(data);
  const answered = waiting.get(frame.command);
  if (answered) {
    waiting.delete(frame.command);
    answered(frame);
  } else {
    handlers[frame.command]?.(frame);
  }
};

socket.onopen = async () => {
  ({ iceServers } = await ask({ command: "FETCH_CONFIG" }));
  state("READY");
};

$("start").onclick = async () => {
  show(await navigator.mediaDevices.getUserMedia({ audio: true, video: true }));
  const frame = { command: "START_BROADCAST", name: broadcast(), peerName: $("user").value };
  await ask(frame);
  state("BROADCASTING");
  say({ command: "SUBSCRIBE_TO_TREE_STATE", name: broadcast() });
};

$("join").onclick = join;

$("end").onclick = async () => {
  // The camera stops before anybody is told.
  for (const track of stream.getTracks()) track.stop();
  await ask({ command: "END_BROADCAST", name: broadcast() });
  state("READY");
};

$("leave").onclick = async () => {
  await ask({ command: "LEAVE_BROADCAST", name: broadcast() });
  // Connections to others stay as they are.
  state("READY");
};
