use rtp::{Format, Kind};
use str0m::Rtc;
use str0m::media::{MediaKind, Mid, Pt, Rid, Rids};

use crate::formats::PayloadTypes;

/// One m-line of a peer, as far as it is negotiated.
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
    /// The m-line of this `a=mid`; `None` when the library has none, as of data channels.
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

    /// The `a=mid` value.
    pub fn mid(&self) -> String {
        self.mid.to_string()
    }

    /// Simulcast rids in the order of the SDP; empty without simulcast.
    pub fn rids(&self) -> Vec<String> {
        self.rids.iter().map(ToString::to_string).collect()
    }

    /// The negotiated formats, the remote's preference first.
    pub fn formats(&self) -> impl Iterator<Item = &Format> {
        self.types.formats()
    }

    /// The rid of a layer: `Some(None)` of the only one without simulcast.
    pub(crate) fn rid(&self, layer: usize) -> Option<Option<Rid>> {
        match self.rids.get(layer) {
            Some(rid) => Some(Some(*rid)),
            None if layer == 0 && self.rids.is_empty() => Some(None),
            None => None,
        }
    }

    /// The layer of a rid, which is 0 without simulcast.
    pub(crate) fn layer(&self, rid: Option<Rid>) -> Option<usize> {
        match rid {
            Some(rid) => self.rids.iter().position(|known| *known == rid),
            None => Some(0),
        }
    }

    pub(crate) fn format(&self, payload_type: Pt) -> Option<Format> {
        self.types.format(payload_type)
    }

    /// How packets of this format are sent: under which payload type, and as what.
    pub(crate) fn best_for(&self, format: &Format) -> Option<(Pt, Format)> {
        self.types.best_for(format)
    }
}
