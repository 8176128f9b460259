//! The outputs of DTLS, and the path of media once the handshake has completed.

use std::time::Instant;

use super::Peer;
use super::crypto::Crypto;
use crate::datagrams::Datagrams;
use crate::early::Early;
use crate::event::{Connection, Ended, Event};

impl Peer {
    /// Handles all outputs of DTLS. A completed handshake may give media its path.
    pub(super) fn drain_dtls(&mut self, now: Instant, to: &mut Datagrams) {
        self.take_dtls(now, to);
        self.follow_path();
    }

    fn take_dtls(&mut self, now: Instant, to: &mut Datagrams) {
        // Without a path a flight would be lost and repeated only after a timeout.
        if self.ice.handshake_path().is_none() {
            return;
        }
        loop {
            match self.dtls.poll_output() {
                dtls::Output::Datagram(datagram) => {
                    if let Some(path) = self.ice.handshake_path()
                        && self.ice.may_send(now, path, datagram.len())
                    {
                        to.push(path, &datagram);
                    }
                }
                dtls::Output::Connected(connected) => self.connected(now, &connected),
                dtls::Output::Data(data) => {
                    if let Some(channels) = &mut self.channels {
                        channels.handle_data(now, &data);
                    }
                }
                dtls::Output::Closed => return self.end(Ended::Closed),
                dtls::Output::Failed(error) => return self.end(Ended::Handshake(error)),
                dtls::Output::Timeout(at) => {
                    self.dtls_due = at;
                    return;
                }
            }
        }
    }

    fn connected(&mut self, now: Instant, connected: &dtls::Connected) {
        let Some(crypto) = Crypto::agreed(connected) else {
            let error = dtls::Error::Protocol("keys of a wrong length".to_owned());
            return self.end(Ended::Handshake(error));
        };
        self.ice.handshake_completed(now);
        self.early = Early::default();
        self.crypto = Some(Box::new(crypto));
        if let Some(sender) = &mut self.sender {
            sender.connect(now);
        }
    }

    /// Reports the path of media to the owner, the first time and whenever it changes.
    pub(super) fn follow_path(&mut self) {
        let selected = self.ice.selected();
        let Some((path, crypto)) = selected.zip(self.crypto.as_ref()) else {
            return;
        };
        if self.selected == Some(path) {
            return;
        }
        let event = match self.selected {
            None => Event::Connected(Box::new(Connection {
                path,
                version: crypto.version,
                protection: crypto.protection,
            })),
            Some(_) => Event::Selected(Box::new(path)),
        };
        self.selected = Some(path);
        self.events.push_back(event);
    }

    fn end(&mut self, ended: Ended) {
        if !self.over {
            self.over = true;
            self.events.push_back(Event::Closed(ended));
        }
    }
}
