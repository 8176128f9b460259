//! How well a receiver can take a format. `docs/codecs.md` has the table and its reasons.

use crate::h264_profile::{HIGH, profile_name};
use crate::{Codec, Format, Profile};

/// How well a receiver that offers one format can take packets of another. Greater is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fit {
    /// The grade, which is compared first.
    pub grade: Grade,
    /// How close the two profiles are, among fits of one grade.
    nearness: u8,
    /// Both formats have RED (RFC 2198) or neither has, so the payload is forwarded unchanged.
    red: bool,
}

/// How certain it is that a receiver decodes a format, the least certain first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// The receiver offers less than this profile, but is known to decode it anyway.
    Nearest,
    /// A decoder of the offered profile must decode this one, or one side states no profile.
    Compatible,
    /// The receiver offers the profile, at another level or with other constraints.
    SameProfile,
    /// The receiver offers exactly this profile.
    Exact,
}

/// Nearness of equal profiles; no two profiles are further apart than this.
const NEAREST: u8 = 8;

impl Format {
    /// Rates how well a receiver that accepts `other` can take this format; `None` if it cannot.
    ///
    /// The H.264 level rules no receiver out: decoders play above the level that they state.
    pub fn fit(&self, other: &Self) -> Option<Fit> {
        if self.codec != other.codec || self.clock_rate != other.clock_rate {
            return None;
        }
        // The server unwraps RED for a receiver that did not negotiate it, but never generates RED.
        if other.red && !self.red {
            return None;
        }
        let (grade, nearness) = profile_fit(self.codec, self.profile, other.profile)?;
        Some(Fit {
            grade,
            nearness,
            red: self.red == other.red,
        })
    }
}

fn profile_fit(codec: Codec, source: Profile, offered: Profile) -> Option<(Grade, u8)> {
    match (source, offered) {
        (source, offered) if source == offered => Some((Grade::Exact, NEAREST)),
        (
            Profile::H264 {
                profile_level_id: source,
                packetization_mode,
            },
            Profile::H264 {
                profile_level_id: offered,
                packetization_mode: offered_mode,
            },
        ) => {
            // Packets of mode 0 are legal in mode 1, but not the reverse (RFC 6184 §5.4).
            let fits = packetization_mode <= offered_mode;
            fits.then(|| h264_fit(source, offered)).flatten()
        }
        (Profile::Number(source), Profile::Number(offered)) => number_fit(codec, source, offered),
        // One side states no profile.
        _ => Some((Grade::Compatible, 0)),
    }
}

fn h264_fit(source: u32, offered: u32) -> Option<(Grade, u8)> {
    let (from, to) = (profile_name(source), profile_name(offered));
    let constraints = |id: u32| id & 0x00_0c_00;
    if from == to {
        let same = constraints(source) == constraints(offered);
        return Some((Grade::SameProfile, NEAREST - u8::from(!same)));
    }
    let (rank, offered_rank) = (from.rank()?, to.rank()?);
    let near = NEAREST - rank.abs_diff(offered_rank);
    match offered_rank.cmp(&rank) {
        // Baseline and its constrained variant.
        std::cmp::Ordering::Equal => Some((Grade::SameProfile, NEAREST - 2)),
        std::cmp::Ordering::Greater => Some((Grade::Compatible, near)),
        // Above High, with more than 8 bits or 4:2:0, a decoder has to offer the profile.
        std::cmp::Ordering::Less => (rank <= HIGH).then_some((Grade::Nearest, near)),
    }
}

