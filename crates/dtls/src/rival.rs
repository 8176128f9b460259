//! A second ClientHello, with another random than the first, while a handshake is under way.
//!
//! One of the two is forged. The sender of the second is asked to repeat it with a cookie
//! (RFC 6347 §4.2.1), which an off-path attacker never sees. The handshake continues until a
//! ClientHello brings the cookie back, and then begins anew with that one. Only this sender is
//! asked, because a cookie costs a client a round trip.
//!
//! ```text
//! HelloVerifyRequest: server_version(2) cookie<0..2^8-1>                   RFC 6347 §4.2.1
//! ```

use std::cell::Cell;
use std::time::Instant;

use aws_lc_rs::hmac;
use aws_lc_rs::rand as secure_random;
use dimpl::crypto::{CryptoProvider, HashAlgorithm, HmacProvider};
use dimpl::{CryptoError, Dtls};

use crate::hello::{self, Hello, Reassembly};
use crate::watch::WatchedHmac;
use crate::wire;

/// Length in bytes of a cookie, which the library requires.
const COOKIE: usize = 32;

thread_local! {
    /// The cookie that a client has brought back, while the library handles its ClientHello.
    static RETURNED: Cell<Option<[u8; COOKIE]>> = const { Cell::new(None) };
}

/// The key of the cookies, and the ClientHello that brings one back, as far as it has arrived.
pub(crate) struct Rival {
    key: hmac::Key,
    hello: Reassembly,
}

impl Rival {
    /// Draws a key of its own, so that a cookie is valid for one connection only. `None` if the
    /// random source fails.
    pub(crate) fn new() -> Option<Self> {
        let key =
            hmac::Key::generate(hmac::HMAC_SHA256, &secure_random::SystemRandom::new()).ok()?;
        Some(Self {
            key,
            hello: Reassembly::of(1),
        })
    }

    /// Writes the HelloVerifyRequest for a ClientHello with this random.
    pub(crate) fn request(&self, random: &[u8]) -> Vec<u8> {
        let cookie = hmac::sign(&self.key, random);
        let [major, minor] = wire::DTLS_10.to_be_bytes();
        let body = [&[major, minor, COOKIE as u8], cookie.as_ref()].concat();
        hello::datagram(wire::HELLO_VERIFY_REQUEST, 0, &body)
    }

    /// Adds the fragments of a ClientHello that brings a cookie back. Returns the message once it
    /// is complete, if its cookie is valid.
    pub(crate) fn returned(&mut self, datagram: &[u8]) -> Option<Returned> {
        let body = self.hello.add(datagram)?;
        let hello = Hello::read(&body)?;
        hmac::verify(&self.key, hello.random, hello.cookie).ok()?;
        let cookie = hello.cookie.try_into().ok()?;
        let bare = hello.without_cookie();
        Some(Returned { body, bare, cookie })
    }
}

/// A ClientHello with a valid cookie.
pub(crate) struct Returned {
    pub(crate) body: Vec<u8>,
    /// The same body without the cookie, as the client sent it before.
    bare: Vec<u8>,
    cookie: [u8; COOKIE],
}

impl Returned {
    /// Begins a handshake with this ClientHello. The library is given it without the cookie first,
    /// since only then do its message numbers agree with the client's. Its answer is dropped.
    pub(crate) fn start(&self, dtls: &mut Dtls, now: Instant) -> Result<(), dimpl::Error> {
        // The first timeout makes the library draw its random numbers.
        dtls.handle_timeout(now)?;
        let [bare, whole] = [(0, &self.bare), (1, &self.body)]
            .map(|(number, body)| hello::datagram(wire::CLIENT_HELLO, number, body));
        RETURNED.set(Some(self.cookie));
        let taken = dtls.handle_packet(&bare).and_then(|()| {
            let mut buffer = [0; wire::BUFFER];
            while matches!(dtls.poll_output(&mut buffer), dimpl::Output::Packet(_)) {}
            dtls.handle_packet(&whole)
        });
        RETURNED.set(None);
        taken
    }
}

/// A provider that makes the library accept the cookie of [`Returned::start`]. In DTLS 1.2 the
/// library calls `hmac_sha256` only for cookies.
pub(crate) fn provider(inner: CryptoProvider) -> CryptoProvider {
    CryptoProvider {
        hmac_provider: &Cookies,
        ..inner
    }
}

#[derive(Debug)]
struct Cookies;

impl HmacProvider for Cookies {
    fn hmac_sha256(&self, key: &[u8], data: &[u8]) -> Result<[u8; 32], CryptoError> {
        match RETURNED.get() {
            Some(cookie) => Ok(cookie),
            None => WatchedHmac.hmac_sha256(key, data),
        }
    }

    fn hmac(
        &self,
        hash: HashAlgorithm,
        key: &[u8],
        data: &[u8],
        out: &mut [u8],
    ) -> Result<usize, CryptoError> {
        WatchedHmac.hmac(hash, key, data, out)
    }
}
