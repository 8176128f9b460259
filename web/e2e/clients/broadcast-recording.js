// A page that behaves as clients of WebRTC-Broadcast-Recording in the field do: descriptions are
// sent without waiting until they are set, candidates go out by timers, and it comes back for
// ever. `query` is set before this script runs.

const parameters = new URLSearchParams(window.query);
const mode = parameters.get("mode") === "sender" ? "sender" : "receiver";
const userId = parameters.get("userId") ?? "TestUser";
const roomId = parameters.get("roomId") ?? "TestRoom";
/** As browsers of earlier days did it: what was set can be read at once. */
const isOld = parameters.has("old");
const kinds = parameters.get("kinds") ?? "audio,video";
const video = document.getElementById("video");

let socket = null;
let pc = null;
let pinging = 0;
let received = null;

/** What tests look at. */
const seen = { frames: [], descriptions: [], pongs: 0, oks: [], connects: 0, tracks: [] };

const encode = (description) => btoa(JSON.stringify(description));

function tell(frame) {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

function status(text) {
  document.getElementById("status").textContent = text;
}

function connect() {
  seen.connects += 1;
  status("connecting");
  const own = new WebSocket(`${location.origin.replace("http", "ws")}/ws`);
  socket = own;
  own.onopen = () => (mode === "sender" ? send() : receive());
  own.onmessage = ({ data }) => take(JSON.parse(data));
  own.onclose = () => {
    if (mode === "sender") setTimeout(restart, 200);
    else restart();
  };
}

/** Closes the connection, and not the socket if that is still open. Clients also do this when they
 * take themselves for late. */
function restart() {
  clearInterval(pinging);
  pc?.close();
  pc = null;
  status("disconnected");
  connect();
}

function begin() {
  pc = new RTCPeerConnection({ iceServers: [] });
  received = new MediaStream();
  const own = pc;
  pc.onicecandidate = ({ candidate }) => {
    if (!candidate) return;
    const timer = setInterval(() => {
      clearInterval(timer);
      if (own === pc) tell({ type: "iceCandidate", message: JSON.stringify(candidate) });
    }, 100);
  };
  pc.ontrack = ({ track }) => {
    seen.tracks.push({ id: track.id, kind: track.kind });
    if (!received.getTracks().includes(track)) received.addTrack(track);
    video.srcObject = received;
    if (mode === "receiver") status("connected");
  };
  const health = pc.createDataChannel("health-check");
  let number = 0;
  health.onopen = () => {
    pinging = setInterval(() => {
      number += 1000;
      health.send(`ping-${number}`);
    }, 500);
  };
  health.onmessage = ({ data }) => {
    if (data === `pong-${number}`) seen.pongs += 1;
  };
}

async function send() {
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: kinds.includes("audio"),
    video: kinds.includes("video"),
  });
  begin();
  for (const track of stream.getTracks()) pc.addTrack(track, stream);
  const check = pc.createDataChannel("video-check");
  check.onmessage = ({ data }) => {
    if (data !== "video-ok") return;
    seen.oks.push(performance.now());
    status("connected");
  };
  request("broadcastRequest");
}

function receive() {
  begin();
  request("subscribeRequest");
}

function request(type) {
  pc.createOffer().then((offer) => {
    pc.setLocalDescription(offer);
    // Receivers send what they have made, and senders what is set: nothing yet, in browsers of
    // today.
    const message = encode(mode === "receiver" || isOld ? offer : pc.localDescription);
    tell({ type, message, userId, roomId });
  });
}

/** Tries again and again, and first after a second. */
function addCandidate(candidate) {
  const own = pc;
  const timer = setInterval(() => {
    if (own !== pc) clearInterval(timer);
    else
      own.addIceCandidate(candidate).then(
        () => clearInterval(timer),
        () => {},
      );
  }, 1000);
}

function take(frame) {
  seen.frames.push(frame.type);
  switch (frame.type) {
    case "remoteDescription":
      pc.setRemoteDescription(frame.message);
      break;
    case "remoteOffer":
    case "broadcasterExited":
      answer(frame.message);
      break;
    case "iceCandidate":
      addCandidate(JSON.parse(frame.message));
      break;
    case "duplicatedSession":
      // Idle from now on, with its socket open.
      clearInterval(pinging);
      pc?.close();
      pc = null;
      status("duplicated");
      break;
  }
}

function answer(offer) {
  seen.descriptions.push(offer.sdp);
  const own = pc;
  own.setRemoteDescription(offer);
  own.createAnswer().then((description) => {
    own.setLocalDescription(description);
    tell({
      type: "remoteAnswer",
      message: encode(isOld ? description : own.currentLocalDescription),
    });
  });
}

// biome-ignore lint/correctness/noUnusedVariables: tests call it
function stopPings() {
  clearInterval(pinging);
}

connect();
