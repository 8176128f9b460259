//! Peers with RSA, P-224 and P-521 certificates, which the library does not verify.
//!
//! The certificate of a *server* matters in one place: its key signs the ServerKeyExchange. The
//! library hands that signature to its provider, which verifies it here, on any of the curves. RSA
//! would also need other cipher suites in the ClientHello, and is left out.
//!
//! The certificate of a *client* matters in two places of a DTLS 1.2 handshake: the
//! CertificateRequest lists the accepted kinds of keys, and the CertificateVerify is a signature
//! with its key. Cipher suite and key exchange depend only on our own certificate. So it is enough
//! to send another CertificateRequest than the library wrote, to compute hashes and signatures over
//! the messages as they were sent, and to verify the signature here.
//!
//! The library does its cryptography through a provider: a [`HashProvider`] hashes whole
//! transcripts, and a [`SignatureVerifier`] verifies signatures over them. Both replace the message
//! there, and the endpoint replaces it in what is sent ([`sent`]). If the library wrote a
//! CertificateRequest that is not recognised, nothing would be replaced, and RSA clients would be
//! refused with a reason.

use dimpl::CryptoError;
use dimpl::crypto::{
    Buf, CryptoProvider, HashAlgorithm, HashContext, HashProvider, SignatureAlgorithm,
    SignatureVerifier, aws_lc_rs,
};

use crate::certificate::{Key, SignatureHash};
use crate::wire::{self, Fragment, Record};

/// The body of the CertificateRequest that is sent (RFC 5246 §7.4.4).
const REQUEST: &[u8] = &[
    2, 64, 1, // kinds: ecdsa_sign, rsa_sign
    0, 12, // signature algorithms, in bytes
    4, 3, 5, 3, 6, 3, // ECDSA with SHA-256, SHA-384, SHA-512
    4, 1, 5, 1, 6, 1, // RSA (PKCS #1) with SHA-256, SHA-384, SHA-512
    0, 0, // any authority
];

/// The provider for a DTLS 1.2 server.
pub(crate) fn provider(inner: CryptoProvider) -> CryptoProvider {
    CryptoProvider {
        hash_provider: &Widening,
        signature_verification: &OF_CLIENTS,
        ..inner
    }
}

/// The provider for a DTLS 1.2 client.
pub(crate) fn active_provider(inner: CryptoProvider) -> CryptoProvider {
    CryptoProvider {
        signature_verification: &OF_SERVERS,
        ..inner
    }
}

/// Returns the datagram with our CertificateRequest in place of the library's.
pub(crate) fn sent(datagram: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(datagram.len() + REQUEST.len());
    for record in wire::records(datagram) {
        if record.content == wire::HANDSHAKE && record.epoch == 0 {
            let fragment = &messages(record.fragment);
            Record { fragment, ..record }.write(&mut out);
        } else {
            record.write(&mut out);
        }
    }
    out
}

/// Returns the handshake messages with our CertificateRequest in place of the library's. Bytes that
/// are not handshake messages stay as they are.
fn messages(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + REQUEST.len());
    let mut rest = bytes;
    while let Some((fragment, after)) = Fragment::read(rest) {
        if fragment.message == wire::CERTIFICATE_REQUEST && fragment.is_whole() {
            let length = REQUEST.len();
            Fragment {
                length,
                body: REQUEST,
                ..fragment
            }
            .write(&mut out);
        } else {
            fragment.write(&mut out);
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out
}

/// Hashes transcripts with the CertificateRequest as it was sent.
#[derive(Debug)]
struct Widening;

impl HashProvider for Widening {
    fn create_hash(&self, algorithm: HashAlgorithm) -> Box<dyn HashContext> {
        let provider = aws_lc_rs::default_provider().hash_provider;
        Box::new(Transcript(provider.create_hash(algorithm)))
    }
}

/// The hash of one transcript. The library adds a transcript in one call, so no message is split.
#[derive(Debug)]
struct Transcript(Box<dyn HashContext>);

impl HashContext for Transcript {
    fn update(&mut self, data: &[u8]) {
        self.0.update(&messages(data));
    }

    fn clone_and_finalize(&self, out: &mut Buf) {
        self.0.clone_and_finalize(out);
    }
}

/// Verifies the peer's signatures over the messages as they were sent.
#[derive(Debug)]
struct Verifier {
    /// Turns what the library takes for the signed bytes into what the peer really signed.
    signed: fn(&[u8]) -> Vec<u8>,
}

/// A client signs the messages of the handshake, with our CertificateRequest among them.
static OF_CLIENTS: Verifier = Verifier { signed: messages };

/// A server signs its key exchange, which contains no handshake messages.
static OF_SERVERS: Verifier = Verifier {
    signed: <[u8]>::to_vec,
};

impl SignatureVerifier for Verifier {
    fn verify_signature(
        &self,
        certificate: &[u8],
        data: &[u8],
        signature: &[u8],
        hash: HashAlgorithm,
        algorithm: SignatureAlgorithm,
    ) -> Result<(), CryptoError> {
        let signed = (self.signed)(data);
        verify(certificate, &signed, signature, hash, algorithm)
    }
}

/// Verifies a signature with the certificate's key. The kind of key decides the algorithm;
/// `algorithm` only repeats it, and is used for errors.
fn verify(
    certificate: &[u8],
    data: &[u8],
    signature: &[u8],
    hash: HashAlgorithm,
    algorithm: SignatureAlgorithm,
) -> Result<(), CryptoError> {
    let key = Key::of(certificate).ok_or(CryptoError::CertificateParseFailed)?;
    let hash = match hash {
        HashAlgorithm::SHA256 => SignatureHash::Sha256,
        HashAlgorithm::SHA384 => SignatureHash::Sha384,
        HashAlgorithm::SHA512 => SignatureHash::Sha512,
        _ => return Err(CryptoError::UnsupportedSignatureAlgorithm(algorithm)),
    };
    if key.verifies(hash, data, signature) {
        Ok(())
    } else {
        Err(CryptoError::UnsupportedSignatureAlgorithm(algorithm))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(message: u8, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let fragment = Fragment {
            message,
            length: body.len(),
            message_seq: 3,
            offset: 0,
            body,
        };
        fragment.write(&mut out);
        out
    }

    #[test]
    fn certificate_request_is_replaced_among_other_messages() {
        let sent_messages = |request: &[u8]| {
            [message(2, b"hello"), message(13, request), message(14, b"")].concat()
        };
        let library = sent_messages(&[1, 64, 0, 2, 4, 3, 0, 0]);
        assert_eq!(messages(&library), sent_messages(REQUEST));
        assert_eq!(messages(&sent_messages(REQUEST)), sent_messages(REQUEST));
    }

    #[test]
    fn datagram_keeps_its_other_records() {
        let request = message(13, &[1, 64, 0, 2, 4, 3, 0, 0]);
        let datagram = |request: &[u8]| {
            [
                Record::bytes(wire::HANDSHAKE, 0, request),
                Record::bytes(wire::CHANGE_CIPHER_SPEC, 0, &[1]),
                Record::bytes(wire::HANDSHAKE, 1, &message(13, &[9])),
            ]
            .concat()
        };
        let expected = datagram(&message(13, REQUEST));
        assert_eq!(sent(&datagram(&request)), expected);
    }

    proptest! {
        #[test]
        fn bytes_without_request_are_kept(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assume!(wire::fragments(&bytes).all(|f| f.message != wire::CERTIFICATE_REQUEST));
            prop_assert_eq!(messages(&bytes), bytes);
        }
    }
}
