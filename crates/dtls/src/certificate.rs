//! The public key in an X.509 certificate (RFC 5280 §4.1), and the verification of its signatures.
//!
//! ```text
//! Certificate:    SEQUENCE { TBSCertificate, algorithm, signature }
//! TBSCertificate: SEQUENCE { [0] version?, serial, algorithm, issuer, validity, subject,
//!                            SEQUENCE { SEQUENCE { key algorithm, parameters }, key }, .. }
//! ```
//!
//! Nothing else in the certificate is read: the SDP's fingerprint vouches for it, not an authority.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use p224::ecdsa::signature::hazmat::PrehashVerifier;

/// DER tags (X.690 §8).
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// Object identifiers in their DER encoding.
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const P224: &[u8] = &[0x2b, 0x81, 0x04, 0, 33];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0, 34];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0, 35];
const SECP256K1: &[u8] = &[0x2b, 0x81, 0x04, 0, 10];

/// Supported RSA key lengths in bits. Shorter keys are broken, longer ones cost seconds.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2_048..=8_192;

/// The kind of key that a certificate has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    P224,
    P256,
    P384,
    P521,
    Rsa,
    /// Not supported. The text names the kind.
    Other(String),
}

/// A certificate's public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key<'a> {
    pub(crate) kind: Kind,
    /// A point on the curve, or for RSA the sequence of modulus and exponent.
    bytes: &'a [u8],
}

/// The hash function of a signature (RFC 5246 §7.4.1.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureHash {
    Sha256,
    Sha384,
    Sha512,
}

impl<'a> Key<'a> {
    /// Finds the key in a DER-encoded certificate; `None` if it is malformed.
    pub(crate) fn of(certificate: &'a [u8]) -> Option<Self> {
        let mut certificate = Der(certificate).expect(SEQUENCE)?;
        let mut tbs = certificate.expect(SEQUENCE)?;
        if tbs.0.first() == Some(&VERSION) {
            tbs.any()?;
        }
        // Skip serial number, algorithm, issuer, validity and subject.
        for _ in 0..5 {
            tbs.any()?;
        }
        let mut info = tbs.expect(SEQUENCE)?;
        let mut algorithm = info.expect(SEQUENCE)?;
        let name = algorithm.expect(OBJECT_IDENTIFIER)?.0;
        // The first byte is the number of unused bits at the end, which is 0 for keys.
        let (_, bytes) = info.expect(BIT_STRING)?.0.split_first()?;
        let kind = match name {
            EC_PUBLIC_KEY => curve(algorithm.expect(OBJECT_IDENTIFIER).map(|curve| curve.0)),
            RSA_ENCRYPTION => rsa(bytes)?,
            RSA_PSS => Kind::Other("RSA-PSS".into()),
            ED25519 => Kind::Other("Ed25519".into()),
            _ => Kind::Other("unknown algorithm".into()),
        };
        Some(Self { kind, bytes })
    }

    /// Whether the key made this signature. Always `false` for kinds that are not supported.
    pub(crate) fn verifies(&self, hash: SignatureHash, data: &[u8], signature: &[u8]) -> bool {
        use SignatureHash::{Sha256, Sha384, Sha512};
        let algorithm: &dyn VerificationAlgorithm = match (&self.kind, hash) {
            (Kind::P224, _) => return p224_verifies(self.bytes, hash, data, signature),
            (Kind::P256, Sha256) => &signature::ECDSA_P256_SHA256_ASN1,
            (Kind::P256, Sha384) => &signature::ECDSA_P256_SHA384_ASN1,
            (Kind::P256, Sha512) => &signature::ECDSA_P256_SHA512_ASN1,
            (Kind::P384, Sha256) => &signature::ECDSA_P384_SHA256_ASN1,
            (Kind::P384, Sha384) => &signature::ECDSA_P384_SHA384_ASN1,
            (Kind::P384, Sha512) => &signature::ECDSA_P384_SHA512_ASN1,
            (Kind::P521, Sha256) => &signature::ECDSA_P521_SHA256_ASN1,
            (Kind::P521, Sha384) => &signature::ECDSA_P521_SHA384_ASN1,
            (Kind::P521, Sha512) => &signature::ECDSA_P521_SHA512_ASN1,
            (Kind::Rsa, Sha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Kind::Rsa, Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Kind::Rsa, Sha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
            (Kind::Other(_), _) => return false,
        };
        let key = UnparsedPublicKey::new(algorithm, self.bytes);
        key.verify(data, signature).is_ok()
    }
}

/// Verifies ECDSA on P-224, which aws-lc-rs does not offer. aws-lc-rs still computes the hash; only
/// the arithmetic on the curve, all of it with public numbers, is done by another library.
fn p224_verifies(point: &[u8], hash: SignatureHash, data: &[u8], signature: &[u8]) -> bool {
    let algorithm = match hash {
        SignatureHash::Sha256 => &digest::SHA256,
        SignatureHash::Sha384 => &digest::SHA384,
        SignatureHash::Sha512 => &digest::SHA512,
    };
    let digest = digest::digest(algorithm, data);
    let Ok(key) = p224::ecdsa::VerifyingKey::from_sec1_bytes(point) else {
        return false;
    };
    p224::ecdsa::Signature::from_der(signature)
        .is_ok_and(|signature| key.verify_prehash(digest.as_ref(), &signature).is_ok())
}

fn curve(name: Option<&[u8]>) -> Kind {
    match name {
        Some(P224) => Kind::P224,
        Some(P256) => Kind::P256,
        Some(P384) => Kind::P384,
        Some(P521) => Kind::P521,
        Some(SECP256K1) => Kind::Other("ECDSA secp256k1".into()),
        _ => Kind::Other("ECDSA on an unknown curve".into()),
    }
}

fn rsa(key: &[u8]) -> Option<Kind> {
    let modulus = Der(key).expect(SEQUENCE)?.expect(INTEGER)?.0;
    let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
    let bits = 8 * (modulus.len() - zeros);
    Some(if RSA_BITS.contains(&bits) {
        Kind::Rsa
    } else {
        Kind::Other(format!("RSA with {bits} bits"))
    })
}

/// A sequence of DER values.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// Reads the next value, which must have this tag. Returns its content.
    fn expect(&mut self, wanted: u8) -> Option<Self> {
        let (tag, content) = self.any()?;
        (tag == wanted).then_some(Self(content))
    }

