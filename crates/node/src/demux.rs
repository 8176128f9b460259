use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// An address stays with its session for this long after the last datagram, even when another
/// session proves to own it too: a forged source must not steal a running one.
const ADDRESS_HELD: Duration = Duration::from_secs(5);

const STUN_HEADER: usize = 20;
const STUN_MAGIC: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
const ATTRIBUTE_USERNAME: u16 = 0x0006;

/// Finds the peer that a datagram is for.
///
/// A STUN request names it by the ufrag (RFC 8445 §7.3); everything else is known by its
/// source address, once STUN from there was answered.
#[derive(Debug, Default)]
pub(crate) struct Demux {
    by_ufrag: HashMap<String, usize>,
    by_address: HashMap<SocketAddr, Owner>,
}

#[derive(Debug, Clone, Copy)]
struct Owner {
    key: usize,
    heard: Instant,
}

impl Demux {
    pub(crate) fn add_ufrag(&mut self, ufrag: String, key: usize) {
        self.by_ufrag.insert(ufrag, key);
    }

    pub(crate) fn remove_ufrag(&mut self, ufrag: &str) {
        self.by_ufrag.remove(ufrag);
    }

    pub(crate) fn remove_address(&mut self, address: &SocketAddr, key: usize) {
        if self
            .by_address
            .get(address)
            .is_some_and(|owner| owner.key == key)
        {
            self.by_address.remove(address);
        }
    }

    pub(crate) fn find(
        &mut self,
        now: Instant,
        source: &SocketAddr,
        datagram: &[u8],
    ) -> Option<usize> {
        if let Some(ufrag) = request_ufrag(datagram) {
            return self.by_ufrag.get(ufrag).copied();
        }
        let owner = self.by_address.get_mut(source)?;
        owner.heard = now;
        Some(owner.key)
    }

    /// STUN from this address was authenticated for this peer. Returns whether the address is
    /// new to it.
    pub(crate) fn learn(&mut self, now: Instant, source: SocketAddr, key: usize) -> bool {
        match self.by_address.get_mut(&source) {
            Some(owner) if owner.key == key => {
                owner.heard = now;
                false
            }
            Some(owner) if now.saturating_duration_since(owner.heard) < ADDRESS_HELD => false,
            _ => {
                self.by_address.insert(source, Owner { key, heard: now });
                true
            }
        }
    }
}

/// The receiver's ufrag of a binding request: what stands before ':' in USERNAME.
fn request_ufrag(datagram: &[u8]) -> Option<&str> {
    if !is_binding_request(datagram) {
        return None;
    }
    let mut attributes = datagram.get(STUN_HEADER..)?;
    while let [t0, t1, l0, l1, rest @ ..] = attributes {
        let length = usize::from(u16::from_be_bytes([*l0, *l1]));
        if u16::from_be_bytes([*t0, *t1]) == ATTRIBUTE_USERNAME {
            let name = std::str::from_utf8(rest.get(..length)?).ok()?;
            return name.split_once(':').map(|(local, _)| local);
        }
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
    None
}

/// A STUN request that asks for an answer to its source.
fn is_binding_request(datagram: &[u8]) -> bool {
    datagram.len() >= STUN_HEADER
        && datagram[..2] == BINDING_REQUEST
        && datagram[4..8] == STUN_MAGIC
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(username: &str) -> Vec<u8> {
        let mut datagram = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
        datagram.extend([0; 12]);
        // Another attribute first: PRIORITY.
        datagram.extend([0, 0x24, 0, 4, 1, 2, 3, 4]);
        datagram.extend([0, 6, 0, username.len() as u8]);
        datagram.extend(username.as_bytes());
        datagram
    }

    #[test]
    fn stun_is_routed_by_the_local_part_of_the_username() {
        let mut demux = Demux::default();
        demux.add_ufrag("abcd".to_owned(), 7);
        let source = SocketAddr::from(([127, 0, 0, 1], 5000));
        assert_eq!(
            demux.find(Instant::now(), &source, &request("abcd:efgh")),
            Some(7)
        );
        assert_eq!(
            demux.find(Instant::now(), &source, &request("efgh:abcd")),
            None
        );
        assert_eq!(demux.find(Instant::now(), &source, &request("abcd")), None);
    }

    #[test]
    fn truncated_stun_is_no_panic() {
        let whole = request("abcd:efgh");
        for end in 0..whole.len() {
            request_ufrag(&whole[..end]);
        }
    }

    #[test]
    fn a_running_address_cannot_be_taken_over() {
        let mut demux = Demux::default();
        let source = SocketAddr::from(([127, 0, 0, 1], 5000));
        let now = Instant::now();
        assert!(demux.learn(now, source, 1));
        assert!(!demux.learn(now + Duration::from_secs(1), source, 2));
        assert_eq!(
            demux.find(now + Duration::from_secs(1), &source, &[0x80; 20]),
            Some(1)
        );
        assert!(demux.learn(now + Duration::from_secs(7), source, 2));
    }
}
