//! Header extensions (RFC 8285): which ones are negotiated, and under which ids.

use rtp::Kind;

pub(crate) const DEPENDENCY_DESCRIPTOR: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
pub(crate) const TRANSPORT_SEQUENCE_NUMBER: &str =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
pub(crate) const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
pub(crate) const RID: &str = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
pub(crate) const REPAIRED_RID: &str = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
pub(crate) const AUDIO_LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
pub(crate) const VIDEO_ORIENTATION: &str = "urn:3gpp:video-orientation";
pub(crate) const PLAYOUT_DELAY: &str = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
pub(crate) const ABS_CAPTURE_TIME: &str =
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";

/// Ids of the one-byte form are below this; 15 is reserved (RFC 8285 §4.2).
pub(crate) const ID_MAX: u8 = 15;

/// Returns the ids and URIs to offer for a section that this side sends on.
pub(crate) fn sent(kind: Kind) -> impl Iterator<Item = (u8, &'static str)> {
    const BOTH: [(u8, &str); 3] = [
        (3, TRANSPORT_SEQUENCE_NUMBER),
        (4, MID),
        (6, ABS_CAPTURE_TIME),
    ];
    const AUDIO: [(u8, &str); 1] = [(1, AUDIO_LEVEL)];
    const VIDEO: [(u8, &str); 3] = [
        (5, PLAYOUT_DELAY),
        (12, DEPENDENCY_DESCRIPTOR),
        (13, VIDEO_ORIENTATION),
    ];
    let own = match kind {
        Kind::Audio => &AUDIO[..],
        Kind::Video => &VIDEO[..],
    };
    BOTH.iter().chain(own).copied()
}

/// Returns the ids and URIs to offer for a section that this side only receives on.
pub(crate) fn received(kind: Kind) -> impl Iterator<Item = (u8, &'static str)> {
    const VIDEO: [(u8, &str); 2] = [(10, RID), (11, REPAIRED_RID)];
    let more = match kind {
        Kind::Audio => &[][..],
        Kind::Video => &VIDEO[..],
    };
    sent(kind).chain(more.iter().copied())
}

/// Whether an offered extension is accepted. Absolute send times are not: transport-wide sequence
/// numbers carry more information.
pub(crate) fn is_taken(uri: &str) -> bool {
    let mut known = ExtensionIds::default();
    known.place(uri).is_some()
}

/// The ids of the header extensions on one m-line (RFC 8285 §5); 0 = not negotiated.
///
/// Absolute send times are absent: transport-wide sequence numbers carry more information.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExtensionIds {
    /// `urn:ietf:params:rtp-hdrext:sdes:mid`.
    pub mid: u8,
    /// `urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id`.
    pub rid: u8,
    /// `urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id`.
    pub repaired_rid: u8,
    /// Transport-wide sequence numbers.
    pub transport_seq: u8,
    /// Client-to-mixer audio level (RFC 6464).
    pub audio_level: u8,
    /// `urn:3gpp:video-orientation`.
    pub rotation: u8,
    /// Requested playout delay.
    pub playout_delay: u8,
    /// AV1 dependency descriptor.
    pub dependency_descriptor: u8,
    /// Absolute capture time.
    pub abs_capture_time: u8,
}

impl ExtensionIds {
    /// Collects the ids of the accepted extensions of a section.
    pub(crate) fn of(extensions: &[sdp::Extension]) -> Self {
        let mut ids = Self::default();
        for extension in extensions {
            if let Some(place) = ids.place(&extension.uri) {
                *place = extension.id;
            }
        }
        ids
    }

    fn place(&mut self, uri: &str) -> Option<&mut u8> {
        Some(match uri {
            TRANSPORT_SEQUENCE_NUMBER => &mut self.transport_seq,
            MID => &mut self.mid,
            RID => &mut self.rid,
            REPAIRED_RID => &mut self.repaired_rid,
            AUDIO_LEVEL => &mut self.audio_level,
            VIDEO_ORIENTATION => &mut self.rotation,
            PLAYOUT_DELAY => &mut self.playout_delay,
            DEPENDENCY_DESCRIPTOR => &mut self.dependency_descriptor,
            ABS_CAPTURE_TIME => &mut self.abs_capture_time,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension(id: u8, uri: &str) -> sdp::Extension {
        sdp::Extension {
            id,
            direction: None,
            uri: uri.to_owned(),
        }
    }

    #[test]
    fn ids_are_those_that_the_section_maps() {
        let section = [
            extension(1, AUDIO_LEVEL),
            extension(
                2,
                "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
            ),
            extension(3, TRANSPORT_SEQUENCE_NUMBER),
            extension(200, RID),
        ];
        let expected = ExtensionIds {
            audio_level: 1,
            transport_seq: 3,
            rid: 200,
            ..ExtensionIds::default()
        };
        assert_eq!(ExtensionIds::of(&section), expected);
    }

    #[test]
    fn own_offered_extensions_are_all_accepted() {
        let all = [Kind::Audio, Kind::Video].into_iter();
        assert!(all.flat_map(received).all(|(_, uri)| is_taken(uri)));
    }
}
