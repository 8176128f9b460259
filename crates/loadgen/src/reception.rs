use std::time::{Duration, Instant};

use rtp::Kind;

use crate::receiver::Media;

/// A longer pause between two video packets counts as a freeze.
pub(crate) const FREEZE: Duration = Duration::from_millis(500);

/// The media that one viewer has received.
#[derive(Debug)]
pub(crate) struct Reception {
    /// When the viewer requested its session.
    pub(crate) asked: Instant,
    pub(crate) connected: Option<Instant>,
    pub(crate) first_packet: Option<Instant>,
    pub(crate) keyframe: Option<Instant>,
    last_video: Option<Instant>,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    /// Video frames whose last packet arrived.
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
            keyframe: None,
            last_video: None,
            packets: 0,
            bytes: 0,
            frames: 0,
            freezes: 0,
            pause_max: Duration::ZERO,
        }
    }

    pub(crate) fn packet(&mut self, now: Instant, media: Media) {
        self.packets += 1;
        self.bytes += media.bytes as u64;
        if media.kind == Kind::Video {
            self.first_packet.get_or_insert(now);
            if media.keyframe {
                self.keyframe.get_or_insert(now);
            }
            self.frames += u64::from(media.marker);
            let pause = self.pause(now);
            self.freezes += u64::from(pause > FREEZE);
            self.pause_max = self.pause_max.max(pause);
            self.last_video = Some(now);
        }
    }

    /// Freezes so far, including one that still lasts.
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
    use super::*;

    #[test]
    fn long_pause_counts_as_one_freeze_during_and_after_it() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut reception = Reception::new(start);
        for (ms, keyframe) in [(100, false), (140, true), (900, true), (940, false)] {
            let media = Media {
                kind: Kind::Video,
                marker: true,
                bytes: 100,
                keyframe,
                delay_us: None,
            };
            reception.packet(at(ms), media);
        }
        assert_eq!((reception.frames, reception.bytes), (4, 400));
        assert_eq!(reception.first_packet, Some(at(100)));
        assert_eq!(reception.keyframe, Some(at(140)));
        assert_eq!(reception.freezes(at(960)), 1);
        assert_eq!(reception.freezes(at(1_500)), 2);
        assert_eq!(reception.pause_max(at(960)), Duration::from_millis(760));
    }
}
