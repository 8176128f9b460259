use std::collections::VecDeque;
use std::fmt::Display;
use std::ops::AddAssign;
use std::sync::Arc;
use std::time::{Duration, Instant};

use client::Event;
use rtp::{Bitrate, Codec, Format, Packet, PayloadInfo, Profile, Rewrite};
use serde::{Serialize, Serializer};
use udp::Received;

use crate::codec::{Cut, Encoder};
use crate::ivf::Video;
use crate::link::{Happened, Link};
use crate::stamp::Stamp;

/// The rids of the layers, worst first, in the order that browsers and OBS use.
const RIDS: [&str; 3] = ["l", "m", "h"];

/// Each layer has this many times the bit rate of the one below, which has half the width and
/// height.
const LAYER_FACTOR: u64 = 4;

const CLOCK_RATE: u32 = 90_000;

const OPUS: Format = Format {
    codec: Codec::Opus,
    clock_rate: 48_000,
    profile: Profile::Any,
    red: false,
};

/// Size and interval of Opus packets: 32 kbit/s in packets of 20 ms.
const OPUS_BYTES: usize = 80;
const OPUS_EVERY: Duration = Duration::from_millis(20);

/// Packets of a frame are sent at this multiple of the layer's bit rate, as browsers do (the pacing
/// factor of libwebrtc).
const PACING: f64 = 2.5;

/// A publisher that is later than this skips the missed frames instead of catching up.
const LATE_MAX: Duration = Duration::from_secs(1);

/// What synthetic publishers send.
#[derive(Debug, Clone, Serialize)]
pub struct Settings {
    /// The video codec: VP8, H.264 or AV1. The payloads of any other codec look like VP8.
    #[serde(serialize_with = "as_text")]
    pub codec: Codec,
    /// Bit rate of the best video layer; serialized as text.
    #[serde(serialize_with = "as_text")]
    pub bitrate: Bitrate,
    /// Video frames per second.
    pub fps: u32,
    /// Time between key frames without requests; serialized in seconds.
    #[serde(serialize_with = "as_seconds")]
    pub keyframes: Duration,
    /// Number of video layers, 1 to 3; 1 means no simulcast.
    pub layers: usize,
    /// Whether to send Opus too.
    pub audio: bool,
    /// Maximum size of an RTP payload of video, in bytes.
    pub payload_bytes_max: usize,
    /// How frames are cut into packets.
    pub cut: Cut,
    /// A video to publish in a loop instead of synthetic frames: one layer, at its own frame rate,
    /// with its own key frames only. Delay cannot be measured then.
    #[serde(skip)]
    pub file: Option<Arc<Video>>,
    /// Whether to pace the packets of a frame, as browsers do. Otherwise they are sent at once, as
    /// OBS does.
    pub paced: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            codec: Codec::Vp8,
            bitrate: Bitrate::mbps(1),
            fps: 30,
            keyframes: Duration::from_secs(2),
            layers: 1,
            audio: true,
            payload_bytes_max: 1_100,
            cut: Cut::default(),
            file: None,
            paced: true,
        }
    }
}

impl Settings {
    fn layers(&self) -> usize {
        match self.file {
            Some(_) => 1,
            None => self.layers.clamp(1, RIDS.len()),
        }
    }

    fn codec(&self) -> Codec {
        match self.file {
            Some(_) => Codec::Vp8,
            None => self.codec,
        }
    }

    fn frame_every(&self) -> Duration {
        match &self.file {
            Some(video) => video.interval,
            None => Duration::from_secs(1) / self.fps.max(1),
        }
    }

    /// The rids of the layers; empty without simulcast.
    pub(crate) fn rids(&self) -> &'static [&'static str] {
        match self.layers() {
            1 => &[],
            layers => &RIDS[RIDS.len() - layers..],
        }
    }
}

/// Totals of what publishers have sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// Publishers that are sending now.
    pub publishers: u64,
    /// Publishers whose connection the server closed, or that lost it.
    pub ended: u64,
    /// Video frames; a frame counts once for all its layers.
    pub frames: u64,
    /// Key frames among these.
    pub keyframes: u64,
    /// RTP packets of all layers and of audio.
    pub packets: u64,
    /// Payload bytes of these packets.
    pub bytes: u64,
}

