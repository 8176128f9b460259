use rtp::{Format, Kind};
use str0m::Rtc;
use str0m::media::{MediaKind, Mid, Pt, Rid, Rids};

use crate::formats::PayloadTypes;

/// One m-line of a peer, as it was negotiated.
#[derive(Debug)]
pub struct Media {
    pub(crate) mid: Mid,
    /// Audio or video.
    pub kind: Kind,
    /// This side may send on it.
    pub sends: bool,
    /// This side may receive on it.
    pub receives: bool,
    pub(crate) rids: Vec<Rid>,
    types: PayloadTypes,
}

impl Media {
    /// Reads the m-line with this `a=mid`; `None` when the library has no media for it, as for data
    /// channels.
    pub(crate) fn read(rtc: &Rtc, mid: Mid) -> Option<Self> {
        let media = rtc.media(mid)?;
        let direction = media.direction();
        let taken = !media.disabled();
        let rids = match direction.is_sending() {
            true => media.rids_tx(),
            false => media.rids_rx(),
        };
        let rids = match rids {
            Rids::Specific(rids) => rids.clone(),
            Rids::None | Rids::Any => Vec::new(),
        };
        let params = rtc.codec_config().params();
        Some(Self {
            mid,
            kind: match media.kind() {
                MediaKind::Audio => Kind::Audio,
                MediaKind::Video => Kind::Video,
            },
            sends: taken && direction.is_sending(),
            receives: taken && direction.is_receiving(),
            rids,
            types: PayloadTypes::negotiated(params, media.remote_pts()),
        })
    }

    /// Returns the `a=mid` value.
    pub fn mid(&self) -> String {
        self.mid.to_string()
    }

    /// Returns the simulcast rids in the order of the SDP; empty without simulcast.
    pub fn rids(&self) -> Vec<String> {
        self.rids.iter().map(ToString::to_string).collect()
    }

    /// Returns the negotiated formats in the remote's order of preference.
    pub fn formats(&self) -> impl Iterator<Item = &Format> {
        self.types.formats()
    }

    /// The rid of a layer; `Some(None)` for the only layer without simulcast, `None` for a layer
    /// that does not exist.
    pub(crate) fn rid(&self, layer: usize) -> Option<Option<Rid>> {
        match self.rids.get(layer) {
            Some(rid) => Some(Some(*rid)),
            None if layer == 0 && self.rids.is_empty() => Some(None),
            None => None,
        }
    }

    /// The layer of a rid; 0 without simulcast.
    pub(crate) fn layer(&self, rid: Option<Rid>) -> Option<usize> {
        match rid {
            Some(rid) => self.rids.iter().position(|known| *known == rid),
            None => Some(0),
        }
    }

    pub(crate) fn format(&self, payload_type: Pt) -> Option<Format> {
        self.types.format(payload_type)
    }

    /// The payload type under which packets of this format are sent, and the format that they are
    /// sent as.
    pub(crate) fn best_for(&self, format: &Format) -> Option<(Pt, Format)> {
        self.types.best_for(format)
    }
}
