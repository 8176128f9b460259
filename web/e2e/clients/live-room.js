// A page that behaves as clients of the live room in the field do: nothing is awaited, what is
// told goes into the page as HTML, and peer connections are used as they were ten years ago.

const socket = new WebSocket(`${location.origin.replace("http", "ws")}/rtc`);
const pcs = {};
const byId = (id) => document.getElementById(id);
const video = byId("video");
let screenStream = null;
let hosting = false;
let roomName = "";
let clicked = { name: "", at: 0 };
// biome-ignore lint/correctness/noUnusedVariables: for who looks at this page
let offers = 0;

const tell = (frame) => socket.send(JSON.stringify(frame));
const fail = (error) => {
  throw error;
};

byId("create").onclick = async () => {
  hosting = true;
  screenStream ??= await navigator.mediaDevices.getDisplayMedia({ video: true, audio: true });
  tell({ event: "createRoom", roomName: byId("name").value });
};

byId("send").onclick = () => {
  // Nobody to write to.
  if (Object.keys(pcs).length === 0) return;
  const msg = byId("words").value;
  tell(hosting ? { event: "chatSend", msg } : { event: "chatSend", msg, roomName });
};

function closeRoom() {
  tell({ event: "closeRoom" });
  for (const name of Object.keys(pcs)) delete pcs[name];
  screenStream.getTracks()[0].stop();
  screenStream = null;
  video.srcObject = null;
  show("rooms");
}

// biome-ignore lint/correctness/noUnusedVariables: handlers in the HTML of the list call it
function joinRoom(name) {
  const now = Date.now();
  if (clicked.name === name && now - clicked.at < 800) return;
  clicked = { name, at: now };
  roomName = name;
  tell({ event: "joinRoom", name: byId("name").value, roomName: name });
}

/** A connection with somebody; its candidates go out as they come. */
function connection(name) {
  const pc = new RTCPeerConnection({ iceServers: [] });
  pcs[name] = pc;
  pc.onicecandidate = ({ candidate }) => {
    if (candidate) tell({ event: "_ice_candidate", data: { candidate, to: name } });
  };
  pc.ontrack = ({ streams }) => {
    // Never taken back: who was a host once ignores what it is sent.
    if (hosting) return;
    video.srcObject = streams[0];
    show("chat");
    byId("name").disabled = true;
  };
  return pc;
}

function show(tab) {
  byId("rooms").hidden = tab !== "rooms";
  byId("chat").hidden = tab !== "chat";
}

function line(html) {
  byId("chat").innerHTML += `<p>${html}</p>`;
}

const on = {
  roomsInfo({ info }) {
    if (byId("rooms").hidden) return;
    const entries = info.map((name) => `<button onclick="joinRoom('${name}')">${name}</button>`);
    byId("rooms").innerHTML = entries.join("");
  },
  count({ count }) {
    byId("count").textContent = count;
  },
  createRoomOk() {
    byId("name").disabled = true;
    byId("create").textContent = "Close the room";
    byId("create").onclick = closeRoom;
    video.srcObject = screenStream;
    show("chat");
  },
  createRoomFailed() {
    screenStream.getTracks()[0].stop();
    line("no room");
  },
  joinRoomFailed() {
    line("no entry");
  },
  joinRoom({ name }) {
    const pc = connection(name);
    pc.addStream(screenStream);
    pc.createOffer((sdp) => {
      pc.setLocalDescription(sdp);
      tell({ event: "_offer", data: { sdp, nameB: name } });
    }, fail);
  },
  _offer({ data }) {
    offers += 1;
    for (const name of Object.keys(pcs)) {
      pcs[name].close();
      delete pcs[name];
    }
    const pc = connection(data.nameA);
    pc.addStream(new MediaStream());
    pc.setRemoteDescription(new RTCSessionDescription(data.sdp));
    pc.createAnswer((sdp) => {
      pc.setLocalDescription(sdp);
      tell({ event: "_answer", data: { sdp, nameA: data.nameA } });
    }, fail);
  },
  _answer({ data }) {
    pcs[data.nameB].setRemoteDescription(new RTCSessionDescription(data.sdp));
  },
  _ice_candidate({ data }) {
    // There is no connection to put it into when it comes before the offer.
    pcs[data.from].addIceCandidate(new RTCIceCandidate(data.candidate));
  },
  joinHint({ name }) {
    line(`${name} came`);
  },
  quitHint({ name }) {
    line(`${name} left`);
    if (!hosting) return;
    pcs[name]?.close();
    delete pcs[name];
  },
  chat({ name, msg }) {
    line(`${name}: ${msg}`);
  },
  roomClosed() {
    for (const name of Object.keys(pcs)) delete pcs[name];
    video.srcObject = null;
    byId("name").disabled = false;
    show("rooms");
  },
};

socket.onmessage = ({ data }) => {
  const frame = JSON.parse(data);
  on[frame.event](frame);
};
