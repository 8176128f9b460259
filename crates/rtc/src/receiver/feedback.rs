//! RTCP to the publisher, and the reaction to RTCP from the publisher.

use std::time::{Duration, Instant};

use rtp::Kind;
use rtp::rtcp::{self, Received};

use super::Receiver;
use super::compounds::Compounds;
use super::missing::earlier;
use super::source::Role;
use crate::wall_clock;

/// Interval of receiver reports (RFC 3550 §6.2, reduced for two parties).
pub(super) const REPORT_EVERY: Duration = Duration::from_secs(1);

/// A report that is due within this time is sent together with feedback, and costs no extra
/// datagram.
const REPORT_EARLY: Duration = Duration::from_millis(250);

/// Weight of a new round trip sample in the average: one part in this many.
const SMOOTHING: u32 = 8;

/// Round trip samples are capped at this: numbers are requested no longer than that.
const ROUND_TRIP_MAX: Duration = Duration::from_secs(1);

impl Receiver {
    /// Handles one item of the publisher's RTCP, which must be authentic and not replayed.
    pub fn handle_rtcp(&mut self, now: Instant, received: &Received<'_>) {
        match received {
            Received::SenderReport {
                ssrc,
                ntp,
                timestamp,
            } => self.sender_report(now, *ssrc, *ntp, *timestamp),
            Received::Bye { source } => self.bye(*source),
            // Feedback on packets that this side sends is for the sender.
            _ => {}
        }
    }

    fn sender_report(&mut self, now: Instant, ssrc: u32, ntp: u64, timestamp: u32) {
        let known = self.position(ssrc);
        let Some(source) = known.and_then(|at| self.sources.get_mut(at)) else {
            return;
        };
        source.reception.sender_report(now, ntp);
        let Some(place) = source.place.filter(|_| source.role == Role::Media) else {
            return;
        };
        let report =
            wall_clock::time_of_ntp(ntp).and_then(|time| self.clock.report(time, timestamp, now));
        if let Some(layer) = self.layer(place)
            && layer.ssrc() == Some(ssrc)
        {
            layer.report = report;
        }
    }

    fn bye(&mut self, ssrc: u32) {
        let known = self.position(ssrc);
        let Some(source) = known.and_then(|at| self.sources.get_mut(at)) else {
            return;
        };
        source.end();
        let Some(place) = source.place else {
            return;
        };
        if let Some(layer) = self.layer(place)
            && layer.ssrc() == Some(ssrc)
        {
            layer.missing.clear();
        }
    }

    /// Updates the round trip with a retransmission that answers a NACK sent at `asked`.
    pub(super) fn answered(&mut self, now: Instant, asked: Instant) {
        let took = now.saturating_duration_since(asked).min(ROUND_TRIP_MAX);
        self.round_trip = (self.round_trip * (SMOOTHING - 1) + took) / SMOOTHING;
    }

    /// Returns when to call [`Self::handle_timeout`].
    pub fn due(&self, now: Instant) -> Option<Instant> {
        let keyframe = self.keyframe_wanted.then_some(now);
        let all = [self.report_at, self.arrivals.due(), self.asks_at, keyframe];
        all.into_iter().flatten().min()
    }

    /// Passes each compound RTCP packet that is due to `send`, not sealed yet.
    pub fn handle_timeout(&mut self, now: Instant, send: &mut impl FnMut(Vec<u8>)) {
        if self.due(now).is_none_or(|due| due > now) {
            return;
        }
        let feedback_due = self.arrivals.due().is_some_and(|due| due <= now);
        let early = if feedback_due {
            REPORT_EARLY
        } else {
            Duration::ZERO
        };
        let mut compounds = Compounds::new(self.ssrc, send);
        if self.report_at.is_some_and(|at| at <= now + early) {
            self.report(now, &mut compounds);
        }
        self.ask(now, &mut compounds);
        if feedback_due {
            let mut give = |packet: &[u8]| compounds.add(packet);
            self.arrivals
                .tell(now, self.ssrc, self.transport_ssrc, &mut give);
        }
        compounds.finish();
    }

    fn report<F: FnMut(Vec<u8>)>(&mut self, now: Instant, compounds: &mut Compounds<'_, F>) {
        self.report_at = None;
        let sources = self.sources.iter_mut().filter(|s| s.place.is_some());
        let blocks: Vec<_> = sources
            .filter_map(|source| source.reception.report(now, source.ssrc))
            .collect();
        compounds.reports(&blocks);
    }

    /// Sends the PLIs and NACKs that are due.
    fn ask<F: FnMut(Vec<u8>)>(&mut self, now: Instant, compounds: &mut Compounds<'_, F>) {
        self.keyframe_wanted = false;
        self.asks_at = None;
        let (mut packet, mut numbers) = (Vec::new(), Vec::new());
        let layers = self.sections.iter_mut().flat_map(|section| {
            let is_video = section.config.kind == Kind::Video;
            let alone = section.config.reduced_size;
            let layers = section.layers.iter_mut();
            layers.map(move |layer| (layer, is_video, alone))
        });
        for (layer, is_video, alone) in layers {
            let Some(ssrc) = layer.ssrc() else {
                continue;
            };
            if std::mem::take(&mut layer.wants_keyframe) && is_video {
                packet.clear();
                rtcp::write_pli(&mut packet, self.ssrc, ssrc);
                compounds.add(&packet);
            }
            numbers.clear();
            layer.missing.ask(now, self.round_trip, &mut numbers);
            self.asks_at = earlier(self.asks_at, layer.missing.due());
            if !numbers.is_empty() {
                packet.clear();
                rtcp::write_nack(&mut packet, self.ssrc, ssrc, &numbers);
                // FFmpeg, from 8.1 on, reads only the first packet of a compound.
                if alone {
                    compounds.alone(&packet);
                } else {
                    compounds.add(&packet);
                }
                self.nacks += 1;
            }
        }
    }
}
