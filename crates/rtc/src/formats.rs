//! Between the WebRTC library's payload parameters and `rtp::Format`.

use rtp::{Codec, Format, Profile};
use str0m::format::{Codec as StrCodec, PayloadParams};

use crate::sender::Types;

/// Payload types of one m-line, the remote's preference first.
#[derive(Debug, Clone, Default)]
pub(crate) struct PayloadTypes(Vec<PayloadType>);

#[derive(Debug, Clone)]
struct PayloadType {
    number: u8,
    /// That of its retransmissions (RFC 4588 §8.1).
    rtx: Option<u8>,
    format: Format,
}

impl PayloadTypes {
    /// Those of `params` that the remote accepted under `remote_pts`, with those of `resent` for
    /// their retransmissions: first the type, then that of its retransmissions.
    pub(crate) fn negotiated(
        params: &[PayloadParams],
        remote_pts: &[str0m::media::Pt],
        resent: &[(u8, u8)],
    ) -> Self {
        let mut types = Vec::new();
        for pt in remote_pts {
            let Some(param) = params.iter().find(|p| p.pt() == *pt) else {
                continue;
            };
            let Some(format) = format(param) else {
                continue;
            };
            let rtx = resent.iter().find(|(of, _)| *of == **pt);
            types.push(PayloadType {
                number: **pt,
                rtx: rtx.map(|(_, rtx)| *rtx),
                format,
            });
            if let Some(red) = param.red() {
                types.push(PayloadType {
                    number: *red,
                    rtx: None,
                    format: Format {
                        red: true,
                        ..format
                    },
                });
            }
        }
        Self(types)
    }

    /// Number, that of its retransmissions, and format of each, the best first.
    pub(crate) fn new(types: impl Iterator<Item = (u8, Option<u8>, Format)>) -> Self {
        let types = types.map(|(number, rtx, format)| PayloadType {
            number,
            rtx,
            format,
        });
        Self(types.collect())
    }

    pub(crate) fn format(&self, number: u8) -> Option<Format> {
        let found = self.0.iter().find(|pt| pt.number == number);
        found.map(|pt| pt.format)
    }

    /// How a packet of `format` can be sent best.
    pub(crate) fn best_for(&self, format: &Format) -> Option<Types> {
        self.0
            .iter()
            .filter_map(|pt| Some((format.fit(&pt.format)?, pt)))
            // `max_by_key` takes the last of equals; the remote's first choice is what we want.
            .rev()
            .max_by_key(|(fit, _)| *fit)
            .map(|(_, pt)| Types {
                payload_type: pt.number,
                rtx: pt.rtx,
                red: pt.format.red,
            })
    }

    pub(crate) fn formats(&self) -> impl Iterator<Item = &Format> {
        self.0.iter().map(|pt| &pt.format)
    }
}

/// `None` for one that is not passed through.
pub(crate) fn format(param: &PayloadParams) -> Option<Format> {
    let spec = param.spec();
    let codec = match spec.codec {
        StrCodec::Opus => Codec::Opus,
        StrCodec::Vp8 => Codec::Vp8,
        StrCodec::Vp9 => Codec::Vp9,
        StrCodec::H264 => Codec::H264,
        StrCodec::H265 => Codec::H265,
        StrCodec::Av1 => Codec::Av1,
        _ => return None,
    };
    let profile = match codec {
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
