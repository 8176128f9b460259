//! Receives media: SRTP, retransmissions (RFC 4588), and the feedback for the publisher: NACKs, key
//! frame requests, receiver reports and transport-wide feedback.
//!
//! ```text
//! datagram -> header -> SSRC known? -> open -> place (mid, layer) -> layer's numbering -> packet
//!                                        |                              |
//!                                 transport-wide arrival            missing numbers
//! ```
//!
//! Only authentic packets change the state. A layer has one source at a time; when its SSRC
//! changes, the numbering of the layer continues, and the first packet is marked as a restart.
//!
//! Deliberately absent: forward error correction, and a jitter buffer: packets are passed on in the
//! order of their arrival.

mod arrivals;
mod binding;
mod cause;
mod compounds;
mod contents;
mod feedback;
mod layer;
mod missing;
mod numbering;
mod opening;
mod reception;
mod section;
mod source;
#[cfg(test)]
mod tests;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rtp::{LayerIndex, Packet};

pub use cause::Cause;
pub use section::{DeclaredSource, LAYERS_MAX, ReceivedSection, ReceivedType};

use crate::clock::PublisherClock;
use crate::flow::Flow;
use crate::index::SectionIndex;
use arrivals::Arrivals;
use layer::Layer;
use source::{Place, Source};

/// SSRCs of one section, including those of retransmissions: two for each of four layers. A further
/// one replaces the one that was silent for the longest time.
pub const SSRCS_MAX: usize = 8;

/// Sources of closed sections whose rollover counters are remembered; a further one replaces the
/// one that was silent for the longest time.
const PARKED_MAX: usize = 32;

/// The assumed round trip until one is measured.
const ROUND_TRIP_FIRST: Duration = Duration::from_millis(100);

/// All media that one peer receives.
#[derive(Debug)]
pub struct Receiver {
    /// The sender SSRC of this side's RTCP.
    ssrc: u32,
    began: Instant,
    sections: Vec<Section>,
    /// A source keeps its index until another one replaces it.
    sources: Vec<Source>,
    /// The SSRCs of `sources`, in the same order: every packet searches them, so they are
    /// contiguous.
    ssrcs: Vec<u32>,
    clock: PublisherClock,
    arrivals: Arrivals,
    /// Id of the transport-wide sequence number: one for all sections, which share a transport
    /// (RFC 8843 §9.1). 0 = not negotiated.
    transport_seq: u8,
    /// SSRC of the packet with the latest transport-wide sequence number.
    transport_ssrc: u32,
    /// Smoothed time from a NACK to the retransmission that answers it.
    round_trip: Duration,
    /// When reports are due; `None` when no packet arrived since the last.
    report_at: Option<Instant>,
    /// The earliest time at which a layer may have NACKs to send. Cached here, since it is read
    /// after every packet and the layers are far apart in memory.
    asks_at: Option<Instant>,
    /// At least one layer waits for its key frame request to be sent.
    keyframe_wanted: bool,
    nacks: u64,
    packets: u64,
    bytes: u64,
}

/// An m-line and its layers.
#[derive(Debug)]
struct Section {
    config: ReceivedSection,
    layers: Vec<Layer>,
}

/// A packet, and the layer that it belongs to.
#[derive(Debug)]
pub struct Arrived {
    /// The section, counted as in the list given to [`Receiver::set_sections`].
    pub section: SectionIndex,
    /// Its layer in the section.
    pub layer: LayerIndex,
    /// The first packet after the layer's source changed or its sequence numbers jumped: it does
    /// not continue the packets before, and viewers need a key frame, which is requested already.
    pub restarted: bool,
    /// The packet. It is numbered by the layer, not by the source, so its number never repeats.
    pub packet: Arc<Packet>,
}

impl Receiver {
    /// Creates a receiver without sections. `ssrc` is the sender of its RTCP.
    pub fn new(now: Instant, ssrc: u32) -> Self {
        Self {
            ssrc,
            began: now,
            sections: Vec::new(),
            sources: Vec::new(),
            ssrcs: Vec::new(),
            clock: PublisherClock::default(),
            arrivals: Arrivals::new(now),
            transport_seq: 0,
            transport_ssrc: 0,
            round_trip: ROUND_TRIP_FIRST,
            report_at: None,
            asks_at: None,
            keyframe_wanted: false,
            nacks: 0,
            packets: 0,
            bytes: 0,
        }
    }

