use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use rtc::PAYLOAD_BYTES_MAX;
use rtp::{Kind, LayerIndex, Packet};

use crate::delays::Delays;
use crate::table::PeerKey;

/// The most bytes by which a packet is padded to the length of a later one of its frame. libwebrtc
/// cuts a frame into parts that differ by one byte; a header extension that only the last packet
/// has, such as the rotation, adds a word. Beyond that a send of its own costs less than the
/// padding takes of the viewer's path, which is below 1 % up to here.
const PADDING_MAX: usize = 8;

/// How far back packets of the same frame are looked for: the longest train that the kernel takes.
const LOOK_BACK: usize = 64;

/// The fan-out queue of a stream: its viewers are visited in turn for as long as packets are
/// pending.
///
/// A visited viewer gets every packet that came since its last visit, so its state is fetched into
/// the processor's caches once for all of them. A packet that comes in the middle of a pass goes to
/// the next viewer first, and has reached every viewer when the pass is back there. So no packet
/// waits until the one before it has reached all.
#[derive(Debug, Default)]
pub(crate) struct FanOut {
    viewers: Vec<PeerKey>,
    /// Index of the viewer that is visited next.
    next: usize,
    /// Visits so far.
    visits: u64,
    /// Packets that some viewer has not been given, oldest first.
    pending: VecDeque<Pending>,
    /// Number of the first pending packet, counted from the beginning of the stream.
    first: u64,
}

/// A packet that some viewer has not been given.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) kind: Kind,
    pub(crate) layer: LayerIndex,
    pub(crate) packet: Arc<Packet>,
    /// Padding in bytes that makes it as long as a later packet of its frame.
    pub(crate) padding: u8,
    /// Its length when sent, see [`sent_bytes`].
    bytes: usize,
    came: Instant,
    /// The number of visits after which every viewer has been given it.
    until: u64,
}

impl FanOut {
    /// Adds a viewer, which is given the packets that come from now on. Returns the number of
    /// packets before these.
    pub(crate) fn add(&mut self, viewer: PeerKey) -> u64 {
        // It stands where the viewer would that was just visited, so no other viewer's turn
        // changes.
        self.viewers.insert(self.next, viewer);
        self.next += 1;
        self.first + self.pending.len() as u64
    }

    /// The viewer that gets the next packet first; `None` without viewers.
    pub(crate) fn first_viewer(&self) -> Option<PeerKey> {
        self.viewers
            .get(self.next)
            .or(self.viewers.first())
            .copied()
    }

    /// Removes a viewer.
    pub(crate) fn remove(&mut self, viewer: PeerKey) {
        if let Some(place) = self.viewers.iter().position(|v| *v == viewer) {
            self.viewers.remove(place);
            self.next -= usize::from(place < self.next);
        }
    }

    /// Adds a packet for all viewers.
    pub(crate) fn push(
        &mut self,
        now: Instant,
        kind: Kind,
        layer: LayerIndex,
        packet: Arc<Packet>,
    ) {
        let bytes = sent_bytes(&packet);
        if kind == Kind::Video && packet.payload.len() <= PAYLOAD_BYTES_MAX {
            self.lengthen(layer, packet.timestamp, bytes);
        }
        self.pending.push_back(Pending {
            kind,
            layer,
            packet,
            padding: 0,
            bytes,
            came: now,
            until: self.visits + self.viewers.len() as u64,
        });
    }

    /// Pads earlier packets of a frame to the length of the one that comes now, where they are a
    /// little shorter. Packets of one size leave for a viewer with one send (GSO), and one that is
    /// longer than those before it would need a send of its own. Done once for all viewers.
    fn lengthen(&mut self, layer: LayerIndex, timestamp: u32, bytes: usize) {
        let of_layer =
            |pending: &&mut Pending| (pending.kind, pending.layer) == (Kind::Video, layer);
        let recent = self.pending.iter_mut().rev().take(LOOK_BACK);
        for pending in recent.filter(of_layer) {
            let missing = bytes.saturating_sub(pending.bytes);
            let is_done = missing <= usize::from(pending.padding);
            if is_done || missing > PADDING_MAX || pending.packet.timestamp != timestamp {
                return;
            }
            pending.padding = missing as u8;
        }
    }

    /// Drops what is pending: its publisher is gone.
    pub(crate) fn clear(&mut self) {
        self.first += self.pending.len() as u64;
        self.pending.clear();
    }

    /// The number of pending packets.
    pub(crate) fn len(&self) -> usize {
        self.pending.len()
    }

