//! Dependency descriptors (RTP Payload Format For AV1, appendix A.8): the mandatory fields, and the
//! layers that the frame dependency templates describe.
//!
//! ```text
//!  0                   1                   2
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |S|E|  template |         frame number          |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! The first packet of a coded video sequence carries the templates too.
//!
//! Deliberately absent: frame differences and chains. A server that forwards whole layers needs
//! neither.

/// The mandatory fields, which every packet has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mandatory {
    /// This packet is the first one of its frame.
    pub start_of_frame: bool,
    /// This packet is the last one of its frame.
    pub end_of_frame: bool,
    /// Id of the frame dependency template, 6 bits.
    pub template_id: u8,
    /// Number of the frame in decoding order; wraps.
    pub frame_number: u16,
}

/// Reads the mandatory fields; `None` when the descriptor is truncated.
pub fn read(descriptor: &[u8]) -> Option<Mandatory> {
    let [first, high, low] = *descriptor.first_chunk()?;
    Some(Mandatory {
        start_of_frame: first & 0x80 != 0,
        end_of_frame: first & 0x40 != 0,
        template_id: first & 0x3f,
        frame_number: u16::from_be_bytes([high, low]),
    })
}

/// Returns the three mandatory bytes with another frame number. The rest of the descriptor stays
/// valid, since it is relative to the frame number. `None` when the descriptor is truncated.
pub fn renumbered(descriptor: &[u8], frame_number: u16) -> Option<[u8; 3]> {
    let [first, _, _] = *descriptor.first_chunk()?;
    let [high, low] = frame_number.to_be_bytes();
    Some([first, high, low])
}

/// What a frame dependency template says about its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Template {
    /// Spatial layer, 0 is the base.
    pub spatial_id: u8,
    /// Temporal layer, 0 is the base.
    pub temporal_id: u8,
    /// The frame is a switch indication for the highest decode target: a receiver that can decode
    /// it can decode all that follow, of all layers.
    pub switch_up: bool,
}

/// The templates of a coded video sequence (appendix A.8.2, `template_dependency_structure`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Templates {
    /// Template id of the first template.
    offset: u8,
    templates: Vec<Template>,
}

/// Template ids are 6 bits and wrap.
const TEMPLATES_MAX: usize = 64;

/// `next_layer_idc`.
const SAME_LAYER: u8 = 0;
const NEXT_TEMPORAL: u8 = 1;
const NEXT_SPATIAL: u8 = 2;

/// `template_dti`: the frame is a switch indication for the decode target.
const SWITCH: u8 = 2;

impl Templates {
    /// Reads the templates of a descriptor; `None` when it carries none or is malformed.
    pub fn read(descriptor: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(descriptor.get(3..)?);
        let has_templates = bits.read(1)? == 1;
        let _other_flags = bits.read(4)?;
        if !has_templates {
            return None;
        }
        let offset = bits.read(6)?;
        let decode_targets = bits.read(5)? + 1;
        // next_layer_idc after each template says how the layer of the next one differs, or ends
        // the list.
        let mut templates = Vec::new();
        let (mut spatial_id, mut temporal_id) = (0, 0);
        loop {
            if templates.len() == TEMPLATES_MAX {
                return None;
            }
            templates.push(Template {
                spatial_id,
                temporal_id,
                switch_up: false,
            });
            match bits.read(2)? {
                SAME_LAYER => {}
                NEXT_TEMPORAL => temporal_id += 1,
                NEXT_SPATIAL => (spatial_id, temporal_id) = (spatial_id + 1, 0),
                _ => break,
            }
        }
        for template in &mut templates {
            for _ in 0..decode_targets {
                // The highest decode target comes last, and its indication is the one that stays.
                template.switch_up = bits.read(2)? == SWITCH;
            }
        }
        Some(Self { offset, templates })
    }

    /// Returns the template with this id. Ids count up from the offset and wrap.
    pub fn get(&self, template_id: u8) -> Option<Template> {
        let index = template_id.wrapping_sub(self.offset) & 0x3f;
        self.templates.get(usize::from(index)).copied()
    }
}