    /// Loads into the cache the state that the next packet of the first source needs.
    pub(crate) fn prefetch(&self) {
        black_box((self.ssrcs.first().copied(), self.packets));
        if let Some(source) = self.sources.first() {
            source.prefetch();
        }
        if let Some(section) = self.sections.first() {
            black_box(section.config.types.first().map(|of| of.number));
            if let Some(layer) = section.layers.first() {
                layer.prefetch();
            }
        }
        self.arrivals.prefetch();
    }

    /// Replaces the sections that are received. A layer keeps its state if its section had the same
    /// mid and kind before, and a layer with the same rid.
    pub fn set_sections(&mut self, sections: Vec<ReceivedSection>) {
        let mut old = std::mem::take(&mut self.sections);
        let mut moves: Vec<(Place, Place)> = Vec::new();
        for (section, config) in SectionIndex::all().zip(sections) {
            let is_same = |s: &Section| s.config.mid == config.mid && s.config.kind == config.kind;
            let mut known = SectionIndex::all().zip(&old);
            let before = known.find_map(|(from, old)| is_same(old).then_some(from));
            let layers = config.layers().map(|layer| {
                let rid = config.rids.get(layer.index()).map(|rid| &**rid);
                let (from, kept) = before
                    .and_then(|from| Some((from, old.get_mut(from.index())?)))
                    .and_then(|(from, section)| Some((from, section.take_layer(rid)?)))
                    .map(|(section, (layer, kept))| (Place { section, layer }, kept))?;
                moves.push((from, Place { section, layer }));
                Some(kept)
            });
            let layers = layers.map(|kept| kept.unwrap_or_else(Layer::new)).collect();
            self.sections.push(Section { config, layers });
        }
        // Sources of layers that are gone stay without a place: their rollover counters are needed
        // if the section is opened again.
        for source in &mut self.sources {
            let moved = moves.iter().find(|(from, _)| Some(*from) == source.place);
            source.place = moved.map(|(_, to)| *to);
        }
        let counted = self.sections.iter().filter(|s| s.config.transport_cc);
        let ids = counted.map(|s| s.config.ids.transport_seq);
        self.transport_seq = ids.into_iter().find(|id| *id > 0).unwrap_or(0);
    }

    /// Requests a key frame of one layer, with the next [`Self::handle_timeout`]. While the layer
    /// has no source the request waits for one. The caller limits the rate of requests.
    pub fn request_keyframe(&mut self, section: SectionIndex, layer: LayerIndex) {
        let section = self.sections.get_mut(section.index());
        if let Some(layer) = section.and_then(|s| s.layers.get_mut(layer.index())) {
            layer.wants_keyframe = true;
            self.keyframe_wanted = true;
        }
    }

    /// Returns the number of NACKs sent since the last call.
    pub fn poll_nacks(&mut self) -> u64 {
        std::mem::take(&mut self.nacks)
    }

    /// Returns the counters so far. The losses are those of the currently known sources, before
    /// retransmission.
    pub fn flow(&self) -> Flow {
        let lost = self.sources.iter().map(|source| source.reception.lost());
        Flow {
            packets: self.packets,
            bytes: self.bytes,
            lost: lost.sum(),
        }
    }

    fn position(&self, ssrc: u32) -> Option<usize> {
        self.ssrcs.iter().position(|known| *known == ssrc)
    }

    fn layer(&mut self, place: Place) -> Option<&mut Layer> {
        let section = self.sections.get_mut(place.section.index())?;
        section.layers.get_mut(place.layer.index())
    }
}

impl Section {
    /// Takes out the layer with this rid, or the only layer of a section without rids.
    fn take_layer(&mut self, rid: Option<&str>) -> Option<(LayerIndex, Layer)> {
        let at = match rid {
            Some(rid) => self.config.layer_of_rid(rid.as_bytes())?,
            None if self.config.rids.is_empty() => LayerIndex::FIRST,
            None => return None,
        };
        let layer = self.layers.get_mut(at.index())?;
        Some((at, std::mem::replace(layer, Layer::new())))
    }
}
