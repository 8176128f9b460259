//! A handshake, from the first datagram to the keys.

use std::time::Instant;

use dimpl::Dtls;

use super::{Connected, Endpoint, HANDSHAKE_MAX, Output, Role, State};
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
use crate::{screen, watch, wire};

impl Endpoint {
    /// Collects the ClientHello, and begins when it is there.
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
            Err(error) => {
                self.hearsay.says(now, Err(error));
                false
            }
        }
    }

    /// Starts the library: as the client with its ClientHello, as the server with the peer's.
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
        // The library draws its random numbers here.
        let mut started = dtls.handle_timeout(now);
        if let Some(body) = client_hello {
            let whole = hello::datagram(wire::CLIENT_HELLO, 0, body);
            started = started.and_then(|()| dtls.handle_packet(&whole));
        }
        let mut handshake = Handshake::new(dtls, version, identity, expected);
        handshake.random = client_hello.and_then(hello::random_of);
        self.enter(now, handshake, started);
    }

    /// A handshake is under way. `started` is what the library said of its beginning.
    fn enter(&mut self, now: Instant, handshake: Handshake, started: Result<(), dimpl::Error>) {
        self.hearsay.disprove();
        self.deadline.get_or_insert(now + HANDSHAKE_MAX);
        self.state = State::Handshaking(Box::new(handshake));
        self.drain(now);
        if let Err(error) = started {
            self.fail(broken_off(error));
        }
    }

    /// Takes a datagram between the first flight and the end of the handshake.
    pub(super) fn handshake(&mut self, now: Instant, datagram: &[u8]) -> bool {
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
        // The library puts messages of DTLS 1.3 together, where those that came are told.
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

    /// As the server: the client repeats its ClientHello, or there is one with other random
    /// numbers, which is asked to bring a cookie back.
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
        // A client of DTLS 1.3 alone gives up when it is asked for a cookie in this way.
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

    /// As the server: a ClientHello may bring the cookie back. If it does, it is the client's.
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

    /// There is an alert in the clear.
    fn alerted(&mut self, received: Description, now: Instant) -> bool {
        let State::Handshaking(handshake) = &mut self.state else {
            return false;
        };
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

    /// As the client: the server has sealed a record, this or a later one, after its Finished.
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

    /// The handshake did not go on after its end was told.
    pub(super) fn believe(&mut self, end: End) {
        match end {
            Ok(()) => self.end(Output::Closed),
            Err(error) => self.fail(error),
        }
    }

    /// Takes what the library has to say during the handshake.
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
            let is_last = self.role == Role::Client && handshake.keys.write.is_some();
            handshake.held_until = is_last.then(|| now + proof::LAST_FLIGHT_WAIT);
            handshake.last_flight = LastFlight::new(flight, now);
        }
        if handshake.connected {
            self.connect();
        }
    }

    /// The handshake is over.
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
