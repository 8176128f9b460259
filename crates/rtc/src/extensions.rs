//! Header extensions (RFC 8285): which are negotiated, and how they map to `rtp::Extensions`.

use std::sync::Arc;

use rtp::{Extensions, Kind};
use str0m::media::MediaTime;
use str0m::rtp::{Extension, ExtensionMap, ExtensionSerializer, ExtensionValues, VideoOrientation};

use crate::sdp::Direction;

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

/// The largest value of the one-byte form (RFC 8285 §4.2).
const ONE_BYTE_FORM_MAX: usize = 16;

/// Ids of the one-byte form are below this (RFC 8285 §4.2).
pub(crate) const ID_MAX: u8 = 15;

/// The extensions that a peer offers to use. To a viewer absolute send times are not written: who
/// has transport-wide sequence numbers does not look at them.
pub(crate) fn map(direction: Direction) -> ExtensionMap {
    let mut map = ExtensionMap::empty();
    map.set(1, Extension::AudioLevel);
    if direction == Direction::Receive {
        map.set(2, Extension::AbsoluteSendTime);
    }
    map.set(3, Extension::TransportSequenceNumber);
    map.set(4, Extension::RtpMid);
    map.set(5, Extension::PlayoutDelay);
    map.set(10, Extension::RtpStreamId);
    map.set(11, Extension::RepairedRtpStreamId);
    map.set(
        12,
        Extension::with_serializer(DEPENDENCY_DESCRIPTOR, DependencyDescriptor),
    );
    map.set(13, Extension::VideoOrientation);
    map
}

/// Ids and names of the extensions that are offered for what this side sends; the same ids as in
/// [`map`].
pub(crate) fn sent(kind: Kind) -> impl Iterator<Item = (u8, &'static str)> {
    const BOTH: [(u8, &str); 2] = [(3, TRANSPORT_SEQUENCE_NUMBER), (4, MID)];
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

/// Carries the descriptor's bytes through without a look at them.
#[derive(Debug)]
struct DependencyDescriptor;

/// The descriptor of one packet, as the WebRTC library stores values of unknown extensions.
struct Descriptor(Arc<[u8]>);

impl ExtensionSerializer for DependencyDescriptor {
    fn write_to(&self, buf: &mut [u8], values: &ExtensionValues) -> usize {
        let Some(Descriptor(bytes)) = values.user_values.get() else {
            return 0;
        };
        let Some(space) = buf.get_mut(..bytes.len()) else {
            return 0;
        };
        space.copy_from_slice(bytes);
        bytes.len()
    }

    fn parse_value(&self, buf: &[u8], values: &mut ExtensionValues) -> bool {
        values.user_values.set(Descriptor(buf.into()));
        true
    }

    fn is_video(&self) -> bool {
        true
    }

    fn is_audio(&self) -> bool {
        false
    }

    fn requires_two_byte_form(&self, values: &ExtensionValues) -> bool {
        values
            .user_values
            .get::<Descriptor>()
            .is_some_and(|d| d.0.len() > ONE_BYTE_FORM_MAX)
    }
}

/// What of a received header travels on.
pub(crate) fn received(values: &ExtensionValues) -> Extensions {
    let hundredths =
        |time: MediaTime| time.rebase(str0m::media::Frequency::HUNDREDTHS).numer() as u16;
    Extensions {
        audio_level: values
            .audio_level
            .map(|level| (level.unsigned_abs(), values.voice_activity.unwrap_or(false))),
        rotation: values.video_orientation.map(degrees),
        playout_delay: values
            .play_delay_min
            .map(hundredths)
            .zip(values.play_delay_max.map(hundredths)),
        dependency_descriptor: values.user_values.get::<Descriptor>().map(|d| d.0.clone()),
    }
}

fn degrees(orientation: VideoOrientation) -> u16 {
    match orientation {
        VideoOrientation::Deg0 => 0,
        VideoOrientation::Deg90 => 90,
        VideoOrientation::Deg180 => 180,
        VideoOrientation::Deg270 => 270,
    }
}
