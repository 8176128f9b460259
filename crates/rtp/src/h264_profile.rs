//! The `profile-level-id` of H.264 (RFC 6184 §8.1; ITU-T H.264 annex A).

use std::fmt;

/// An H.264 profile, without the constraint flags that do not change which profile it is.
///
/// Those only restrict the encoder: `640c1f` and `641028` are High, as `64001f` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProfileName {
    /// Baseline without the features that only Baseline has (flexible macroblock ordering and the
    /// like). Browsers encode nothing else as baseline, and it is a subset of Main.
    ConstrainedBaseline,
    /// Baseline as the standard defines it. Encoders that state it produce constrained baseline
    /// anyway.
    Baseline,
    /// With B pictures and CABAC.
    Main,
    /// With switching slices and data partitioning; no browser decodes it.
    Extended,
    /// With 8x8 transforms; 4:2:0 with 8 bits.
    High,
    /// Samples of up to 10 bits.
    High10,
    /// Chroma sampling up to 4:2:2.
    High422,
    /// Chroma sampling up to 4:4:4.
    High444,
    /// Any other profile_idc: scalable, multiview, or intra only.
    Other(u8),
}

impl ProfileName {
    /// Rank in the chain of profiles in which a decoder of one also decodes those of lower rank
    /// (ITU-T H.264 §A.2); `None` for a profile outside the chain.
    pub(crate) fn rank(self) -> Option<u8> {
        match self {
            Self::ConstrainedBaseline | Self::Baseline => Some(0),
            Self::Main => Some(1),
            Self::High => Some(HIGH),
            Self::High10 => Some(3),
            Self::High422 => Some(4),
            Self::High444 => Some(5),
            Self::Extended | Self::Other(_) => None,
        }
    }
}

/// Browsers decode every profile up to this rank, whatever they offer.
pub(crate) const HIGH: u8 = 2;

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ConstrainedBaseline => "Constrained Baseline",
            Self::Baseline => "Baseline",
            Self::Main => "Main",
            Self::Extended => "Extended",
            Self::High => "High",
            Self::High10 => "High 10",
            Self::High422 => "High 4:2:2",
            Self::High444 => "High 4:4:4",
            Self::Other(idc) => return write!(f, "profile {idc}"),
        })
    }
}

/// Returns the profile of a `profile-level-id` of 24 bits.
pub fn profile_name(profile_level_id: u32) -> ProfileName {
    let [_, idc, flags, _] = profile_level_id.to_be_bytes();
    let (set0, set1) = (flags & 0x80 != 0, flags & 0x40 != 0);
    // RFC 6184 table 5.
    match (idc, set0, set1) {
        (0x42, _, true) | (0x4d, true, _) | (0x58, true, true) => ProfileName::ConstrainedBaseline,
        (0x42, _, false) | (0x58, true, false) => ProfileName::Baseline,
        (0x4d, false, _) => ProfileName::Main,
        (0x58, false, _) => ProfileName::Extended,
        (0x64, ..) => ProfileName::High,
        (0x6e, ..) => ProfileName::High10,
        (0x7a, ..) => ProfileName::High422,
        (0xf4, ..) => ProfileName::High444,
        (other, ..) => ProfileName::Other(other),
    }
}

/// Parses six hexadecimal digits in either case; spaces, quotes and a leading `0x` are ignored.
/// `None` for anything else.
pub fn parse_profile_level_id(text: &str) -> Option<u32> {
    let text = text.trim().trim_matches('"').trim();
    let hex = text.strip_prefix("0x").or(text.strip_prefix("0X"));
    let hex = hex.unwrap_or(text);
    let is_whole = hex.len() == 6 && hex.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_whole
        .then(|| u32::from_str_radix(hex, 16).ok())
        .flatten()
}

/// The level of a `profile-level-id` as people write it: `3.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LevelName(pub u32);

impl fmt::Display for LevelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, idc, flags, level] = self.0.to_be_bytes();
        // Level 1b is 9, or 11 with constraint_set3_flag in the older profiles (§A.3.1, §A.3.2).
        let is_1b = level == 9 || level == 11 && flags & 0x10 != 0 && matches!(idc, 66 | 77 | 88);
        match (level / 10, level % 10) {
            _ if is_1b => f.write_str("1b"),
            (major, 0) => write!(f, "{major}"),
            (major, minor) => write!(f, "{major}.{minor}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profile_is_named_by_idc_and_constraint_flags() {
        for (id, name) in [
            (0x42e01f, ProfileName::ConstrainedBaseline),
            (0x42c01f, ProfileName::ConstrainedBaseline),
            (0x42001f, ProfileName::Baseline),
            (0x4d001f, ProfileName::Main),
            (0x4d401f, ProfileName::Main),
            (0x4d801f, ProfileName::ConstrainedBaseline),
            (0x58001f, ProfileName::Extended),
            (0x64001f, ProfileName::High),
            (0x640c1f, ProfileName::High),
            (0x641028, ProfileName::High),
            (0x6e001f, ProfileName::High10),
            (0x7a001f, ProfileName::High422),
            (0xf4001f, ProfileName::High444),
            (0x53001f, ProfileName::Other(0x53)),
        ] {
            assert_eq!(profile_name(id), name, "{id:06x}");
        }
    }

    #[test]
    fn profile_level_id_is_parsed_leniently() {
        for text in ["64001f", "64001F", " 64001f ", "\"64001f\"", "0x64001f"] {
            assert_eq!(parse_profile_level_id(text), Some(0x64001f), "{text}");
        }
        for text in ["", "64", "64001", "64001fa", "64001g", "+4001f", "é4001"] {
            assert_eq!(parse_profile_level_id(text), None, "{text}");
        }
    }

    #[test]
    fn level_is_displayed_as_the_standard_writes_it() {
        for (id, level) in [
            (0x64001f, "3.1"),
            (0x640028, "4"),
            (0x42e033, "5.1"),
            (0x42f00b, "1b"),
            (0x640009, "1b"),
        ] {
            assert_eq!(LevelName(id).to_string(), level, "{id:06x}");
        }
    }
}
