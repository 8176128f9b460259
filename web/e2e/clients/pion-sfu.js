// A page that behaves as clients of Pion_SFU in the field do: descriptions of the server are not
// awaited where an answer is concerned, candidates are added as they come, and answers carry the
// ids of the offer, or none. Tests call what is in `window.sfu`.

/** Somebody with a socket and a connection. `echo`: answers copy the ids of the offer. */
class Somebody {
  constructor(room_id, self_id, echo = true) {
    Object.assign(this, { room_id, self_id, echo, pc: null, deaf: false });
    /** Frames of the server, by event, in the order in which they came. */
    this.came = [];
    /** What was thrown where nobody awaits it. */
    this.errors = [];
    /** Offers that are not to be answered yet. */
    this.held = [];
    /** Offers of the server at one time, at most. */
    this.unanswered = { now: 0, most: 0 };
  }

  async enter(stream) {
    await this.connect();
    this.join();
    return this.publish(stream);
  }

  connect() {
    this.socket = new WebSocket(location.origin.replace("http", "ws"));
    this.socket.onmessage = ({ data }) => {
      const { event, data: text } = JSON.parse(data);
      this.came.push(event);
      this.on(event, JSON.parse(text)).catch((error) => this.errors.push(`${event}: ${error}`));
    };
    return new Promise((done, fail) => {
      this.socket.onopen = done;
      this.socket.onerror = fail;
    });
  }

  tell(event, data) {
    this.socket.send(JSON.stringify({ event, data }));
  }

  ids() {
    return { room_id: this.room_id, self_id: this.self_id };
  }

  join() {
    this.tell("joinRoom", this.ids());
    this.pc?.close();
    const pc = new RTCPeerConnection();
    this.pc = pc;
    pc.onicecandidate = ({ candidate }) => {
      if (candidate) this.tell("ice-candidate", { ...this.ids(), candidate });
    };
    pc.ontrack = ({ track, streams }) => show(this.self_id, track, streams[0]);
  }

  publish(stream) {
    for (const track of stream?.getTracks() ?? []) this.pc.addTrack(track, stream);
    return this.sendOffer();
  }

  async sendOffer() {
    const offer = await this.pc.createOffer();
    await this.pc.setLocalDescription(offer);
    this.tell("offer", { ...this.ids(), offer });
  }

  async on(event, data) {
    const { pc } = this;
    if (event === "answer") pc.setRemoteDescription(data).catch((e) => this.errors.push(`${e}`));
    if (event === "candidate") await pc.addIceCandidate(data);
    if (event !== "offer") return;
    this.unanswered.now += 1;
    this.unanswered.most = Math.max(this.unanswered.most, this.unanswered.now);
    if (this.deaf) this.held.push(data);
    else await this.answer(data);
  }

  async answer(offer) {
    const { self_id, room_id } = offer;
    await this.pc.setRemoteDescription(offer);
    const answer = await this.pc.createAnswer();
    await this.pc.setLocalDescription(answer);
    this.unanswered.now -= 1;
    this.tell("answer", { ...(this.echo && { self_id, room_id }), answer });
  }

  leave() {
    this.tell("leaveRoom", this.ids());
    this.pc.close();
    this.pc = null;
  }

  /** Tracks that come in now, as the connection sees it. */
  tracks() {
    const lines = this.pc.getTransceivers();
    const live = lines.filter((line) => /recv/.test(line.currentDirection ?? ""));
    return live.map(({ receiver, mid }) => ({
      mid,
      kind: receiver.track.kind,
      id: receiver.track.id,
    }));
  }

  /** Pictures decoded of each incoming video track, by the id of the track. */
  async frames() {
    const all = [...(await this.pc.getStats()).values()];
    const videos = all.filter((it) => it.type === "inbound-rtp" && it.kind === "video");
    const now = new Map(this.tracks().map(({ mid, id }) => [mid, id]));
    const here = videos.filter(({ mid }) => now.has(mid));
    return Object.fromEntries(here.map((it) => [now.get(it.mid), it.framesDecoded ?? 0]));
  }
}

/** Puts a remote track into the page; it plays there until it is over. */
function show(owner, track, stream) {
  if (track.kind !== "video") return;
  const video = document.createElement("video");
  Object.assign(video, { muted: true, autoplay: true, width: 160 });
  video.dataset.owner = owner;
  video.dataset.stream = stream?.id ?? "";
  video.dataset.track = track.id;
  video.srcObject = new MediaStream([track]);
  const gone = () => video.remove();
  track.addEventListener("ended", gone);
  stream?.addEventListener("removetrack", (event) => event.track === track && gone());
  document.getElementById("videos").append(video);
}

/** A small moving picture and a tone, which cost next to nothing. */
function drawn(width = 64) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height: 48 });
  const context = canvas.getContext("2d");
  let hue = 0;
  const draw = () => {
    hue += 7;
    context.fillStyle = `hsl(${hue} 90% 50%)`;
    context.fillRect(0, 0, width, 48);
  };
  draw();
  setInterval(draw, 100);
  const audio = new AudioContext();
  const tone = audio.createMediaStreamDestination();
  const source = audio.createOscillator();
  source.connect(tone);
  source.start();
  return new MediaStream([...canvas.captureStream(10).getTracks(), ...tone.stream.getTracks()]);
}

function camera() {
  return navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 180 } });
}

window.sfu = { Somebody, camera, drawn, people: {} };
