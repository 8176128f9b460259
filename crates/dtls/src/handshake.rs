//! The library during a handshake, and what the endpoint learns from it.

use std::borrow::Cow;
use std::time::Instant;

use dimpl::Dtls;

use crate::alert::Description;
use crate::certificate::{Key, Kind};
use crate::error::Error;
use crate::identity::{Fingerprint, Identity};
use crate::keys::{SrtpProfile, Version};
use crate::pieces::Messages;
use crate::proof::{self, Sealed};
use crate::repeat::LastFlight;
use crate::rival::Rival;
use crate::role::Role;
use crate::{hello, watch, widen, wire};

pub(crate) struct Handshake {
    pub(crate) dtls: Dtls,
    pub(crate) version: Version,
    pub(crate) expected: Vec<Fingerprint>,
    pub(crate) identity: Identity,
    pub(crate) keys: watch::Keys,
    pub(crate) last_flight: LastFlight,
    /// As the server: the random of the ClientHello that began the handshake.
    pub(crate) random: Option<[u8; hello::RANDOM]>,
    /// As the server: there was a ClientHello with another random.
    pub(crate) rival: Option<Box<Rival>>,
    /// Messages of the peer that have arrived in part.
    pub(crate) messages: Messages,
    /// As the client: the SRTP profile in the ServerHello.
    pub(crate) profile: Option<SrtpProfile>,
    /// The sequence number of our next record in the clear, for an alert.
    pub(crate) clear_sequence: u64,
    /// The peer has answered: an alert from it no longer means that it lacks DTLS 1.2.
    pub(crate) answered: bool,
    /// When the library wants its next timeout.
    pub(crate) wake: Option<Instant>,
    /// As the client: our last flight is not repeated before this time.
    pub(crate) held_until: Option<Instant>,
    /// The peer's certificate matches a fingerprint of its SDP.
    pub(crate) verified: bool,
    pub(crate) connected: bool,
    pub(crate) srtp: Option<(SrtpProfile, Vec<u8>)>,
}

impl Handshake {
    pub(crate) fn new(
        dtls: Dtls,
        version: Version,
        identity: Identity,
        expected: Vec<Fingerprint>,
    ) -> Self {
        Self {
            dtls,
            version,
            expected,
            identity,
            keys: watch::Keys::default(),
            last_flight: LastFlight::default(),
            random: None,
            rival: None,
            messages: Messages::default(),
            profile: None,
            clear_sequence: 0,
            answered: false,
            wake: None,
            held_until: None,
            verified: false,
            connected: false,
            srtp: None,
        }
    }

