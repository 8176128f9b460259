use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use rtp::Bitrate;
use str0m::config::{CryptoProvider, DtlsCert, DtlsVersion};
use str0m::net::Protocol;
use str0m::{Candidate, Rtc, RtcConfig};

use crate::dtls::{self, AgreedKeys};
use crate::extensions;

/// The DTLS certificate and the crypto provider, which all clients of a process may share.
///
/// Generating one takes milliseconds. It does not identify a client: it only matches the
/// fingerprint in the client's SDP.
#[derive(Clone)]
pub struct Certificate {
    dtls: DtlsCert,
    provider: Arc<CryptoProvider>,
}

impl Certificate {
    /// Generates a self-signed certificate.
    pub fn generate() -> Self {
        let mut provider = str0m::crypto::from_feature_flags();
        provider.dtls_provider = &dtls::Provider;
        let dtls = provider
            .dtls_provider
            .generate_certificate()
            .expect("the aws-lc-rs provider makes certificates");
        Self {
            dtls,
            provider: Arc::new(provider),
        }
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificate")
    }
}

/// The settings of a client.
#[derive(Debug, Clone)]
pub struct Config {
    /// The certificate that the client presents in the DTLS handshake.
    pub certificate: Certificate,
    /// The client's own addresses, each of which becomes a host candidate (RFC 8839 §5.1).
    pub candidates: Vec<SocketAddr>,
    /// Initial value of the library's bandwidth estimate for what the client sends. The library
    /// then also paces and probes, and reports by [`Event::Estimate`](crate::Event). `None` turns
    /// it off: packets go out as they are written.
    pub estimate: Option<Bitrate>,
}

/// Dynamic payload types for H.264: (payload type, its RTX, packetization mode 1,
/// profile-level-id). Both packetization modes of constrained baseline, baseline, main and high, as
/// Chromium offers them.
const H264: [(u8, u8, bool, u32); 8] = [
    (108, 109, true, 0x42e01f),
    (124, 120, false, 0x42e01f),
    (127, 121, true, 0x42001f),
    (125, 107, false, 0x42001f),
    (123, 119, true, 0x4d001f),
    (35, 36, false, 0x4d001f),
    (114, 115, true, 0x64001f),
    (116, 117, false, 0x64001f),
];

impl Config {
    /// Settings for a client at one address, without bandwidth estimation.
    pub fn new(certificate: &Certificate, address: SocketAddr) -> Self {
        Self {
            certificate: certificate.clone(),
            candidates: vec![address],
            estimate: None,
        }
    }

    /// Creates the library's state for one peer, and the place where the keys of its handshake will
    /// appear.
    pub(crate) fn rtc(&self, now: Instant) -> (Rtc, AgreedKeys) {
        let (mut rtc, keys) = dtls::with_keys(|| self.builder().build(now));
        for address in &self.candidates {
            match Candidate::host(*address, Protocol::Udp) {
                Ok(candidate) => {
                    rtc.add_local_candidate(candidate);
                }
                Err(error) => tracing::warn!(%address, %error, "candidate address rejected"),
            }
        }
        (rtc, keys)
    }

    fn builder(&self) -> RtcConfig {
        let estimate = self
            .estimate
            .map(|rate| str0m::bwe::Bitrate::bps(rate.as_bps()));
        let mut config = Rtc::builder()
            .set_crypto_provider(self.certificate.provider.clone())
            .set_dtls_cert(self.certificate.dtls.clone())
            // The version that browsers negotiate with the servers of today.
            .set_dtls_version(DtlsVersion::Dtls12)
            .set_rtp_mode(true)
            .enable_bwe(estimate)
            .set_extension_map(extensions::map());
        let codecs = config.codec_config();
        codecs.clear();
        // With redundancy (RFC 2198), as Chromium offers it.
        codecs.enable_opus(true, true);
        codecs.enable_vp8(true);
        codecs.enable_vp9(true);
        for (pt, rtx, mode, profile) in H264 {
            codecs.add_h264(pt.into(), Some(rtx.into()), mode, profile);
        }
        codecs.enable_h265(true);
        codecs.enable_av1(true);
        config
    }
}
