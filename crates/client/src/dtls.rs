//! The library's DTLS, wrapped to copy the keys of SRTP.
//!
//! The library keeps the keys to itself. Load generators need them too: they decrypt a sample of
//! what they receive, at a lower cost than the library does.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use str0m::Rtc;
use str0m::config::DtlsVersion;
use str0m::crypto::CryptoError;
use str0m::crypto::dtls::{
    DtlsCert, DtlsImplError, DtlsInstance, DtlsOutput, DtlsProvider, ProtocolVersion, SrtpProfile,
};

/// The SRTP protection profile (RFC 5764 §4.1.2, RFC 7714 §14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// `SRTP_AES128_CM_HMAC_SHA1_80`.
    Aes128CmSha1,
    /// `SRTP_AEAD_AES_128_GCM`.
    Aes128Gcm,
    /// `SRTP_AEAD_AES_256_GCM`.
    Aes256Gcm,
}

/// The master keys of both directions of one connection.
#[derive(Clone)]
pub struct Keys {
    /// The negotiated protection profile.
    pub protection: Protection,
    /// Keys of the DTLS client and server, then their salts, as the DTLS exporter yields them (RFC
    /// 5764 §4.2).
    pub material: Vec<u8>,
    /// This side was the client of the DTLS handshake.
    pub client: bool,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Keys({:?})", self.protection)
    }
}

/// The keys of one handshake; empty until it is complete.
pub(crate) type AgreedKeys = Arc<OnceLock<Keys>>;

thread_local! {
    /// Where the DTLS instance that this thread created last will put its keys. The library gives
    /// no access to its instance, so this is taken right after the library has created one.
    static LAST_MADE: RefCell<AgreedKeys> = RefCell::default();
}

/// Calls `make`, which creates one DTLS instance, and returns its result with the place where the
/// keys will appear.
pub(crate) fn with_keys(make: impl FnOnce() -> Rtc) -> (Rtc, AgreedKeys) {
    (make(), LAST_MADE.take())
}

/// Creates the DTLS instance of each peer.
#[derive(Debug)]
pub(crate) struct Provider;

/// The settings of DTLS, and the MTU that they are for. Building them runs self-tests of all
/// cryptography, which take three quarters of a millisecond: once for each peer, that would slow
/// down a load generator.
static SETTINGS: OnceLock<(Option<usize>, Arc<dimpl::Config>)> = OnceLock::new();

fn settings(mtu: Option<usize>) -> Result<Arc<dimpl::Config>, CryptoError> {
    if let Some((known, settings)) = SETTINGS.get()
        && *known == mtu
    {
        return Ok(settings.clone());
    }
    // ICE has verified the address of the remote before DTLS begins, so no cookie is needed.
    let mut builder = dimpl::Config::builder().use_server_cookie(false);
    if let Some(mtu) = mtu {
        builder = builder.mtu(mtu);
    }
    let settings = builder.build();
    let settings = Arc::new(settings.map_err(|error| CryptoError::Other(error.to_string()))?);
    // All peers share one MTU. A peer with another one gets settings of its own.
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
        let keys = AgreedKeys::default();
        LAST_MADE.replace(keys.clone());
        Ok(Box::new(Overheard { dtls, keys }))
    }
}

/// The library's usual DTLS. The keys are copied as they pass.
struct Overheard {
    dtls: dimpl::Dtls,
    keys: AgreedKeys,
}

impl DtlsInstance for Overheard {
    fn poll_output<'a>(&mut self, buf: &'a mut [u8]) -> DtlsOutput<'a> {
        let client = self.dtls.is_active();
        let output = self.dtls.poll_output(buf);
        if let DtlsOutput::KeyingMaterial(material, profile) = &output
            && let Some(protection) = protection(*profile)
        {
            self.keys.get_or_init(|| Keys {
                protection,
                material: material.to_vec(),
                client,
            });
        }
        output
    }

    fn set_active(&mut self, active: bool) {
        self.dtls.set_active(active);
    }

    fn handle_packet(&mut self, packet: &[u8]) -> Result<(), DtlsImplError> {
        self.dtls.handle_packet(packet)
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), DtlsImplError> {
        self.dtls.handle_timeout(now)
    }

    fn send_application_data(&mut self, data: &[u8]) -> Result<usize, DtlsImplError> {
        self.dtls.send_application_data(data)
    }

    fn is_active(&self) -> bool {
        self.dtls.is_active()
    }

    fn protocol_version(&self) -> Option<ProtocolVersion> {
        self.dtls.protocol_version()
    }

    fn is_closing(&self) -> bool {
        self.dtls.is_closing()
    }

    fn is_closed(&self) -> bool {
        self.dtls.is_closed()
    }

    fn close(&mut self) -> Result<(), DtlsImplError> {
        self.dtls.close()
    }
}

impl std::fmt::Debug for Overheard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Overheard")
    }
}

fn protection(profile: SrtpProfile) -> Option<Protection> {
    let known = [
        (SrtpProfile::AES128_CM_SHA1_80, Protection::Aes128CmSha1),
        (SrtpProfile::AEAD_AES_128_GCM, Protection::Aes128Gcm),
        (SrtpProfile::AEAD_AES_256_GCM, Protection::Aes256Gcm),
    ];
    let found = known.into_iter().find(|(known, _)| *known == profile);
    found.map(|(_, protection)| protection)
}
