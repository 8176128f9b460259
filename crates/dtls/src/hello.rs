//! The ClientHello: reassembled from its fragments, parsed, and checked against what we serve.
//!
//! ```text
//! version(2) random(32) session_id<0..32> cookie<0..255> cipher_suites<2..2^16-2>
//! compression<1..255> extensions<0..2^16-1>                                RFC 6347 §4.2.1
//! ```
//!
//! Clients fragment it as they like: GStreamer at 96 bytes, browsers with post-quantum keys at
//! their MTU. Fragments arrive in any order, and nothing is decided before all of them are there.

use crate::error::Error;
use crate::keys::{SrtpProfile, Version};
use crate::pieces::Pieces;
use crate::wire::{self, Fragment, Reader, Record};

/// Length in bytes of the client's random (RFC 5246 §7.4.1.2).
pub(crate) const RANDOM: usize = 32;

/// The most entries of one of the peer's lists that an [`Error`] repeats.
const REPEATED_MAX: usize = 64;

/// The cipher suites, curves and signature algorithms of the library. The suites of DTLS 1.2 are
/// those with ECDHE, ECDSA and AES-GCM or ChaCha20.
const SUITES_12: [u16; 3] = [0xc02b, 0xc02c, 0xcca9];
const SUITES_13: [u16; 3] = [0x1301, 0x1302, 0x1303];
const GROUPS: [u16; 3] = [0x001d, 0x0017, 0x0018];
const ECDSA_P256_SHA256: u16 = 0x0403;

/// Extensions (IANA, "TLS ExtensionType Values").
const SUPPORTED_GROUPS: u16 = 10;
const SIGNATURE_ALGORITHMS: u16 = 13;
pub(crate) const USE_SRTP: u16 = 14;
const EXTENDED_MASTER_SECRET: u16 = 23;
const SUPPORTED_VERSIONS: u16 = 43;

/// Reassembles a ClientHello.
#[derive(Default)]
pub(crate) struct Reassembly {
    pieces: Pieces,
    /// 0 for the client's first message, 1 for the second, which has a cookie.
    message_seq: u16,
}

impl Reassembly {
    /// Reassembles the ClientHello with this `message_seq`.
    pub(crate) fn of(message_seq: u16) -> Self {
        Self {
            message_seq,
            ..Self::default()
        }
    }

    /// Adds the fragments in a datagram. Returns the message's body when it is complete.
    pub(crate) fn add(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        for record in wire::records(datagram) {
            if record.content != wire::HANDSHAKE || record.epoch != 0 {
                continue;
            }
            for fragment in wire::fragments(record.fragment) {
                if is_hello(&fragment, self.message_seq) {
                    self.pieces.add(&fragment);
                }
            }
        }
        self.pieces.take_whole()
    }
}

fn is_hello(fragment: &Fragment<'_>, message_seq: u16) -> bool {
    fragment.message == wire::CLIENT_HELLO && fragment.message_seq == message_seq
}

/// The first fragment in a datagram, if it belongs to the ClientHello with this `message_seq`.
fn first_piece(datagram: &[u8], message_seq: u16) -> Option<Fragment<'_>> {
    let record = wire::records(datagram).next()?;
    let is_clear = record.content == wire::HANDSHAKE && record.epoch == 0;
    let fragment = wire::fragments(record.fragment).next()?;
    (is_clear && is_hello(&fragment, message_seq)).then_some(fragment)
}

/// Whether a datagram begins with the client's first message, or a fragment of it.
pub(crate) fn begins(datagram: &[u8]) -> bool {
    first_piece(datagram, 0).is_some()
}

/// Whether a datagram begins with a ClientHello that brings a cookie back, or a fragment of it.
pub(crate) fn returns_cookie(datagram: &[u8]) -> bool {
    first_piece(datagram, 1).is_some()
}

/// The random of the client's first message, if the datagram begins with the fragment that has it.
pub(crate) fn random(datagram: &[u8]) -> Option<[u8; RANDOM]> {
    let piece = first_piece(datagram, 0).filter(|piece| piece.offset == 0)?;
    let mut body = Reader(piece.body);
    body.u16()?;
    body.take(RANDOM)?.try_into().ok()
}

/// The random in a ClientHello's body.
pub(crate) fn random_of(body: &[u8]) -> Option<[u8; RANDOM]> {
    Hello::read(body)?.random.try_into().ok()
}

