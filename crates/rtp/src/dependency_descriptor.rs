//! The mandatory fields of a dependency descriptor (RTP Payload Format For AV1, appendix A.8.1).
//!
//! ```text
//!  0                   1                   2
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! |S|E|  template |         frame number          |
//! +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
//! ```
//!
//! Deliberately absent: templates, decode targets and chains, which only those key frames carry
//! that begin a coded video sequence.

/// The fields that every packet has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mandatory {
    /// This packet is the first one of its frame.
    pub start_of_frame: bool,
    /// This packet is the last one of its frame.
    pub end_of_frame: bool,
    /// Frame dependency template, 6 bits.
    pub template_id: u8,
    /// Counts frames in decoding order and wraps.
    pub frame_number: u16,
}

/// Reads the mandatory fields; `None` when the descriptor is shorter than they are.
pub fn read(descriptor: &[u8]) -> Option<Mandatory> {
    let [first, high, low] = *descriptor.first_chunk()?;
    Some(Mandatory {
        start_of_frame: first & 0x80 != 0,
        end_of_frame: first & 0x40 != 0,
        template_id: first & 0x3f,
        frame_number: u16::from_be_bytes([high, low]),
    })
}

/// The three mandatory bytes with another frame number; all that follows them in the descriptor
/// stays valid, for it counts from the frame number. `None` when the descriptor is cut short.
pub fn renumbered(descriptor: &[u8], frame_number: u16) -> Option<[u8; 3]> {
    let [first, _, _] = *descriptor.first_chunk()?;
    let [high, low] = frame_number.to_be_bytes();
    Some([first, high, low])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_stand_where_the_figure_has_them() {
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
    fn a_cut_descriptor_has_no_fields() {
        for cut in [&[][..], &[0xc1], &[0xc1, 0x12]] {
            assert_eq!(read(cut), None);
            assert_eq!(renumbered(cut, 1), None);
        }
    }

    proptest! {
        #[test]
        fn only_the_frame_number_changes(descriptor: [u8; 3], frame_number: u16) {
            let before = read(&descriptor).expect("three bytes");
            let after = renumbered(&descriptor, frame_number).and_then(|bytes| read(&bytes));
            prop_assert_eq!(after, Some(Mandatory { frame_number, ..before }));
        }
    }
}
