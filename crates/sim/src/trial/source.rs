use std::collections::VecDeque;
use std::time::{Duration, Instant};

use rtp::{Bitrate, Codec, Format, Packet, Profile};

use crate::{Rng, Stamp};

const FRAME_EVERY: Duration = Duration::from_nanos(33_333_333);
const TICKS_PER_FRAME: u32 = 3_000;

/// RTP payload bytes of a packet, as browsers send them.
const PAYLOAD_BYTES: f64 = 1_150.0;

/// The payload's share of what is sent: headers, extensions and tag are the rest.
const PAYLOAD_SHARE: f64 = 0.95;

/// Bounds of the encoder's rate.
const RATE_MIN: Bitrate = Bitrate::kbps(50);
pub(super) const RATE_MAX: Bitrate = Bitrate::mbps(8);

/// Sequence number of the first packet, such as browsers choose.
const SEQ_FIRST: u64 = 1_000;

/// An encoder that makes frames of the size that the estimate allows at that moment, without key
/// frames, and spreads the packets of each evenly over the time until the next.
#[derive(Debug)]
pub(super) struct Source {
    rng: Rng,
    frame_at: Instant,
    frame: u32,
    seq: u64,
    waiting: VecDeque<(Instant, u64, Stamp, usize)>,
}

impl Source {
    pub(super) fn new(now: Instant, rng: Rng) -> Self {
        Self {
            rng,
            frame_at: now,
            frame: 0,
            seq: SEQ_FIRST,
            waiting: VecDeque::new(),
        }
    }

    pub(super) fn begin(&mut self, now: Instant) {
        self.frame_at = now;
    }

    pub(super) fn due(&self) -> Instant {
        let first = self.waiting.front().map(|(at, ..)| *at);
        first.map_or(self.frame_at, |at| at.min(self.frame_at))
    }

    /// Skips the frame that is due.
    pub(super) fn skip(&mut self, now: Instant) {
        while self.frame_at <= now {
            self.frame_at += FRAME_EVERY;
        }
    }

    /// Returns the next packet that is due, after its sequence number.
    pub(super) fn poll(
        &mut self,
        now: Instant,
        began: Instant,
        estimate: Bitrate,
    ) -> Option<(u64, Packet)> {
        if self.frame_at <= now {
            self.encode(estimate);
        }
        let (_, seq, stamp, bytes) = self.waiting.pop_front_if(|(at, ..)| *at <= now)?;
        let stamp = Stamp {
            captured_us: now.saturating_duration_since(began).as_micros() as u64,
            ..stamp
        };
        // VP8 without extensions (RFC 7741 §4.2).
        let start = if stamp.index == 0 { 0x10 } else { 0x00 };
        let mut payload = vec![start, 0x01];
        payload.resize(bytes.saturating_sub(Stamp::BYTES).max(2), 0x5a);
        stamp.write(&mut payload);
        let packet = Packet {
            timestamp: stamp.frame.wrapping_mul(TICKS_PER_FRAME),
            marker: stamp.index + 1 == stamp.count,
            ..Packet::new(now, format(), payload)
        };
        Some((seq, packet))
    }

    fn encode(&mut self, estimate: Bitrate) {
        let rate = (estimate * PAYLOAD_SHARE).clamp(RATE_MIN, RATE_MAX);
        let spread = 0.8 + 0.4 * self.rng.fraction();
        let bytes = rate.bytes_in(FRAME_EVERY) as f64 * spread;
        let count = (bytes / PAYLOAD_BYTES).ceil().max(1.0) as u16;
        for index in 0..count {
            let stamp = Stamp {
                publisher: 0,
                layer: 0,
                temporal: 0,
                frame: self.frame,
                depends_on: self.frame,
                index,
                count,
                captured_us: 0,
            };
            let at = self.frame_at + FRAME_EVERY * index.into() / u32::from(count);
            let bytes = bytes / f64::from(count);
            self.waiting
                .push_back((at, self.seq, stamp, bytes as usize));
            self.seq += 1;
        }
        self.frame += 1;
        self.frame_at += FRAME_EVERY;
    }
}

fn format() -> Format {
    Format {
        codec: Codec::Vp8,
        clock_rate: 90_000,
        profile: Profile::Any,
        red: false,
    }
}
