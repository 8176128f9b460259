use std::time::Duration;

use forward::Estimate;
use model::Quality;
use rtp::Bitrate;

/// Up to these shares of lost packets nothing, or not much, is missing.
const LOST_GOOD: f64 = 0.02;
const LOST_FAIR: f64 = 0.08;

/// Up to these round trips people notice nothing, or not much (ITU-T G.114).
const ROUND_TRIP_GOOD: Duration = Duration::from_millis(300);
const ROUND_TRIP_FAIR: Duration = Duration::from_millis(600);

/// A change of what the path carries that is worth telling.
const BANDWIDTH_CHANGE: f64 = 0.2;

/// How well a connection does.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// Since the last look.
    pub(crate) packets: u64,
    /// Of these the receiver missed, and asked for.
    pub(crate) lost: u64,
    told: Option<(Quality, Option<Bitrate>)>,
}

impl Health {
    /// Judges what has been since the last look. Returns what is other than what was told last.
    pub(crate) fn look(
        &mut self,
        round_trip: Option<Duration>,
        path: Option<Estimate>,
    ) -> Option<(Quality, Option<Bitrate>)> {
        let (packets, lost) = (
            std::mem::take(&mut self.packets),
            std::mem::take(&mut self.lost),
        );
        let share = lost as f64 / packets.max(1) as f64;
        let round_trip = round_trip.unwrap_or_default();
        let quality = if packets == 0 {
            Quality::Unknown
        } else if share > LOST_FAIR || round_trip > ROUND_TRIP_FAIR {
            Quality::Poor
        } else if share > LOST_GOOD || round_trip > ROUND_TRIP_GOOD {
            Quality::Fair
        } else {
            Quality::Good
        };
        let bandwidth = path.map(|path| path.bandwidth);
        let (told_quality, told_bandwidth) = self.told.unwrap_or((Quality::Unknown, None));
        if quality == told_quality && !differs(told_bandwidth, bandwidth) {
            return None;
        }
        self.told = Some((quality, bandwidth));
        self.told
    }
}

fn differs(a: Option<Bitrate>, b: Option<Bitrate>) -> bool {
    let of = |rate: Option<Bitrate>| rate.unwrap_or_default().as_bps() as f64;
    let (a, b) = (of(a), of(b));
    (a - b).abs() > a.max(b) * BANDWIDTH_CHANGE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(health: &mut Health, packets: u64, lost: u64, round_trip_ms: u64) -> Option<Quality> {
        (health.packets, health.lost) = (packets, lost);
        let round_trip = Some(Duration::from_millis(round_trip_ms));
        health.look(round_trip, None).map(|(quality, _)| quality)
    }

    #[test]
    fn quality_is_told_when_it_changes() {
        let mut health = Health::default();
        assert_eq!(
            look(&mut health, 0, 0, 0),
            None,
            "nothing is known, as before"
        );
        assert_eq!(look(&mut health, 1_000, 0, 50), Some(Quality::Good));
        assert_eq!(look(&mut health, 1_000, 10, 50), None);
        assert_eq!(look(&mut health, 1_000, 50, 50), Some(Quality::Fair));
        assert_eq!(look(&mut health, 1_000, 150, 50), Some(Quality::Poor));
        assert_eq!(look(&mut health, 1_000, 0, 400), Some(Quality::Fair));
        assert_eq!(look(&mut health, 1_000, 0, 700), Some(Quality::Poor));
        assert_eq!(look(&mut health, 0, 0, 0), Some(Quality::Unknown));
    }

    #[test]
    fn bandwidth_is_told_when_it_changes_by_much() {
        let mut health = Health::default();
        let mut look = |kbps| {
            health.packets = 100;
            let bandwidth = Bitrate::kbps(kbps);
            let congested = false;
            let told = health.look(
                None,
                Some(Estimate {
                    bandwidth,
                    congested,
                }),
            );
            told.and_then(|(_, bandwidth)| bandwidth)
        };
        assert_eq!(look(1_000), Some(Bitrate::kbps(1_000)));
        assert_eq!(look(1_100), None);
        assert_eq!(look(1_190), None, "not in many small steps either, but");
        assert_eq!(look(1_300), Some(Bitrate::kbps(1_300)));
    }
}
