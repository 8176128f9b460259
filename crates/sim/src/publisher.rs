use std::collections::VecDeque;
use std::time::{Duration, Instant};

use client::Peer;
use rtp::{Bitrate, Codec, Extensions, Format, Kind, Packet, Rewrite};

use crate::encoder::Encoder;
use crate::{Clock, Rng, Stamp};

const AUDIO_EVERY: Duration = Duration::from_millis(20);
const AUDIO_CLOCK_RATE: u64 = 48_000;
const VIDEO_CLOCK_RATE: u64 = 90_000;

/// Payload of an audio packet: 64 kbit/s.
const AUDIO_BYTES: usize = 160;

/// A layer's packets leave at most at this multiple of its rate, as browsers pace them.
const PACING: f64 = 2.5;

/// One encoding of a synthetic publisher.
#[derive(Debug, Clone, Copy)]
pub struct LayerSettings {
    /// Its rid, which has no effect when there is only one layer.
    pub rid: &'static str,
    /// Mean rate of the RTP payloads.
    pub rate: Bitrate,
}

/// What a synthetic publisher sends.
#[derive(Debug, Clone)]
pub struct PublisherSettings {
    /// Worst first. One layer is sent without simulcast.
    pub layers: Vec<LayerSettings>,
    /// VP8, H264 or AV1.
    pub codec: Codec,
    /// Frames per second.
    pub fps: u32,
    /// A key frame comes at least this often.
    pub keyframe_interval: Duration,
    /// Whether the publisher answers requests for key frames.
    pub answers_requests: bool,
    /// Temporal layers: 1 or 2. With H264 the forwarder cannot see them.
    pub temporal_layers: u8,
    /// Sequence number of the first video packet of the worst layer. Each further layer begins with
    /// somewhat higher numbers.
    pub first_seq: u16,
    /// RTP timestamp of the first packets of audio and of the worst layer.
    pub first_timestamp: u32,
    /// Picture id of the first frame of the worst layer.
    pub first_picture: u16,
}

impl Default for PublisherSettings {
    /// One layer of VP8 with 1 Mbit/s and 30 frames per second, a key frame every ten seconds
    /// and when asked for.
    fn default() -> Self {
        Self {
            layers: vec![LayerSettings {
                rid: "h",
                rate: Bitrate::mbps(1),
            }],
            codec: Codec::Vp8,
            fps: 30,
            keyframe_interval: Duration::from_secs(10),
            answers_requests: true,
            temporal_layers: 1,
            first_seq: 1_000,
            first_timestamp: 50_000,
            first_picture: 100,
        }
    }
}

impl PublisherSettings {
    /// The default with three layers: 150, 500 and 2,000 kbit/s.
    pub fn simulcast() -> Self {
        let layer = |rid, kbps| LayerSettings {
            rid,
            rate: Bitrate::kbps(kbps),
        };
        Self {
            layers: vec![layer("l", 150), layer("m", 500), layer("h", 2_000)],
            ..Self::default()
        }
    }

    pub(crate) fn rids(&self) -> Vec<&'static str> {
        match self.layers.as_slice() {
            [_] => Vec::new(),
            layers => layers.iter().map(|layer| layer.rid).collect(),
        }
    }
}

/// Writes synthetic media to a peer.
#[derive(Debug)]
pub struct Publisher {
    settings: PublisherSettings,
    number: u8,
    rng: Rng,
    /// When the publisher began to send.
    began: Option<Instant>,
    audio_packets: u32,
    video_frames: u32,
    layers: Vec<LayerState>,
    keyframe_wanted: bool,
    requests: Vec<Duration>,
    keyframes: u64,
}

#[derive(Debug)]
struct LayerState {
    encoder: Encoder,
    /// When the pacer has sent all that is queued.
    free_at: Option<Instant>,
    queue: VecDeque<(Instant, Packet, u64)>,
    seq: u64,
}

impl Publisher {
    pub(crate) fn new(settings: PublisherSettings, number: u8, mut rng: Rng) -> Self {
        let state = |(i, layer): (usize, &LayerSettings)| LayerState {
            encoder: Encoder::new(
                settings.codec,
                layer.rate,
                settings.fps,
                settings.keyframe_interval,
                settings.temporal_layers,
                settings.first_picture.wrapping_add(i as u16 * 111) & 0x7fff,
            ),
            free_at: None,
            queue: VecDeque::new(),
            seq: u64::from(settings.first_seq) + i as u64 * 333,
        };
        Self {
            layers: settings.layers.iter().enumerate().map(state).collect(),
            settings,
            number,
            rng: rng.fork(),
            began: None,
            audio_packets: 0,
            video_frames: 0,
            keyframe_wanted: true,
            requests: Vec::new(),
            keyframes: 0,
        }
    }

    /// When the publisher was asked for key frames, since the world began.
    pub fn requests(&self) -> &[Duration] {
        &self.requests
    }

    /// Key frames made. Those of all layers at one time count once.
    pub fn keyframes(&self) -> u64 {
        self.keyframes
    }

    /// Frames captured.
    pub fn frames(&self) -> u32 {
        self.video_frames
    }

    pub(crate) fn begin(&mut self, now: Instant) {
        self.began.get_or_insert(now);
    }

