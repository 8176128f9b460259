"""aiortc as a WHIP publisher or a WHEP viewer.

    aiortc_peer.py publish URL [--seconds N] [--codec H264|VP8] [--video-only|--audio-only]
    aiortc_peer.py watch URL [--seconds N] [--codec H264|VP8] [--video-only|--audio-only]

Prints one line of JSON with what it measured.
"""

import argparse
import asyncio
import fractions
import json
import signal
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame

CONNECT_S_MAX = 10
VIDEO_CLOCK_HZ = 90_000
FPS = 30
WIDTH, HEIGHT = 640, 360
SAMPLE_RATE = 48_000
AUDIO_FRAME_S = 0.02


class Paced(MediaStreamTrack):
    """A track whose frames come at even times."""

    interval_s: float

    def __init__(self):
        super().__init__()
        self.start = None
        self.sent = 0

    async def recv(self):
        now = time.monotonic()
        if self.start is None:
            self.start = now
        await asyncio.sleep(max(0, self.start + self.sent * self.interval_s - now))
        frame = self.make(self.sent)
        self.sent += 1
        return frame


class Picture(Paced):
    """Stripes that move."""

    kind = "video"
    interval_s = 1 / FPS

    def make(self, number):
        frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane, rows in zip(frame.planes, (HEIGHT, HEIGHT // 2, HEIGHT // 2)):
            stripes = bytes((column * 4 + number * 8) & 0xFF for column in range(plane.line_size))
            plane.update(stripes * rows)
        frame.pts = number * VIDEO_CLOCK_HZ // FPS
        frame.time_base = fractions.Fraction(1, VIDEO_CLOCK_HZ)
        return frame


class Silence(Paced):
    """Sound without a tone: every packet is there all the same."""

    kind = "audio"
    interval_s = AUDIO_FRAME_S

    def make(self, number):
        samples = int(SAMPLE_RATE * AUDIO_FRAME_S)
        frame = AudioFrame(format="s16", layout="mono", samples=samples)
        frame.planes[0].update(bytes(2 * samples))
        frame.pts = number * samples
        frame.sample_rate = SAMPLE_RATE
        frame.time_base = fractions.Fraction(1, SAMPLE_RATE)
        return frame


class Decoded:
    """Counts the frames that a track decodes to."""

    def __init__(self):
        self.frames = {"video": 0, "audio": 0}
        self.tasks = []

    def follow(self, track):
        self.tasks.append(asyncio.ensure_future(self.count(track)))

    async def count(self, track):
        try:
            while True:
                await track.recv()
                self.frames[track.kind] += 1
        except MediaStreamError:
            pass


def post(url, offer):
    """The answer, and the session's URL."""
    request = urllib.request.Request(
        url, offer.encode(), {"Content-Type": "application/sdp"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            session = urllib.parse.urljoin(url, response.headers["Location"])
            return response.read().decode(), session
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{error.code} {error.read().decode()}") from None


def delete(session):
    urllib.request.urlopen(urllib.request.Request(session, method="DELETE"), timeout=5).close()


def prefer(transceiver, kind, codec):
    """Offers this codec first, and what comes with it."""
    side = RTCRtpSender if transceiver.direction == "sendonly" else RTCRtpReceiver
    known = side.getCapabilities(kind).codecs
    wanted = [c for c in known if c.mimeType.lower() == f"{kind}/{codec}".lower()]
    resent = [c for c in known if c.mimeType.lower().endswith("/rtx")]
    transceiver.setCodecPreferences(wanted + (resent if kind == "video" else []))


def add_media(peer, options):
    if options.role == "watch":
        direction = "recvonly"
    else:
        direction = "sendonly"
    for kind, made, without in (
        ("audio", Silence, options.video_only),
        ("video", Picture, options.audio_only),
    ):
        if without:
            continue
        source = made() if options.role == "publish" else kind
        transceiver = peer.addTransceiver(source, direction=direction)
        if kind == "video":
            prefer(transceiver, kind, options.codec)


async def measure(peer, decoded):
    """Packets by the peer's own statistics. They have one entry for media and retransmissions, the
    later of the two, so that nothing can be said of losses: frames tell."""
    found = {
        "videoPackets": 0,
        "audioPackets": 0,
        "frames": decoded.frames["video"],
        "audioFrames": decoded.frames["audio"],
    }
    for stats in (await peer.getStats()).values():
        if stats.type == "inbound-rtp":
            found[f"{stats.kind}Packets"] += stats.packetsReceived
        elif stats.type == "outbound-rtp":
            found[f"{stats.kind}Packets"] += stats.packetsSent
    return found


async def run(options):
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    decoded = Decoded()
    peer.on("track", decoded.follow)
    connected = asyncio.get_running_loop().create_future()

    @peer.on("connectionstatechange")
    def changed():
        if connected.done():
            return
        if peer.connectionState == "connected":
            connected.set_result(None)
        elif peer.connectionState in ("failed", "closed"):
            connected.set_exception(RuntimeError(f"the connection is {peer.connectionState}"))

    add_media(peer, options)
    await peer.setLocalDescription(await peer.createOffer())
    start = time.monotonic()
    session = None
    try:
        answer, session = await asyncio.to_thread(
            post, options.url, peer.localDescription.sdp
        )
        await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await asyncio.wait_for(connected, CONNECT_S_MAX)
        connected_ms = round((time.monotonic() - start) * 1000)
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        try:
            await asyncio.wait_for(ended.wait(), options.seconds)
        except asyncio.TimeoutError:
            pass
        found = await measure(peer, decoded)
        print(json.dumps({"client": "aiortc", "connectedMs": connected_ms, **found}))
    finally:
        if session:
            await asyncio.to_thread(delete, session)
        await peer.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["publish", "watch"])
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--codec", choices=["H264", "VP8"], default="H264")
    parser.add_argument("--video-only", action="store_true")
    parser.add_argument("--audio-only", action="store_true")
    try:
        asyncio.run(run(parser.parse_args()))
    except Exception as error:
        sys.exit(f"aiortc: {type(error).__name__} {error}")


if __name__ == "__main__":
    main()
