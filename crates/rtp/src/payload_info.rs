use crate::PictureIds;
use crate::dependency_descriptor::{Mandatory, Template};

/// Whether a receiver of lower temporal layers may switch up to higher ones at a frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SwitchUp {
    /// Not at this frame.
    #[default]
    No,
    /// From this frame on, which is of an upper layer itself (VP8 layer sync, VP9 switching point).
    Here,
    /// From the next frame on, if this one can be decoded (dependency descriptor).
    After,
}

/// What the payload header of one packet says about its frame.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PayloadInfo {
    /// This packet begins a key frame: a decoder that has the parameter sets can start here.
    pub keyframe: bool,
    /// This packet carries parameter sets (SPS, PPS, VPS, sequence header), or a part of one.
    pub parameter_sets: bool,
    /// This packet begins a frame (of any kind).
    pub start: bool,
    /// Temporal layer, 0 is the base; 0 where the codec does not say.
    pub temporal_id: u8,
    /// Spatial layer (SVC), 0 is the base; 0 where the codec does not say.
    pub spatial_id: u8,
    /// Whether a receiver may switch up to higher temporal layers here.
    pub switch_up: SwitchUp,
    /// Numbers in the payload header that must be continuous for the viewer.
    pub picture: PictureIds,
}

impl PayloadInfo {
    /// Adds the layers from the dependency descriptor, for AV1, whose payload header has none.
    pub fn describe(&mut self, fields: &Mandatory, template: Template) {
        self.start = self.keyframe || fields.start_of_frame && template.spatial_id == 0;
        self.temporal_id = template.temporal_id;
        self.spatial_id = template.spatial_id;
        self.switch_up = if template.switch_up {
            SwitchUp::After
        } else {
            SwitchUp::No
        };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Codec;

    proptest! {
        #[test]
        fn any_payload_never_panics(payload in proptest::collection::vec(any::<u8>(), 0..64)) {
            for codec in Codec::ALL {
                PayloadInfo::inspect(codec, &payload);
            }
        }
    }

    #[test]
    fn empty_payload_begins_nothing() {
        for codec in Codec::ALL.into_iter().filter(|c| *c != Codec::Opus) {
            assert_eq!(
                PayloadInfo::inspect(codec, &[]),
                PayloadInfo::default(),
                "{codec}"
            );
        }
    }
}
