"""GStreamer as a WHIP publisher or a WHEP viewer: webrtcbin, and HTTP around it.

    gst_webrtc.py publish URL VP8|H264
    gst_webrtc.py watch URL VP8|H264

Writes a JSON line a second: frames encoded or decoded so far, decoded sound samples, and the
picture's size.
Ends with the session's DELETE on SIGTERM.
"""

import json
import signal
import sys
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

VIDEO = "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=30/1"
ENCODERS = {
    "VP8": "vp8enc name=encoder deadline=1 keyframe-max-dist=60 target-bitrate=800000"
    " ! rtpvp8pay picture-id-mode=15-bit",
    "H264": "x264enc name=encoder tune=zerolatency speed-preset=ultrafast key-int-max=60 bitrate=800"
    " ! video/x-h264,profile=constrained-baseline"
    " ! rtph264pay config-interval=-1 aggregate-mode=zero-latency",
}
AUDIO = "audiotestsrc is-live=true wave=ticks ! audioconvert ! audioresample ! opusenc ! rtpopuspay"
VIDEO_CAPS = {
    "VP8": "application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000",
    "H264": "application/x-rtp,media=video,encoding-name=H264,payload=96,clock-rate=90000",
}
# RFC 6184 §8.1; without them a receiver takes single packets of the lowest level only.
H264_RECEIVER = (
    ",packetization-mode=(string)1,profile-level-id=(string)42e01f"
    ",level-asymmetry-allowed=(string)1"
)
AUDIO_CAPS = (
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000"
    ",encoding-params=(string)2"
)
SAMPLE_RATE = 48_000


class Peer:
    """One session: offers, answers, counts what is decoded, closes."""

    def __init__(self, role, url, codec):
        self.url = url
        self.session = None
        self.encoded = 0
        self.decoded = {"videoFrames": 0, "audioSamples": 0, "width": 0, "height": 0}
        self.loop = GLib.MainLoop()
        self.failed = False
        video, audio = VIDEO_CAPS[codec], AUDIO_CAPS
        if role == "publish":
            self.pipeline = Gst.parse_launch(
                f"webrtcbin name=peer bundle-policy=max-bundle"
                f" {VIDEO} ! {ENCODERS[codec]} ! {video} ! peer."
                f" {AUDIO} ! {audio} ! peer."
            )
            self.peer = self.pipeline.get_by_name("peer")
            encoded = self.pipeline.get_by_name("encoder").get_static_pad("src")
            encoded.add_probe(Gst.PadProbeType.BUFFER, self.count_encoded)
        else:
            self.pipeline = Gst.Pipeline.new(None)
            self.peer = Gst.ElementFactory.make("webrtcbin", "peer")
            self.peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
            self.pipeline.add(self.peer)
            direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
            if codec == "H264":
                video += H264_RECEIVER
            for caps in video, audio:
                self.peer.emit("add-transceiver", direction, Gst.Caps.from_string(caps))
            self.peer.connect("pad-added", self.on_received)
        self.peer.connect("on-negotiation-needed", self.on_negotiation_needed)
        self.peer.connect("notify::ice-gathering-state", self.on_gathering)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message::error", self.on_error)

    def run(self):
        """Until SIGTERM or an error. True when all went well."""
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, signal.SIGTERM, self.loop.quit)
        GLib.timeout_add_seconds(1, self.report)
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        if self.session:
            self.request("DELETE", self.session)
        self.pipeline.set_state(Gst.State.NULL)
        return not self.failed

    def on_negotiation_needed(self, peer):
        peer.emit("create-offer", None, Gst.Promise.new_with_change_func(self.on_offer))

    def on_offer(self, promise):
        # The offer belongs to the reply, which has to live as long.
        reply = promise.get_reply()
        self.peer.emit("set-local-description", reply.get_value("offer"), None)

    def on_gathering(self, peer, _property):
        if peer.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            GLib.idle_add(self.open)

    def open(self):
        offer = self.peer.get_property("local-description").sdp.as_text()
        response = self.request("POST", self.url, offer.encode())
        if response is None:
            return
        self.session = urllib.parse.urljoin(self.url, response.headers["Location"])
        _, sdp = GstSdp.SDPMessage.new_from_text(response.read().decode())
        kind = GstWebRTC.WebRTCSDPType.ANSWER
        answer = GstWebRTC.WebRTCSessionDescription.new(kind, sdp)
        self.peer.emit("set-remote-description", answer, None)

    def request(self, method, url, body=None):
        """The response, or None after an error has been told."""
        headers = {"Content-Type": "application/sdp"} if body else {}
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            return urllib.request.urlopen(request, timeout=10)
        except OSError as error:
            detail = error.read().decode() if hasattr(error, "read") else ""
            self.fail(f"{method} {url}: {error} {detail}")
            return None

    def on_received(self, _peer, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        decoder = Gst.ElementFactory.make("decodebin", None)
        decoder.connect("pad-added", self.on_decoded)
        self.pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    def on_decoded(self, _decoder, pad):
        sink = Gst.ElementFactory.make("fakesink", None)
        sink.set_property("sync", False)
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad("sink"))
        pad.add_probe(Gst.PadProbeType.BUFFER, self.count)

    def count(self, pad, info):
        caps = pad.get_current_caps().get_structure(0)
        if caps.get_name() == "video/x-raw":
            self.decoded["videoFrames"] += 1
            self.decoded["width"] = caps.get_int("width").value
            self.decoded["height"] = caps.get_int("height").value
        else:
            seconds = info.get_buffer().duration / Gst.SECOND
            self.decoded["audioSamples"] += round(seconds * SAMPLE_RATE)
        return Gst.PadProbeReturn.OK

    def count_encoded(self, _pad, _info):
        self.encoded += 1
        return Gst.PadProbeReturn.OK

    def report(self):
        print(json.dumps({"encodedFrames": self.encoded, **self.decoded}), flush=True)
        return True

    def on_error(self, _bus, message):
        error, debug = message.parse_error()
        self.fail(f"{error.message} ({debug})")

    def fail(self, text):
        print(text, file=sys.stderr)
        self.failed = True
        self.loop.quit()


if __name__ == "__main__":
    Gst.init(None)
    sys.exit(0 if Peer(*sys.argv[1:4]).run() else 1)
