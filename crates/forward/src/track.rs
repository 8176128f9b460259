use std::sync::Arc;
use std::time::{Duration, Instant};

use rtp::{Bitrate, DescribedSet, Format, Kind, LayerIndex, Packet};

use super::layer::Layer;
use super::limits::Limits;

/// A layer moves past another in the order only when its rate is higher by this factor, so that
/// two similar layers do not change places with every scene.
const REORDER_RATIO: f64 = 1.3;

/// A layer without a packet for this long is inactive: the publisher's encoder dropped it.
const SILENT_AFTER: Duration = Duration::from_millis(1_500);

/// A layer whose latest packet is this much older than another layer's is inactive, too: an
/// encoder makes all layers of the same pictures.
const SILENT_BEHIND: Duration = Duration::from_millis(600);

/// One audio or video source as one shard sees it.
#[derive(Debug)]
pub struct Track {
    kind: Kind,
    layers: Vec<Layer>,
    /// The layers, worst first.
    order: Vec<LayerIndex>,
    format: Option<Format>,
    /// Counts up when a publisher begins and when a layer restarts. The subscriptions concerned
    /// then start over.
    generation: u64,
    /// The generation in which the present publisher began.
    began: u64,
    limits: Limits,
}

impl Track {
    /// Creates a track that has had no publisher yet.
    pub fn new(kind: Kind, limits: Limits) -> Self {
        Self {
            kind,
            layers: Vec::new(),
            order: Vec::new(),
            format: None,
            generation: 0,
            began: 0,
            limits,
        }
    }

    /// Begins a publisher, the first one or one that returns. `rids` are in the order of its SDP,
    /// and empty without simulcast.
    pub fn begin(&mut self, rids: &[String]) {
        self.generation += 1;
        self.began = self.generation;
        let layer = |rid| Layer::new(rid, &self.limits, self.generation);
        self.layers = match rids {
            [] => vec![layer(None)],
            rids => rids.iter().cloned().map(Some).map(layer).collect(),
        };
        self.order = LayerIndex::all().take(self.layers.len()).collect();
        self.format = None;
    }

    /// Continues a layer under another SSRC whose sequence numbers and timestamps have nothing to
    /// do with the earlier ones. Empties the layer's cache and requests a key frame. Viewers of the
    /// layer wait for that key frame, and see continuous numbers and timestamps. Packets of the old
    /// SSRC must not be pushed any more. Unknown layers are ignored.
    pub fn restart_layer(&mut self, layer: LayerIndex) {
        if let Some(layer) = self.layers.get_mut(layer.index()) {
            self.generation += 1;
            layer.restart(self.generation);
        }
    }

    /// Takes the parameter sets from the publisher's session description. Viewers are given them
    /// until the stream sends its own. Call it after [`Self::begin`], which forgets them.
    pub fn set_parameter_sets(&mut self, now: Instant, sets: &[DescribedSet]) {
        for layer in &mut self.layers {
            for set in sets {
                layer.offer_set(now, set);
            }
        }
    }

    /// Ends the publisher. Its layers and their caches are dropped, so that no viewer begins with
    /// old pictures.
    pub fn end(&mut self) {
        self.layers.clear();
        self.order.clear();
        self.format = None;
    }

    /// Reads the memory that the next packet of the first layer will need, to have it in the
    /// processor's caches.
    pub fn prefetch(&self) {
        if let Some(layer) = self.layers.first() {
            layer.prefetch();
        }
    }

    /// Adds a packet that arrived. Unknown layers are ignored. If the packet begins a key frame
    /// that was requested, returns the time since the first request.
    pub fn push(&mut self, layer: LayerIndex, packet: &Arc<Packet>) -> Option<Duration> {
        let target = self.layers.get_mut(layer.index())?;
        self.format = Some(packet.format);
        target.push(packet, self.kind == Kind::Video)
    }

    /// Whether the track is audio or video.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The format of the last packet; `None` before the publisher's first one.
    pub fn format(&self) -> Option<Format> {
        self.format
    }

