//! The codecs that are forwarded, and how SDP describes them.

use rtp::{Codec, DescribedSet, Format, Profile};

use crate::receiver::ReceivedType;
use crate::sender::Types;

/// Stereo both ways (RFC 7587 §6.1): the server decodes nothing, so it accepts and offers stereo.
const OPUS_STEREO: &str = "stereo=1;sprop-stereo=1";

/// H.264 without parameters (RFC 6184 §8.1): baseline at level 1, single NAL units.
const H264_DEFAULT_PROFILE: u32 = 0x42_00_0a;

/// Payload types of one section, the remote's preference first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PayloadTypes(Vec<ReceivedType>);

impl PayloadTypes {
    pub(crate) fn new(types: Vec<ReceivedType>) -> Self {
        Self(types)
    }

    /// Returns the payload type that fits packets of `format` best; `None` when none fits.
    pub(crate) fn best_for(&self, format: &Format) -> Option<Types> {
        self.0
            .iter()
            .filter_map(|pt| Some((format.fit(&pt.format)?, pt)))
            // `max_by_key` returns the last of equals; reversed, that is the remote's first choice.
            .rev()
            .max_by_key(|(fit, _)| *fit)
            .map(|(_, pt)| Types {
                payload_type: pt.number,
                rtx: pt.rtx,
                nack: pt.nack,
                red: pt.format.red,
            })
    }

    pub(crate) fn formats(&self) -> impl Iterator<Item = &Format> {
        self.0.iter().map(|pt| &pt.format)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &ReceivedType> {
        self.0.iter()
    }
}

/// Returns the format of a codec in a description; `None` when it is not forwarded. Encoding names
/// are compared without case (RFC 4855 §3), and Opus may leave out its channels.
pub(crate) fn format_of(codec: &sdp::Codec) -> Option<Format> {
    let known = Codec::ALL
        .into_iter()
        .find(|known| codec.is(&known.to_string()))?;
    if codec.clock_rate != clock_rate(known) {
        return None;
    }
    let number = |name: &str| codec.parameter(name).and_then(|value| value.parse().ok());
    let profile = match known {
        Codec::H264 => Profile::H264 {
            profile_level_id: codec
                .parameter("profile-level-id")
                .and_then(|id| u32::from_str_radix(id, 16).ok())
                .unwrap_or(H264_DEFAULT_PROFILE),
            packetization_mode: number("packetization-mode").unwrap_or(0),
        },
        Codec::Vp9 => Profile::Number(number("profile-id").unwrap_or(0)),
        Codec::Av1 => Profile::Number(number("profile").unwrap_or(0)),
        Codec::Opus | Codec::Vp8 | Codec::H265 => Profile::Any,
    };
    Some(Format {
        codec: known,
        clock_rate: codec.clock_rate,
        profile,
        red: false,
    })
}

/// Returns the clock rate in Hz that the codec's payload format fixes (RFC 7587 §4.1,
/// RFC 6184 §8.2.1 and the other video formats).
pub(crate) fn clock_rate(codec: Codec) -> u32 {
    match codec {
        Codec::Opus => 48_000,
        _ => 90_000,
    }
}

/// Returns the format parameters that answer those of an offered codec. Parameters that describe
/// the offerer's own stream, such as `sprop-parameter-sets`, are left out.
pub(crate) fn answered_parameters(codec: &sdp::Codec, format: &Format) -> String {
    let echoed: &[&str] = match format.codec {
        Codec::Opus => return opus_parameters(),
        Codec::Vp8 => return String::new(),
        Codec::Vp9 => &["profile-id"],
        Codec::Av1 => &["profile", "level-idx", "tier"],
        Codec::H264 => &[
            "level-asymmetry-allowed",
            "packetization-mode",
            "profile-level-id",
        ],
        Codec::H265 => &["level-id", "profile-id", "tier-flag", "tx-mode"],
    };
    let echoed = echoed
        .iter()
        .filter_map(|name| Some(format!("{name}={}", codec.parameter(name)?)));
    echoed.collect::<Vec<_>>().join(";")
}

/// Returns the parameter sets in an offered codec's parameters (RFC 6184 §8.1, RFC 7798 §7.1).
pub(crate) fn described_sets(codec: &sdp::Codec, format: &Format) -> Vec<DescribedSet> {
    let value = |name| codec.parameter(name).unwrap_or_default();
    let units = match format.codec {
        Codec::H264 => rtp::h264::sets_from_sprop(value("sprop-parameter-sets")),
        Codec::H265 => ["sprop-vps", "sprop-sps", "sprop-pps"]
            .into_iter()
            .flat_map(|name| rtp::h265::sets_from_sprop(value(name)))
            .collect(),
        Codec::Opus | Codec::Vp8 | Codec::Vp9 | Codec::Av1 => Vec::new(),
    };
    let (units, format) = (units.into_iter(), *format);
    units.map(|unit| DescribedSet { format, unit }).collect()
}

/// Returns the format parameters with which Opus is offered and answered.
pub(crate) fn opus_parameters() -> String {
    format!("minptime=10;useinbandfec=1;{OPUS_STEREO}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codec(name: &str, clock_rate: u32, parameters: &str) -> sdp::Codec {
        sdp::Codec {
            payload_type: 96,
            name: name.to_owned(),
            clock_rate,
            channels: None,
            parameters: parameters.to_owned(),
            feedback: Vec::new(),
        }
    }

    #[test]
    fn codec_names_are_case_insensitive() {
        for (name, rate, expected) in [
            ("OPUS", 48_000, Some(Codec::Opus)),
            ("opus", 48_000, Some(Codec::Opus)),
            ("h264", 90_000, Some(Codec::H264)),
            ("vp8", 90_000, Some(Codec::Vp8)),
            ("opus", 16_000, None),
            ("PCMU", 8_000, None),
        ] {
            let format = format_of(&codec(name, rate, ""));
            assert_eq!(format.map(|format| format.codec), expected, "{name}");
        }
    }

    #[test]
    fn h264_without_parameters_is_baseline() {
        let format = format_of(&codec("H264", 90_000, "")).unwrap();
        let expected = Profile::H264 {
            profile_level_id: 0x42_00_0a,
            packetization_mode: 0,
        };
        assert_eq!(format.profile, expected);
    }

    #[test]
    fn described_sets_are_those_of_the_codec() {
        for (name, parameters, expected) in [
            (
                "H264",
                "sprop-parameter-sets=Z2QAH6w=,aO4=",
                &[0x67, 0x68][..],
            ),
            (
                "H265",
                "sprop-vps=QAEMAf//AWAAAAMAkAAAAwAAAwA/lZgJ;sprop-pps=RAHBc9GJ",
                &[0x40, 0x44],
            ),
            ("VP8", "sprop-parameter-sets=Z2QAH6w=", &[]),
        ] {
            let codec = codec(name, 90_000, parameters);
            let sets = described_sets(&codec, &format_of(&codec).unwrap());
            let first: Vec<u8> = sets.iter().map(|set| set.unit[0]).collect();
            assert_eq!(first, expected, "{name}");
        }
    }

    #[test]
    fn answer_repeats_profile_but_not_parameter_sets() {
        let offered = codec(
            "H264",
            90_000,
            "packetization-mode=1;sprop-parameter-sets=Z2QAH6w=,aO4=;profile-level-id=64001f",
        );
        let format = format_of(&offered).unwrap();
        assert_eq!(
            answered_parameters(&offered, &format),
            "packetization-mode=1;profile-level-id=64001f"
        );
    }
}
