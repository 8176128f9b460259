//! The library on its own as the peer, in both versions and roles.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dimpl::{Config, Dtls, DtlsCertificate, certificate};
use headwater_dtls::{Endpoint, Identity, Role, SrtpProfile, Version};

use crate::support::{Drained, drain, fingerprint_of_der};

/// The library on its own, with its outputs.
pub(crate) struct Library {
    pub(crate) dtls: Dtls,
    pub(crate) now: Instant,
    pub(crate) material: Option<Vec<u8>>,
    pub(crate) timeout: Option<Instant>,
    data: Vec<Vec<u8>>,
    closed: bool,
}

impl Library {
    pub(crate) fn new(
        new: impl FnOnce(Arc<Config>, DtlsCertificate, Instant) -> Dtls,
        active: bool,
    ) -> (Self, Vec<u8>) {
        let own = certificate::generate_self_signed_certificate().unwrap();
        let der = own.certificate.clone();
        let now = Instant::now();
        let mut dtls = new(Arc::new(Config::default()), own, now);
        dtls.set_active(active);
        dtls.handle_timeout(now).unwrap();
        let library = Self {
            dtls,
            now,
            material: None,
            timeout: None,
            data: Vec::new(),
            closed: false,
        };
        (library, der)
    }

    pub(crate) fn drain(&mut self) -> Vec<Vec<u8>> {
        let mut buffer = [0; 4_096];
        let mut sent = Vec::new();
        loop {
            match self.dtls.poll_output(&mut buffer) {
                dimpl::Output::Packet(bytes) => sent.push(bytes.to_vec()),
                dimpl::Output::KeyingMaterial(keys, _) => {
                    self.material = Some(keys.as_ref().to_vec());
                }
                dimpl::Output::ApplicationData(data) => self.data.push(data.to_vec()),
                dimpl::Output::CloseNotify => self.closed = true,
                dimpl::Output::Timeout(at) => {
                    self.timeout = Some(at);
                    return sent;
                }
                _ => {}
            }
        }
    }
}

/// Exchanges datagrams until both sides are silent.
fn settle(library: &mut Library, endpoint: &mut Endpoint) -> Drained {
    let mut all = Drained::default();
    loop {
        let drained = drain(endpoint);
        let from_library = library.drain();
        let silent = from_library.is_empty() && drained.datagrams.is_empty();
        for datagram in from_library {
            endpoint.handle_datagram(library.now, &datagram);
        }
        for datagram in &drained.datagrams {
            library.dtls.handle_packet(datagram).unwrap();
        }
        all.connected = all.connected.or(drained.connected);
        all.failed = all.failed.or(drained.failed);
        all.data.extend(drained.data);
        all.closed |= drained.closed;
        if silent {
            return all;
        }
    }
}

/// Runs a handshake, data in both directions, and a close by the library.
fn connects(mut library: Library, der: &[u8], role: Role, version: Version) {
    let identity = Identity::generate();
    let mut endpoint =
        Endpoint::new(&identity, role, fingerprint_of_der(der), library.now).unwrap();
    let all = settle(&mut library, &mut endpoint);
    assert_eq!(all.failed, None);
    let connected = all.connected.expect("connected");
    assert_eq!(connected.version, version);
    assert_eq!(Some(connected.keys.material), library.material);
    assert_eq!(connected.keys.profile, SrtpProfile::AeadAes256Gcm);
    assert!(endpoint.is_connected());

    assert!(endpoint.send(b"to the library"));
    library
        .dtls
        .send_application_data(b"from the library")
        .unwrap();
    let all = settle(&mut library, &mut endpoint);
    assert_eq!(library.data, [b"to the library"]);
    assert_eq!(all.data, [b"from the library"]);

    library.dtls.close().unwrap();
    let all = settle(&mut library, &mut endpoint);
    assert!(all.closed && endpoint.is_closed());
}

#[test]
fn library_as_client_connects_in_every_version() {
    let (library, der) = Library::new(Dtls::new_12, true);
    connects(library, &der, Role::Server, Version::Dtls12);
    let (library, der) = Library::new(Dtls::new_13, true);
    connects(library, &der, Role::Server, Version::Dtls13);
    // If the client offers both versions, we choose 1.2.
    let (library, der) = Library::new(Dtls::new_auto, true);
    connects(library, &der, Role::Server, Version::Dtls12);
}

#[test]
fn library_as_server_connects_with_dtls_1_2() {
    for new in [Dtls::new_12, Dtls::new_auto] {
        let (library, der) = Library::new(new, false);
        connects(library, &der, Role::Client, Version::Dtls12);
    }
}

#[test]
fn server_with_only_dtls_1_3_is_tried_again() {
    let (mut library, der) = Library::new(Dtls::new_13, false);
    let identity = Identity::generate();
    let mut endpoint = Endpoint::new(
        &identity,
        Role::Client,
        fingerprint_of_der(&der),
        library.now,
    )
    .unwrap();
    drop(drain(&mut endpoint));
    // A server's alert `protocol_version`.
    let alert = [21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 70];
    endpoint.handle_datagram(library.now, &alert);
    let all = settle(&mut library, &mut endpoint);
    assert_eq!(
        all.connected.map(|connected| connected.version),
        Some(Version::Dtls13)
    );
}

#[test]
fn own_close_reaches_the_library() {
    for new in [Dtls::new_12, Dtls::new_13] {
        let (mut library, der) = Library::new(new, true);
        let identity = Identity::generate();
        let expected = fingerprint_of_der(&der);
        let mut endpoint = Endpoint::new(&identity, Role::Server, expected, library.now).unwrap();
        settle(&mut library, &mut endpoint);
        endpoint.close();
        let all = settle(&mut library, &mut endpoint);
        assert!(all.closed && library.closed);
    }
}

#[test]
fn wrong_certificate_with_dtls_1_3_fails() {
    let (mut library, _) = Library::new(Dtls::new_13, true);
    let identity = Identity::generate();
    let expected = crate::support::wrong_fingerprint();
    let mut endpoint = Endpoint::new(&identity, Role::Server, expected, library.now).unwrap();
    let mut failed = None;
    for _ in 0..10 {
        for datagram in library.drain() {
            endpoint.handle_datagram(library.now, &datagram);
        }
        let drained = drain(&mut endpoint);
        assert_eq!(drained.connected, None);
        failed = failed.or(drained.failed);
        for datagram in drained.datagrams {
            drop(library.dtls.handle_packet(&datagram));
        }
        library.now += Duration::from_millis(1);
    }
    assert_eq!(failed, Some(headwater_dtls::Error::FingerprintMismatch));
}
