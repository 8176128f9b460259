use std::time::{Duration, Instant};

use rtp::{Kind, Packet};

use crate::track::Track;

/// A longer pause between two packets of video is a freeze.
pub(crate) const FREEZE: Duration = Duration::from_millis(500);

/// What one viewer has received.
#[derive(Debug)]
pub(crate) struct Reception {
    /// When it asked for the session.
    asked: Instant,
    pub(crate) connected: Option<Instant>,
    pub(crate) first_packet: Option<Instant>,
    last_video: Option<Instant>,
    tracks: [Track; 2],
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    /// Video frames whose last packet came.
    pub(crate) frames: u64,
    freezes: u64,
    pause_max: Duration,
}

impl Reception {
    pub(crate) fn new(asked: Instant) -> Self {
        Self {
            asked,
            connected: None,
            first_packet: None,
            last_video: None,
            tracks: Default::default(),
            packets: 0,
            bytes: 0,
            frames: 0,
            freezes: 0,
            pause_max: Duration::ZERO,
        }
    }

    pub(crate) fn packet(&mut self, now: Instant, packet: &Packet) {
        let kind = packet.format.codec.kind();
        if !self.tracks[kind as usize].packet(now, packet.seq) {
            return;
        }
        self.packets += 1;
        self.bytes += packet.payload.len() as u64;
        if kind == Kind::Video {
            self.first_packet.get_or_insert(now);
            self.frames += u64::from(packet.marker);
            let pause = self.pause(now);
            self.freezes += u64::from(pause > FREEZE);
            self.pause_max = self.pause_max.max(pause);
            self.last_video = Some(now);
        }
    }

    /// From asking to being connected.
    pub(crate) fn setup(&self) -> Option<Duration> {
        Some(self.connected? - self.asked)
    }

    /// From asking to the first packet of video.
    pub(crate) fn wait(&self) -> Option<Duration> {
        Some(self.first_packet? - self.asked)
    }

    pub(crate) fn lost(&mut self, now: Instant) -> u64 {
        self.tracks.iter_mut().map(|track| track.lost(now)).sum()
    }

    /// Freezes so far; one that goes on counts.
    pub(crate) fn freezes(&self, now: Instant) -> u64 {
        self.freezes + u64::from(self.pause(now) > FREEZE)
    }

    pub(crate) fn pause_max(&self, now: Instant) -> Duration {
        self.pause_max.max(self.pause(now))
    }

    fn pause(&self, now: Instant) -> Duration {
        self.last_video
            .map_or(Duration::ZERO, |last| now.saturating_duration_since(last))
    }
}

#[cfg(test)]
mod tests {
    use rtp::{Codec, Extensions, Format, Frame, Profile};

    use super::*;

    fn packet(seq: u64, now: Instant) -> Packet {
        Packet {
            seq,
            timestamp: 0,
            marker: true,
            format: Format {
                codec: Codec::Vp8,
                clock_rate: 90_000,
                profile: Profile::Any,
                red: false,
            },
            received: now,
            captured: now,
            extensions: Extensions::default(),
            frame: Frame::default(),
            payload: [0; 100].into(),
            primary: None,
        }
    }

    #[test]
    fn a_pause_is_a_freeze_while_it_lasts_and_once_when_it_is_over() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut reception = Reception::new(start);
        for (seq, ms) in [(1, 100), (2, 140), (3, 900), (3, 910), (4, 940)] {
            reception.packet(at(ms), &packet(seq, at(ms)));
        }
        assert_eq!((reception.frames, reception.bytes), (4, 400));
        assert_eq!(reception.wait(), Some(Duration::from_millis(100)));
        assert_eq!(reception.freezes(at(960)), 1);
        assert_eq!(reception.freezes(at(1_500)), 2);
        assert_eq!(reception.pause_max(at(960)), Duration::from_millis(760));
    }
}
