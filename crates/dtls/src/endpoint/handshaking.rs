//! The handshake, from the first datagram to the keys.

use std::time::Instant;

use dimpl::Dtls;

use super::{Connected, Endpoint, HANDSHAKE_MAX, Output, State};
use crate::alert::{Description, clear_alert_in};
use crate::error::Error;
use crate::established::Established;
use crate::handshake::{Handshake, broken_off};
use crate::hearsay::End;
use crate::hello::{self, Offer};
use crate::identity::{Fingerprint, Identity};
use crate::keys::{SrtpKeys, Version};
use crate::proof::{self, Sealed};
use crate::repeat::LastFlight;
use crate::rival::Rival;
use crate::role::Role;
use crate::{screen, watch, wire};

impl Endpoint {
    /// As the server: collects the ClientHello, and begins the handshake when it is complete.
    /// Returns what [`Endpoint::handle_datagram`] does.
    pub(super) fn greet(&mut self, now: Instant, datagram: &[u8]) -> bool {
        let State::Waiting {
            identity,
            expected,
            hello,
        } = &mut self.state
        else {
            return false;
        };
        if !hello::begins(datagram) {
            return false;
        }
        self.deadline.get_or_insert(now + HANDSHAKE_MAX);
        let Some(body) = hello.add(datagram) else {
            return true;
        };
        let judged = Offer::read(&body)
            .ok_or_else(|| Error::Malformed("ClientHello".into()))
            .and_then(|offer| offer.judge());
        match judged {
            Ok(version) => {
                let (identity, expected) = (identity.clone(), std::mem::take(expected));
                self.begin(identity, expected, version, Some(&body), now);
                true
            }
            // The ClientHello may be forged, so it fails the handshake only if no other follows.
            Err(error) => {
                self.hearsay.says(now, Err(error));
                false
            }
        }
    }

    /// Starts the library. As the server it is given `client_hello`, the body of the peer's.
    pub(super) fn begin(
        &mut self,
        identity: Identity,
        expected: Vec<Fingerprint>,
        version: Version,
        client_hello: Option<&[u8]>,
        now: Instant,
    ) {
        let own = identity.0.certificate.clone();
        let mut dtls = match (version, self.role) {
            (Version::Dtls12, Role::Server) => Dtls::new_12(identity.0.server_12.clone(), own, now),
            (Version::Dtls12, Role::Client) => Dtls::new_12(identity.0.client_12.clone(), own, now),
            (Version::Dtls13, _) => Dtls::new_13(identity.0.any_13.clone(), own, now),
        };
        dtls.set_active(self.role == Role::Client);
        // The first timeout makes the library draw its random numbers.
        let mut started = dtls.handle_timeout(now);
        if let Some(body) = client_hello {
            let whole = hello::datagram(wire::CLIENT_HELLO, 0, body);
            started = started.and_then(|()| dtls.handle_packet(&whole));
        }
        let mut handshake = Handshake::new(dtls, version, identity, expected);
        handshake.random = client_hello.and_then(hello::random_of);
        self.enter(now, handshake, started);
    }

    /// Enters the handshaking state. `started` is the library's result for the beginning.
    fn enter(&mut self, now: Instant, handshake: Handshake, started: Result<(), dimpl::Error>) {
        self.hearsay.disprove();
        self.deadline.get_or_insert(now + HANDSHAKE_MAX);
        self.state = State::Handshaking(Box::new(handshake));
        self.drain(now);
        if let Err(error) = started {
            self.fail(broken_off(error));
        }
    }

