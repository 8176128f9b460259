//! Sender reports, the BYE, and what the receiver reports of losses and round trips.

use std::time::Instant;

use rtp::rtcp::{self, ReportBlock, SenderReport};

use super::Sender;
use crate::outlet::Outlet;

/// SSRCs of one BYE: its count field has five bits.
const BYE_SOURCES_MAX: usize = 31;

impl Sender {
    /// Handles a report block: losses, round trip, and that the receiver knows the SSRC.
    pub(super) fn reported(&mut self, now: Instant, block: &ReportBlock) {
        let mut encodings = self.encodings.iter_mut();
        if let Some(encoding) = encodings.find(|e| e.is_rtx(block.ssrc)) {
            encoding.rtx_is_known = true;
            return;
        }
        let Some(index) = self.position(block.ssrc) else {
            return;
        };
        if let Some(encoding) = self.encodings.get_mut(index.index()) {
            encoding.is_known = true;
            encoding.lost = encoding.lost.max(block.lost);
        }
        self.round_trip = self
            .clock
            .round_trip(now, block.last_report, block.since_report)
            .or(self.round_trip);
    }

    pub(super) fn report(&mut self, now: Instant, outlet: &mut Outlet<'_>) {
        for encoding in &self.encodings {
            let Some(last) = encoding.last else {
                continue;
            };
            let report = SenderReport {
                ssrc: encoding.ssrc,
                ntp: self.clock.ntp(now),
                timestamp: last.timestamp_at(now),
                packets: encoding.packets,
                bytes: encoding.bytes,
            };
            let mut compound = Vec::with_capacity(128);
            rtcp::write_sender_report(&mut compound, &report);
            rtcp::write_cname(&mut compound, encoding.ssrc, &encoding.cname);
            outlet.send_rtcp(compound);
        }
    }

    /// Sends a BYE for every source (RFC 3550 §6.6), if there is one.
    pub(crate) fn close(&mut self, outlet: &mut Outlet<'_>) {
        let sending = || self.encodings.iter().filter(|e| !e.is_over);
        let Some(first) = sending().next() else {
            return;
        };
        // The count in the header limits the SSRCs of one BYE (RFC 3550 §6.6).
        let ssrcs: Vec<u32> = sending().map(|e| e.ssrc).take(BYE_SOURCES_MAX).collect();
        let mut compound = Vec::with_capacity(128);
        // A compound begins with a report and the CNAME of its source (RFC 3550 §6.1).
        rtcp::write_receiver_report(&mut compound, first.ssrc, &[]);
        rtcp::write_cname(&mut compound, first.ssrc, &first.cname);
        rtcp::write_bye(&mut compound, &ssrcs);
        outlet.send_rtcp(compound);
    }
}