    pub(crate) fn keyframe_requested(&mut self, at: Duration) {
        self.requests.push(at);
        self.keyframe_wanted |= self.settings.answers_requests;
    }

    /// When the publisher has something to write next.
    pub(crate) fn due(&self) -> Option<Instant> {
        let queued = self.layers.iter().filter_map(|l| Some(l.queue.front()?.0));
        let made = [self.next_audio(), self.next_frame()];
        queued.chain(made.into_iter().flatten()).min()
    }

    /// Writes the packets that are due.
    pub(crate) fn produce(&mut self, clock: &Clock, peer: &mut Peer) {
        let now = clock.now();
        while self.next_audio().is_some_and(|at| at <= now) {
            self.audio(clock, peer);
        }
        while self.next_frame().is_some_and(|at| at <= now) {
            self.frame(clock, peer);
        }
        let Some(line) = peer.sending(Kind::Video) else {
            return;
        };
        for (layer, state) in self.layers.iter_mut().enumerate() {
            while state.queue.front().is_some_and(|(at, ..)| *at <= now)
                && let Some((_, packet, seq)) = state.queue.pop_front()
            {
                write(peer, line, layer, &packet, seq);
            }
        }
    }

    fn next_audio(&self) -> Option<Instant> {
        Some(self.began? + AUDIO_EVERY * self.audio_packets)
    }

    fn next_frame(&self) -> Option<Instant> {
        let micros = u64::from(self.video_frames) * 1_000_000 / u64::from(self.settings.fps);
        Some(self.began? + Duration::from_micros(micros))
    }

    fn audio(&mut self, clock: &Clock, peer: &mut Peer) {
        let number = self.audio_packets;
        self.audio_packets += 1;
        let (Some(line), Some(format)) = (
            peer.sending(Kind::Audio),
            format_of(peer, Kind::Audio, Codec::Opus),
        ) else {
            return;
        };
        let stamp = self.stamp(clock, 0, number);
        let mut payload = vec![0xfc; AUDIO_BYTES - Stamp::BYTES];
        stamp.write(&mut payload);
        let ticks = u64::from(number) * AUDIO_CLOCK_RATE / 50;
        let packet = Packet {
            timestamp: self.settings.first_timestamp.wrapping_add(ticks as u32),
            ..Packet::new(clock.now(), format, payload)
        };
        let seq = u64::from(self.settings.first_seq / 2) + u64::from(number);
        write(peer, line, 0, &packet, seq);
    }

    fn frame(&mut self, clock: &Clock, peer: &Peer) {
        let number = self.video_frames;
        self.video_frames += 1;
        let Some(format) = format_of(peer, Kind::Video, self.settings.codec) else {
            return;
        };
        let interval = self.settings.keyframe_interval.as_secs_f64() * f64::from(self.settings.fps);
        let scheduled = number.is_multiple_of((interval as u32).max(1));
        let keyframe = scheduled || std::mem::take(&mut self.keyframe_wanted);
        // A scheduled key frame answers a pending request too.
        self.keyframe_wanted = false;
        self.keyframes += u64::from(keyframe);
        let ticks = u64::from(number) * VIDEO_CLOCK_RATE / u64::from(self.settings.fps);
        for i in 0..self.layers.len() {
            let stamp = self.stamp(clock, i, number);
            let timestamp = self
                .settings
                .first_timestamp
                .wrapping_add(ticks as u32)
                .wrapping_add(i as u32 * 12_345);
            let rate = self.settings.layers[i].rate * PACING;
            let state = &mut self.layers[i];
            for piece in state.encoder.frame(keyframe, stamp, &mut self.rng) {
                // A packet leaves when the pacer has sent those before it.
                let at = state.free_at.map_or(clock.now(), |at| at.max(clock.now()));
                let micros = piece.payload.len() as u64 * 8_000_000 / rate.as_bps().max(1);
                state.free_at = Some(at + Duration::from_micros(micros));
                let packet = Packet {
                    timestamp,
                    marker: piece.marker,
                    extensions: Extensions {
                        dependency_descriptor: piece.descriptor,
                        ..Extensions::default()
                    },
                    ..Packet::new(clock.now(), format, piece.payload)
                };
                state.queue.push_back((at, packet, state.seq));
                state.seq += 1;
            }
        }
    }

    fn stamp(&self, clock: &Clock, layer: usize, frame: u32) -> Stamp {
        Stamp {
            publisher: self.number,
            layer: layer as u8,
            temporal: 0,
            frame,
            depends_on: frame,
            index: 0,
            count: 1,
            captured_us: clock.elapsed().as_micros() as u64,
        }
    }
}

fn write(peer: &mut Peer, line: usize, layer: usize, packet: &Packet, seq: u64) {
    let rewrite = Rewrite::new(seq, packet.timestamp);
    peer.write(line, layer, packet, &rewrite)
        .expect("a synthetic packet fits its own offer");
}

fn format_of(peer: &Peer, kind: Kind, codec: Codec) -> Option<Format> {
    let media = peer.media().get(peer.sending(kind)?)?;
    media
        .formats()
        .find(|f| f.codec == codec && !f.red)
        .copied()
}
