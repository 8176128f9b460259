use std::time::{Duration, Instant};

/// The shortest time between two key-frame requests for a layer, however many viewers ask: an
/// encoder answers each with a frame ten times as large as the others.
pub const KEYFRAME_INTERVAL_MIN: Duration = Duration::from_millis(500);

/// The longest time between the repetitions of an unanswered request, which become ever slower.
const KEYFRAME_INTERVAL_MAX: Duration = Duration::from_secs(4);

/// Merges the key-frame requests of all viewers of one layer into as few as serve them.
#[derive(Debug, Default)]
pub(crate) struct KeyframeRequests {
    wanted: bool,
    sent_at: Option<Instant>,
    /// When the first request was sent that no key frame has answered.
    first_sent_at: Option<Instant>,
    unanswered: u32,
}

impl KeyframeRequests {
    /// Notes that a viewer cannot go on without a key frame.
    pub(crate) fn want(&mut self) {
        self.wanted = true;
    }

    /// A key frame began, which answers all viewers. If it was requested, returns the time since
    /// the first request.
    pub(crate) fn answered(&mut self, now: Instant) -> Option<Duration> {
        self.wanted = false;
        self.unanswered = 0;
        let asked = self.first_sent_at.take()?;
        Some(now.saturating_duration_since(asked))
    }

    /// Whether a request is to be sent now. If so, the caller sends it.
    pub(crate) fn poll(&mut self, now: Instant) -> bool {
        let due = self.wanted && self.sent_at.is_none_or(|at| now >= at + self.interval());
        if due {
            self.sent_at = Some(now);
            self.first_sent_at.get_or_insert(now);
            self.unanswered = self.unanswered.saturating_add(1);
        }
        due
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted
    }

    fn interval(&self) -> Duration {
        // The first repetition comes after the shortest interval: an encoder that has just made a
        // key frame often ignores one request.
        let doublings = self.unanswered.saturating_sub(2).min(3);
        (KEYFRAME_INTERVAL_MIN * 2u32.pow(doublings)).min(KEYFRAME_INTERVAL_MAX)
    }
}

/// A viewer that was given a key frame this recently needs no other: the one it asks for is on its
/// way, or is being decoded. It is longer than a round trip, and short beside the freeze of a
/// viewer whose key frame was lost, as happens on a path that has just come back.
pub(super) const KEYFRAME_FRESH: Duration = Duration::from_millis(500);

/// The shortest time between two granted requests of one viewer. It doubles with each, ...
const GRANT_INTERVAL_MIN: Duration = Duration::from_millis(500);

/// ... up to this: each request costs all viewers of the layer a key frame, and larger bursts do
/// not help a viewer that loses packets all the time.
const GRANT_INTERVAL_MAX: Duration = Duration::from_secs(4);

/// After this long without a granted request, a viewer's next one is granted at once.
const GRANTS_FORGOTTEN_AFTER: Duration = Duration::from_secs(10);

/// Limits the key-frame requests of one viewer, which may send a thousand a second.
#[derive(Debug, Default)]
pub(super) struct KeyframeThrottle {
    /// When the viewer was last given a key frame.
    given: Option<Instant>,
    /// When its last request was granted, and how many in a row were.
    granted: Option<(Instant, u32)>,
}

impl KeyframeThrottle {
    /// Notes that the viewer was given a key frame.
    pub(super) fn given(&mut self, now: Instant) {
        self.given = Some(now);
    }

    /// Handles the request of a viewer that cannot decode. Returns whether a key frame is to be
    /// requested. [`KeyframeRequests`] repeats a request that stays unanswered.
    pub(super) fn grant(&mut self, now: Instant) -> bool {
        let since = |then: Instant| now.saturating_duration_since(then);
        if self.given.is_some_and(|at| since(at) < KEYFRAME_FRESH) {
            return false;
        }
        let granted = self.granted;
        let recent = granted.filter(|(at, _)| since(*at) < GRANTS_FORGOTTEN_AFTER);
        let count = recent.map_or(0, |(_, count)| count);
        let interval = GRANT_INTERVAL_MIN * 2u32.pow(count.saturating_sub(1).min(3));
        let interval = interval.min(GRANT_INTERVAL_MAX);
        if recent.is_some_and(|(at, _)| since(at) < interval) {
            return false;
        }
        self.granted = Some((now, count.saturating_add(1)));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_requests_within_the_interval_become_one() {
        let now = Instant::now();
        let mut requests = KeyframeRequests::default();
        let sent = (0..40)
            .filter(|i| {
                requests.want();
                requests.poll(now + Duration::from_millis(i * 10))
            })
            .count();
        assert_eq!(sent, 1);
    }

    #[test]
    fn unanswered_request_is_repeated_ever_more_slowly() {
        let start = Instant::now();
        let mut requests = KeyframeRequests::default();
        requests.want();
        let sent: Vec<u128> = (0..20_000)
            .map(|ms| start + Duration::from_millis(ms))
            .filter(|now| requests.poll(*now))
            .map(|now| (now - start).as_millis())
            .collect();
        assert_eq!(sent, [0, 500, 1_000, 2_000, 4_000, 8_000, 12_000, 16_000]);
    }

    #[test]
    fn key_frame_answers_all_requests() {
        let mut requests = KeyframeRequests::default();
        requests.want();
        requests.answered(Instant::now());
        assert!(!requests.poll(Instant::now()));
    }

    #[test]
    fn key_frame_wait_counts_from_the_first_request() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut requests = KeyframeRequests::default();
        assert_eq!(requests.answered(at(0)), None, "nobody asked");
        requests.want();
        assert!(requests.poll(at(100)) && requests.poll(at(700)));
        assert_eq!(requests.answered(at(900)), Some(Duration::from_millis(800)));
        assert_eq!(requests.answered(at(950)), None);
    }

    /// When requests that come every millisecond are granted, if each brings a key frame at once.
    fn granted(
        throttle: &mut KeyframeThrottle,
        start: Instant,
        millis: std::ops::Range<u64>,
    ) -> Vec<u64> {
        let granted = millis.filter(|ms| {
            let now = start + Duration::from_millis(*ms);
            let granted = throttle.grant(now);
            if granted {
                throttle.given(now);
            }
            granted
        });
        granted.collect()
    }

    #[test]
    fn thousand_requests_a_second_back_off() {
        let granted = granted(&mut KeyframeThrottle::default(), Instant::now(), 0..20_000);
        let expected = [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500];
        assert_eq!(granted, expected);
    }

    #[test]
    fn request_right_after_a_key_frame_is_ignored() {
        let start = Instant::now();
        let mut throttle = KeyframeThrottle::default();
        throttle.given(start);
        assert_eq!(granted(&mut throttle, start, 0..501), [500]);
    }

    #[test]
    fn viewer_without_recent_requests_is_granted_at_once() {
        let start = Instant::now();
        let mut throttle = KeyframeThrottle::default();
        granted(&mut throttle, start, 0..20_000);
        assert_eq!(
            granted(&mut throttle, start, 29_500..30_001),
            [29_500, 30_000]
        );
    }
}
