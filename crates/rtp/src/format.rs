use std::fmt;

use crate::h264_profile::{LevelName, profile_name};

/// The kind of media that a track carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An audio track.
    Audio,
    /// A video track.
    Video,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Audio => "audio",
            Self::Video => "video",
        })
    }
}

/// A codec that Headwater forwards. It never decodes any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// Opus audio (RFC 7587).
    Opus,
    /// VP8 video (RFC 7741).
    Vp8,
    /// VP9 video (RFC 9628).
    Vp9,
    /// H.264 video (RFC 6184).
    H264,
    /// H.265 video (RFC 7798).
    H265,
    /// AV1 video (the AV1 RTP payload specification of the Alliance for Open Media).
    Av1,
}

impl Codec {
    /// All codecs that are forwarded.
    pub const ALL: [Self; 6] = [
        Self::Opus,
        Self::Vp8,
        Self::Vp9,
        Self::H264,
        Self::H265,
        Self::Av1,
    ];

    /// Returns whether the codec is for audio or for video.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Opus => Kind::Audio,
            _ => Kind::Video,
        }
    }
}

impl fmt::Display for Codec {
    /// Writes the encoding name of SDP.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Opus => "opus",
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
            Self::H264 => "H264",
            Self::H265 => "H265",
            Self::Av1 => "AV1",
        })
    }
}

/// The codec parameters that decide whether a decoder can take a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// The codec has one profile, or none was stated.
    #[default]
    Any,
    /// H.264 `profile-level-id` (24 bits) and `packetization-mode` (RFC 6184 §8.1).
    H264 {
        /// profile_idc, profile-iop and level_idc, one byte each.
        profile_level_id: u32,
        /// 0 = single NAL units, 1 = fragmentation and aggregation allowed.
        packetization_mode: u8,
    },
    /// VP9 `profile-id` (RFC 9628 §6) or AV1 `profile`.
    Number(u8),
}

impl fmt::Display for Profile {
    /// Writes the profile as messages show it: `High 3.1 (64001f), packetization-mode 1`. Writes
    /// nothing for [`Self::Any`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Any => Ok(()),
            Self::H264 {
                profile_level_id: id,
                packetization_mode,
            } => {
                let (profile, level) = (profile_name(id), LevelName(id));
                write!(f, "{profile} {level} ({id:06x}), ")?;
                write!(f, "packetization-mode {packetization_mode}")
            }
            Self::Number(n) => write!(f, "profile {n}"),
        }
    }
}

/// A codec with its negotiated parameters.
///
/// Payload types are deliberately absent: a payload type belongs to one peer, a format to a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Format {
    /// The codec of the payload; with RED, that of its primary block.
    pub codec: Codec,
    /// RTP clock rate in Hz.
    pub clock_rate: u32,
    /// The profile that a decoder must support.
    pub profile: Profile,
    /// The payload is RED (RFC 2198), with this codec as its primary block.
    pub red: bool,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.codec)?;
        match self.profile {
            Profile::Any => Ok(()),
            Profile::H264 {
                profile_level_id,
                packetization_mode,
            } => {
                write!(f, " {profile_level_id:06x}/{packetization_mode}")
            }
            Profile::Number(n) => write!(f, " profile {n}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_is_displayed_by_its_common_name() {
        let profile = Profile::H264 {
            profile_level_id: 0x64001f,
            packetization_mode: 1,
        };
        assert_eq!(
            profile.to_string(),
            "High 3.1 (64001f), packetization-mode 1"
        );
        assert_eq!(Profile::Number(2).to_string(), "profile 2");
    }
}
