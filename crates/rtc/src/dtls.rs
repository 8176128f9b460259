//! DTLS with every client.
//!
//! The implementation that the WebRTC library brings along is used wherever it will do. It knows ECDSA
//! certificates only, and some clients have RSA ones: GStreamer, above all. They are told by
//! what they offer first. Who wants AES-GCM for SRTP is one of the others, so who does not is
//! served by an implementation that takes both.

use std::cell::Cell;
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rtc_crypto::providers::AwsLcRsProvider;
use rtc_crypto::{RTCCryptoProvider, SignatureScheme};
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::crypto::Certificate;
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use rtc_shared::error::Error;
use str0m::config::DtlsVersion;
use str0m::crypto::CryptoError;
use str0m::crypto::dtls::{
    DtlsCert, DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, KeyingMaterial,
    ProtocolVersion, SrtpProfile,
};

use crate::srtp::{Keys, Protection};

/// `SRTP_AEAD_AES_128_GCM` and `SRTP_AEAD_AES_256_GCM` (RFC 7714 §14.2).
const GCM_PROFILES: [u16; 2] = [7, 8];

/// RFC 5764 §4.2.
const EXPORTER_LABEL: &str = "EXTRACTOR-dtls_srtp";

/// The addresses of an endpoint that has one connection and no socket.
const NOWHERE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1);

/// When nothing is to be done.
const IDLE: Duration = Duration::from_secs(3_600);

thread_local! {
    /// The keys that the last handshake on this thread ended with. The library takes them for
    /// itself, and its peer has no way to the instance that had them.
    static AGREED: Cell<Option<Keys>> = const { Cell::new(None) };
}

/// Takes the keys of the handshake that has just ended.
pub(crate) fn take_agreed() -> Option<Keys> {
    AGREED.take()
}

/// Makes what does DTLS for one peer.
#[derive(Debug)]
pub(crate) struct Provider;

/// The settings of the usual implementation, and for which MTU they are. Making them runs tests
/// of all its cryptography, three quarters of a millisecond long.
static SETTINGS: OnceLock<(Option<usize>, Arc<dimpl::Config>)> = OnceLock::new();

fn settings(mtu: Option<usize>) -> Result<Arc<dimpl::Config>, CryptoError> {
    if let Some((known, settings)) = SETTINGS.get()
        && *known == mtu
    {
        return Ok(settings.clone());
    }
    // ICE has shown that the client is where it says before DTLS begins: no cookie is needed.
    let mut builder = dimpl::Config::builder().use_server_cookie(false);
    if let Some(mtu) = mtu {
        builder = builder.mtu(mtu);
    }
    let settings = builder.build();
    let settings = Arc::new(settings.map_err(|error| CryptoError::Other(error.to_string()))?);
    // All peers have the same MTU. Should one have another, its settings are its own.
    SETTINGS.get_or_init(|| (mtu, settings.clone()));
    Ok(settings)
}

impl DtlsProvider for Provider {
    fn generate_certificate(&self) -> Option<DtlsCert> {
        let usual = str0m::crypto::from_feature_flags().dtls_provider;
        usual.generate_certificate()
    }

    fn new_dtls(
        &self,
        certificate: &DtlsCert,
        now: Instant,
        version: DtlsVersion,
        mtu: Option<usize>,
    ) -> Result<Box<dyn DtlsInstance>, CryptoError> {
        let settings = settings(mtu)?;
        let own = dimpl::DtlsCertificate {
            certificate: certificate.certificate.clone(),
            private_key: certificate.private_key.clone(),
        };
        let dtls = match version {
            DtlsVersion::Dtls12 => dimpl::Dtls::new_12(settings, own, now),
            DtlsVersion::Dtls13 => dimpl::Dtls::new_13(settings, own, now),
            _ => dimpl::Dtls::new_auto(settings, own, now),
        };
        Ok(Box::new(Chosen {
            instance: Box::new(Usual(dtls)),
            certificate: Some(certificate.clone()),
            active: false,
            now,
            idle_until: None,
        }))
    }
}

