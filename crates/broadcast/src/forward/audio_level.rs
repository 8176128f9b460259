/// Loudness above which a tick counts as loud: RFC 6464 §3 counts levels down from 0, full scale,
/// to 127, silence. Speech near a microphone has 20 to 45 there, a quiet room 60 and more.
const LOUD: u8 = 127 - 50;

/// Loud ticks until somebody speaks, and other ticks until nobody does any more: a cough is no
/// speech, and a breath between two words is no silence.
const BEGINS_AFTER: u8 = 2;
const ENDS_AFTER: u8 = 8;

/// A change of level that is worth telling, in dB.
const CHANGE: u8 = 9;

/// Whether a publisher speaks, from the audio levels that it sends (RFC 6464).
#[derive(Debug, Default)]
pub struct AudioLevel {
    /// The loudest since the last tick.
    peak: u8,
    /// Over the last few ticks.
    level: u8,
    /// Ticks in a row that speak against what is told.
    against: u8,
    /// What was told last.
    told: Option<u8>,
}

impl AudioLevel {
    /// A packet with this level came: 0 is the loudest, 127 silence.
    pub fn push(&mut self, level: u8) {
        self.peak = self.peak.max(127_u8.saturating_sub(level));
    }

    /// A tenth of a second has passed. Returns what is new: how loud somebody speaks, from 0 to
    /// 127, or that nobody does.
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

    /// Its publisher is gone. Returns whether that ends somebody's speech.
    pub fn end(&mut self) -> bool {
        std::mem::take(self).told.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told when these levels come, one in each tick.
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
    fn a_cough_is_no_speech() {
        let mut meter = AudioLevel::default();
        assert_eq!(told(&mut meter, &[90, 20, 90, 20, 90]), []);
    }

    #[test]
    fn no_packets_are_silence() {
        let mut meter = AudioLevel::default();
        told(&mut meter, &[30; 5]);
        let after: Vec<_> = (0..20).filter_map(|_| meter.tick()).collect();
        assert_eq!(after, [None]);
        assert!(!meter.end());
    }

    #[test]
    fn who_grows_much_louder_is_told_so() {
        let mut meter = AudioLevel::default();
        let quiet = told(&mut meter, &[48; 20]).into_iter().flatten().max();
        let loud = told(&mut meter, &[10; 20]).into_iter().flatten().max();
        assert!(quiet < loud, "{quiet:?} {loud:?}");
    }

    #[test]
    fn a_publisher_who_leaves_in_mid_speech_speaks_no_more() {
        let mut meter = AudioLevel::default();
        told(&mut meter, &[30; 5]);
        assert!(meter.end());
        assert!(!meter.end());
    }
}