    /// Decrypts the records of a datagram of DTLS 1.2, if the peer's keys are known already.
    pub(crate) fn look<'a>(&self, datagram: &'a [u8], own: Role) -> Sealed<'a> {
        let keys = &self.keys;
        let read = keys.secret.as_ref().zip(keys.aead);
        match read.and_then(|(secret, aead)| secret.read(aead, own)) {
            Some(read) => proof::look(datagram, &read, own),
            None => Sealed::Handshake(Cow::Borrowed(datagram)),
        }
    }

    /// As the client: the SRTP keys, once this side has sent its Finished and the server's
    /// certificate is verified. `None` before that, or if the ServerHello's profile was not seen.
    pub(crate) fn early_srtp(&self) -> Option<(SrtpProfile, Vec<u8>)> {
        let has_finished = self.verified && self.keys.write.is_some();
        let (secret, profile) = self.keys.secret.as_ref().zip(self.profile)?;
        has_finished.then(|| (profile, secret.srtp(profile)))
    }

    /// As the client: takes the keys, because the server has proved that it has finished.
    /// `sequence` is the highest number of the server's records that is known. `None` if keys are
    /// missing.
    pub(crate) fn prove(&mut self, sequence: u64) -> Option<()> {
        let read = self
            .keys
            .secret
            .as_ref()?
            .read(self.keys.aead?, Role::Client)?;
        self.srtp = Some(self.early_srtp()?);
        self.keys.read = Some((read, sequence));
        Some(())
    }

    /// As the client: whether the library is not told the time yet, so that it does not repeat our
    /// last flight.
    pub(crate) fn is_held(&self, now: Instant) -> bool {
        self.held_until.is_some_and(|until| now < until)
    }

    /// As the client: when the library's next timeout is due.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.wake
            .map(|wake| self.held_until.map_or(wake, |until| until.max(wake)))
    }

    /// Takes the library's outputs. Returns the datagrams to send, or why the handshake fails.
    pub(crate) fn drain(&mut self, role: Role) -> Result<Vec<Box<[u8]>>, Error> {
        let mut buffer = [0; wire::BUFFER];
        let mut flight = Vec::new();
        loop {
            match self.dtls.poll_output(&mut buffer) {
                dimpl::Output::Packet(bytes) => {
                    // The provider hashes our CertificateRequest, so ours has to be sent (`widen`).
                    let widens = role == Role::Server && self.version == Version::Dtls12;
                    let datagram = if widens {
                        widen::sent(bytes)
                    } else {
                        bytes.to_vec()
                    };
                    // An alert in the clear needs a number that none of our records has used.
                    let clear = wire::records(&datagram).filter(|record| record.epoch == 0);
                    let next = clear.map(|record| record.sequence + 1).max();
                    self.clear_sequence = self.clear_sequence.max(next.unwrap_or(0));
                    flight.push(datagram.into());
                }
                dimpl::Output::PeerCert(certificate) => {
                    verify(certificate, &self.expected, role)?;
                    self.verified = true;
                }
                dimpl::Output::KeyingMaterial(material, profile) => {
                    let profile = SrtpProfile::of(profile);
                    self.srtp = profile.map(|profile| (profile, material.as_ref().to_vec()));
                }
                dimpl::Output::Connected => self.connected = true,
                dimpl::Output::Timeout(at) => {
                    self.wake = Some(at);
                    return Ok(flight);
                }
                dimpl::Output::BufferTooSmall { .. } => {
                    return Err(Error::Protocol("a datagram longer than the MTU".into()));
                }
                _ => {}
            }
        }
    }
}

/// Checks that the certificate matches an expected fingerprint and has a kind of key that we serve.
fn verify(certificate: &[u8], expected: &[Fingerprint], role: Role) -> Result<(), Error> {
    let matches = expected.iter().any(|one| one.matches(certificate));
    if !matches {
        return Err(Error::FingerprintMismatch);
    }
    let key = Key::of(certificate).ok_or_else(|| Error::Malformed("certificate".into()))?;
    let kind = match (key.kind, role) {
        (Kind::P224 | Kind::P256 | Kind::P384 | Kind::P521, _) | (Kind::Rsa, Role::Server) => {
            return Ok(());
        }
        (Kind::Rsa, Role::Client) => "RSA on a passive peer".into(),
        (Kind::Other(kind), _) => kind,
    };
    Err(Error::UnsupportedCertificate { kind })
}

/// Translates the library's error.
pub(crate) fn broken_off(error: dimpl::Error) -> Error {
    use dimpl::{CertificateError, SecurityError};
    match error {
        dimpl::Error::Timeout(_) => Error::TimedOut,
        dimpl::Error::CertificateError(
            CertificateError::NoClientCertificateReceived
            | CertificateError::NoServerCertificateReceived,
        ) => Error::NoCertificate,
        dimpl::Error::SecurityError(SecurityError::ExtendedMasterSecretNotNegotiated) => {
            Error::NoExtendedMasterSecret
        }
        dimpl::Error::SecurityError(SecurityError::FatalAlert { description }) => Error::Alert {
            received: Description(description),
        },
        other => Error::Protocol(other.to_string()),
    }
}