    /// The track's generation: counts up when a publisher begins and when a layer restarts.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether a publisher has begun since the track's generation `seen`.
    pub(super) fn began_after(&self, seen: u64) -> bool {
        self.began > seen
    }

    /// Whether a layer has begun or restarted since the track's generation `seen`. Also true for
    /// an unknown layer.
    pub(super) fn layer_began_after(&self, layer: LayerIndex, seen: u64) -> bool {
        let layer = self.layers.get(layer.index());
        layer.is_none_or(|layer| layer.began_after(seen))
    }

    /// All layers, in the order of the publisher's SDP.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The active layers, worst first.
    pub fn active(&self, now: Instant) -> impl DoubleEndedIterator<Item = LayerIndex> + '_ {
        let order = self.order.iter().copied();
        order.filter(move |layer| self.is_active(now, *layer))
    }

    /// Whether packets of the layer arrive now.
    pub fn is_active(&self, now: Instant, layer: LayerIndex) -> bool {
        let latest = self.layers.iter().filter_map(Layer::last_packet).max();
        let own = self.layers.get(layer.index()).and_then(Layer::last_packet);
        own.zip(latest).is_some_and(|(own, latest)| {
            now.saturating_duration_since(own) < SILENT_AFTER
                && latest.saturating_duration_since(own) < SILENT_BEHIND
        })
    }

    /// All layers with their indices, worst first.
    pub fn ordered(&self) -> impl DoubleEndedIterator<Item = (LayerIndex, &Layer)> {
        self.order
            .iter()
            .filter_map(|i| Some((*i, self.layers.get(i.index())?)))
    }

    /// The measured rate of a layer; zero for an unknown one.
    pub fn bitrate(&self, layer: LayerIndex) -> Bitrate {
        self.layers
            .get(layer.index())
            .map(Layer::bitrate)
            .unwrap_or_default()
    }

    /// The layer with this rid.
    pub fn layer_by_rid(&self, rid: &str) -> Option<LayerIndex> {
        let mut layers = LayerIndex::all().zip(&self.layers);
        layers.find_map(|(index, layer)| (layer.rid() == Some(rid)).then_some(index))
    }

    /// Notes that a viewer needs a key frame of this layer. [`Self::poll_keyframe_request`] then
    /// returns the layer, as often as requests may be sent.
    pub fn want_keyframe(&mut self, layer: LayerIndex) {
        if let Some(layer) = self.layers.get_mut(layer.index()) {
            layer.requests.want();
        }
    }

    /// Returns a layer for which the caller has to request a key frame now. Call it until `None`.
    pub fn poll_keyframe_request(&mut self, now: Instant) -> Option<LayerIndex> {
        let mut layers = LayerIndex::all().zip(&mut self.layers);
        layers.find_map(|(index, layer)| layer.requests.poll(now).then_some(index))
    }

    /// Whether some layer still needs a key frame.
    pub fn wants_keyframe(&self) -> bool {
        self.layers.iter().any(|layer| layer.requests.is_wanted())
    }

    /// Calls `give` with the packets that another shard needs to begin: the cached ones of each
    /// layer in order, behind the parameter sets that they lack.
    pub fn replay(&self, mut give: impl FnMut(LayerIndex, &Arc<Packet>)) {
        for (index, layer) in LayerIndex::all().zip(&self.layers) {
            layer.replay(|packet| give(index, packet));
        }
    }

    /// Sorts the layers by measured rate. Their order in SDP says little: browsers list the worst
    /// layer first, other publishers the best. Call it about once a second.
    pub fn reorder(&mut self, now: Instant) {
        let rate = |layer: LayerIndex| {
            let active = self.is_active(now, layer);
            active.then(|| self.bitrate(layer).as_bps() as f64)
        };
        // Insertion sort that leaves near-equal and silent neighbours where they are.
        let mut order = self.order.clone();
        for end in 1..order.len() {
            for i in (1..=end).rev() {
                let (Some(left), Some(right)) = (rate(order[i - 1]), rate(order[i])) else {
                    break;
                };
                if left <= right * REORDER_RATIO {
                    break;
                }
                order.swap(i - 1, i);
            }
        }
        self.order = order;
    }
}
