//! The library during a handshake, and what is learned from it.

use std::borrow::Cow;
use std::time::Instant;

use dimpl::Dtls;

use crate::alert::Description;
use crate::certificate::{Key, Kind};
use crate::endpoint::Role;
use crate::error::Error;
use crate::identity::{Fingerprint, Identity};
use crate::keys::{SrtpProfile, Version};
use crate::pieces::Messages;
use crate::proof::{self, Sealed};
use crate::repeat::LastFlight;
use crate::rival::Rival;
use crate::{hello, watch, widen, wire};

/// Datagrams of the library have at most the MTU of its settings, 1,150 bytes.
pub(crate) const BUFFER: usize = 2_048;

pub(crate) struct Handshake {
    pub(crate) dtls: Dtls,
    pub(crate) version: Version,
    pub(crate) expected: Vec<Fingerprint>,
    pub(crate) identity: Identity,
    pub(crate) keys: watch::Keys,
    pub(crate) last_flight: LastFlight,
    /// As the server: the random numbers of the ClientHello that it began with.
    pub(crate) random: Option<[u8; hello::RANDOM]>,
    /// There was a ClientHello with others.
    pub(crate) rival: Option<Box<Rival>>,
    /// Messages of the peer's that are there in part.
    pub(crate) messages: Messages,
    /// As the client: the profile in the ServerHello.
    pub(crate) profile: Option<SrtpProfile>,
    /// The next record of ours in the clear, for an alert.
    pub(crate) clear_sequence: u64,
    /// The peer has answered: a fatal alert from it no longer means that it knows no DTLS 1.2.
    pub(crate) answered: bool,
    pub(crate) wake: Option<Instant>,
    /// As the client: our last flight is not repeated before.
    pub(crate) held_until: Option<Instant>,
    /// The peer's certificate is the right one.
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

    /// Looks into a datagram of DTLS 1.2, as far as the peer's keys are known.
    pub(crate) fn look<'a>(&self, datagram: &'a [u8], own: Role) -> Sealed<'a> {
        let keys = &self.keys;
        let read = keys.secret.as_ref().zip(keys.aead);
        match read.and_then(|(secret, aead)| secret.read(aead, own)) {
            Some(read) => proof::look(datagram, &read, own),
            None => Sealed::Handshake(Cow::Borrowed(datagram)),
        }
    }

    /// As the client: the keys for SRTP, once this side has finished and the server is the right one.
    /// `None` when it was not seen what the server chose.
    pub(crate) fn early_srtp(&self) -> Option<(SrtpProfile, Vec<u8>)> {
        let has_finished = self.verified && self.keys.write.is_some();
        let (secret, profile) = self.keys.secret.as_ref().zip(self.profile)?;
        has_finished.then(|| (profile, secret.srtp(profile)))
    }

    /// As the client: the server has proved that it has finished, at the latest with the record of
    /// this number.
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

    /// As the client: whether the library's clock stands still, since our last flight is on its way.
    pub(crate) fn is_held(&self, now: Instant) -> bool {
        self.held_until.is_some_and(|until| now < until)
    }

    /// As the client: when the library has something to do.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.wake
            .map(|wake| self.held_until.map_or(wake, |until| until.max(wake)))
    }

    /// Takes what the library has to say, and returns the datagrams to send.
    pub(crate) fn drain(&mut self, role: Role) -> Result<Vec<Box<[u8]>>, Error> {
        let mut buffer = [0; BUFFER];
        let mut flight = Vec::new();
        loop {
            match self.dtls.poll_output(&mut buffer) {
                dimpl::Output::Packet(bytes) => {
                    let widens = role == Role::Server && self.version == Version::Dtls12;
                    let datagram = if widens {
                        widen::sent(bytes)
                    } else {
                        bytes.to_vec()
                    };
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

/// Whether the certificate is one of the expected, and of a kind that is served.
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
        (Kind::Rsa, Role::Client) => "RSA of a passive peer".into(),
        (Kind::Other(kind), _) => kind,
    };
    Err(Error::UnsupportedCertificate { kind })
}

/// The reason of the library's, in our words.
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
