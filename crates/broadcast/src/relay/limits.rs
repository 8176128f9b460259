use std::time::Duration;

/// Who was answered has media after this time, and may be a parent. Browsers without media drop an
/// offer without a word; connecting takes them some hundred milliseconds.
pub const READY_AFTER: Duration = Duration::from_secs(1);

/// Who has not answered by then is passed over.
pub const ANSWER_MAX: Duration = Duration::from_secs(3);

/// When there was no other parent to ask, one is looked for again after this time.
pub const RETRY_EVERY: Duration = Duration::from_secs(1);

/// Parents that are asked with one offer. Then it is given up: where so many say nothing, the offer
/// is at fault.
pub const ASKED_MAX: usize = 8;

/// A change of a tree is told at once to those who watch it, if members times watchers are no more
/// than this. Where they are more, changes are gathered for ten microseconds times this number.
pub const PUSHED_AT_ONCE: u32 = 10_000;

/// What telling one watcher of one member may cost in time: some hundred bytes each make ten
/// megabytes a second for one broadcast, whatever its size.
pub(super) const PUSH_COST: Duration = Duration::from_micros(10);

/// How much there may be.
///
/// What is refused for a limit names it as `dialects.tributary.` and the name of the field.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How many others a peer feeds. Further ones are fed by those.
    pub listeners_max: u32,
    /// Broadcasts in the process. Refused: one more.
    pub broadcasts_max: usize,
    /// Peers of a broadcast, with the owner. Refused: one more.
    pub members_max: usize,
    /// Trees that a peer watches. Refused: one more.
    pub watched_max: usize,
    /// Length of the name of a broadcast or a peer, in bytes. Refused: a longer one.
    pub name_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            listeners_max: 3,
            broadcasts_max: 1_000,
            members_max: 10_000,
            watched_max: 16,
            name_bytes_max: 256,
        }
    }
}