/// Reads fields of up to 8 bits, most significant bit first.
struct Bits<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0 }
    }

    fn read(&mut self, count: usize) -> Option<u8> {
        let byte = |i: usize| self.bytes.get(i).copied();
        let (at, shift) = (self.position / 8, self.position % 8);
        let window = u16::from_be_bytes([byte(at)?, byte(at + 1).unwrap_or(0)]);
        if self.position + count > self.bytes.len() * 8 {
            return None;
        }
        self.position += count;
        Some(((window << shift) >> (16 - count)) as u8)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mandatory_fields_are_read() {
        assert_eq!(
            read(&[0x81, 0x12, 0x34, 0xff]),
            Some(Mandatory {
                start_of_frame: true,
                end_of_frame: false,
                template_id: 1,
                frame_number: 0x1234
            })
        );
        assert_eq!(
            read(&[0x7f, 0xff, 0xff]),
            Some(Mandatory {
                start_of_frame: false,
                end_of_frame: true,
                template_id: 63,
                frame_number: 0xffff
            })
        );
    }

    #[test]
    fn truncated_descriptor_has_no_fields() {
        for cut in [&[][..], &[0xc1], &[0xc1, 0x12]] {
            assert_eq!(read(cut), None);
            assert_eq!(renumbered(cut, 1), None);
        }
    }

    /// L1T2 as an encoder describes it: two decode targets; templates for a key frame, for the base
    /// layer and for the upper layer. Fields: flags, offset 5, 2 targets, layers, decode target
    /// indications.
    const L1T2: &str = "1 0000 000101 00001 00 01 11 10 10 10 10 00 01 ";

    fn packed(bits: &str) -> Vec<u8> {
        let bits: Vec<u8> = bits
            .bytes()
            .filter(|b| *b != b' ')
            .map(|b| b - b'0')
            .collect();
        let bytes = bits.chunks(8).map(|chunk| {
            let bits = chunk.iter().chain(std::iter::repeat(&0)).take(8);
            bits.fold(0, |byte, bit| byte << 1 | bit)
        });
        [0xc5, 0, 1].into_iter().chain(bytes).collect()
    }

    #[test]
    fn templates_are_read_with_their_layers() {
        let templates = Templates::read(&packed(L1T2)).expect("well-formed");
        let base = Template {
            spatial_id: 0,
            temporal_id: 0,
            switch_up: true,
        };
        let upper = Template {
            temporal_id: 1,
            switch_up: false,
            ..base
        };
        let all: Vec<_> = (4..9).map(|id| templates.get(id)).collect();
        assert_eq!(all, [None, Some(base), Some(base), Some(upper), None]);
    }

    #[test]
    fn template_ids_wrap() {
        let templates = Templates::read(&packed("1 0000 111111 00000 01 11 10 00"));
        let templates = templates.expect("well-formed");
        let temporal = |id| templates.get(id).map(|template| template.temporal_id);
        assert_eq!(
            [temporal(63), temporal(0), temporal(1)],
            [Some(0), Some(1), None]
        );
    }

    #[test]
    fn truncated_descriptor_has_no_templates() {
        let whole = packed(L1T2);
        for end in 0..whole.len() {
            assert_eq!(Templates::read(&whole[..end]), None, "{end} bytes");
        }
        assert_eq!(Templates::read(&packed("0 0000 000101")), None);
    }

    #[test]
    fn endless_templates_are_refused() {
        let endless = packed(&format!("1 0000 000000 00000 {}", "00 ".repeat(1_000)));
        assert_eq!(Templates::read(&endless), None);
    }

    proptest! {
        #[test]
        fn arbitrary_descriptor_never_panics(
            descriptor in proptest::collection::vec(any::<u8>(), 0..128),
            id: u8,
        ) {
            if let Some(templates) = Templates::read(&descriptor) {
                templates.get(id);
            }
        }

        #[test]
        fn renumbering_changes_only_the_frame_number(descriptor: [u8; 3], frame_number: u16) {
            let before = read(&descriptor).expect("three bytes");
            let after = renumbered(&descriptor, frame_number).and_then(|bytes| read(&bytes));
            prop_assert_eq!(after, Some(Mandatory { frame_number, ..before }));
        }
    }
}
