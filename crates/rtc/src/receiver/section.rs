//! What was negotiated for one m-line that is received.

use rtp::{DescribedSet, Format, Kind};

use crate::extensions::ExtensionIds;

/// A payload type of one m-line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceivedType {
    /// The number, 0 to 127.
    pub number: u8,
    /// Type of its retransmissions (RFC 4588 §8.1); `None` without.
    pub rtx: Option<u8>,
    /// What the payload is.
    pub format: Format,
    /// Generic NACKs were agreed on for it (RFC 4585 §4.2).
    pub nack: bool,
}

/// A source that the description names (RFC 5576).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclaredSource {
    /// `a=ssrc`.
    pub ssrc: u32,
    /// The second of its `a=ssrc-group:FID`.
    pub rtx: Option<u32>,
}

/// One m-line that is received, as the latest descriptions have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedSection {
    /// `a=mid`.
    pub mid: Box<str>,
    /// Audio or video.
    pub kind: Kind,
    /// Simulcast rids in the order of the description; empty without simulcast. Those beyond
    /// [`LAYERS_MAX`](crate::LAYERS_MAX) are not received.
    pub rids: Vec<Box<str>>,
    /// Payload types, the remote's preference first.
    pub types: Vec<ReceivedType>,
    /// Parameter sets of its video that the description carries.
    pub sets: Vec<DescribedSet>,
    /// Ids of header extensions.
    pub ids: ExtensionIds,
    /// Sources that the description names; those beyond [`SSRCS_MAX`](super::SSRCS_MAX) are
    /// ignored.
    pub ssrcs: Vec<DeclaredSource>,
    /// Transport-wide feedback was agreed on.
    pub transport_cc: bool,
    /// RTCP packets without a report in front of them were agreed on (RFC 5506).
    pub reduced_size: bool,
}

/// What a packet of one payload type carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carried {
    /// Media of this type.
    Media(ReceivedType),
    /// Retransmissions of this type.
    Rtx(ReceivedType),
}

impl ReceivedSection {
    pub(super) fn carried(&self, payload_type: u8) -> Option<Carried> {
        self.types.iter().find_map(|of| {
            if of.number == payload_type {
                Some(Carried::Media(*of))
            } else if of.rtx == Some(payload_type) {
                Some(Carried::Rtx(*of))
            } else {
                None
            }
        })
    }

    /// Layers that are received: one without simulcast.
    pub(super) fn layers(&self) -> usize {
        self.rids.len().clamp(1, crate::LAYERS_MAX)
    }

    pub(super) fn layer_of_rid(&self, rid: &[u8]) -> Option<usize> {
        let rids = self.rids.iter().take(crate::LAYERS_MAX);
        rids.into_iter().position(|known| known.as_bytes() == rid)
    }
}