/// The implementation that fits the client, once it has said its first word.
#[derive(Debug)]
struct Chosen {
    instance: Box<dyn DtlsInstance>,
    /// Until the choice is made.
    certificate: Option<DtlsCert>,
    /// This side is the client.
    active: bool,
    now: Instant,
    /// There is no output before this time, if nothing is put in. The library asks again with
    /// every packet of media.
    idle_until: Option<Instant>,
}

impl DtlsInstance for Chosen {
    fn set_active(&mut self, active: bool) {
        self.active = active;
        self.idle_until = None;
        self.instance.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.idle_until = None;
        if let Some(profiles) = offered_srtp_profiles(packet)
            && let Some(certificate) = self.certificate.take()
            && !self.instance.is_active()
            && !profiles
                .iter()
                .any(|profile| GCM_PROFILES.contains(profile))
        {
            tracing::debug!("a client without AES-GCM: its certificate may be RSA");
            self.instance = Box::new(AnyCertificate::new(&certificate, self.now)?);
        }
        self.instance.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        if let Some(at) = self.idle_until {
            return DtlsOutput::Timeout(at);
        }
        let output = self.instance.poll_output(buf);
        match &output {
            DtlsOutput::KeyingMaterial(material, profile) => {
                let client = self.active;
                let keys = Protection::of(*profile).and_then(|p| Keys::new(p, material, client));
                AGREED.set(keys);
            }
            DtlsOutput::Timeout(at) => self.idle_until = Some(*at),
            _ => {}
        }
        output
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.now = now;
        self.idle_until = None;
        self.instance.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.idle_until = None;
        self.instance.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.instance.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.instance.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.instance.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.instance.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.idle_until = None;
        self.instance.close()
    }
}

/// The implementation that the library brings along.
struct Usual(dimpl::Dtls);

impl DtlsInstance for Usual {
    fn set_active(&mut self, active: bool) {
        self.0.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.0.handle_packet(packet)
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        self.0.poll_output(buf)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.0.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.0.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.0.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.0.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.0.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.0.close()
    }
}

impl std::fmt::Debug for Usual {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Usual")
    }
}

/// A server that takes ECDSA and RSA certificates of clients.
struct AnyCertificate {
    /// The mutex is never waited for: it makes this type shareable, which the library asks for.
    endpoint: Mutex<Endpoint>,
    outputs: VecDeque<Pending>,
    now: Instant,
    connected: bool,
    closed: bool,
}

/// What the library is to be told.
enum Pending {
    PeerCertificate(Vec<u8>),
    Keys(KeyingMaterial, SrtpProfile),
    Connected,
    ApplicationData(BytesMut),
    CloseNotify,
}

impl AnyCertificate {
    fn new(certificate: &DtlsCert, now: Instant) -> Result<Self, DtlsImplError> {
        let config = server_config(certificate).map_err(refused)?;
        let endpoint = Endpoint::new(NOWHERE, TransportProtocol::UDP, Some(Arc::new(config)));
        Ok(Self {
            endpoint: Mutex::new(endpoint),
            outputs: VecDeque::new(),
            now,
            connected: false,
            closed: false,
        })
    }

