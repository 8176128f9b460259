//! Conversion between the library's payload parameters and `rtp::Format`.

use rtp::{Codec, Format, Profile};
use str0m::format::{Codec as LibraryCodec, PayloadParams};
use str0m::media::Pt;

/// Payload types of one m-line, in the remote's order of preference.
#[derive(Debug, Clone, Default)]
pub(crate) struct PayloadTypes(Vec<(Pt, Format)>);

impl PayloadTypes {
    /// The payload types among `params` that the remote accepts, in the order of `remote`.
    pub(crate) fn negotiated(params: &[PayloadParams], remote: &[Pt]) -> Self {
        let mut types = Vec::new();
        for pt in remote {
            let Some(param) = params.iter().find(|param| param.pt() == *pt) else {
                continue;
            };
            let Some(format) = format(param) else {
                continue;
            };
            types.push((*pt, format));
            if let Some(red) = param.red() {
                types.push((
                    red,
                    Format {
                        red: true,
                        ..format
                    },
                ));
            }
        }
        Self(types)
    }

    /// Returns the format of packets that come with this payload type.
    pub(crate) fn format(&self, number: Pt) -> Option<Format> {
        let found = self.0.iter().find(|(pt, _)| *pt == number);
        found.map(|(_, format)| *format)
    }

    /// Returns the payload type that fits packets of `format` best, and its own format.
    pub(crate) fn best_for(&self, format: &Format) -> Option<(Pt, Format)> {
        let fitting = self.0.iter();
        let fitting = fitting.filter_map(|pt| Some((format.fit(&pt.1)?, pt)));
        // `max_by_key` returns the last of equals; in reverse, that is the remote's first choice.
        let best = fitting.rev().max_by_key(|(fit, _)| *fit);
        best.map(|(_, pt)| *pt)
    }

    pub(crate) fn formats(&self) -> impl Iterator<Item = &Format> {
        self.0.iter().map(|(_, format)| format)
    }
}

/// Converts the parameters of one payload type; `None` for a codec that `rtp` does not know.
fn format(param: &PayloadParams) -> Option<Format> {
    let spec = param.spec();
    let codec = match spec.codec {
        LibraryCodec::Opus => Codec::Opus,
        LibraryCodec::Vp8 => Codec::Vp8,
        LibraryCodec::Vp9 => Codec::Vp9,
        LibraryCodec::H264 => Codec::H264,
        LibraryCodec::H265 => Codec::H265,
        LibraryCodec::Av1 => Codec::Av1,
        _ => return None,
    };
    let profile = match codec {
        // The default of RFC 6184 §8.1 is baseline; browsers mean constrained baseline.
        Codec::H264 => Profile::H264 {
            profile_level_id: spec.format.profile_level_id.unwrap_or(0x42e01f),
            packetization_mode: spec.format.packetization_mode.unwrap_or(0),
        },
        Codec::Vp9 => Profile::Number(spec.format.profile_id.unwrap_or(0) as u8),
        Codec::Av1 => Profile::Number(spec.format.profile.unwrap_or(0)),
        Codec::Opus | Codec::Vp8 | Codec::H265 => Profile::Any,
    };
    Some(Format {
        codec,
        clock_rate: spec.clock_rate.get(),
        profile,
        red: false,
    })
}