impl AddAssign for Sent {
    fn add_assign(&mut self, other: Self) {
        self.publishers += other.publishers;
        self.ended += other.ended;
        self.frames += other.frames;
        self.keyframes += other.keyframes;
        self.packets += other.packets;
        self.bytes += other.bytes;
    }
}

/// A synthetic publisher.
#[derive(Debug)]
pub(crate) struct Publisher {
    link: Link,
    format: Format,
    layers: Vec<Layer>,
    frame_every: Duration,
    next_frame: Instant,
    /// `None` without audio.
    next_audio: Option<Instant>,
    audio_seq: u64,
    keyframes: Duration,
    last_keyframe: Option<Instant>,
    keyframe_wanted: bool,
    ended: bool,
    sent: Sent,
    /// When the next [`Self::turn`] is due.
    pub(crate) wake_at: Instant,
}

#[derive(Debug)]
struct Layer {
    encoder: Encoder,
    next_seq: u64,
    /// Time between two packets of a frame.
    spacing: Duration,
    queue: VecDeque<Queued>,
}

#[derive(Debug)]
struct Queued {
    due: Instant,
    timestamp: u32,
    marker: bool,
    payload: Vec<u8>,
}

impl Publisher {
    pub(crate) fn new(link: Link, settings: &Settings, now: Instant) -> Self {
        let frame_every = settings.frame_every();
        let layers = settings.layers();
        let layer = |index: usize| {
            let share = LAYER_FACTOR.pow((layers - 1 - index) as u32);
            let rate = Bitrate::bps(settings.bitrate.as_bps() / share);
            let cut = (settings.cut, settings.payload_bytes_max);
            let time = settings.payload_bytes_max as f64
                / rate.bytes_in(Duration::from_secs(1)).max(1) as f64;
            Layer {
                encoder: match &settings.file {
                    Some(video) => Encoder::of_file(video.clone(), cut),
                    None => {
                        Encoder::new(settings.codec, rate, settings.fps, settings.keyframes, cut)
                    }
                },
                next_seq: 1,
                spacing: match settings.paced {
                    true => Duration::from_secs_f64(time / PACING).min(frame_every),
                    false => Duration::ZERO,
                },
                queue: VecDeque::new(),
            }
        };
        // A random phase keeps publishers that start together from sending in step.
        let phase = frame_every.mul_f64(fastrand::f64());
        Self {
            link,
            format: Format {
                codec: settings.codec(),
                clock_rate: CLOCK_RATE,
                profile: Profile::Any,
                red: false,
            },
            layers: (0..layers).map(layer).collect(),
            frame_every,
            next_frame: now + phase,
            next_audio: settings.audio.then_some(now + phase),
            audio_seq: 1,
            keyframes: settings.keyframes,
            last_keyframe: None,
            keyframe_wanted: true,
            ended: false,
            sent: Sent::default(),
            wake_at: now,
        }
    }

    pub(crate) fn sent(&self) -> Sent {
        Sent {
            publishers: u64::from(!self.ended),
            ended: u64::from(self.ended),
            ..self.sent
        }
    }

    pub(crate) fn session(&self) -> &str {
        self.link.session()
    }

    pub(crate) fn receive(&mut self, now: Instant, buffers: &mut Received) {
        let (wanted, ended) = (&mut self.keyframe_wanted, &mut self.ended);
        self.link
            .receive(now, buffers, |what| observe(wanted, ended, &what));
    }

