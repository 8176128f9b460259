/// The end of every synthetic payload, by which a viewer knows what it received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Number of the publisher, counted from 0 in the order of connecting.
    pub publisher: u8,
    /// Index of the layer; 0 for audio.
    pub layer: u8,
    /// Temporal layer.
    pub temporal: u8,
    /// Number of the frame within its layer.
    pub frame: u32,
    /// The frame that this one was predicted from; itself for a key frame.
    pub depends_on: u32,
    /// Index of the packet within its frame.
    pub index: u16,
    /// Number of packets in the frame.
    pub count: u16,
    /// When the frame was captured, in microseconds since the world began.
    pub captured_us: u64,
}

const MAGIC: u32 = 0x4857_5349;

impl Stamp {
    /// Size of a stamp at the end of a payload.
    pub const BYTES: usize = 27;

    /// Whether the frame can be decoded alone.
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

    /// Reads the stamp of a payload; `None` when it has none.
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
    fn written_stamp_reads_back() {
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
