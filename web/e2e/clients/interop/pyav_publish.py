"""FFmpeg's libraries, as PyAV carries them, as a WHIP publisher with x264's default profile.

    pyav_publish.py publish URL [--seconds N] [--video-only|--audio-only] [--keyframe-every FRAMES]
        [--cert FILE --key FILE]

Without a certificate its TLS library makes one on the curve P-224. Prints one line of JSON with what it measured.
"""

import argparse
import fractions
import json
import signal
import sys
import time

import av

FPS = 30
WIDTH, HEIGHT = 640, 360
SAMPLE_RATE = 48_000


def add_video(container, keyframe_every):
    stream = container.add_stream("libx264", rate=FPS)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    # WHIP knows no B-frames. These pictures differ so much that x264 would take most of them for new
    # scenes, and make them key frames: a viewer would never wait for one.
    stream.options = {"bf": "0", "g": str(keyframe_every), "sc_threshold": "0"}
    stream.bit_rate = 800_000
    return stream


def add_audio(container):
    stream = container.add_stream("libopus", rate=SAMPLE_RATE)
    stream.layout = "stereo"
    return stream


def picture(number):
    frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for plane in frame.planes:
        stripes = bytes((column * 4 + number * 8) & 0xFF for column in range(plane.line_size))
        plane.update(stripes * plane.height)
    frame.pts = number
    frame.time_base = fractions.Fraction(1, FPS)
    return frame


def silence(at, samples):
    frame = av.AudioFrame(format="s16", layout="stereo", samples=samples)
    frame.planes[0].update(bytes(4 * samples))
    frame.pts = at
    frame.sample_rate = SAMPLE_RATE
    frame.time_base = fractions.Fraction(1, SAMPLE_RATE)
    return frame


def run(options):
    stopped = []
    sent = {"videoPackets": 0, "audioPackets": 0}
    start = time.monotonic()
    own = {"cert_file": options.cert, "key_file": options.key} if options.cert else {}
    with av.open(options.url, "w", format="whip", options=own) as container:
        video = None if options.audio_only else add_video(container, options.keyframe_every)
        audio = None if options.video_only else add_audio(container)
        container.start_encoding()
        # Not before: while it connects, SIGTERM ends the process.
        signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
        connected_ms = round((time.monotonic() - start) * 1000)
        start = time.monotonic()
        frames = int(options.seconds * FPS)
        samples = SAMPLE_RATE // FPS
        for number in range(frames):
            if stopped:
                break
            for packet in video.encode(picture(number)) if video else ():
                container.mux(packet)
                sent["videoPackets"] += 1
            for packet in audio.encode(silence(number * samples, samples)) if audio else ():
                container.mux(packet)
                sent["audioPackets"] += 1
            time.sleep(max(0, start + (number + 1) / FPS - time.monotonic()))
    print(json.dumps({"client": "ffmpeg-8.1.2", "connectedMs": connected_ms, **sent}))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["publish"])
    parser.add_argument("url")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--video-only", action="store_true")
    parser.add_argument("--audio-only", action="store_true")
    parser.add_argument("--keyframe-every", type=int, default=FPS)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    try:
        run(parser.parse_args())
    except Exception as error:
        sys.exit(f"pyav: {type(error).__name__} {error}")


if __name__ == "__main__":
    main()
