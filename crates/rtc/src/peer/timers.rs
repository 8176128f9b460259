//! When a peer is due, and what it does then.

use std::time::Instant;

use super::Peer;
use crate::datagrams::Datagrams;

impl Peer {
    /// Runs the timers that are due at `now`.
    pub fn handle_timeout(&mut self, now: Instant, to: &mut Datagrams) {
        self.now = now;
        self.ice
            .handle_timeout(now, |path, request| to.push(path, request));
        if self.dtls_due().is_some_and(|due| due <= now) {
            self.dtls.handle_timeout(now);
            self.drain_dtls(now, to);
        }
        self.turn_channels(now, to);
        let Some((crypto, path)) = self.crypto.as_mut().zip(self.selected) else {
            return;
        };
        let mut outlet = crypto.outlet(path, to);
        self.receiver
            .handle_timeout(now, &mut |compound| outlet.send_rtcp(compound));
        if let Some(sender) = &mut self.sender {
            sender.handle_timeout(now, &mut outlet);
        }
    }

    /// Runs the data channels' timers, and sends their SCTP packets inside DTLS.
    pub(super) fn turn_channels(&mut self, now: Instant, to: &mut Datagrams) {
        let Some(channels) = &mut self.channels else {
            return;
        };
        if self.crypto.is_none() {
            return;
        }
        channels.handle_timeout(now);
        let packets = channels.poll_packets(now);
        for packet in &packets {
            // SCTP repeats a packet that DTLS does not accept now.
            self.dtls.send(packet);
        }
        if !packets.is_empty() {
            self.drain_dtls(now, to);
        }
    }

    /// Returns when to call [`Self::handle_timeout`]. Valid once all events were taken.
    pub fn due(&self) -> Option<Instant> {
        let connected = self.crypto.is_some();
        let of_receiver = self.receiver.due(self.now).filter(|_| connected);
        let of_sender = self.sender.as_ref().filter(|_| connected);
        let of_channels = self.channels.as_ref().filter(|_| connected);
        [
            self.ice.poll_timeout(),
            self.dtls_due(),
            of_receiver,
            of_sender.map(|sender| sender.due(self.now)),
            of_channels.and_then(|channels| channels.due()),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Returns when DTLS has something to do: never while it has no path.
    fn dtls_due(&self) -> Option<Instant> {
        self.dtls_due
            .filter(|_| self.ice.handshake_path().is_some())
    }
}
