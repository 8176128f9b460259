use std::ops::Range;

use crate::PictureIds;

/// Byte positions of the ids in a payload.
#[derive(Debug, Default)]
pub(crate) struct Places {
    /// One byte, or two when the id is wide.
    picture_id: Option<Range<usize>>,
    tl0_index: Option<usize>,
}

impl Places {
    /// Overwrites the ids that have a place, each in its width. Returns whether any has.
    #[inline]
    pub(crate) fn write(&self, ids: &PictureIds, payload: &mut [u8]) -> bool {
        let mut written = false;
        if let (Some(place), Some(id)) = (self.picture_id.clone(), ids.picture_id) {
            let [id_high, id_low] = id.to_be_bytes();
            match payload.get_mut(place) {
                Some([narrow]) => {
                    // The M bit stays clear: the id has 7 bits.
                    *narrow = id_low & 0x7f;
                    written = true;
                }
                Some([high, low]) => {
                    *high = 0x80 | id_high;
                    *low = id_low;
                    written = true;
                }
                _ => {}
            }
        }
        if let (Some(place), Some(index)) = (self.tl0_index, ids.tl0_index)
            && let Some(byte) = payload.get_mut(place)
        {
            *byte = index;
            written = true;
        }
        written
    }
}

/// Reads the fields of a VP8 or VP9 payload descriptor in order. Both codecs encode their ids in
/// the same way.
pub(crate) struct Fields<'a> {
    payload: &'a [u8],
    at: usize,
    pub(crate) ids: PictureIds,
    pub(crate) places: Places,
}

impl<'a> Fields<'a> {
    pub(crate) fn of(payload: &'a [u8]) -> Self {
        Self {
            payload,
            at: 0,
            ids: PictureIds::default(),
            places: Places::default(),
        }
    }

    /// Consumes the next byte.
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Returns the next byte without consuming it.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.payload.get(self.at).copied()
    }

    /// Passes over `count` bytes.
    pub(crate) fn skip(&mut self, count: usize) -> Option<()> {
        let at = self.at + count;
        (at <= self.payload.len()).then(|| self.at = at)
    }

    /// The bytes that are not consumed.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.payload.get(self.at..).unwrap_or_default()
    }

    /// ```text
    ///     +-+-+-+-+-+-+-+-+
    ///     |M| PICTURE ID  |
    ///     +-+-+-+-+-+-+-+-+
    /// M:  | EXTENDED PID  |
    ///     +-+-+-+-+-+-+-+-+
    /// ```
    pub(crate) fn picture_id(&mut self) -> Option<()> {
        let begin = self.at;
        let high = self.byte()?;
        let wide = high & 0x80 != 0;
        self.ids.picture_id_wide = wide;
        self.ids.picture_id = Some(if wide {
            u16::from_be_bytes([high & 0x7f, self.byte()?])
        } else {
            high.into()
        });
        self.places.picture_id = Some(begin..self.at);
        Some(())
    }

    pub(crate) fn tl0_index(&mut self) -> Option<()> {
        self.places.tl0_index = Some(self.at);
        self.ids.tl0_index = Some(self.byte()?);
        Some(())
    }
}