    /// Reads the next value. Returns its tag and its content.
    fn any(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match *first {
            short @ ..=0x7f => (usize::from(short), rest),
            // Two bytes of length are enough: certificates of 64 kB and more do not fit into the
            // message that carries them here.
            0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
            0x82 => {
                let (length, rest) = rest.split_first_chunk::<2>()?;
                (usize::from(u16::from_be_bytes(*length)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};

    use super::*;

    fn certificate(algorithm: &'static SignatureAlgorithm) -> Vec<u8> {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let params = CertificateParams::new(vec!["peer".to_owned()]).unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn key_kinds_are_told_apart() {
        for (algorithm, kind) in [
            (&rcgen::PKCS_ECDSA_P256_SHA256, Kind::P256),
            (&rcgen::PKCS_ECDSA_P384_SHA384, Kind::P384),
            (&rcgen::PKCS_ECDSA_P521_SHA512, Kind::P521),
            (&rcgen::PKCS_RSA_SHA256, Kind::Rsa),
            (&rcgen::PKCS_ED25519, Kind::Other("Ed25519".into())),
        ] {
            let der = certificate(algorithm);
            assert_eq!(Key::of(&der).unwrap().kind, kind);
        }
    }

    #[test]
    fn truncated_certificate_has_no_key() {
        let der = certificate(&rcgen::PKCS_RSA_SHA256);
        for end in 0..der.len() {
            assert_eq!(Key::of(&der[..end]), None);
        }
    }

    /// A certificate on P-224 and a signature with its key over `data`, made by OpenSSL:
    /// `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-224 -nodes -days 36500`,
    /// `printf data | openssl dgst -sha256 -sign key.pem`.
    const P224_CERTIFICATE: &[u8] = include_bytes!("../tests/p224/certificate.der");
    const P224_SIGNATURE: &[u8] = include_bytes!("../tests/p224/signature.der");

    #[test]
    fn p224_signature_is_verified() {
        let key = Key::of(P224_CERTIFICATE).unwrap();
        assert_eq!(key.kind, Kind::P224);
        assert!(key.verifies(SignatureHash::Sha256, b"data", P224_SIGNATURE));
        assert!(!key.verifies(SignatureHash::Sha256, b"date", P224_SIGNATURE));
        assert!(!key.verifies(SignatureHash::Sha384, b"data", P224_SIGNATURE));
        for place in 0..P224_SIGNATURE.len() {
            let mut forged = P224_SIGNATURE.to_vec();
            forged[place] ^= 1;
            assert!(!key.verifies(SignatureHash::Sha256, b"data", &forged));
            let cut = &P224_SIGNATURE[..place];
            assert!(!key.verifies(SignatureHash::Sha256, b"data", cut));
        }
    }

    proptest! {
        #[test]
        fn mutated_certificate_never_panics(
            changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..8),
            signature in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let p256 = certificate(&rcgen::PKCS_ECDSA_P256_SHA256);
            for mut der in [p256, P224_CERTIFICATE.to_vec()] {
                for (place, byte) in &changes {
                    let length = der.len();
                    der[place % length] = *byte;
                }
                if let Some(key) = Key::of(&der) {
                    key.verifies(SignatureHash::Sha256, b"data", &signature);
                    key.verifies(SignatureHash::Sha256, b"data", P224_SIGNATURE);
                }
            }
        }
    }
}
