//! A DTLS 1.2 connection after its handshake: two keys, a counter and the replay window (RFC 6347
//! §4.1). Our last flight is kept beside it, in case it was lost (§4.2.4).

use aws_lc_rs::aead::{self, LessSafeKey, UnboundKey};

use crate::alert::Description;
use crate::wire::{self, Record};

/// The epoch after the handshake. There is only one, since there is no renegotiation.
const EPOCH: u64 = 1;

/// Bytes of the nonce that each AES-GCM record carries (RFC 5288 §3).
const EXPLICIT_NONCE: usize = 8;

/// The cipher that protects records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aead {
    Aes128Gcm,
    Aes256Gcm,
    /// RFC 7905. No part of the nonce is sent.
    ChaCha20Poly1305,
}

impl Aead {
    /// Length in bytes of the key, and of the secret part of the nonce (RFC 5288 §3, RFC 7905 §2).
    pub(crate) fn lengths(self) -> (usize, usize) {
        match self {
            Self::Aes128Gcm => (16, 4),
            Self::Aes256Gcm => (32, 4),
            Self::ChaCha20Poly1305 => (32, 12),
        }
    }
}

/// The protection of one direction. A cipher is created for each record: a connection has only a
/// handful of them, and a ready cipher takes half a kilobyte.
pub(crate) struct Direction {
    aead: Aead,
    key: [u8; 32],
    /// The secret part of the nonce. AES-GCM uses the first four bytes, ChaCha20 XORs all of them
    /// with the record's number.
    fixed: [u8; 12],
}

impl Direction {
    /// Creates the protection from the key and the nonce of one record. `number` is that record's
    /// epoch (16 bits) and sequence number (48 bits).
    pub(crate) fn new(aead: Aead, key: [u8; 32], nonce: [u8; 12], number: u64) -> Self {
        let fixed = match aead {
            Aead::ChaCha20Poly1305 => xored(nonce, number),
            Aead::Aes128Gcm | Aead::Aes256Gcm => nonce,
        };
        Self { aead, key, fixed }
    }

    fn cipher(&self) -> LessSafeKey {
        let algorithm = match self.aead {
            Aead::Aes128Gcm => &aead::AES_128_GCM,
            Aead::Aes256Gcm => &aead::AES_256_GCM,
            Aead::ChaCha20Poly1305 => &aead::CHACHA20_POLY1305,
        };
        let key = self.key.get(..self.aead.lengths().0).unwrap_or_default();
        LessSafeKey::new(UnboundKey::new(algorithm, key).expect("a key of this length"))
    }

    fn nonce(&self, number: u64, explicit: [u8; EXPLICIT_NONCE]) -> aead::Nonce {
        aead::Nonce::assume_unique_for_key(match self.aead {
            Aead::ChaCha20Poly1305 => xored(self.fixed, number),
            Aead::Aes128Gcm | Aead::Aes256Gcm => {
                let mut nonce = self.fixed;
                nonce
                    .iter_mut()
                    .skip(4)
                    .zip(explicit)
                    .for_each(|(to, from)| *to = from);
                nonce
            }
        })
    }

    /// The additional data of a record: number, type, version, length (RFC 5246 §6.2.3.3).
    fn additional(number: u64, content: u8, length: usize) -> aead::Aad<[u8; 13]> {
        let [n0, n1, n2, n3, n4, n5, n6, n7] = number.to_be_bytes();
        let [v1, v0] = wire::DTLS_12.to_be_bytes();
        let [.., l1, l0] = length.to_be_bytes();
        aead::Aad::from([n0, n1, n2, n3, n4, n5, n6, n7, content, v1, v0, l1, l0])
    }

    /// Decrypts a record. Returns its content, or `None` if the record is forged.
    pub(crate) fn open(&self, record: &Record<'_>) -> Option<Vec<u8>> {
        let number = u64::from(record.epoch) << 48 | record.sequence;
        let (explicit, sealed) = match self.aead {
            Aead::ChaCha20Poly1305 => ([0; EXPLICIT_NONCE], record.fragment),
            Aead::Aes128Gcm | Aead::Aes256Gcm => {
                let (explicit, sealed) = record.fragment.split_first_chunk()?;
                (*explicit, sealed)
            }
        };
        let length = sealed.len().checked_sub(aead::MAX_TAG_LEN)?;
        let additional = Self::additional(number, record.content, length);
        let mut bytes = sealed.to_vec();
        let nonce = self.nonce(number, explicit);
        let opened = self.cipher().open_in_place(nonce, additional, &mut bytes);
        let length = opened.ok()?.len();
        bytes.truncate(length);
        Some(bytes)
    }

    /// Encrypts this content into a record. `None` if the cipher refuses it.
    fn seal(&self, sequence: u64, content: u8, plain: &[u8]) -> Option<Vec<u8>> {
        let number = EPOCH << 48 | sequence;
        let explicit = number.to_be_bytes();
        let mut sealed = plain.to_vec();
        let additional = Self::additional(number, content, plain.len());
        let nonce = self.nonce(number, explicit);
        let cipher = self.cipher();
        cipher
            .seal_in_place_append_tag(nonce, additional, &mut sealed)
            .ok()?;
        let mut fragment = Vec::with_capacity(EXPLICIT_NONCE + sealed.len());
        if self.aead != Aead::ChaCha20Poly1305 {
            fragment.extend_from_slice(&explicit);
        }
        fragment.extend_from_slice(&sealed);
        let record = Record {
            content,
            epoch: 1,
            sequence,
            fragment: &fragment,
        };
        let mut out = Vec::with_capacity(wire::RECORD_HEAD + fragment.len());
        record.write(&mut out);
        Some(out)
    }
}