    /// Handles a datagram between the first flight and the end of the handshake. Returns what
    /// [`Endpoint::handle_datagram`] does.
    pub(super) fn handshake(&mut self, now: Instant, datagram: &[u8]) -> bool {
        // Alerts come first, since `screen` drops those in the clear.
        if let Some(received) = clear_alert_in(datagram) {
            return self.alerted(received, now);
        }
        if self.role == Role::Server && hello::begins(datagram) {
            return self.greeted_again(now, datagram);
        }
        let State::Handshaking(handshake) = &mut self.state else {
            return false;
        };
        if hello::returns_cookie(datagram) && handshake.rival.is_some() {
            return self.cookie_returned(now, datagram);
        }
        let role = self.role;
        let Some(datagram) = screen::plausible(datagram, role) else {
            return false;
        };
        // DTLS 1.3 acknowledges what arrived, so there the library has to see every fragment.
        let datagram = match handshake.version {
            Version::Dtls12 => handshake.messages.whole(&datagram),
            Version::Dtls13 => datagram,
        };
        if role == Role::Client && handshake.profile.is_none() {
            handshake.profile = proof::profile_in(&datagram);
        }
        let datagram = match handshake.look(&datagram, role) {
            Sealed::Handshake(datagram) => datagram,
            Sealed::Alert(received) => {
                self.told(received);
                return true;
            }
            Sealed::Data(sequence, data) => {
                let proved = self.prove(sequence);
                self.outputs.extend(proved.then_some(Output::Data(data)));
                return proved;
            }
            Sealed::Noise => return false,
        };
        // Fragments of a message that is not complete yet, or a flight that was answered already.
        if datagram.is_empty() {
            self.hearsay.disprove();
            return true;
        }
        handshake.answered = true;
        let is_held = handshake.is_held(now);
        let Handshake { dtls, keys, .. } = &mut **handshake;
        let taken = watch::during(keys, || {
            if role == Role::Client && !is_held {
                dtls.handle_timeout(now)?;
            }
            dtls.handle_packet(&datagram)
        });
        self.hearsay.disprove();
        self.drain(now);
        if let Err(error) = taken {
            self.fail(broken_off(error));
        }
        true
    }

    /// As the server: handles a further ClientHello. If it has the random of the first one, the
    /// client repeats its flight and gets ours again. If it has another random, its sender is asked
    /// for a cookie.
    fn greeted_again(&mut self, now: Instant, datagram: &[u8]) -> bool {
        let State::Handshaking(handshake) = &mut self.state else {
            return false;
        };
        let other = hello::random(datagram).filter(|random| handshake.random != Some(*random));
        let Some(random) = other else {
            self.hearsay.disprove();
            let again = handshake.last_flight.again(now);
            let again = again.iter().map(|bytes| Output::Datagram(bytes.to_vec()));
            self.outputs.extend(again);
            return true;
        };
        // A client that offers only DTLS 1.3 gives up when it is asked for a cookie in this way.
        if handshake.version != Version::Dtls12 || !hello::may_be_asked(datagram) {
            return false;
        }
        if handshake.rival.is_none() {
            handshake.rival = Rival::new().map(Box::new);
        }
        let request = handshake.rival.as_ref().map(|rival| rival.request(&random));
        self.outputs.extend(request.map(Output::Datagram));
        false
    }

    /// As the server: handles a ClientHello that may bring the cookie back. If it does, it comes
    /// from the client, and the handshake begins anew with it.
    fn cookie_returned(&mut self, now: Instant, datagram: &[u8]) -> bool {
        let State::Handshaking(handshake) = &mut self.state else {
            return false;
        };
        let rival = handshake.rival.as_mut();
        let Some(returned) = rival.and_then(|rival| rival.returned(datagram)) else {
            return false;
        };
        let offer = Offer::read(&returned.body);
        if offer.is_none_or(|offer| offer.judge() != Ok(Version::Dtls12)) {
            return false;
        }
        let identity = handshake.identity.clone();
        let expected = std::mem::take(&mut handshake.expected);
        let (settings, own) = (&identity.0.cookie_12, &identity.0.certificate);
        let mut dtls = Dtls::new_12(settings.clone(), own.clone(), now);
        let started = returned.start(&mut dtls, now);
        let mut handshake = Handshake::new(dtls, Version::Dtls12, identity, expected);
        handshake.random = hello::random_of(&returned.body);
        self.enter(now, handshake, started);
        true
    }

