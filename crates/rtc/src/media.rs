use std::ops::Range;

use rtp::{Format, Kind};
use str0m::Rtc;
use str0m::media::{MediaKind, Mid, Pt, Rid, Rids};

use crate::formats::PayloadTypes;
use crate::sdp::{self, Direction};
use crate::sender::{EncodingConfig, Types};

/// Encodings of one m-line; further rids of an offer are not received.
pub const LAYERS_MAX: usize = 4;

/// One m-line of an established peer.
#[derive(Debug)]
pub struct Media {
    pub(crate) mid: Mid,
    /// Audio or video.
    pub kind: Kind,
    pub(crate) rids: Vec<Rid>,
    pub(crate) types: PayloadTypes,
    /// Sending: numbers of its encodings, one for each layer. A viewer's m-line has one.
    pub(crate) encodings: Range<usize>,
    /// Sending: how the last packet's format went, since it rarely changes.
    mapped: Option<(Format, Types)>,
}

impl Media {
    /// An m-line of this side's offer; what it sends is not known yet.
    pub(crate) fn offered(mid: Mid, kind: Kind, types: PayloadTypes) -> Self {
        Self {
            mid,
            kind,
            rids: Vec::new(),
            types,
            encodings: 0..0,
            mapped: None,
        }
    }

    /// The `a=mid` value.
    pub fn mid(&self) -> String {
        self.mid.to_string()
    }

    /// Simulcast rids in the order of the SDP; empty without simulcast.
    pub fn rids(&self) -> Vec<String> {
        self.rids.iter().map(ToString::to_string).collect()
    }

    /// What was negotiated, the remote's preference first.
    pub fn formats(&self) -> impl Iterator<Item = &Format> {
        self.types.formats()
    }

    /// Whether the remote can take packets of this format.
    pub fn accepts(&self, format: &Format) -> bool {
        self.types.best_for(format).is_some()
    }

    /// How packets of this format are sent; `None` when the remote does not take them.
    pub(crate) fn types_for(&mut self, format: &Format) -> Option<Types> {
        if let Some((last, types)) = self.mapped
            && last == *format
        {
            return Some(types);
        }
        let types = self.types.best_for(format)?;
        self.mapped = Some((*format, types));
        Some(types)
    }
}

/// The m-lines of a session after negotiation, in the order of the offer, and what they send.
/// `answer` has the ids of header extensions and the payload types of retransmissions, `own` of
/// the two descriptions the names of what is sent.
pub(crate) fn collect(
    rtc: &mut Rtc,
    offer: &str,
    answer: &str,
    own: &str,
    direction: Direction,
) -> (Vec<Media>, Vec<EncodingConfig>) {
    let params = rtc.codec_config().params().to_vec();
    let mids = offer.lines().filter_map(|line| line.strip_prefix("a=mid:"));
    let (mut all, mut encodings) = (Vec::new(), Vec::new());
    for mid in mids.map(Mid::from) {
        let Some(media) = rtc.media(mid) else {
            continue;
        };
        let kind = match media.kind() {
            MediaKind::Audio => Kind::Audio,
            MediaKind::Video => Kind::Video,
        };
        let rids = match direction {
            Direction::Receive => media.rids_rx(),
            Direction::Send => media.rids_tx(),
        };
        let rids: Vec<Rid> = match rids {
            Rids::Specific(rids) => rids.iter().take(LAYERS_MAX).copied().collect(),
            Rids::None | Rids::Any => Vec::new(),
        };
        let section = sdp::section(answer, &mid);
        let resent = sdp::retransmission_types(section);
        let accepted = sdp::payload_types(section);
        let accepted = media.remote_pts().iter().filter(|pt| accepted.contains(pt));
        let accepted: Vec<Pt> = accepted.copied().collect();
        let types = PayloadTypes::negotiated(&params, &accepted, &resent);
        let first = encodings.len();
        if direction == Direction::Send {
            let ids = sdp::extension_ids(section);
            let layers = match rids.as_slice() {
                [] => vec![None],
                rids => rids.iter().copied().map(Some).collect(),
            };
            for rid in layers {
                let mut direct = rtc.direct_api();
                let Some(stream) = direct.stream_tx_by_mid(mid, rid) else {
                    continue;
                };
                let ssrc = *stream.ssrc();
                encodings.push(EncodingConfig {
                    ssrc,
                    rtx_ssrc: stream.rtx().map(|ssrc| *ssrc),
                    mid,
                    rid,
                    ids,
                    cname: sdp::cname(own, ssrc).unwrap_or("headwater").to_owned(),
                });
            }
        }
        all.push(Media {
            mid,
            kind,
            rids,
            types,
            encodings: first..encodings.len(),
            mapped: None,
        });
    }
    (all, encodings)
}
