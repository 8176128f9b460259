use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};
use rtc::{Certificate, Direction, Event};
use rtp::{Bitrate, Codec, Extensions, Format, Frame, Packet, Profile, Rewrite};

use crate::client::Client;
use crate::link::{Link, OpenError};
use crate::vp8::Encoder;

/// How long ICE and DTLS may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Names of the layers, worst first, as browsers and OBS order them.
const RIDS: [&str; 3] = ["l", "m", "h"];

/// Each layer has this many times the bit rate of the one below: half the size either way.
const LAYER_FACTOR: u64 = 4;

const VP8: Format = Format {
    codec: Codec::Vp8,
    clock_rate: 90_000,
    profile: Profile::Any,
    red: false,
};

const OPUS: Format = Format {
    codec: Codec::Opus,
    clock_rate: 48_000,
    profile: Profile::Any,
    red: false,
};

/// Opus at 32 kbit/s in packets of 20 ms.
const OPUS_BYTES: usize = 80;
const OPUS_EVERY: Duration = Duration::from_millis(20);

/// What is published.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Bit rate of the best video layer.
    pub bitrate: Bitrate,
    /// Video frames per second.
    pub fps: u32,
    /// Between key frames that nobody asked for.
    pub keyframes: Duration,
    /// Video encodings, 1 to 3; with 1 there is no simulcast.
    pub layers: usize,
    /// Send Opus too.
    pub audio: bool,
    /// The largest RTP payload of video, in bytes.
    pub payload_bytes_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            bitrate: Bitrate::mbps(1),
            fps: 30,
            keyframes: Duration::from_secs(2),
            layers: 1,
            audio: true,
            payload_bytes_max: 1_100,
        }
    }
}

/// What a publisher has sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// Video frames, each counted once whatever its layers.
    pub frames: u64,
    /// Those that were key frames.
    pub keyframes: u64,
    /// RTP packets of all layers and of audio.
    pub packets: u64,
    /// Their payload bytes.
    pub bytes: u64,
    /// The server ended the session, or the connection broke.
    pub ended: bool,
}

/// A synthetic publisher on a thread of its own. It answers key-frame requests with the next
/// frame, on all layers.
///
/// Dropping it makes it vanish without a word.
#[derive(Debug)]
pub struct Publisher {
    client: Client,
    session: String,
    answer: String,
    questions: Sender<Sender<Sent>>,
    thread: Option<JoinHandle<()>>,
}

impl Publisher {
    /// Publishes to a WHIP endpoint; returns when it is connected and sends.
    pub fn start(client: &Client, endpoint: &str, settings: &Settings) -> Result<Self, OpenError> {
        let layers = settings.layers.clamp(1, RIDS.len());
        let rids = match layers {
            1 => &[][..],
            layers => &RIDS[RIDS.len() - layers..],
        };
        let certificate = Certificate::generate();
        let mut link = Link::open(client, endpoint, &certificate, Direction::Send, rids)?;
        link.peer.allow_payloads_up_to(settings.payload_bytes_max);
        link.connect(CONNECT_TIMEOUT)?;
        let poll = Poll::new()?;
        link.register(poll.registry(), Token(0))?;
        let (session, answer) = (link.session().to_owned(), link.answer().to_owned());
        let (questions, receiver) = channel();
        let sending = Sending::new(link, settings, layers, receiver);
        let thread = std::thread::Builder::new()
            .name("publisher".to_owned())
            .spawn(move || sending.run(poll))?;
        Ok(Self {
            client: client.clone(),
            session,
            answer,
            questions,
            thread: Some(thread),
        })
    }

    /// The server's SDP answer.
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// What was sent so far.
    pub fn sent(&self) -> Sent {
        let (answer, receiver) = channel();
        self.questions.send(answer).ok();
        receiver.recv().unwrap_or_default()
    }

    /// Ends the session over HTTP; returns the server's status.
    pub fn leave(self) -> u16 {
        self.client.delete(&self.session).unwrap_or_default()
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        // The thread ends when nobody can ask it any more.
        self.questions = channel().0;
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("a publisher's thread panicked");
        }
    }
}

/// What the thread owns.
struct Sending {
    link: Link,
    questions: Receiver<Sender<Sent>>,
    settings: Settings,
    encoders: Vec<Encoder>,
    /// Next sequence numbers: of audio, and of each video layer.
    audio_seq: u64,
    video_seqs: Vec<u64>,
    audio_packets: u32,
    last_keyframe: Option<Instant>,
    keyframe_wanted: bool,
    sent: Sent,
}