    fn endpoint(&mut self) -> &mut Endpoint {
        self.endpoint
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells who the client is and what the keys are. The library compares the certificate
    /// with the fingerprint in the SDP, so it comes first.
    fn handshake_complete(&mut self) -> Result<(), DtlsImplError> {
        let state = self.endpoint().get_connection_state(NOWHERE);
        let state = state.ok_or(DtlsImplError::ConnectionClosed)?;
        let certificate = state.peer_certificates.first().cloned();
        let certificate = certificate.ok_or(DtlsImplError::ConnectionClosed)?;
        let (profile, length) = match state.srtp_protection_profile() {
            // Keys and salts of both sides (RFC 5764 §4.2, RFC 7714 §12).
            SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 => {
                (SrtpProfile::AES128_CM_SHA1_80, 2 * (16 + 14))
            }
            SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => {
                (SrtpProfile::AEAD_AES_128_GCM, 2 * (16 + 12))
            }
            SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm => {
                (SrtpProfile::AEAD_AES_256_GCM, 2 * (32 + 12))
            }
            _ => return Err(DtlsImplError::ConnectionClosed),
        };
        let keys = state.export_keying_material(EXPORTER_LABEL, &[], length);
        let keys = KeyingMaterial::new(keys.map_err(refused)?.as_ref());
        self.outputs.extend([
            Pending::PeerCertificate(certificate),
            Pending::Keys(keys, profile),
            Pending::Connected,
        ]);
        self.connected = true;
        Ok(())
    }
}

impl DtlsInstance for AnyCertificate {
    fn set_active(&mut self, active: bool) {
        debug_assert!(!active, "chosen for servers only");
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        let now = self.now;
        let events = self.endpoint().read(now, NOWHERE, None, packet.into());
        for event in events.map_err(refused)? {
            match event {
                EndpointEvent::HandshakeComplete => self.handshake_complete()?,
                EndpointEvent::ApplicationData(data) => {
                    self.outputs.push_back(Pending::ApplicationData(data));
                }
                EndpointEvent::PeerClosed => {
                    self.closed = true;
                    self.outputs.push_back(Pending::CloseNotify);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        if let Some(transmit) = self.endpoint().poll_transmit() {
            return DtlsOutput::Packet(copied(buf, &transmit.message));
        }
        match self.outputs.pop_front() {
            Some(Pending::PeerCertificate(der)) => DtlsOutput::PeerCert(copied(buf, &der)),
            Some(Pending::Keys(keys, profile)) => DtlsOutput::KeyingMaterial(keys, profile),
            Some(Pending::Connected) => DtlsOutput::Connected,
            Some(Pending::ApplicationData(data)) => DtlsOutput::ApplicationData(copied(buf, &data)),
            Some(Pending::CloseNotify) => DtlsOutput::CloseNotify,
            None => {
                let idle = self.now + IDLE;
                DtlsOutput::Timeout(self.endpoint().poll_timeout(&NOWHERE).unwrap_or(idle))
            }
        }
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.now = now;
        let endpoint = self.endpoint();
        if endpoint.poll_timeout(&NOWHERE).is_none_or(|at| now < at) {
            return Ok(());
        }
        endpoint.handle_timeout(NOWHERE, now).map_err(refused)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        if !self.connected {
            return Ok(0);
        }
        let now = self.now;
        self.endpoint().write(now, NOWHERE, data).map_err(refused)?;
        Ok(data.len())
    }

    fn is_active(&self) -> bool {
        false
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.connected.then_some(ProtocolVersion::DTLS1_2)
    }

    fn is_closed(&self) -> bool {
        self.closed
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.closed = true;
        let now = self.now;
        self.endpoint().close(now).map_err(refused)
    }
}

impl std::fmt::Debug for AnyCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AnyCertificate")
    }
}

/// The bytes in the buffer, which has room for any datagram.
fn copied<'a>(buf: &'a mut [u8], bytes: &[u8]) -> &'a [u8] {
    let length = bytes.len().min(buf.len());
    buf[..length].copy_from_slice(&bytes[..length]);
    &buf[..length]
}

fn server_config(certificate: &DtlsCert) -> Result<HandshakeConfig, Error> {
    let crypto = Arc::new(AwsLcRsProvider::new());
    let key = crypto
        .crypto()
        .import_signing_key(SignatureScheme::EcdsaP256Sha256, &certificate.private_key)
        .map_err(|error| Error::Crypto(error.to_string()))?;
    let chain = vec![certificate.certificate.clone().into()];
    ConfigBuilder::default()
        .with_crypto_provider(crypto)
        .with_certificates(vec![Certificate::from_signing_key(chain, key)])
        .with_srtp_protection_profiles(vec![
            SrtpProtectionProfile::Srtp_Aead_Aes_256_Gcm,
            SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
            SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
        ])
        .with_extended_master_secret(ExtendedMasterSecretType::Require)
        // A certificate is asked for, and the handshake proves that the client has its key. No
        // authority has signed it: the SDP says which one it is to be.
        .with_client_auth(ClientAuthType::RequireAnyClientCert)
        .with_insecure_skip_verify(true)
        .build(false, None)
}

