use std::sync::LazyLock;
use std::time::{Instant, SystemTime};

/// When this process looked at both of its clocks.
static EPOCH: LazyLock<(Instant, SystemTime)> =
    LazyLock::new(|| (Instant::now(), SystemTime::now()));

const MAGIC: [u8; 4] = *b"HWLG";

/// What the end of every synthetic payload says: when it was sent, and how large it was then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Microseconds since 1970. A second process on this machine, or on one with the same time,
    /// may read it.
    pub(crate) sent_us: u64,
}

impl Stamp {
    /// Bytes at the end of a payload.
    pub(crate) const BYTES: usize = 16;

    pub(crate) fn at(now: Instant) -> Self {
        Self {
            sent_us: microseconds(now),
        }
    }

    /// Overwrites the end of a payload; one that is shorter stays as it is.
    pub(crate) fn write(self, payload: &mut [u8]) {
        let length = payload.len() as u32;
        if let Some(end) = payload.last_chunk_mut::<{ Self::BYTES }>() {
            end[..4].copy_from_slice(&MAGIC);
            end[4..8].copy_from_slice(&length.to_be_bytes());
            end[8..].copy_from_slice(&self.sent_us.to_be_bytes());
        }
    }

    /// `None` when the payload has none, or was cut or grew on its way.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let end = payload.last_chunk::<{ Self::BYTES }>()?;
        let (magic, rest) = end.split_first_chunk::<4>()?;
        let (length, sent_us) = rest.split_first_chunk::<4>()?;
        let whole = *magic == MAGIC && u32::from_be_bytes(*length) == payload.len() as u32;
        whole.then_some(Self {
            sent_us: u64::from_be_bytes(sent_us.try_into().ok()?),
        })
    }

    /// How long ago it was written, in microseconds; below zero when clocks differ.
    pub(crate) fn age_us(self, now: Instant) -> i64 {
        microseconds(now) as i64 - self.sent_us as i64
    }
}

/// The system's time at the epoch, and from there on by the clock that never jumps.
fn microseconds(now: Instant) -> u64 {
    let (began, time) = *EPOCH;
    let since_1970 = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    (since_1970 + now.saturating_duration_since(began)).as_micros() as u64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_payload_tells_when_it_was_sent_unless_it_was_changed() {
        let now = Instant::now() + Duration::from_secs(1);
        let mut payload = vec![0; 100];
        Stamp::at(now).write(&mut payload);
        let stamp = Stamp::read(&payload).unwrap();
        assert_eq!(stamp.age_us(now + Duration::from_millis(3)), 3_000);
        assert_eq!(Stamp::read(&payload[1..]), None);
        assert_eq!(Stamp::read(&[0; 100]), None);
        Stamp::at(now).write(&mut [0; 5]);
    }
}
