// One side of a broadcast: `?mode=sender` sends, everything else watches. `roomId` and `userId`
// name the broadcast, and `autoStart` connects at once. What goes over the socket stands in
// docs/protocol/broadcast-recording.md.

const PING_MS = 500;
const RETRY_MS = 1000;

const parameters = new URLSearchParams(location.search);
const sends = parameters.get("mode") === "sender";
const userId = parameters.get("userId") || "TestUser";
const roomId = parameters.get("roomId") || "TestRoom";

const byId = (id) => document.getElementById(id);
const [title, video, toggle] = [byId("title"), byId("video"), byId("toggle")];

/** The present connection; null when there is to be none. */
let session = null;

class Session {
  constructor() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(`${scheme}//${location.host}/ws`);
    this.pc = new RTCPeerConnection();
    this.media = new MediaStream();
    this.pings = 0;
    // What comes is handled in its order, one after the other.
    this.last = Promise.resolve();
    this.socket.onopen = () => this.queue(() => this.begin());
    this.socket.onmessage = ({ data }) => this.queue(() => this.take(JSON.parse(data)));
    this.socket.onclose = () => this.lost();
    this.pc.onicecandidate = ({ candidate }) => {
      if (candidate) this.tell("iceCandidate", JSON.stringify(candidate));
    };
    this.pc.ontrack = ({ track }) => {
      if (!this.media.getTracks().includes(track)) this.media.addTrack(track);
      // Not before: a player without tracks keeps the page from being loaded.
      video.srcObject = this.media;
      show("connected");
    };
    show("connecting");
  }

  queue(step) {
    this.last = this.last.then(step).catch((error) => {
      if (session !== this) return;
      stop();
      show(error.message);
    });
  }

  async begin() {
    const health = this.pc.createDataChannel("health-check");
    health.onopen = () => {
      this.pings = setInterval(() => {
        if (health.readyState === "open") health.send(`ping-${Math.round(performance.now())}`);
      }, PING_MS);
    };
    if (sends) {
      this.media = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
      if (session !== this) return this.end();
      video.srcObject = this.media;
      for (const track of this.media.getTracks()) this.pc.addTrack(track, this.media);
      const check = this.pc.createDataChannel("video-check");
      check.onmessage = () => show("connected");
    }
    await this.pc.setLocalDescription();
    const message = encoded(this.pc.localDescription);
    this.tell(sends ? "broadcastRequest" : "subscribeRequest", message, { userId, roomId });
  }

  async take({ type, message }) {
    switch (type) {
      case "remoteDescription":
        return this.pc.setRemoteDescription(message);
      case "remoteOffer":
      case "broadcasterExited":
        await this.pc.setRemoteDescription(message);
        await this.pc.setLocalDescription();
        if (type === "broadcasterExited") show("waiting for the broadcast");
        return this.tell("remoteAnswer", encoded(this.pc.localDescription));
      case "iceCandidate":
        return this.pc.addIceCandidate(JSON.parse(message));
      case "duplicatedSession":
        stop();
        show("someone is already broadcasting under this name");
    }
  }

  tell(type, message, more = {}) {
    if (this.socket.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ type, message, ...more }));
    }
  }

  /** The socket is gone, and was not closed here. */
  lost() {
    if (session !== this) return;
    this.end();
    show("reconnecting");
    setTimeout(() => {
      if (session === this) session = new Session();
    }, RETRY_MS);
  }

  end() {
    clearInterval(this.pings);
    this.socket.close();
    this.pc.close();
    if (sends) for (const track of this.media.getTracks()) track.stop();
  }
}

/** As the server reads descriptions: JSON in base64. */
function encoded(description) {
  return btoa(JSON.stringify(description));
}

function show(text) {
  byId("status").textContent = text;
  toggle.textContent = session ? "Disconnect" : "Connect";
}

function stop() {
  const ended = session;
  session = null;
  ended?.end();
  video.srcObject = null;
  show("disconnected");
}

toggle.onclick = () => {
  if (session) stop();
  else session = new Session();
};

title.textContent = sends ? `You broadcast as ${userId} in ${roomId}` : `${userId} in ${roomId}`;
if (parameters.has("autoStart")) session = new Session();
