//! A received datagram, sorted by protocol and handed to the part that it is for.

use std::time::Instant;

use ice::Path;
use rtp::{DatagramKind, rtcp};

use super::Peer;
use crate::datagrams::Datagrams;
use crate::event::Event;
use crate::receiver::Cause;
use crate::refused::Refused;

impl Peer {
    /// Handles a datagram, which is decrypted in place. A datagram that does not authenticate, or
    /// that belongs to none of WebRTC's protocols, is refused and has no effect.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &mut [u8],
        to: &mut Datagrams,
    ) -> Result<(), Refused> {
        self.now = now;
        match DatagramKind::of(datagram) {
            DatagramKind::Rtp => {
                // Authentic media shows that the remote has finished DTLS: its Finished was lost or
                // is still on its way.
                if self.crypto.is_none() && self.early.is_proved(&self.dtls, datagram) {
                    self.dtls.confirm();
                    self.drain_dtls(now, to);
                }
                self.rtp(now, path, datagram).map_err(Refused::Packet)
            }
            DatagramKind::Rtcp => self.rtcp(now, path, datagram, to).map_err(Refused::Packet),
            DatagramKind::Stun => self.stun(now, path, datagram, to).map_err(Refused::Stun),
            DatagramKind::Dtls => self.dtls(now, path, datagram, to),
            DatagramKind::Other => Err(Refused::NotWebrtc),
        }
    }

    fn rtp(&mut self, now: Instant, path: Path, datagram: &mut [u8]) -> Result<(), Cause> {
        // Media before the keys is dropped without an error: it is expected and may be resent.
        let Some(crypto) = &self.crypto else {
            return Ok(());
        };
        let arrived = self.receiver.handle_rtp(now, &crypto.inbound, datagram);
        // An authentic packet keeps the path alive even if the receiver has no use for it.
        if arrived
            .as_ref()
            .map_or_else(|cause| cause.is_authentic(), |_| true)
        {
            self.ice.authentic(now, path);
        }
        if let Some(arrived) = arrived? {
            self.events.push_back(Event::Packet {
                section: arrived.section,
                layer: arrived.layer,
                restarted: arrived.restarted,
                packet: arrived.packet,
            });
        }
        Ok(())
    }

    fn rtcp(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &mut [u8],
        to: &mut Datagrams,
    ) -> Result<(), Cause> {
        let Some(crypto) = &mut self.crypto else {
            return Ok(());
        };
        let index = crypto.inbound.rtcp_index(datagram);
        let (ssrc, index) = index.ok_or(Cause::Malformed)?;
        let compound = crypto.inbound.open_rtcp(datagram);
        let compound = compound.ok_or(Cause::NotAuthentic)?;
        if !crypto.replay.is_new(ssrc, index) {
            return Err(Cause::Replayed);
        }
        self.ice.authentic(now, path);
        let Some(path) = self.selected else {
            return Ok(());
        };
        let mut outlet = crypto.outlet(path, to);
        for received in rtcp::read(compound) {
            self.receiver.handle_rtcp(now, &received);
            if let Some(sender) = &mut self.sender {
                sender.handle_rtcp(now, &received, &mut outlet);
            }
        }
        Ok(())
    }

    fn stun(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &[u8],
        to: &mut Datagrams,
    ) -> Result<(), ice::Reason> {
        let buffer = to.buffer();
        let start = buffer.len();
        let handled = self.ice.handle_stun(now, path, datagram, buffer);
        if buffer.len() > start {
            to.commit(path, start);
        }
        match handled {
            ice::Handled::Answered { .. } => {
                self.events.push_back(Event::Reached(Box::new(path)));
                // As the DTLS client, this side has waited for a path to send its first flight on.
                if self.crypto.is_none() {
                    self.drain_dtls(now, to);
                }
            }
            ice::Handled::Proved { .. } | ice::Handled::Refused(_) => {}
            ice::Handled::Ignored(reason) => return Err(reason),
        }
        self.follow_path();
        Ok(())
    }

    fn dtls(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &[u8],
        to: &mut Datagrams,
    ) -> Result<(), Refused> {
        if self.crypto.is_none() && !self.ice.dtls_arrived(now, path, datagram.len()) {
            return Ok(());
        }
        self.dtls_heard = true;
        let taken = self.dtls.handle_datagram(now, datagram);
        self.drain_dtls(now, to);
        self.turn_channels(now, to);
        taken.then_some(()).ok_or(Refused::Dtls)
    }
}
