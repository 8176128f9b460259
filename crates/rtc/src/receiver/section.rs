//! The negotiated parameters of one m-line that the remote sends on.

use rtp::{DescribedSet, Format, Kind, LayerIndex};

use crate::extensions::ExtensionIds;

/// Encodings of one section. Further rids of an offer are left out of the answer.
pub const LAYERS_MAX: usize = 4;

/// A payload type of one m-line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceivedType {
    /// The number, 0 to 127.
    pub number: u8,
    /// Payload type of its retransmissions (RFC 4588 §8.1); `None` without RTX.
    pub rtx: Option<u8>,
    /// Codec and parameters of the payload.
    pub format: Format,
    /// Generic NACK was negotiated for it (RFC 4585 §4.2).
    pub nack: bool,
}

/// A source that the description declares (RFC 5576).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeclaredSource {
    /// Its `a=ssrc` value.
    pub ssrc: u32,
    /// The SSRC of its retransmissions: the second one of its `a=ssrc-group:FID`.
    pub rtx: Option<u32>,
}

/// One m-line that the remote sends on, as negotiated by the latest offer and answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedSection {
    /// The `a=mid` value, or the index of the m-line where the remote gives none.
    pub mid: Box<str>,
    /// Audio or video.
    pub kind: Kind,
    /// Simulcast rids in the order of the description; empty without simulcast. Those beyond
    /// [`LAYERS_MAX`] are not received.
    pub rids: Vec<Box<str>>,
    /// Payload types, the remote's preference first.
    pub types: Vec<ReceivedType>,
    /// Video parameter sets from the description.
    pub sets: Vec<DescribedSet>,
    /// Negotiated header extensions.
    pub ids: ExtensionIds,
    /// Sources that the description declares; those beyond [`SSRCS_MAX`](super::SSRCS_MAX) are
    /// ignored.
    pub ssrcs: Vec<DeclaredSource>,
    /// Transport-wide feedback was negotiated.
    pub transport_cc: bool,
    /// Reduced-size RTCP was negotiated: packets need no report in front of them (RFC 5506).
    pub reduced_size: bool,
}

/// The contents of packets with one payload type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carried {
    /// Media of this type.
    Media(ReceivedType),
    /// Retransmissions of this type.
    Rtx(ReceivedType),
}

impl ReceivedSection {
    /// Returns what packets of this payload type carry; `None` when it was not negotiated.
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

    /// Returns the number of layers: one without simulcast, at most
    /// [`LAYERS_MAX`].
    pub(super) fn layer_count(&self) -> usize {
        self.rids.len().clamp(1, LAYERS_MAX)
    }

    /// Returns its layers in order, as many as [`Self::layer_count`] says.
    pub(super) fn layers(&self) -> impl Iterator<Item = LayerIndex> + use<> {
        LayerIndex::all().take(self.layer_count())
    }

    pub(super) fn layer_of_rid(&self, rid: &[u8]) -> Option<LayerIndex> {
        let mut rids = LayerIndex::all().zip(&self.rids).take(LAYERS_MAX);
        rids.find_map(|(layer, known)| (known.as_bytes() == rid).then_some(layer))
    }
}