fn refused(error: Error) -> DtlsImplError {
    tracing::debug!(%error, "DTLS failed");
    DtlsImplError::ConnectionClosed
}

/// The SRTP profiles of a ClientHello (RFC 6347 §4.2.2, RFC 5764 §4.1.1). `None` when the
/// datagram is something else, or has none. Its first fragment will do: GStreamer sends two.
fn offered_srtp_profiles(datagram: &[u8]) -> Option<Vec<u16>> {
    const HANDSHAKE: u64 = 22;
    const CLIENT_HELLO: u64 = 1;
    const USE_SRTP: u64 = 14;
    let mut record = Fields(datagram);
    if record.number(1)? != HANDSHAKE {
        return None;
    }
    let _version_epoch_sequence = record.bytes(2 + 2 + 6)?;
    let mut message = record.sized(2)?;
    if message.number(1)? != CLIENT_HELLO {
        return None;
    }
    let _length_sequence = message.bytes(3 + 2)?;
    if message.number(3)? != 0 {
        return None;
    }
    let mut hello = message.sized(3)?;
    let _version_random = hello.bytes(2 + 32)?;
    let _session = hello.sized(1)?;
    let _cookie = hello.sized(1)?;
    let _cipher_suites = hello.sized(2)?;
    let _compression = hello.sized(1)?;
    let _extensions_length = hello.number(2)?;
    loop {
        let kind = hello.number(2)?;
        let mut extension = hello.sized(2)?;
        if kind == USE_SRTP {
            let profiles = extension.sized(2)?.0.chunks_exact(2);
            return Some(profiles.map(|p| u16::from_be_bytes([p[0], p[1]])).collect());
        }
    }
}