fn number_fit(codec: Codec, source: u8, offered: u8) -> Option<(Grade, u8)> {
    let near = NEAREST.saturating_sub(source.abs_diff(offered));
    match codec {
        // A High decoder takes Main, a Professional one takes both (AV1 specification, §A.2).
        Codec::Av1 => (offered > source).then_some((Grade::Compatible, near)),
        // Main, Main 10 and tiers: receivers offer less than their decoders can do.
        Codec::H265 => Some((Grade::Nearest, near)),
        // VP9 profiles are bit depths and chroma samplings; none contains another.
        _ => None,
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

    fn number(codec: Codec, number: u8) -> Format {
        Format {
            codec,
            clock_rate: 90_000,
            profile: Profile::Number(number),
            red: false,
        }
    }

    fn grade(source: u32, offered: u32) -> Option<Grade> {
        let fit = h264(source, 1).fit(&h264(offered, 1));
        fit.map(|fit| fit.grade)
    }

    /// Returns the profile in an offer that fits a source best.
    fn best(source: u32, offer: &[u32]) -> Option<u32> {
        let fits = offer.iter().filter_map(|offered| {
            let fit = h264(source, 1).fit(&h264(*offered, 1))?;
            Some((fit, *offered))
        });
        fits.max_by_key(|(fit, _)| *fit).map(|(_, offered)| offered)
    }

    #[test]
    fn equal_format_fits_best() {
        let fit = |offered| h264(0x42e01f, 1).fit(&h264(offered, 1)).unwrap();
        let order = [0x42e01f, 0x42e034, 0x42001f, 0x4d001f, 0x64001f].map(fit);
        assert!(order.is_sorted_by(|a, b| a > b), "{order:?}");
        assert_eq!(order[0].grade, Grade::Exact);
        assert_eq!(order[2].grade, Grade::SameProfile);
        assert_eq!(order[3].grade, Grade::Compatible);
    }

    #[test]
    fn high_profile_is_forwarded_to_every_browser() {
        let chromium = [0x42001f, 0x42e01f, 0x4d001f, 0xf4001f];
        // The only one of these whose decoders must play High.
        assert_eq!(best(0x64001f, &chromium), Some(0xf4001f));
        let firefox = [0x42e01f, 0x42001f];
        assert!(best(0x64001f, &firefox).is_some());
        let safari = [0x640c1f, 0x42e01f];
        assert_eq!(best(0x64001f, &safari), Some(0x640c1f));
        assert_eq!(best(0x64001f, &[0x42e01f, 0x4d001f]), Some(0x4d001f));
        assert_eq!(grade(0x64001f, 0x42e01f), Some(Grade::Nearest));
    }

    #[test]
    fn constraint_flags_and_levels_exclude_no_receiver() {
        for source in [0x640c1f, 0x641028, 0x640034] {
            assert_eq!(grade(source, 0x64001f), Some(Grade::SameProfile));
            assert_eq!(grade(0x64001f, source), Some(Grade::SameProfile));
        }
    }

    #[test]
    fn profile_above_high_needs_a_receiver_that_offers_it() {
        for source in [0x6e001f, 0x7a001f, 0xf4001f] {
            assert_eq!(grade(source, 0x64001f), None, "{source:06x}");
            assert_eq!(grade(source, 0x42e01f), None, "{source:06x}");
            assert_eq!(grade(source, source), Some(Grade::Exact));
        }
        assert_eq!(grade(0x6e001f, 0xf4001f), Some(Grade::Compatible));
        // Extended, and scalable high.
        assert_eq!(grade(0x58001f, 0x64001f), None);
        assert_eq!(grade(0x56001f, 0x64001f), None);
        assert_eq!(grade(0x56001f, 0x56001e), Some(Grade::SameProfile));
    }

    #[test]
    fn packetization_mode_1_needs_a_mode_1_receiver() {
        assert_eq!(h264(0x42e01f, 1).fit(&h264(0x42e01f, 0)), None);
        assert!(h264(0x42e01f, 0).fit(&h264(0x42e01f, 1)).is_some());
    }

    #[test]
    fn numbered_profiles_compare_by_the_rules_of_their_codec() {
        let grade = |codec, source, offered| {
            let fit = number(codec, source).fit(&number(codec, offered));
            fit.map(|fit| fit.grade)
        };
        assert_eq!(grade(Codec::Vp9, 0, 0), Some(Grade::Exact));
        assert_eq!(grade(Codec::Vp9, 0, 2), None);
        assert_eq!(grade(Codec::Vp9, 2, 0), None);
        assert_eq!(grade(Codec::Av1, 0, 1), Some(Grade::Compatible));
        assert_eq!(grade(Codec::Av1, 1, 0), None);
        assert_eq!(grade(Codec::H265, 2, 1), Some(Grade::Nearest));
    }

    #[test]
    fn red_is_unwrapped_but_never_generated() {
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
