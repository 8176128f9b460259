use std::sync::LazyLock;
use std::time::{Instant, SystemTime};

/// The moment at which this process read both of its clocks.
static EPOCH: LazyLock<(Instant, SystemTime)> =
    LazyLock::new(|| (Instant::now(), SystemTime::now()));

const MAGIC: [u8; 4] = *b"HWLG";

/// The last bytes of every synthetic payload: when it was sent, and its length then.
///
/// ```text
/// magic "HWLG" | length, 4 bytes | microseconds since 1970, 8 bytes
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The sending time in microseconds since 1970, so that another process on this machine, or on
    /// one with a synchronized clock, can read it.
    pub(crate) sent_us: u64,
}

impl Stamp {
    /// Size in bytes.
    pub(crate) const BYTES: usize = 16;

    pub(crate) fn at(now: Instant) -> Self {
        Self {
            sent_us: microseconds(now),
        }
    }

    /// Overwrites the end of a payload. A payload shorter than a stamp stays as it is.
    pub(crate) fn write(self, payload: &mut [u8]) {
        let length = payload.len() as u32;
        if let Some(end) = payload.last_chunk_mut::<{ Self::BYTES }>() {
            end[..4].copy_from_slice(&MAGIC);
            end[4..8].copy_from_slice(&length.to_be_bytes());
            end[8..].copy_from_slice(&self.sent_us.to_be_bytes());
        }
    }

    /// Reads the stamp of a payload; `None` when it has none, or when its length has changed on the
    /// way.
    pub(crate) fn read(payload: &[u8]) -> Option<Self> {
        let end = payload.last_chunk::<{ Self::BYTES }>()?;
        let (magic, rest) = end.split_first_chunk::<4>()?;
        let (length, sent_us) = rest.split_first_chunk::<4>()?;
        let whole = *magic == MAGIC && u32::from_be_bytes(*length) == payload.len() as u32;
        whole.then_some(Self {
            sent_us: u64::from_be_bytes(sent_us.try_into().ok()?),
        })
    }

    /// Time since the payload was sent, in microseconds. Negative when the sender's clock is ahead.
    pub(crate) fn age_us(self, now: Instant) -> i64 {
        microseconds(now) as i64 - self.sent_us as i64
    }
}

/// Microseconds since 1970: the system time at [`EPOCH`], continued by the monotonic clock.
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
    fn stamp_is_read_unless_the_payload_length_changed() {
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
