use std::fmt;

/// What a track carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Pictures.
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

/// A codec that Headwater passes through. It never decodes any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// RFC 7587.
    Opus,
    /// RFC 7741.
    Vp8,
    /// RFC 9628.
    Vp9,
    /// RFC 6184.
    H264,
    /// RFC 7798.
    H265,
    /// The AV1 RTP payload specification of the Alliance for Open Media.
    Av1,
}

impl Codec {
    /// All that are passed through.
    pub const ALL: [Self; 6] = [
        Self::Opus,
        Self::Vp8,
        Self::Vp9,
        Self::H264,
        Self::H265,
        Self::Av1,
    ];

    /// Whether it codes sound or pictures.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Opus => Kind::Audio,
            _ => Kind::Video,
        }
    }
}

impl fmt::Display for Codec {
    /// The encoding name as SDP writes it.
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

/// The part of a codec's parameters that decides whether a decoder can take it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// The codec has one profile, or it was not stated.
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

/// A codec with the parameters under which it was negotiated.
///
/// Payload types are absent on purpose: they belong to one peer, a format to a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Format {
    /// The codec.
    pub codec: Codec,
    /// RTP clock rate in Hz.
    pub clock_rate: u32,
    /// Codec profile.
    pub profile: Profile,
    /// The payload is wrapped for redundancy (RFC 2198), with this codec as the primary.
    pub red: bool,
}

impl Format {
    /// How well a receiver that accepts `other` can take this format.
    ///
    /// `None`: not at all. Higher is better; an equal format scores highest.
    pub fn fit(&self, other: &Self) -> Option<u8> {
        if self.codec != other.codec || self.clock_rate != other.clock_rate {
            return None;
        }
        let red = match (self.red, other.red) {
            (a, b) if a == b => 1,
            // The node unwraps RED for a receiver that did not negotiate it,
            // but it never wraps.
            (true, false) => 0,
            _ => return None,
        };
        let profile = match (self.profile, other.profile) {
            (a, b) if a == b => 3,
            (
                Profile::H264 {
                    profile_level_id: a,
                    packetization_mode: pa,
                },
                Profile::H264 {
                    profile_level_id: b,
                    packetization_mode: pb,
                },
            ) => {
                // Mode 0 packets are legal in mode 1, not the reverse (RFC 6184 §5.4).
                if pa > pb {
                    return None;
                }
                h264_profile_fit(a, b)?
            }
            (Profile::Number(_), Profile::Number(_)) => return None,
            _ => 1,
        };
        Some(profile * 2 + red)
    }
}

/// A decoder for profile `b` takes profile `a` when it is the same profile at any
/// level (browsers decode above their stated level), or a richer one.
fn h264_profile_fit(a: u32, b: u32) -> Option<u8> {
    let rank = |id: u32| match id >> 16 {
        0x42 => Some(0),
        0x4d => Some(1),
        0x58 => Some(1),
        0x64 => Some(2),
        _ => None,
    };
    let (a_rank, b_rank) = (rank(a)?, rank(b)?);
    match a_rank.cmp(&b_rank) {
        std::cmp::Ordering::Equal => Some(2),
        std::cmp::Ordering::Less => Some(1),
        std::cmp::Ordering::Greater => None,
    }
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

    fn h264(profile_level_id: u32, packetization_mode: u8) -> Format {
        Format {
            codec: Codec::H264,
            clock_rate: 90_000,
            profile: Profile::H264 {
                profile_level_id,
                packetization_mode,
            },
            red: false,
        }
    }

    #[test]
    fn an_equal_format_fits_best() {
        let equal = h264(0x42e01f, 1).fit(&h264(0x42e01f, 1));
        let same_profile = h264(0x42e01f, 1).fit(&h264(0x42001f, 1));
        let richer = h264(0x42e01f, 1).fit(&h264(0x64001f, 1));
        assert!(equal > same_profile && same_profile > richer && richer.is_some());
    }

    #[test]
    fn a_poorer_decoder_does_not_fit() {
        assert_eq!(h264(0x64001f, 1).fit(&h264(0x42e01f, 1)), None);
        assert_eq!(h264(0x42e01f, 1).fit(&h264(0x42e01f, 0)), None);
        assert!(h264(0x42e01f, 0).fit(&h264(0x42e01f, 1)).is_some());
    }

    #[test]
    fn red_is_unwrapped_but_never_made() {
        let opus = Format {
            codec: Codec::Opus,
            clock_rate: 48_000,
            profile: Profile::Any,
            red: false,
        };
        let red = Format { red: true, ..opus };
        assert!(red.fit(&red) > red.fit(&opus) && red.fit(&opus).is_some());
        assert_eq!(opus.fit(&red), None);
    }
}