    /// Returns the viewer whose turn it is; `None` when nothing is pending.
    pub(crate) fn visit(&mut self, now: Instant, delays: &mut Delays) -> Option<PeerKey> {
        let viewers = self.viewers.len() as u64;
        while let Some(done) = self
            .pending
            .pop_front_if(|pending| pending.until <= self.visits)
        {
            self.first += 1;
            delays.add(now.saturating_duration_since(done.came), viewers);
        }
        if self.pending.is_empty() {
            return None;
        }
        if self.next >= self.viewers.len() {
            self.next = 0;
        }
        self.visits += 1;
        let Some(viewer) = self.viewers.get(self.next).copied() else {
            self.clear();
            return None;
        };
        self.next += 1;
        Some(viewer)
    }

    /// Takes the pending packets out, until [`Self::put_back`]. With them, how many of these a
    /// viewer has had already that was given `given` packets of the stream in all.
    pub(crate) fn take(&mut self, given: u64) -> (VecDeque<Pending>, usize) {
        let had = given.saturating_sub(self.first) as usize;
        (std::mem::take(&mut self.pending), had)
    }

    /// Puts pending packets back. Returns the number of packets that have come in all.
    pub(crate) fn put_back(&mut self, pending: VecDeque<Pending>) -> u64 {
        self.pending = pending;
        self.first + self.pending.len() as u64
    }
}

