//! Payload types and extension ids of the sections that this side adds.

use rtp::{Codec, Format, Kind, Profile};

use crate::{extensions, formats};

/// Payload type, RTX payload type, packetization mode and profile-level-id: constrained baseline,
/// baseline, main and high, each with both packetization modes.
const H264: [(u8, u8, u8, u32); 8] = [
    (108, 109, 1, 0x42_e0_1f),
    (124, 120, 0, 0x42_e0_1f),
    (127, 121, 1, 0x42_00_1f),
    (125, 107, 0, 0x42_00_1f),
    (123, 119, 1, 0x4d_00_1f),
    (35, 36, 0, 0x4d_00_1f),
    (114, 115, 1, 0x64_00_1f),
    (116, 117, 0, 0x64_00_1f),
];

/// Iterates over the dynamic payload types: the usual range, then the range that RFC 3551 §3 leaves
/// unassigned and that does not collide with RTCP (RFC 5761 §4).
fn dynamic() -> impl Iterator<Item = u8> {
    (96..=127).chain(35..=63)
}

/// The formats and extensions that this side offers, with their numbers.
#[derive(Debug)]
pub(super) struct Numbers {
    types: Vec<OwnType>,
    /// Ids of extensions that differ from the defaults, or may do so.
    extension_ids: Vec<(&'static str, u8)>,
}

/// A payload type that this side offers.
#[derive(Debug, Clone)]
pub(super) struct OwnType {
    pub(super) number: u8,
    pub(super) rtx: Option<u8>,
    pub(super) format: Format,
    pub(super) parameters: String,
}

impl Numbers {
    /// Creates the default numbers.
    pub(super) fn new() -> Self {
        let plain = |number, rtx, codec, profile, parameters: &str| OwnType {
            number,
            rtx,
            format: Format {
                codec,
                clock_rate: formats::clock_rate(codec),
                profile,
                red: false,
            },
            parameters: parameters.to_owned(),
        };
        let opus = formats::opus_parameters();
        let mut types = vec![
            plain(111, None, Codec::Opus, Profile::Any, &opus),
            plain(96, Some(97), Codec::Vp8, Profile::Any, ""),
            plain(98, Some(99), Codec::Vp9, Profile::Number(0), "profile-id=0"),
            plain(
                100,
                Some(101),
                Codec::Vp9,
                Profile::Number(2),
                "profile-id=2",
            ),
        ];
        types.extend(
            H264.map(|(number, rtx, packetization_mode, profile_level_id)| {
                let parameters = format!(
                    "level-asymmetry-allowed=1;packetization-mode={packetization_mode};\
                 profile-level-id={profile_level_id:06x}"
                );
                let profile = Profile::H264 {
                    profile_level_id,
                    packetization_mode,
                };
                plain(number, Some(rtx), Codec::H264, profile, &parameters)
            }),
        );
        types.push(plain(102, Some(103), Codec::H265, Profile::Any, ""));
        types.push(plain(45, Some(46), Codec::Av1, Profile::Number(0), ""));
        Self {
            types,
            extension_ids: Vec::new(),
        }
    }

    /// Adopts the numbers of a remote that offers first: within a bundle a number has one meaning
    /// (RFC 9143 §9.1, §9.3).
    pub(super) fn follow(&mut self, remote: &sdp::Description) {
        let theirs: Vec<&sdp::Codec> = remote.sections.iter().flat_map(|s| &s.codecs).collect();
        let mut taken: Vec<u8> = theirs.iter().map(|codec| codec.payload_type).collect();
        let mut unmatched = Vec::new();
        for (index, own) in self.types.iter_mut().enumerate() {
            let same = |codec: &&&sdp::Codec| formats::format_of(codec) == Some(own.format);
            match theirs.iter().find(same) {
                Some(codec) => {
                    own.number = codec.payload_type;
                    own.rtx = rtx_among(&theirs, codec.payload_type).or(own.rtx);
                    own.parameters = formats::answered_parameters(codec, &own.format);
                }
                None => unmatched.push(index),
            }
        }
        // Numbers of this side that mean something else to the remote move to free ones.
        taken.extend(self.types.iter().filter_map(|own| own.rtx));
        for index in unmatched {
            if let Some(own) = self.types.get_mut(index) {
                move_to_free(&mut own.number, &mut taken);
                if let Some(rtx) = &mut own.rtx {
                    move_to_free(rtx, &mut taken);
                }
            }
        }
        self.follow_extensions(remote);
    }

    fn follow_extensions(&mut self, remote: &sdp::Description) {
        let theirs = || remote.sections.iter().flat_map(|s| &s.extensions);
        let is_taken = |id: u8| theirs().any(|extension| extension.id == id);
        let mut free = (1..extensions::ID_MAX).filter(|id| !is_taken(*id));
        let all = [Kind::Audio, Kind::Video].into_iter();
        let mut ids: Vec<(&'static str, u8)> = Vec::new();
        for (usual, uri) in all.flat_map(extensions::received) {
            if ids.iter().any(|(known, _)| *known == uri) {
                continue;
            }
            let id = match theirs().find(|extension| extension.uri == uri) {
                Some(extension) => Some(extension.id),
                None if is_taken(usual) => free.next(),
                None => Some(usual),
            };
            ids.extend(id.map(|id| (uri, id)));
        }
        self.extension_ids = ids;
    }

    /// Iterates over the payload types of a kind.
    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = &OwnType> {
        let types = self.types.iter();
        types.filter(move |own| own.format.codec.kind() == kind)
    }

    /// Returns the extensions of a section, with their default ids replaced where necessary.
    pub(super) fn extensions(
        &self,
        usual: impl Iterator<Item = (u8, &'static str)>,
    ) -> Vec<sdp::Extension> {
        let extension = |(usual, uri): (u8, &str)| {
            let other = self.extension_ids.iter().find(|(known, _)| *known == uri);
            sdp::Extension {
                id: other.map_or(usual, |(_, id)| *id),
                direction: None,
                uri: uri.to_owned(),
            }
        };
        usual.map(extension).collect()
    }
}

impl OwnType {
    /// Returns the codec as it is written in SDP, followed by its RTX.
    pub(super) fn codecs(&self) -> impl Iterator<Item = sdp::Codec> {
        let (codec, clock_rate) = (self.format.codec, self.format.clock_rate);
        let mut feedback = vec!["transport-cc".to_owned()];
        if codec.kind() == Kind::Video {
            feedback.extend(["ccm fir", "nack", "nack pli"].map(str::to_owned));
        }
        let own = sdp::Codec {
            payload_type: self.number,
            name: codec.to_string(),
            clock_rate,
            channels: (codec == Codec::Opus).then_some(2),
            parameters: self.parameters.clone(),
            feedback,
        };
        let rtx = self.rtx.map(|payload_type| sdp::Codec {
            payload_type,
            name: "rtx".to_owned(),
            clock_rate,
            channels: None,
            parameters: format!("apt={}", self.number),
            feedback: Vec::new(),
        });
        [Some(own), rtx].into_iter().flatten()
    }
}

fn rtx_among(codecs: &[&sdp::Codec], primary: u8) -> Option<u8> {
    let rtx = codecs.iter().find(|codec| codec.repeats() == Some(primary));
    rtx.map(|codec| codec.payload_type)
}

fn move_to_free(number: &mut u8, taken: &mut Vec<u8>) {
    if taken.contains(number)
        && let Some(free) = dynamic().find(|free| !taken.contains(free))
    {
        *number = free;
    }
    taken.push(*number);
}
