use std::sync::Arc;
use std::time::{Duration, Instant};

use rtp::{Bitrate, Kind, Packet, Rewrite, SwitchUp};

use super::catch_up::CatchUp;
use super::keyframes::{KEYFRAME_FRESH, Wishes};
use super::rewriter::Rewriter;
use super::track::Track;

/// One viewer's side of a track.
#[derive(Debug)]
pub struct Subscription {
    rewriter: Rewriter,
    generation: u64,
    /// What the viewer gets now.
    current: Option<usize>,
    /// What it shall get from the next key frame on.
    target: Option<usize>,
    catch_up: Option<CatchUp>,
    /// The next packet from the cache begins a new source.
    begin_next: bool,
    /// Highest sequence number read from the cache.
    read: u64,
    /// Temporal layers above this are left out.
    temporal_max: u8,
    temporal_wanted: u8,
    /// Nothing is sent until a fresh key frame comes.
    paused: bool,
    wishes: Wishes,
    /// Since when the viewer has been without a picture.
    waiting_since: Option<Instant>,
}

/// A packet from the cache for this viewer.
#[derive(Debug)]
pub struct Forward {
    /// What to send.
    pub packet: Arc<Packet>,
    /// Its numbers for this viewer.
    pub rewrite: Rewrite,
    /// The first packet of a key frame with which the viewer begins anew: nothing that was sent
    /// before is needed any more.
    pub begins: bool,
}

impl Subscription {
    /// A viewer that has had nothing yet. `first_seq` is to be random (RFC 3550 §5.1).
    pub fn new(first_seq: u16, now: Instant) -> Self {
        Self {
            rewriter: Rewriter::new(first_seq),
            generation: 0,
            current: None,
            target: None,
            catch_up: None,
            begin_next: false,
            read: 0,
            temporal_max: u8::MAX,
            temporal_wanted: u8::MAX,
            paused: false,
            wishes: Wishes::default(),
            waiting_since: Some(now),
        }
    }

    /// The layer that the viewer gets now.
    pub fn current(&self) -> Option<usize> {
        self.current
    }

    /// The layer that it gets, or will get from the next key frame on.
    pub fn target(&self) -> Option<usize> {
        self.target.or(self.current)
    }

    /// Cached packets are still to be sent: [`Self::poll`] is worth calling at [`Self::due`].
    pub fn is_catching_up(&self) -> bool {
        self.catch_up.is_some()
    }

    /// When [`Self::poll`] may have more.
    pub fn due(&self) -> Option<Instant> {
        self.catch_up.as_ref().map(CatchUp::due)
    }

    /// Takes and clears the start of the wait, when the wait is over.
    pub fn take_first_picture(&mut self) -> Option<Instant> {
        self.current.and(self.waiting_since.take())
    }

    /// Temporal layers up to `max` from now on. Less takes effect with the next frame, since half of
    /// one is of no use to a decoder; more with the next where the codec allows it.
    pub fn limit_temporal(&mut self, max: u8) {
        self.temporal_wanted = max;
    }

    /// Sends nothing more: the path is far too narrow for the layer, and the picture freezes one
    /// way or the other. The next picture is a key frame of the layer that is selected then.
    /// Returns whether anything changed.
    pub fn pause(&mut self) -> bool {
        let pauses = self.current.take().is_some();
        self.target = None;
        self.catch_up = None;
        self.paused |= pauses;
        pauses
    }

    /// Gives the viewer this layer: at once from the cache if it has had nothing yet, else from
    /// the layer's next key frame on, which is asked for.
    pub fn select(&mut self, now: Instant, track: &mut Track, layer: usize) {
        self.follow(now, track);
        if self.current == Some(layer) {
            self.target = None;
            return;
        }
        if self.target == Some(layer) && self.current.is_some() {
            return;
        }
        self.target = Some(layer);
        let Some(source) = track.layers().get(layer) else {
            return;
        };
        let age = source.keyframe_age(now);
        // After a pause the viewer has seen what an old key frame shows.
        let age_max = if self.paused {
            KEYFRAME_FRESH
        } else {
            Duration::MAX
        };
        if self.current.is_none() && age.is_some_and(|age| age < age_max) {
            self.begin(now, track, layer);
        }
        if self.current.is_some()
            && self.target.is_none()
            && age.is_some_and(|age| age < KEYFRAME_FRESH)
        {
            return;
        }
        track.want_keyframe(layer);
    }

    /// The viewer cannot decode and asks for a key frame. It is not asked for when the viewer has
    /// just been given one, or asks more often than the other viewers are to pay for.
    pub fn want_keyframe(&mut self, now: Instant, track: &mut Track) {
        if let Some(layer) = self.target()
            && self.wishes.grant(now)
        {
            track.want_keyframe(layer);
        }
    }

    /// A packet arrived on the track, and is in the cache. Returns its numbers when it is to be
    /// sent right away; [`Self::poll`] has what comes from the cache instead.
    pub fn packet(
        &mut self,
        now: Instant,
        track: &Track,
        layer: usize,
        packet: &Packet,
    ) -> Option<Rewrite> {
        // All that is rare is one test for the packets that are not.
        if packet.frame.keyframe || self.generation != track.generation() {
            return self.beginning(now, track, layer, packet);
        }
        if track.kind() == Kind::Audio {
            return self.audio(layer, packet);
        }
        self.live(layer, packet)
    }

