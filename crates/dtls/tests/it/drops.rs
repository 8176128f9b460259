//! Each datagram of a handshake is lost once, in virtual time. The other side is the library on its
//! own, either unchanged or behaving like FFmpeg.

use std::time::{Duration, Instant};

use dimpl::Dtls;
use headwater_dtls::{Connected, Endpoint, Error, Identity, Output, Role};

use crate::library::Library;
use crate::support::{drain, fingerprint_of_der};

/// The most datagrams of a handshake in one direction, if none is lost.
const DATAGRAMS: usize = 8;

/// A handshake that loses one datagram completes after one repetition by the slower side, whose
/// timer is the RFC's second, plus half of it at most.
const ENDS_WITHIN: Duration = Duration::from_secs(2);

/// The one-way delay of the path.
const DELAY: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    ToLibrary,
    ToEndpoint,
}

/// What the library's side does once its handshake is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    /// It keeps listening, and repeats its last flight when ours is repeated.
    Listens,
    /// FFmpeg's habit: it sends back as data whatever arrives, and repeats no flight.
    SendsBack,
}

/// The two sides, the path between them and the datagram that is lost on it.
struct Lab {
    library: Library,
    endpoint: Endpoint,
    habit: Habit,
    lost: (Way, usize),
    counts: [usize; 2],
    on_the_way: Vec<(Instant, Way, Vec<u8>)>,
    connected: Option<Connected>,
    failed: Option<Error>,
    due: Option<Instant>,
}

type New = fn(std::sync::Arc<dimpl::Config>, dimpl::DtlsCertificate, Instant) -> Dtls;

impl Lab {
    fn new(new: New, role: Role, habit: Habit, lost: (Way, usize)) -> Self {
        let (library, der) = Library::new(new, role == Role::Server);
        let (identity, expected) = (Identity::generate(), fingerprint_of_der(&der));
        let endpoint = Endpoint::new(&identity, role, expected, library.now).unwrap();
        Self {
            library,
            endpoint,
            habit,
            lost,
            counts: [0; 2],
            on_the_way: Vec::new(),
            connected: None,
            failed: None,
            due: None,
        }
    }

    fn send(&mut self, way: Way, datagrams: Vec<Vec<u8>>) {
        for datagram in datagrams {
            let count = &mut self.counts[usize::from(way == Way::ToEndpoint)];
            *count += 1;
            if (way, *count) != self.lost {
                let arrives = self.library.now + DELAY;
                self.on_the_way.push((arrives, way, datagram));
            }
        }
    }

    /// Takes the outputs of both sides.
    fn collect(&mut self) {
        let sent = self.library.drain();
        self.send(Way::ToEndpoint, sent);
        let drained = drain(&mut self.endpoint);
        self.connected = self.connected.take().or(drained.connected);
        self.failed = self.failed.take().or(drained.failed);
        self.due = drained.timeout;
        self.send(Way::ToLibrary, drained.datagrams);
    }

    /// Advances to the next event.
    fn step(&mut self) {
        let arrivals = self.on_the_way.iter().map(|(at, ..)| *at);
        let next = arrivals
            .chain(self.library.timeout)
            .chain(self.due)
            .min()
            .expect("something is due");
        let now = next.max(self.library.now);
        self.library.now = now;
        let arrived = self.on_the_way.extract_if(.., |(at, ..)| *at <= now);
        for (_, way, datagram) in arrived.collect::<Vec<_>>() {
            match way {
                Way::ToEndpoint => drop(self.endpoint.handle_datagram(now, &datagram)),
                Way::ToLibrary => self.library_takes(&datagram),
            }
        }
        self.endpoint.handle_timeout(now);
        self.library.dtls.handle_timeout(now).unwrap();
        self.collect();
    }

    fn library_takes(&mut self, datagram: &[u8]) {
        let dtls = &mut self.library.dtls;
        if self.library.material.is_some() && self.habit == Habit::SendsBack {
            dtls.send_application_data(datagram).unwrap();
        } else {
            dtls.handle_packet(datagram).unwrap();
        }
    }