/// The length in bytes by which packets of one frame compare: the payload, and the header
/// extensions that only some packets have. For a viewer that has not negotiated these extensions, a
/// packet may be padded by a few bytes more than needed.
fn sent_bytes(packet: &Packet) -> usize {
    /// The transport-wide number, which all have (RFC 8285 §4.2: a byte before each element).
    const TRANSPORT_SEQ: usize = 1 + 2;
    const ROTATION: usize = 1 + 1;
    const PLAYOUT_DELAY: usize = 1 + 3;
    const CAPTURE_TIME: usize = 1 + 8;
    let extensions = &packet.extensions;
    let capture_time = extensions.capture_time.as_ref();
    let offset = capture_time.and_then(|time| time.clock_offset);
    let descriptor = extensions.dependency_descriptor.as_ref();
    let elements = TRANSPORT_SEQ
        + extensions.rotation.map_or(0, |_| ROTATION)
        + extensions.playout_delay.map_or(0, |_| PLAYOUT_DELAY)
        + capture_time.map_or(0, |_| CAPTURE_TIME)
        + offset.map_or(0, |_| size_of::<u64>())
        + descriptor.map_or(0, |descriptor| 1 + descriptor.len());
    packet.payload.len() + elements.next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use rtp::{Codec, Format, Profile};

    use super::*;
    use crate::table::Key;

    const FORMAT: Format = Format {
        codec: Codec::Vp8,
        clock_rate: 90_000,
        profile: Profile::Any,
        red: false,
    };

    fn packet(now: Instant, seq: u64) -> Arc<Packet> {
        Arc::new(Packet {
            seq,
            ..Packet::new(now, FORMAT, [0; 1])
        })
    }

    #[derive(Debug, Clone)]
    enum Step {
        Come,
        Go(usize),
        Packet,
        Visits(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            Just(Step::Come),
            (0_usize..20).prop_map(Step::Go),
            Just(Step::Packet),
            (0_usize..12).prop_map(Step::Visits),
        ]
    }

    /// Viewers by key: how much each was given, and the packets that it got.
    type Given = BTreeMap<PeerKey, (u64, Vec<u64>)>;

    fn visit(fan_out: &mut FanOut, now: Instant, given: &mut Given) -> bool {
        let Some(viewer) = fan_out.visit(now, &mut Delays::default()) else {
            return false;
        };
        let (count, got) = given.get_mut(&viewer).expect("a viewer that is there");
        let (pending, had) = fan_out.take(*count);
        got.extend(pending.iter().skip(had).map(|pending| pending.packet.seq));
        *count = fan_out.put_back(pending);
        true
    }

    proptest! {
        #[test]
        fn every_viewer_gets_every_packet_once_and_in_order(
            steps in prop::collection::vec(step(), 0..200),
        ) {
            let now = Instant::now();
            let (mut fan_out, mut given) = (FanOut::default(), Given::new());
            // When each came: how many packets there were.
            let mut since = BTreeMap::new();
            let (mut packets, mut keys) = (0_u64, (0..).map(PeerKey::new));
            for step in steps {
                match step {
                    Step::Come => {
                        let key = keys.next().expect("there are more");
                        given.insert(key, (fan_out.add(key), Vec::new()));
                        since.insert(key, packets);
                    }
                    Step::Go(which) => {
                        if let Some(key) = given.keys().nth(which).copied() {
                            fan_out.remove(key);
                            given.remove(&key);
                        }
                    }
                    Step::Packet => {
                        fan_out.push(now, Kind::Audio, LayerIndex::FIRST, packet(now, packets));
                        packets += 1;
                    }
                    Step::Visits(count) => {
                        for _ in 0..count {
                            visit(&mut fan_out, now, &mut given);
                        }
                    }
                }
            }
            while visit(&mut fan_out, now, &mut given) {}
            prop_assert_eq!(fan_out.len(), 0);
            for (key, (_, got)) in &given {
                let expected: Vec<u64> = (since[key]..packets).collect();
                prop_assert_eq!(got, &expected);
            }
        }
    }

    #[test]
    fn a_packet_that_comes_in_the_middle_waits_for_nobody() {
        let now = Instant::now();
        let (mut fan_out, mut given) = (FanOut::default(), Given::new());
        for key in (0..10).map(PeerKey::new) {
            given.insert(key, (fan_out.add(key), Vec::new()));
        }
        fan_out.push(now, Kind::Audio, LayerIndex::FIRST, packet(now, 0));
        for _ in 0..4 {
            visit(&mut fan_out, now, &mut given);
        }
        fan_out.push(now, Kind::Audio, LayerIndex::FIRST, packet(now, 1));
        let mut visits = 0;
        while visit(&mut fan_out, now, &mut given) {
            visits += 1;
        }
        assert_eq!(visits, 10);
        assert!(given.values().all(|(_, got)| *got == [0, 1]));
    }

    /// A video packet of a frame, with so many bytes.
    fn video(now: Instant, timestamp: u32, bytes: usize) -> Packet {
        Packet {
            timestamp,
            ..Packet::new(now, FORMAT, vec![0; bytes])
        }
    }

    /// The padding of what has come: the number of the layer and the packet, in this order.
    fn paddings(packets: impl IntoIterator<Item = (u8, Packet)>) -> Vec<u8> {
        let mut fan_out = FanOut::default();
        for (layer, packet) in packets {
            fan_out.push(
                Instant::now(),
                Kind::Video,
                LayerIndex(layer),
                packet.into(),
            );
        }
        fan_out
            .pending
            .iter()
            .map(|pending| pending.padding)
            .collect()
    }

    #[test]
    fn packets_a_byte_shorter_are_made_as_long_as_the_last() {
        let now = Instant::now();
        let frame = |sizes: &[usize]| {
            let packets = sizes.iter().map(|bytes| (0, video(now, 1, *bytes)));
            paddings(packets)
        };
        assert_eq!(frame(&[1_100, 1_100, 1_101, 1_101]), [1, 1, 0, 0]);
        // Nothing to do, or more than it is worth.
        assert_eq!(frame(&[1_100, 1_100, 1_100]), [0; 3]);
        assert_eq!(frame(&[1_101, 1_101, 1_100]), [0; 3]);
        assert_eq!(frame(&[1_000, 1_009]), [0; 2]);
        assert_eq!(frame(&[1_000, 1_008, 400]), [8, 0, 0]);
        assert_eq!(frame(&[1_471, 1_472, 1_473]), [1, 0, 0]);
    }

    #[test]
    fn other_frames_and_layers_are_not_made_longer() {
        let now = Instant::now();
        let frames = [(0, video(now, 1, 500)), (0, video(now, 2, 501))];
        assert_eq!(paddings(frames), [0, 0]);
        let layers = [500, 700, 501, 702].into_iter().zip([0, 1, 0, 1]);
        let layers = layers.map(|(bytes, layer)| (layer, video(now, 1, bytes)));
        assert_eq!(paddings(layers), [1, 2, 0, 0]);
    }

    #[test]
    fn extension_of_the_last_packet_is_made_up_for() {
        let now = Instant::now();
        let mut last = video(now, 1, 501);
        last.extensions.rotation = Some(90);
        assert_eq!(paddings([(0, video(now, 1, 500)), (0, last)]), [5, 0]);
    }

    #[test]
    fn what_is_cleared_is_given_to_nobody() {
        let now = Instant::now();
        let (mut fan_out, mut given) = (FanOut::default(), Given::new());
        let viewer = PeerKey::new(1);
        given.insert(viewer, (fan_out.add(viewer), Vec::new()));
        fan_out.push(now, Kind::Audio, LayerIndex::FIRST, packet(now, 0));
        fan_out.clear();
        fan_out.push(now, Kind::Audio, LayerIndex::FIRST, packet(now, 1));
        while visit(&mut fan_out, now, &mut given) {}
        assert_eq!(given[&viewer].1, [1]);
    }
}