/// Reads big-endian fields one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn number(&mut self, width: usize) -> Option<u64> {
        let bytes = self.bytes(width)?;
        Some(
            bytes
                .iter()
                .fold(0, |number, byte| number << 8 | u64::from(*byte)),
        )
    }

    /// The fields within a length of this width and what it counts.
    fn sized(&mut self, width: usize) -> Option<Self> {
        let length = self.number(width)?;
        self.bytes(usize::try_from(length).ok()?).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PROFILE: SrtpProtectionProfile = SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80;

    /// A client as GStreamer is one: AES-CM only, and a certificate of this kind.
    struct Client {
        endpoint: Endpoint,
        certificate: Vec<u8>,
        keys: Option<Vec<u8>>,
    }

    impl Client {
        fn new(algorithm: &'static rcgen::SignatureAlgorithm, now: Instant) -> Self {
            let crypto = Arc::new(AwsLcRsProvider::new());
            let names = vec!["client".to_owned()];
            let certificate =
                Certificate::generate_self_signed_with_alg(names, algorithm, crypto.crypto())
                    .expect("a certificate");
            let der = certificate.certificate[0].to_vec();
            let config = ConfigBuilder::default()
                .with_crypto_provider(crypto)
                .with_certificates(vec![certificate])
                .with_srtp_protection_profiles(vec![PROFILE])
                .with_insecure_skip_verify(true)
                .build(true, None)
                .expect("a configuration");
            let mut endpoint = Endpoint::new(NOWHERE, TransportProtocol::UDP, None);
            endpoint
                .connect(now, NOWHERE, Arc::new(config), None)
                .expect("a ClientHello");
            Self {
                endpoint,
                certificate: der,
                keys: None,
            }
        }

        fn receive(&mut self, now: Instant, packet: &[u8]) {
            let events = self.endpoint.read(now, NOWHERE, None, packet.into());
            for event in events.expect("well-formed") {
                if matches!(event, EndpointEvent::HandshakeComplete) {
                    let state = self.endpoint.get_connection_state(NOWHERE).expect("it");
                    let keys = state.export_keying_material(EXPORTER_LABEL, &[], 60);
                    self.keys = Some(keys.expect("keys").as_ref().to_vec());
                }
            }
        }
    }

    fn server(now: Instant) -> Box<dyn DtlsInstance> {
        let certificate = Provider.generate_certificate().expect("a certificate");
        let instance = Provider.new_dtls(&certificate, now, DtlsVersion::Dtls12, Some(1_200));
        let mut instance = instance.expect("an instance");
        instance.set_active(false);
        instance.handle_timeout(now).expect("a beginning");
        instance
    }

    fn agree_on_keys(algorithm: &'static rcgen::SignatureAlgorithm) {
        let now = Instant::now();
        let (mut server, mut client) = (server(now), Client::new(algorithm, now));
        let (mut told, mut connected) = (None, false);
        for _ in 0..10 {
            while let Some(transmit) = client.endpoint.poll_transmit() {
                server
                    .handle_packet(&transmit.message)
                    .expect("well-formed");
            }
            let mut buf = [0; 2_000];
            loop {
                match server.poll_output(&mut buf) {
                    DtlsOutput::Packet(packet) => client.receive(now, packet),
                    DtlsOutput::PeerCert(der) => assert_eq!(der, client.certificate),
                    DtlsOutput::KeyingMaterial(keys, profile) => {
                        assert_eq!(profile, SrtpProfile::AES128_CM_SHA1_80);
                        told = Some(keys.as_ref().to_vec());
                    }
                    DtlsOutput::Connected => connected = true,
                    DtlsOutput::Timeout(_) => break,
                    other => panic!("{other:?}"),
                }
            }
        }
        assert!(connected);
        assert!(told.is_some() && told == client.keys);
    }

    #[test]
    fn a_client_with_an_rsa_certificate_connects() {
        agree_on_keys(&rcgen::PKCS_RSA_SHA256);
    }

    #[test]
    fn a_client_with_an_ecdsa_certificate_and_no_gcm_connects() {
        agree_on_keys(&rcgen::PKCS_ECDSA_P256_SHA256);
    }

    fn client_hello() -> Vec<u8> {
        let mut client = Client::new(&rcgen::PKCS_ECDSA_P256_SHA256, Instant::now());
        client
            .endpoint
            .poll_transmit()
            .expect("a ClientHello")
            .message
            .to_vec()
    }

    /// The first record of GStreamer 1.22, as far as the extension for SRTP.
    const FRAGMENT: [u8; 96] = [
        22, 254, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 83, // record
        1, 0, 1, 21, 0, 0, 0, 0, 0, 0, 0, 71, // message: 277 bytes, of which 71
        254, 253, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
        23, 24, 25, 26, 27, 28, 29, 30, 31, 32, // version, random
        0, 0, 0, 4, 0xc0, 0x2c, 0xc0, 0x30, 1, 0, // session, cookie, suites, compression
        0, 91, 0, 11, 0, 4, 3, 0, 1, 2, 0, 35, 0, 0, // extensions: point formats, ticket
        0, 14, 0, 5, 0, 2, 0, 1, 0, // SRTP
        0, 22, 0, 0, // encrypt-then-MAC
    ];

    #[test]
    fn the_first_fragment_of_a_client_hello_will_do() {
        assert_eq!(offered_srtp_profiles(&FRAGMENT), Some(vec![1]));
        let mut second = FRAGMENT;
        second[21] = 71;
        assert_eq!(offered_srtp_profiles(&second), None);
    }

    #[test]
    fn the_srtp_profiles_of_a_client_hello_are_read_and_those_of_a_part_are_not() {
        let hello = client_hello();
        assert_eq!(offered_srtp_profiles(&hello), Some(vec![1]));
        for end in 0..hello.len() {
            assert_eq!(offered_srtp_profiles(&hello[..end]), None, "{end} bytes");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_datagram_is_a_panic(
            changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6),
            noise in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let mut hello = client_hello();
            let mut server = server(Instant::now());
            let mut buf = [0; 2_000];
            for (place, byte) in changes {
                let length = hello.len();
                hello[place % length] = byte;
                for datagram in [&hello, &noise] {
                    let _refused = server.handle_packet(datagram);
                    while !matches!(server.poll_output(&mut buf), DtlsOutput::Timeout(_)) {}
                }
            }
        }
    }
}
