use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::config::{CryptoProvider, DtlsCert, DtlsVersion};
use str0m::net::Protocol;
use str0m::{Candidate, Rtc, RtcConfig};

use crate::{Direction, WallClock, dtls, extensions};

/// How often a peer counts its NACKs: for metrics only.
const STATS_EVERY: Duration = Duration::from_secs(5);

/// The certificate and crypto provider that all peers of a process share.
///
/// Making one costs milliseconds; using it for every peer costs nothing and gives
/// nothing away, since a DTLS certificate here only matches the fingerprint in the SDP.
#[derive(Clone)]
pub struct Certificate {
    pub(crate) dtls: DtlsCert,
    pub(crate) provider: Arc<CryptoProvider>,
}

impl Certificate {
    /// A fresh self-signed certificate.
    pub fn generate() -> Self {
        let mut provider = str0m::crypto::from_feature_flags();
        provider.dtls_provider = &dtls::Provider;
        let provider = Arc::new(provider);
        let dtls = provider
            .dtls_provider
            .generate_certificate()
            .expect("the aws-lc-rs provider makes certificates");
        Self { dtls, provider }
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Certificate")
    }
}

/// What is the same for all peers of a shard.
#[derive(Debug, Clone)]
pub struct Config {
    /// DTLS identity.
    pub certificate: Certificate,
    /// Where the shard's socket can be reached: one host candidate each.
    pub candidates: Vec<SocketAddr>,
    /// Write `a=ice-lite` into answers (RFC 8839 §5.3). Correct by the letter, but
    /// Chromium then starts about 70 ms later, and no browser needs it: docs/decisions.
    pub announce_ice_lite: bool,
    /// For sender reports.
    pub wall_clock: WallClock,
}

/// Dynamic payload types for H.264: (payload type, its RTX, packetization mode, profile-level-id).
/// Both packetization modes of constrained baseline, baseline, main and high.
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
    /// What serves one peer; `ice_lite` where the other side does the checks (RFC 8445 §2.5).
    pub(crate) fn rtc(&self, direction: Direction, ice_lite: bool, now: Instant) -> Rtc {
        let mut rtc = self.builder(direction).set_ice_lite(ice_lite).build(now);
        for address in &self.candidates {
            // An address that cannot be a candidate (0.0.0.0) was refused with the configuration.
            if let Ok(candidate) = Candidate::host(*address, Protocol::Udp) {
                rtc.add_local_candidate(candidate);
            }
        }
        rtc
    }

    fn builder(&self, direction: Direction) -> RtcConfig {
        let mut config = Rtc::builder()
            .set_crypto_provider(self.certificate.provider.clone())
            .set_dtls_cert(self.certificate.dtls.clone())
            // As the 1.2 server we choose AES-GCM with both Chromium and Firefox;
            // with 1.3 the client's order leads Chromium to the twice slower SHA1 profile.
            .set_dtls_version(DtlsVersion::Dtls12)
            .set_rtp_mode(true)
            // Of what it sends itself, which is nothing, there is nothing to count.
            .set_stats_interval((direction == Direction::Receive).then_some(STATS_EVERY))
            .set_extension_map(extensions::map(direction));
        let codecs = config.codec_config();
        codecs.clear();
        // With redundancy (RFC 2198), for who offers it. Stereo is added to the finished answer.
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