    /// Runs until both sides are connected, and fails if that takes too long. Returns whether the
    /// datagram that was to be lost existed.
    fn runs(mut self) -> bool {
        let (start, lost) = (self.library.now, self.lost);
        self.collect();
        while self.connected.is_none() || self.library.material.is_none() {
            self.step();
            let took = self.library.now - start;
            assert_eq!(self.failed, None, "{lost:?} lost");
            assert!(took < ENDS_WITHIN, "{lost:?} lost: not over after {took:?}");
        }
        let own = &self.connected.unwrap().keys.material;
        assert_eq!(Some(own), self.library.material.as_ref(), "{lost:?} lost");
        self.counts[usize::from(lost.0 == Way::ToEndpoint)] >= lost.1
    }
}

/// Checks that the handshake completes whichever datagram is lost.
fn survives(new: New, role: Role, habit: Habit) {
    let both = [Way::ToLibrary, Way::ToEndpoint];
    let places = both.map(|way| (1..=DATAGRAMS).map(move |number| (way, number)));
    let lost = places.into_iter().flatten();
    let there = lost.filter(|lost| Lab::new(new, role, habit, *lost).runs());
    assert!(there.count() >= 4, "the flights of a handshake");
}

#[test]
fn client_connects_whichever_datagram_is_lost() {
    survives(Dtls::new_12, Role::Server, Habit::Listens);
    survives(Dtls::new_13, Role::Server, Habit::Listens);
}

#[test]
fn server_connects_whichever_datagram_is_lost() {
    survives(Dtls::new_12, Role::Client, Habit::Listens);
}

#[test]
fn ffmpeg_like_server_connects_whichever_datagram_is_lost() {
    survives(Dtls::new_12, Role::Client, Habit::SendsBack);
}

/// A lab in which a server that behaves like FFmpeg has finished, and its last flight is lost.
fn without_last_flight() -> Lab {
    let mut lab = Lab::new(
        Dtls::new_12,
        Role::Client,
        Habit::SendsBack,
        (Way::ToEndpoint, 0),
    );
    lab.collect();
    while lab.library.material.is_none() {
        lab.step();
    }
    lab.on_the_way.clear();
    assert_eq!(lab.connected, None);
    lab
}

#[test]
fn encrypted_noise_neither_completes_nor_ends_a_handshake() {
    let mut lab = without_last_flight();
    let now = lab.library.now;
    lab.library.dtls.send_application_data(b"data").unwrap();
    let genuine = lab.library.drain().remove(0);
    let change = [20, 254, 253, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 1];
    // Every byte is protected, except for the version, which nothing depends on.
    for place in (0..genuine.len()).filter(|place| ![1, 2].contains(place)) {
        let mut forged = genuine.clone();
        forged[place] ^= 1;
        lab.endpoint.handle_datagram(now, &change);
        lab.endpoint.handle_datagram(now, &forged);
        let both = [&change[..], &forged].concat();
        lab.endpoint.handle_datagram(now, &both);
        lab.collect();
        assert_eq!((&lab.connected, &lab.failed), (&None, &None), "{place}");
    }
    lab.endpoint.handle_datagram(now, &genuine);
    let mut said = std::iter::from_fn(|| Some(lab.endpoint.poll_output()));
    assert!(matches!(said.next(), Some(Output::Connected(_))));
    assert_eq!(said.next(), Some(Output::Data(b"data".to_vec())));
}

#[test]
fn encrypted_alert_ends_the_handshake_at_once() {
    let mut lab = without_last_flight();
    lab.library.dtls.close().unwrap();
    let alert = lab.library.drain().remove(0);
    lab.endpoint.handle_datagram(lab.library.now, &alert);
    assert!(drain(&mut lab.endpoint).closed);
}

#[test]
fn data_from_an_unverified_server_prove_nothing() {
    let mut lab = Lab::new(
        Dtls::new_12,
        Role::Client,
        Habit::SendsBack,
        (Way::ToEndpoint, 0),
    );
    let identity = Identity::generate();
    let wrong = crate::support::wrong_fingerprint();
    lab.endpoint = Endpoint::new(&identity, Role::Client, wrong, lab.library.now).unwrap();
    lab.collect();
    while lab.failed.is_none() {
        lab.step();
    }
    assert_eq!(lab.failed, Some(Error::FingerprintMismatch));
    assert_eq!(lab.connected, None);
}