impl Sending {
    fn new(
        link: Link,
        settings: &Settings,
        layers: usize,
        questions: Receiver<Sender<Sent>>,
    ) -> Self {
        let encoder = |layer: usize| {
            let share = LAYER_FACTOR.pow((layers - 1 - layer) as u32);
            Encoder::new(
                Bitrate::bps(settings.bitrate.as_bps() / share),
                settings.fps,
                settings.keyframes,
                settings.payload_bytes_max,
            )
        };
        Self {
            link,
            questions,
            settings: settings.clone(),
            encoders: (0..layers).map(encoder).collect(),
            audio_seq: 1,
            video_seqs: vec![1; layers],
            audio_packets: 0,
            last_keyframe: None,
            keyframe_wanted: true,
            sent: Sent::default(),
        }
    }

    fn run(mut self, mut poll: Poll) {
        let mut events = Events::with_capacity(8);
        let frame_every = Duration::from_secs(1) / self.settings.fps.max(1);
        let (mut next_frame, mut next_audio) = (Instant::now(), Instant::now());
        let mut wake = Instant::now();
        loop {
            let due = wake.min(next_frame).min(next_audio);
            let sleep = due.saturating_duration_since(Instant::now());
            if let Err(error) = poll.poll(&mut events, Some(sleep)) {
                tracing::debug!(%error, "the publisher's wait was interrupted");
            }
            let now = Instant::now();
            self.observe(|link, event| link.receive(now, event));
            while next_frame <= now {
                self.frame(now);
                next_frame += frame_every;
            }
            while next_audio <= now {
                if self.settings.audio {
                    self.audio(now);
                }
                next_audio += OPUS_EVERY;
            }
            wake = self.observe(|link, event| link.turn(now, event));
            wake = wake.max(now + Duration::from_millis(1));
            loop {
                match self.questions.try_recv() {
                    // Whoever asked may have given up.
                    Ok(answer) => drop(answer.send(self.sent)),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
        }
    }

    fn observe(
        &mut self,
        act: impl FnOnce(&mut Link, &mut dyn FnMut(Event)) -> Instant,
    ) -> Instant {
        let (wanted, ended) = (&mut self.keyframe_wanted, &mut self.sent.ended);
        act(&mut self.link, &mut |event| match event {
            Event::KeyframeRequest { .. } => *wanted = true,
            Event::Closed => *ended = true,
            _ => {}
        })
    }

    fn frame(&mut self, now: Instant) {
        let due = self
            .last_keyframe
            .is_none_or(|last| now.saturating_duration_since(last) >= self.settings.keyframes);
        let keyframe = due || std::mem::take(&mut self.keyframe_wanted);
        if keyframe {
            self.last_keyframe = Some(now);
        }
        let ticks = self.sent.frames * u64::from(VP8.clock_rate);
        let timestamp = (ticks / u64::from(self.settings.fps.max(1))) as u32;
        for layer in 0..self.encoders.len() {
            let payloads = self.encoders[layer].frame(keyframe);
            let last = payloads.len() - 1;
            for (i, payload) in payloads.into_iter().enumerate() {
                let seq = self.video_seqs[layer];
                self.video_seqs[layer] += 1;
                self.write(layer, &packet(now, VP8, seq, timestamp, i == last, payload));
            }
        }
        self.sent.frames += 1;
        self.sent.keyframes += u64::from(keyframe);
    }

    fn audio(&mut self, now: Instant) {
        let timestamp = self.audio_packets.wrapping_mul(960);
        self.audio_packets = self.audio_packets.wrapping_add(1);
        let seq = self.audio_seq;
        self.audio_seq += 1;
        let payload = vec![0x78; OPUS_BYTES];
        self.write(0, &packet(now, OPUS, seq, timestamp, false, payload));
    }

    fn write(&mut self, layer: usize, packet: &Packet) {
        let kind = packet.format.codec.kind();
        let peer = &mut self.link.peer;
        let Some(media) = peer.media().iter().position(|media| media.kind == kind) else {
            return;
        };
        let rewrite = Rewrite {
            seq: packet.seq,
            timestamp: packet.timestamp,
            picture: None,
            frame_number: None,
        };
        match peer.write(media, layer, packet, rewrite) {
            Ok(()) => {
                self.sent.packets += 1;
                self.sent.bytes += packet.payload.len() as u64;
            }
            // A server that refused the m-line or the layer gets none of it.
            Err(error) => tracing::trace!(%error, "packet not sent"),
        }
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
        format,
        received: now,
        captured: now,
        extensions: Extensions::default(),
        frame: Frame::inspect(format.codec, &payload),
        payload: payload.into(),
        primary: None,
    }
}