    /// Makes and sends the frames and packets that are due. Returns when the next turn is due.
    pub(crate) fn turn(&mut self, now: Instant) -> Instant {
        if now.saturating_duration_since(self.next_frame) > LATE_MAX {
            self.next_frame = now;
            self.next_audio = self.next_audio.map(|_| now);
        }
        while self.next_frame <= now {
            self.frame(self.next_frame);
            self.next_frame += self.frame_every;
        }
        while let Some(at) = self.next_audio.filter(|at| *at <= now) {
            self.audio(now);
            self.next_audio = Some(at + OPUS_EVERY);
        }
        for layer in 0..self.layers.len() {
            while let Some(queued) = self.layers[layer].queue.pop_front_if(|q| q.due <= now) {
                self.video(now, layer, queued);
            }
        }
        let (wanted, ended) = (&mut self.keyframe_wanted, &mut self.ended);
        let link = self.link.turn(now, |what| observe(wanted, ended, &what));
        let queued = self.layers.iter().filter_map(|l| l.queue.front());
        queued
            .map(|queued| queued.due)
            .chain(self.next_audio)
            .chain([link, self.next_frame])
            .min()
            .expect("there are two")
    }

    /// Makes the frame for this time and queues its packets.
    fn frame(&mut self, at: Instant) {
        let due = self
            .last_keyframe
            .is_none_or(|last| at.saturating_duration_since(last) >= self.keyframes);
        let keyframe = std::mem::take(&mut self.keyframe_wanted) || due;
        if keyframe {
            self.last_keyframe = Some(at);
        }
        let since_begin = self.frame_every * self.sent.frames as u32;
        let ticks = since_begin.as_secs_f64() * f64::from(CLOCK_RATE);
        for layer in &mut self.layers {
            let payloads = layer.encoder.frame(keyframe);
            let last = payloads.len() - 1;
            // A frame starts only after the packets that are still queued.
            let queued_to = layer.queue.back().map(|queued| queued.due + layer.spacing);
            let begin = queued_to.map_or(at, |to| to.max(at));
            for (i, payload) in payloads.into_iter().enumerate() {
                layer.queue.push_back(Queued {
                    due: begin + layer.spacing * i as u32,
                    timestamp: ticks as u64 as u32,
                    marker: i == last,
                    payload,
                });
            }
        }
        self.sent.frames += 1;
        self.sent.keyframes += u64::from(keyframe);
    }

    fn video(&mut self, now: Instant, layer: usize, mut queued: Queued) {
        let target = &mut self.layers[layer];
        if target.encoder.is_synthetic() {
            Stamp::at(now).write(&mut queued.payload);
        }
        let seq = target.next_seq;
        target.next_seq += 1;
        let format = self.format;
        let packet = packet(
            now,
            format,
            seq,
            queued.timestamp,
            queued.marker,
            queued.payload,
        );
        self.write(layer, &packet);
    }

    fn audio(&mut self, now: Instant) {
        let seq = self.audio_seq;
        self.audio_seq += 1;
        let timestamp = (seq as u32).wrapping_mul(960);
        let mut payload = vec![0x78; OPUS_BYTES];
        Stamp::at(now).write(&mut payload);
        self.write(0, &packet(now, OPUS, seq, timestamp, false, payload));
    }

    fn write(&mut self, layer: usize, packet: &Packet) {
        let Some(line) = self.link.line(packet.format.codec.kind()) else {
            return;
        };
        let rewrite = Rewrite::new(packet.seq, packet.timestamp);
        match self.link.write(line, layer, packet, &rewrite) {
            Ok(()) => {
                self.sent.packets += 1;
                self.sent.bytes += packet.payload.len() as u64;
            }
            // Writing fails for an m-line or layer that the server refused.
            Err(error) => tracing::trace!(%error, "packet not sent"),
        }
    }
}

pub(crate) fn as_text<S: Serializer>(value: &impl Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

pub(crate) fn as_seconds<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(value.as_secs_f64())
}

fn observe(keyframe_wanted: &mut bool, ended: &mut bool, what: &Happened) {
    match what {
        Happened::Peer(Event::KeyframeRequest { .. }) => *keyframe_wanted = true,
        Happened::Peer(Event::Closed) => *ended = true,
        Happened::Peer(_) | Happened::Media(_) => {}
    }
}

fn packet(
    now: Instant,
    format: Format,
    seq: u64,
    timestamp: u32,
    marker: bool,
    payload: Vec<u8>,
) -> Packet {
    Packet {
        seq,
        timestamp,
        marker,
        frame: PayloadInfo::inspect(format.codec, &payload),
        ..Packet::new(now, format, payload)
    }
}