/// The nonce of RFC 7905 §2: the record's number is XORed with the last eight bytes.
fn xored(mut nonce: [u8; 12], number: u64) -> [u8; 12] {
    let bytes = number.to_be_bytes();
    nonce
        .iter_mut()
        .skip(4)
        .zip(bytes)
        .for_each(|(to, from)| *to ^= from);
    nonce
}

/// The content of a genuine record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Data(Vec<u8>),
    Alert(Description),
}

/// The two directions of a connection.
pub(crate) struct Established {
    read: Direction,
    write: Direction,
    /// The sequence number of the next record that we write.
    write_sequence: u64,
    window: Window,
}

impl Established {
    /// Takes each direction with the sequence number of its last record in the handshake.
    pub(crate) fn new(read: (Direction, u64), write: (Direction, u64)) -> Self {
        Self {
            read: read.0,
            write: write.0,
            write_sequence: write.1 + 1,
            window: Window::behind(read.1),
        }
    }

    /// Decrypts a record. `None` for records that are forged, replayed, or neither data nor alert.
    pub(crate) fn receive(&mut self, record: &Record<'_>) -> Option<Received> {
        if u64::from(record.epoch) != EPOCH || !self.window.is_new(record.sequence) {
            return None;
        }
        let content = self.read.open(record)?;
        self.window.note(record.sequence);
        match (record.content, content.as_slice()) {
            (wire::APPLICATION_DATA, _) => Some(Received::Data(content)),
            (wire::ALERT, [_, description]) => Some(Received::Alert(Description(*description))),
            _ => None,
        }
    }

    /// Encrypts application data; `None` if they do not fit into one record.
    pub(crate) fn data(&mut self, data: &[u8]) -> Option<Vec<u8>> {
        self.seal(wire::APPLICATION_DATA, data)
    }

    /// Encrypts an alert.
    pub(crate) fn alert(&mut self, description: Description) -> Option<Vec<u8>> {
        self.seal(wire::ALERT, &description.body())
    }

    pub(crate) fn seal(&mut self, content: u8, plain: &[u8]) -> Option<Vec<u8>> {
        // RFC 5246 §6.2.1: at most 2^14 bytes.
        if plain.len() > 1 << 14 {
            return None;
        }
        let record = self.write.seal(self.write_sequence, content, plain)?;
        self.write_sequence += 1;
        Some(record)
    }
}

/// The replay window: which of the last 64 records have been received (RFC 6347 §4.1.2.6).
#[derive(Clone, Copy, Debug)]
struct Window {
    highest: u64,
    /// Bit n stands for the record n before the highest.
    seen: u64,
}

impl Window {
    /// A window that refuses everything up to this number, which belongs to the handshake.
    fn behind(highest: u64) -> Self {
        Self {
            highest,
            seen: u64::MAX,
        }
    }

    fn is_new(&self, sequence: u64) -> bool {
        match self.highest.checked_sub(sequence) {
            None => true,
            Some(back) => back < 64 && self.seen & 1 << back == 0,
        }
    }

    fn note(&mut self, sequence: u64) {
        if let Some(ahead) = sequence
            .checked_sub(self.highest)
            .filter(|ahead| *ahead > 0)
        {
            let shift = u32::try_from(ahead).unwrap_or(u32::MAX);
            self.seen = self.seen.checked_shl(shift).unwrap_or(0) | 1;
            self.highest = sequence;
        } else if let Some(back) = self.highest.checked_sub(sequence).filter(|back| *back < 64) {
            self.seen |= 1 << back;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(aead: Aead) -> [Established; 2] {
        let direction = |key| Direction::new(aead, [key; 32], [9; 12], EPOCH << 48);
        [
            Established::new((direction(1), 0), (direction(2), 0)),
            Established::new((direction(2), 0), (direction(1), 0)),
        ]
    }

    #[test]
    fn records_are_decrypted_once_in_any_order() {
        for aead in [Aead::Aes128Gcm, Aead::Aes256Gcm, Aead::ChaCha20Poly1305] {
            let [mut one, mut other] = pair(aead);
            let records: Vec<_> = (0..10).map(|n| one.data(&[n; 5]).unwrap()).collect();
            for order in [[3, 1], [9, 0], [2, 4]].concat() {
                let (record, _) = Record::read(&records[order]).unwrap();
                let data = vec![u8::try_from(order).unwrap(); 5];
                assert_eq!(other.receive(&record), Some(Received::Data(data)));
                assert_eq!(other.receive(&record), None);
            }
        }
    }

    #[test]
    fn forged_record_is_ignored() {
        let [mut one, mut other] = pair(Aead::Aes256Gcm);
        let genuine = one.alert(Description::CLOSE_NOTIFY).unwrap();
        for place in wire::RECORD_HEAD..genuine.len() {
            let mut forged = genuine.clone();
            forged[place] ^= 1;
            let (record, _) = Record::read(&forged).unwrap();
            assert_eq!(other.receive(&record), None);
        }
        let (record, _) = Record::read(&genuine).unwrap();
        let closed = Received::Alert(Description::CLOSE_NOTIFY);
        assert_eq!(other.receive(&record), Some(closed));
    }

    #[test]
    fn oversized_record_is_refused() {
        let [mut one, _] = pair(Aead::Aes128Gcm);
        assert!(one.data(&[0; 1 << 14]).is_some());
        assert_eq!(one.data(&[0; (1 << 14) + 1]), None);
    }
}