/// Whether the sender of this datagram, which begins with a ClientHello or a fragment of it, may be
/// asked for a cookie. A whole ClientHello must offer DTLS 1.2; a fragment counts as if it did.
pub(crate) fn may_be_asked(datagram: &[u8]) -> bool {
    let whole = first_piece(datagram, 0).filter(Fragment::is_whole);
    whole.is_none_or(|hello| {
        let offer = Offer::read(hello.body);
        offer.is_some_and(|offer| offer.judge() == Ok(Version::Dtls12))
    })
}

/// Writes a datagram with a whole handshake message in one record.
pub(crate) fn datagram(message: u8, message_seq: u16, body: &[u8]) -> Vec<u8> {
    let mut fragment = Vec::with_capacity(wire::HANDSHAKE_HEAD + body.len());
    Fragment {
        message,
        length: body.len(),
        message_seq,
        offset: 0,
        body,
    }
    .write(&mut fragment);
    let mut out = Vec::with_capacity(wire::RECORD_HEAD + fragment.len());
    let record = Record {
        content: wire::HANDSHAKE,
        epoch: 0,
        sequence: u64::from(message_seq),
        fragment: &fragment,
    };
    record.write(&mut out);
    out
}

/// A ClientHello, split at its cookie.
pub(crate) struct Hello<'a> {
    /// The part before the cookie: version, random and session id.
    head: &'a [u8],
    pub(crate) random: &'a [u8],
    pub(crate) cookie: &'a [u8],
    /// The part after the cookie.
    rest: &'a [u8],
}

impl<'a> Hello<'a> {
    /// Parses a body; `None` if it is malformed.
    pub(crate) fn read(body: &'a [u8]) -> Option<Self> {
        let mut reader = Reader(body);
        reader.u16()?;
        let random = reader.take(RANDOM)?;
        reader.vector8()?;
        let head = body.get(..body.len() - reader.0.len())?;
        let cookie = reader.vector8()?;
        let rest = reader.0;
        Some(Self {
            head,
            random,
            cookie,
            rest,
        })
    }

    /// The body with an empty cookie.
    pub(crate) fn without_cookie(&self) -> Vec<u8> {
        [self.head, &[0], self.rest].concat()
    }
}

/// What a client offers. A list is `None` if the client does not send it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    version: u16,
    suites: Vec<u16>,
    versions: Option<Vec<u16>>,
    groups: Option<Vec<u16>>,
    signatures: Option<Vec<u16>>,
    srtp: Option<Vec<u16>>,
    extended_master_secret: bool,
}

impl Offer {
    /// Parses the body of a ClientHello; `None` if it is malformed.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let mut body = Reader(body);
        let version = body.u16()?;
        let _random = body.take(RANDOM)?;
        let _session = body.vector8()?;
        let _cookie = body.vector8()?;
        let suites = wire::numbers(body.vector16()?);
        let _compression = body.vector8()?;
        let mut offer = Self {
            version,
            suites,
            ..Self::default()
        };
        let mut extensions = Reader(match body.0 {
            [] => &[],
            _ => body.vector16()?,
        });
        while !extensions.0.is_empty() {
            let kind = extensions.u16()?;
            offer.extension(kind, Reader(extensions.vector16()?))?;
        }
        Some(offer)
    }

    fn extension(&mut self, kind: u16, mut content: Reader<'_>) -> Option<()> {
        match kind {
            SUPPORTED_GROUPS => self.groups = Some(wire::numbers(content.vector16()?)),
            SIGNATURE_ALGORITHMS => self.signatures = Some(wire::numbers(content.vector16()?)),
            USE_SRTP => self.srtp = Some(wire::numbers(content.vector16()?)),
            SUPPORTED_VERSIONS => self.versions = Some(wire::numbers(content.vector8()?)),
            EXTENDED_MASTER_SECRET => self.extended_master_secret = true,
            _ => {}
        }
        Some(())
    }

    /// Returns the version to continue with, or why the client cannot be served.
    ///
    /// DTLS 1.2 is preferred if the client offers both versions: there this side chooses the SRTP
    /// profile, and AES-GCM costs half as much as Chromium's first choice.
    pub(crate) fn judge(&self) -> Result<Version, Error> {
        let version = self.common_version()?;
        if !common(&SrtpProfile::SERVED, self.srtp.as_deref().unwrap_or(&[])) {
            return Err(Error::NoSrtpProfile {
                offered: repeated(self.srtp.as_deref().unwrap_or(&[])),
            });
        }
        if let Some(groups) = &self.groups
            && !common(&GROUPS, groups)
        {
            return Err(Error::UnsupportedCurve {
                offered: repeated(groups),
            });
        }
        if let Some(signatures) = &self.signatures
            && !signatures.contains(&ECDSA_P256_SHA256)
        {
            return Err(Error::NoCommonSignature);
        }
        // The keys of DTLS 1.3 always depend on the transcript, without an extension.
        if version == Version::Dtls12 && !self.extended_master_secret {
            return Err(Error::NoExtendedMasterSecret);
        }
        Ok(version)
    }

    fn common_version(&self) -> Result<Version, Error> {
        let offered = self.versions.as_deref();
        let has_13 = offered.is_some_and(|versions| versions.contains(&wire::DTLS_13));
        let has_12 = self.version == wire::DTLS_12
            && offered.is_none_or(|versions| versions.contains(&wire::DTLS_12));
        if has_12 && common(&SUITES_12, &self.suites) {
            return Ok(Version::Dtls12);
        }
        if has_13 && common(&SUITES_13, &self.suites) {
            return Ok(Version::Dtls13);
        }
        // A version is common, so the missing cipher suite is the reason.
        if has_12 || has_13 {
            return Err(Error::NoCommonCipher {
                offered: repeated(&self.suites),
            });
        }
        Err(Error::NoCommonVersion {
            offered: repeated(offered.unwrap_or(&[self.version])),
        })
    }
}