    /// A packet with which something may begin: that of a key frame, as all of sound are, or the
    /// first that the viewer sees of another publisher.
    #[inline(never)]
    fn beginning(
        &mut self,
        now: Instant,
        track: &Track,
        layer: usize,
        packet: &Packet,
    ) -> Option<Rewrite> {
        self.follow(now, track);
        if track.kind() == Kind::Audio {
            return self.audio(layer, packet);
        }
        if packet.frame.keyframe {
            if self.target == Some(layer) {
                self.begin(now, track, layer);
            } else if self.current == Some(layer) && self.catch_up.is_none() {
                self.wishes.given(now);
            }
        }
        self.live(layer, packet)
    }

    fn live(&mut self, layer: usize, packet: &Packet) -> Option<Rewrite> {
        if self.current != Some(layer) {
            return None;
        }
        if self.catch_up.is_some() && (self.begin_next || packet.seq > self.read) {
            return None;
        }
        self.number(packet)
    }

    /// The next cached packet that may go out now.
    pub fn poll(
        &mut self,
        now: Instant,
        track: &Track,
        estimate: Option<Bitrate>,
    ) -> Option<Forward> {
        // Nearly always there is nothing: that is to cost nothing.
        self.catch_up.as_ref()?;
        self.next_cached(now, track, estimate)
    }

    #[inline(never)]
    fn next_cached(
        &mut self,
        now: Instant,
        track: &Track,
        estimate: Option<Bitrate>,
    ) -> Option<Forward> {
        let layer = self.current?;
        let rate = track.bitrate(layer);
        let catch_up = self.catch_up.as_mut()?;
        catch_up.refill(now, rate, estimate);
        loop {
            let catch_up = self.catch_up.as_mut()?;
            if !catch_up.may_send() {
                return None;
            }
            let Some(read) = track
                .layers()
                .get(layer)
                .and_then(|l| l.cache.next(&mut catch_up.cursor))
            else {
                // At the live edge.
                self.catch_up = None;
                return None;
            };
            let packet = read.packet.clone();
            let (first, leads) = (read.leads.unwrap_or(&packet), read.leads.is_some());
            let begins = std::mem::take(&mut self.begin_next);
            if begins {
                self.rewriter.begin(first);
            } else if read.jumped {
                self.rewriter.jump(first);
            }
            catch_up.sent(packet.payload.len());
            let rewrite = if leads {
                self.read = first.seq.saturating_sub(1);
                self.rewriter.lead(&packet)
            } else {
                self.read = packet.seq;
                self.number(&packet)
            };
            if packet.frame.keyframe {
                self.wishes.given(now);
            }
            if let Some(rewrite) = rewrite {
                return Some(Forward {
                    packet,
                    rewrite,
                    begins: begins || read.jumped,
                });
            }
        }
    }

    fn audio(&mut self, layer: usize, packet: &Packet) -> Option<Rewrite> {
        if self.current != Some(layer) {
            self.current = Some(layer);
            self.rewriter.begin(packet);
        }
        self.rewriter.rewrite(packet)
    }

    /// Starts over when the track has a new publisher, or the viewer's layer a new source.
    fn follow(&mut self, now: Instant, track: &Track) {
        if self.generation == track.generation() {
            return;
        }
        let seen = std::mem::replace(&mut self.generation, track.generation());
        if track.began_after(seen) {
            self.current = None;
            self.target = None;
            self.catch_up = None;
            self.paused = false;
            self.waiting_since = Some(now);
        } else if let Some(layer) = self.current
            && track.layer_began_after(layer, seen)
        {
            // The layer's next key frame goes on where this ends, unless another was chosen.
            self.current = None;
            self.target.get_or_insert(layer);
            self.catch_up = None;
        }
    }

    fn begin(&mut self, now: Instant, track: &Track, layer: usize) {
        let Some(cursor) = track.layers().get(layer).and_then(|l| l.cache.start()) else {
            return;
        };
        self.current = Some(layer);
        self.target = None;
        self.paused = false;
        self.catch_up = Some(CatchUp::new(cursor, now));
        self.begin_next = true;
        self.temporal_max = self.temporal_wanted;
    }

    /// Numbers the packet, or closes the gap it leaves.
    fn number(&mut self, packet: &Packet) -> Option<Rewrite> {
        let temporal = packet.frame.temporal_id;
        let may_switch = match packet.frame.switch_up {
            SwitchUp::No => false,
            SwitchUp::Here => temporal > self.temporal_max && temporal <= self.temporal_wanted,
            SwitchUp::After => temporal <= self.temporal_max,
        };
        if packet.frame.start {
            self.temporal_max = if may_switch {
                self.temporal_wanted
            } else {
                self.temporal_max.min(self.temporal_wanted)
            };
        }
        if temporal > self.temporal_max {
            self.rewriter.skip(packet);
            return None;
        }
        self.rewriter.rewrite(packet)
    }
}