    /// Handles an alert in the clear, which may be forged.
    fn alerted(&mut self, received: Description, now: Instant) -> bool {
        let State::Handshaking(handshake) = &mut self.state else {
            return false;
        };
        // A server without DTLS 1.2 refuses our first flight in this way: try 1.3.
        let begins_anew = received == Description::PROTOCOL_VERSION
            && self.role == Role::Client
            && handshake.version == Version::Dtls12
            && !handshake.answered;
        if begins_anew {
            let identity = handshake.identity.clone();
            let expected = std::mem::take(&mut handshake.expected);
            self.begin(identity, expected, Version::Dtls13, None, now);
            return true;
        }
        let is_close = received == Description::CLOSE_NOTIFY;
        let end = is_close.then_some(()).ok_or(Error::Alert { received });
        self.hearsay.says(now, end);
        false
    }

    /// As the client: completes the handshake, because the server has encrypted records up to this
    /// sequence number, and so its Finished. Returns whether the handshake is complete now.
    pub(super) fn prove(&mut self, sequence: u64) -> bool {
        let State::Handshaking(handshake) = &mut self.state else {
            return false;
        };
        let proved = handshake.prove(sequence).is_some();
        if proved {
            self.connect();
        }
        proved
    }

    /// Ends the handshake as was reported: it did not go on after the report.
    pub(super) fn believe(&mut self, end: End) {
        match end {
            Ok(()) => self.end(Output::Closed),
            Err(error) => self.fail(error),
        }
    }

    /// Takes the library's outputs during the handshake.
    pub(super) fn drain(&mut self, now: Instant) {
        let State::Handshaking(handshake) = &mut self.state else {
            self.drain_library();
            return;
        };
        let flight = match handshake.drain(self.role) {
            Ok(flight) => flight,
            Err(error) => {
                self.fail(error);
                return;
            }
        };
        for datagram in &flight {
            self.outputs.push_back(Output::Datagram(datagram.to_vec()));
        }
        if !flight.is_empty() {
            // A flight that we began to encrypt is the client's last one, with its Finished.
            let is_last = self.role == Role::Client && handshake.keys.write.is_some();
            handshake.held_until = is_last.then(|| now + proof::LAST_FLIGHT_WAIT);
            handshake.last_flight = LastFlight::new(flight, now);
        }
        if handshake.connected {
            self.connect();
        }
    }

    /// Completes the handshake. Fails if there are no SRTP keys, or the certificate was not
    /// verified.
    fn connect(&mut self) {
        let State::Handshaking(mut handshake) = std::mem::replace(&mut self.state, State::Ended)
        else {
            return;
        };
        let Some((profile, material)) = handshake.srtp.take().filter(|_| handshake.verified) else {
            self.state = State::Handshaking(handshake);
            self.fail(Error::NoSrtpProfile { offered: vec![] });
            return;
        };
        let version = handshake.version;
        let keys = std::mem::take(&mut handshake.keys);
        self.state = match (version, keys.read, keys.write) {
            (Version::Dtls12, Some(read), Some(write)) => {
                // The server's last flight answered ours, so a client need not repeat it.
                let mut last_flight = handshake.last_flight;
                if self.role == Role::Client {
                    last_flight.clear();
                }
                State::Established(Box::new((Established::new(read, write), last_flight)))
            }
            _ => State::Library(Box::new(handshake.dtls)),
        };
        self.deadline = None;
        self.hearsay.disprove();
        let keys = SrtpKeys {
            profile,
            material,
            role: self.role,
        };
        let connected = Connected { keys, version };
        self.outputs
            .push_back(Output::Connected(Box::new(connected)));
        self.drain_library();
    }
}
