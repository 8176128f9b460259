/// The peak level from which a tick counts as loud. RFC 6464 §3 counts from 0 for full scale to
/// 127 for silence: speech near a microphone has 20 to 45, a quiet room 60 and more. Here levels
/// are the other way round, and 127 is the loudest.
const LOUD: u8 = 127 - 50;

/// Speech begins after this many loud ticks in a row, and ends after this many quiet ones: a cough
/// is not speech, and a breath between two words is not silence.
const BEGINS_AFTER: u8 = 2;
const ENDS_AFTER: u8 = 8;

/// The smallest change of the level that is reported, in dB.
const CHANGE: u8 = 9;

/// Detects whether a publisher speaks, from the audio levels that it sends (RFC 6464).
#[derive(Debug, Default)]
pub struct AudioLevel {
    /// The loudest level since the last tick.
    peak: u8,
    /// The level, smoothed over the last few ticks.
    level: u8,
    /// Ticks in a row that contradict what was reported.
    against: u8,
    /// The level that was reported last; `None` while the publisher does not speak.
    told: Option<u8>,
}

impl AudioLevel {
    /// Adds the level of a packet, as RFC 6464 counts it: 0 is the loudest, 127 silence.
    pub fn push(&mut self, level: u8) {
        self.peak = self.peak.max(127_u8.saturating_sub(level));
    }

    /// Ends a tick; call it every 100 ms. Returns what is to be reported: `Some(level)` when the
    /// publisher begins to speak or its level changed, from 0 to 127 for the loudest; `None` when
    /// it has stopped.
    pub fn tick(&mut self) -> Option<Option<u8>> {
        let peak = std::mem::take(&mut self.peak);
        self.level = ((u16::from(self.level) + u16::from(peak)) / 2) as u8;
        let speaks = self.told.is_some();
        if (peak >= LOUD) == speaks {
            self.against = 0;
        } else {
            self.against = self.against.saturating_add(1);
        }
        let turns = self.against >= if speaks { ENDS_AFTER } else { BEGINS_AFTER };
        let tells = match self.told {
            None => turns.then_some(Some(self.level)),
            Some(_) if turns => Some(None),
            Some(told) => {
                let loud = peak >= LOUD && told.abs_diff(self.level) >= CHANGE;
                loud.then_some(Some(self.level))
            }
        };
        if let Some(told) = tells {
            self.told = told;
            self.against = 0;
        }
        tells
    }

    /// Ends the publisher. Returns whether it was last reported to speak.
    pub fn end(&mut self) -> bool {
        std::mem::take(self).told.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is reported when these levels come, one in each tick.
    fn told(meter: &mut AudioLevel, levels: &[u8]) -> Vec<Option<u8>> {
        let tick = |level: &u8| {
            meter.push(*level);
            meter.tick()
        };
        levels.iter().filter_map(tick).collect()
    }

    #[test]
    fn speech_begins_after_a_moment_and_ends_after_a_pause() {
        let mut meter = AudioLevel::default();
        assert_eq!(told(&mut meter, &[90; 50]), []);
        assert!(matches!(told(&mut meter, &[30; 3])[..], [Some(_), ..]));
        assert_eq!(told(&mut meter, &[90; 7]), [], "a breath");
        told(&mut meter, &[30; 3]);
        assert_eq!(told(&mut meter, &[90; 8]), [None]);
    }

    #[test]
    fn isolated_loud_ticks_are_not_speech() {
        let mut meter = AudioLevel::default();
        assert_eq!(told(&mut meter, &[90, 20, 90, 20, 90]), []);
    }

    #[test]
    fn missing_packets_count_as_silence() {
        let mut meter = AudioLevel::default();
        told(&mut meter, &[30; 5]);
        let after: Vec<_> = (0..20).filter_map(|_| meter.tick()).collect();
        assert_eq!(after, [None]);
        assert!(!meter.end());
    }

    #[test]
    fn much_louder_speaker_is_reported_again() {
        let mut meter = AudioLevel::default();
        let quiet = told(&mut meter, &[48; 20]).into_iter().flatten().max();
        let loud = told(&mut meter, &[10; 20]).into_iter().flatten().max();
        assert!(quiet < loud, "{quiet:?} {loud:?}");
    }

    #[test]
    fn publisher_that_leaves_mid_speech_stops_speaking() {
        let mut meter = AudioLevel::default();
        told(&mut meter, &[30; 5]);
        assert!(meter.end());
        assert!(!meter.end());
    }
}
