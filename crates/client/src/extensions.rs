//! Header extensions (RFC 8285): which are negotiated, and how they map to `rtp::Extensions`.

use std::sync::Arc;

use rtp::{Extensions, Packet, Rewrite};
use str0m::media::{Frequency, MediaTime};
use str0m::rtp::{Extension, ExtensionMap, ExtensionSerializer, ExtensionValues, VideoOrientation};

const DEPENDENCY_DESCRIPTOR: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

/// The largest value of the one-byte form, in bytes (RFC 8285 §4.2).
const ONE_BYTE_FORM_MAX: usize = 16;

/// The extensions that a client offers, with their ids.
pub(crate) fn map() -> ExtensionMap {
    let mut map = ExtensionMap::empty();
    map.set(1, Extension::AudioLevel);
    map.set(2, Extension::AbsoluteSendTime);
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

/// Passes the descriptor's bytes through without reading them.
#[derive(Debug)]
struct DependencyDescriptor;

/// The descriptor of one packet, stored as the library stores the value of an extension that it
/// does not know.
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

/// The end-to-end extensions of a received header.
pub(crate) fn received(values: &ExtensionValues) -> Extensions {
    let hundredths = |time: MediaTime| time.rebase(Frequency::HUNDREDTHS).numer() as u16;
    Extensions {
        capture_time: None,
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

/// The header extensions of a packet that is sent.
pub(crate) fn sent(packet: &Packet, rewrite: &Rewrite) -> ExtensionValues {
    let from = &packet.extensions;
    let hundredths = |count: u16| MediaTime::from_hundredths(u64::from(count));
    let mut values = ExtensionValues {
        // In -dBov, which the library counts from 0 downwards.
        audio_level: from.audio_level.map(|(level, _)| -(level.min(127) as i8)),
        voice_activity: from.audio_level.map(|(_, voice)| voice),
        video_orientation: from.rotation.map(orientation),
        play_delay_min: from.playout_delay.map(|(min, _)| hundredths(min)),
        play_delay_max: from.playout_delay.map(|(_, max)| hundredths(max)),
        ..ExtensionValues::default()
    };
    let descriptor = match rewrite.frame_number {
        Some(number) => from.descriptor_with(number),
        None => from.dependency_descriptor.clone(),
    };
    if let Some(descriptor) = descriptor {
        values.user_values.set(Descriptor(descriptor));
    }
    values
}

fn degrees(orientation: VideoOrientation) -> u16 {
    match orientation {
        VideoOrientation::Deg0 => 0,
        VideoOrientation::Deg90 => 90,
        VideoOrientation::Deg180 => 180,
        VideoOrientation::Deg270 => 270,
    }
}

fn orientation(degrees: u16) -> VideoOrientation {
    match degrees {
        90 => VideoOrientation::Deg90,
        180 => VideoOrientation::Deg180,
        270 => VideoOrientation::Deg270,
        _ => VideoOrientation::Deg0,
    }
}
