use std::fmt;

use super::derivation::{Master, Session};
use super::inbound::Inbound;
use super::outbound::Outbound;
use super::protection::Protection;

/// The master keys of both directions of one connection.
#[derive(Clone)]
pub struct Keys {
    protection: Protection,
    /// The keys of client and server, then their salts (RFC 5764 §4.2).
    material: Vec<u8>,
    /// This side was the client of the DTLS handshake.
    client: bool,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({:?})", self.protection)
    }
}

impl Keys {
    /// Takes the keys of a handshake; `None` when the material is too short for the profile.
    pub(crate) fn agreed(keys: &dtls::SrtpKeys) -> Option<Self> {
        let client = keys.role == dtls::Role::Client;
        Self::new(Protection::of(keys.profile), &keys.material, client)
    }

    /// Creates keys from the output of the DTLS exporter; `None` when `material` is too short for
    /// the profile. `client`: this side was the DTLS client.
    pub fn new(protection: Protection, material: &[u8], client: bool) -> Option<Self> {
        let length = 2 * (protection.key_bytes() + protection.salt_bytes());
        let material = material.get(..length)?.to_vec();
        Some(Self {
            protection,
            material,
            client,
        })
    }

    /// Returns the protection profile.
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// Derives the session keys for what this side receives.
    pub fn inbound(&self) -> Inbound {
        Inbound(self.session(!self.client))
    }

    /// Derives the session keys for what this side sends. Two results used for one SSRC would
    /// repeat nonces, which gives the key away: each must have SSRCs of its own.
    pub fn outbound(&self) -> Outbound {
        Outbound {
            session: self.session(self.client),
            rtcp_index: 0,
        }
    }

    fn session(&self, client: bool) -> Session {
        let (key, salt) = (self.protection.key_bytes(), self.protection.salt_bytes());
        let side = usize::from(!client);
        let (keys, salts) = self.material.split_at(2 * key);
        let master = Master {
            key: &keys[side * key..][..key],
            salt: &salts[side * salt..][..salt],
        };
        Session::derive(self.protection, &master)
    }
}
