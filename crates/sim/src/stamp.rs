/// What the end of every synthetic payload says, so that a viewer knows what it got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Which publisher, counted from 0 in order of their beginning.
    pub publisher: u8,
    /// Index of its layer; 0 for sound.
    pub layer: u8,
    /// Temporal layer.
    pub temporal: u8,
    /// Counts the frames of one layer.
    pub frame: u32,
    /// The frame that this one was predicted from; itself for a key frame.
    pub depends_on: u32,
    /// Which packet of the frame, and of how many.
    pub index: u16,
    /// See [`Self::index`].
    pub count: u16,
    /// When the frame was captured, in microseconds since the world began.
    pub captured_us: u64,
}

const MAGIC: u32 = 0x4857_5349;

impl Stamp {
    /// Bytes at the end of a payload.
    pub const BYTES: usize = 27;

    /// The frame can be decoded alone.
    pub fn is_keyframe(&self) -> bool {
        self.depends_on == self.frame
    }

    pub(crate) fn write(&self, payload: &mut Vec<u8>) {
        payload.extend(MAGIC.to_be_bytes());
        payload.extend([self.publisher, self.layer, self.temporal]);
        payload.extend(self.frame.to_be_bytes());
        payload.extend(self.depends_on.to_be_bytes());
        payload.extend(self.index.to_be_bytes());
        payload.extend(self.count.to_be_bytes());
        payload.extend(self.captured_us.to_be_bytes());
    }

    /// Reads the stamp of a payload.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let start = payload.len().checked_sub(Self::BYTES)?;
        let mut rest = payload.get(start..)?;
        let magic = u32::from_be_bytes(take(&mut rest)?);
        let [publisher, layer, temporal] = take(&mut rest)?;
        let stamp = Self {
            publisher,
            layer,
            temporal,
            frame: u32::from_be_bytes(take(&mut rest)?),
            depends_on: u32::from_be_bytes(take(&mut rest)?),
            index: u16::from_be_bytes(take(&mut rest)?),
            count: u16::from_be_bytes(take(&mut rest)?),
            captured_us: u64::from_be_bytes(take(&mut rest)?),
        };
        (magic == MAGIC).then_some(stamp)
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let stamp = Stamp {
            publisher: 1,
            layer: 2,
            temporal: 1,
            frame: 70_000,
            depends_on: 69_999,
            index: 3,
            count: 4,
            captured_us: 1 << 40,
        };
        let mut payload = vec![0x90, 0x80];
        stamp.write(&mut payload);
        assert_eq!(payload.len(), 2 + Stamp::BYTES);
        assert_eq!(Stamp::read(&payload), Some(stamp));
        assert_eq!(Stamp::read(&payload[3..]), None);
    }
}