fn common(served: &[u16], offered: &[u16]) -> bool {
    served.iter().any(|one| offered.contains(one))
}

fn repeated(offered: &[u16]) -> Vec<u16> {
    offered.iter().copied().take(REPEATED_MAX).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole() -> Offer {
        Offer {
            version: wire::DTLS_12,
            suites: vec![0xc02b, 0x1301],
            versions: Some(vec![wire::DTLS_13, wire::DTLS_12]),
            groups: Some(vec![0x001d]),
            signatures: Some(vec![0x0804, ECDSA_P256_SHA256]),
            srtp: Some(vec![1, 7]),
            extended_master_secret: true,
        }
    }

    /// The body of a ClientHello with this offer.
    fn written(offer: &Offer) -> Vec<u8> {
        let list =
            |numbers: &[u16]| -> Vec<u8> { numbers.iter().flat_map(|n| n.to_be_bytes()).collect() };
        let with_length = |bytes: Vec<u8>| -> Vec<u8> {
            let length = u16::try_from(bytes.len()).unwrap();
            [&length.to_be_bytes()[..], &bytes].concat()
        };
        let mut extensions = Vec::new();
        let mut extension = |kind: u16, content: Vec<u8>| {
            extensions.extend_from_slice(&kind.to_be_bytes());
            extensions.extend(with_length(content));
        };
        if let Some(versions) = &offer.versions {
            let bytes = list(versions);
            let length = u8::try_from(bytes.len()).unwrap();
            extension(SUPPORTED_VERSIONS, [&[length][..], &bytes].concat());
        }
        let lists = [
            (SUPPORTED_GROUPS, &offer.groups),
            (SIGNATURE_ALGORITHMS, &offer.signatures),
        ];
        for (kind, numbers) in lists {
            if let Some(numbers) = numbers {
                extension(kind, with_length(list(numbers)));
            }
        }
        if let Some(profiles) = &offer.srtp {
            extension(USE_SRTP, [with_length(list(profiles)), vec![0]].concat());
        }
        if offer.extended_master_secret {
            extension(EXTENDED_MASTER_SECRET, Vec::new());
        }
        let mut body = offer.version.to_be_bytes().to_vec();
        body.extend([7; 32]);
        body.extend([0, 0]);
        body.extend(with_length(list(&offer.suites)));
        body.extend([1, 0]);
        body.extend(with_length(extensions));
        body
    }

    /// One datagram for each range of the body, with that range as a fragment.
    fn pieces(body: &[u8], ranges: &[(usize, usize)]) -> Vec<Vec<u8>> {
        let piece = |(start, end): &(usize, usize)| {
            let mut message = Vec::new();
            Fragment {
                message: wire::CLIENT_HELLO,
                length: body.len(),
                message_seq: 0,
                offset: *start,
                body: &body[*start..*end],
            }
            .write(&mut message);
            let mut out = Vec::new();
            Record {
                content: wire::HANDSHAKE,
                epoch: 0,
                sequence: 0,
                fragment: &message,
            }
            .write(&mut out);
            out
        };
        ranges.iter().map(piece).collect()
    }

    #[test]
    fn written_offer_is_parsed_back() {
        assert_eq!(Offer::read(&written(&whole())), Some(whole()));
        let bare = Offer {
            version: 0xfeff,
            suites: vec![0x002f],
            ..Offer::default()
        };
        assert_eq!(Offer::read(&written(&bare)), Some(bare));
    }

    #[test]
    fn truncated_client_hello_is_malformed() {
        let body = written(&whole());
        let extensions = body.len() - 2;
        for end in (0..body.len()).filter(|end| Offer::read(&body[..*end]).is_some()) {
            // A ClientHello without extensions is complete, too (RFC 5246 §7.4.1.2).
            assert!(end < extensions && Offer::read(&body[..end]).unwrap().srtp.is_none());
        }
    }

    #[test]
    fn dtls_1_2_is_preferred_to_1_3() {
        assert_eq!(whole().judge(), Ok(Version::Dtls12));
        let only_13 = Offer {
            versions: Some(vec![wire::DTLS_13]),
            extended_master_secret: false,
            ..whole()
        };
        assert_eq!(only_13.judge(), Ok(Version::Dtls13));
        // DTLS 1.2 only with RSA suites, and DTLS 1.3.
        let other_suites = Offer {
            suites: vec![0xc02f, 0x1302],
            ..whole()
        };
        assert_eq!(other_suites.judge(), Ok(Version::Dtls13));
    }

    #[test]
    fn refusal_repeats_what_was_offered() {
        let refused = |offer: Offer| offer.judge().unwrap_err();
        let suites = vec![0xc02f];
        assert_eq!(
            refused(Offer {
                suites: suites.clone(),
                ..whole()
            }),
            Error::NoCommonCipher { offered: suites }
        );
        let old = Offer {
            version: 0xfeff,
            versions: None,
            ..whole()
        };
        assert_eq!(
            refused(old),
            Error::NoCommonVersion {
                offered: vec![0xfeff]
            }
        );
        let p224 = Offer {
            groups: Some(vec![0x0015]),
            ..whole()
        };
        assert_eq!(
            refused(p224),
            Error::UnsupportedCurve {
                offered: vec![0x0015]
            }
        );
        let no_srtp = Offer {
            srtp: None,
            ..whole()
        };
        assert_eq!(refused(no_srtp), Error::NoSrtpProfile { offered: vec![] });
        let short_tag = Offer {
            srtp: Some(vec![2]),
            ..whole()
        };
        assert_eq!(
            refused(short_tag),
            Error::NoSrtpProfile { offered: vec![2] }
        );
        let rsa = Offer {
            signatures: Some(vec![0x0401]),
            ..whole()
        };
        assert_eq!(refused(rsa), Error::NoCommonSignature);
        let no_ems = Offer {
            extended_master_secret: false,
            ..whole()
        };
        assert_eq!(refused(no_ems), Error::NoExtendedMasterSecret);
    }

    proptest! {
        #[test]
        fn shuffled_fragments_are_reassembled(
            cuts in proptest::collection::btree_set(1_usize..100, 0..20),
            order in Just((0..64_usize).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let body = written(&whole());
            let mut ends: Vec<_> = cuts.into_iter().filter(|cut| *cut < body.len()).collect();
            ends.push(body.len());
            let mut start = 0;
            let ranges: Vec<_> = ends.iter().map(|end| {
                let range = (start, *end);
                start = *end;
                range
            }).collect();
            let datagrams = pieces(&body, &ranges);
            let order: Vec<_> = order.into_iter().filter(|n| *n < datagrams.len()).collect();
            let (last, first) = order.split_last().unwrap();
            let mut reassembly = Reassembly::default();
            for place in first.iter().chain(first) {
                prop_assert_eq!(reassembly.add(&datagrams[*place]), None);
            }
            prop_assert_eq!(reassembly.add(&datagrams[*last]), Some(body));
        }

        #[test]
        fn arbitrary_bytes_as_an_offer_never_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            if let Some(offer) = Offer::read(&bytes) {
                drop(offer.judge());
            }
        }
    }
}
