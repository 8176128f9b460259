use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rtp::DatagramKind;

use crate::table::{Key, PeerKey};

/// An address whose owner has sent something this recently goes to nobody else, even when another
/// session claims it too: a forged source must not steal a running one.
const ADDRESS_HELD: Duration = Duration::from_secs(5);

/// Sessions that claim one address; a further one takes the place of the earliest.
const CLAIMS_MAX: usize = 4;

/// Finds the peer that a datagram is for.
///
/// A STUN request names it by the ufrag (RFC 8445 §7.3). Everything else is known by its source
/// address: a session *claims* an address by an authentic check from there, and *takes* it when
/// DTLS has come up over it, or a change of path was proved. Anybody can forge the check of a
/// session of their own, so a claim alone keeps nobody else away.
#[derive(Debug, Default)]
pub(crate) struct Demux {
    by_ufrag: HashMap<String, PeerKey>,
    by_address: HashMap<Source, Owners>,
    /// What media was found for last, until anything changes: the packets of a frame come together.
    latest: Option<Latest>,
}

/// An answer of [`Demux::find`] for media.
#[derive(Debug, Clone, Copy)]
struct Latest {
    /// Its owner was noted as heard then.
    at: Instant,
    source: SocketAddr,
    keys: Keys,
}

/// Where datagrams come from. Its hash is written at once: a part at a time, as those of
/// [`SocketAddr`] are, a keyed hash takes three times as long. The key stays needed, since
/// senders choose their addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Source(SocketAddr);

impl Hash for Source {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let port = u64::from(self.0.port());
        match self.0.ip() {
            IpAddr::V4(ip) => state.write_u64(u64::from(ip.to_bits()) << 16 | port),
            // Addresses that differ in their scope alone collide, and are told apart.
            IpAddr::V6(ip) => {
                state.write_u128(ip.to_bits());
                state.write_u64(port);
            }
        }
    }
}

/// The sessions of one address.
#[derive(Debug, Default)]
struct Owners {
    /// The session that has proved to be there, and when it was heard last.
    owner: Option<(PeerKey, Instant)>,
    /// Those that claim to be there, the latest first.
    claims: Keys,
}

/// A few peers, in front; the places behind them are [`NOBODY`]. Small, since the table of
/// addresses holds one for each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys([u32; CLAIMS_MAX]);

const NOBODY: u32 = u32::MAX;

impl Default for Keys {
    fn default() -> Self {
        Self([NOBODY; CLAIMS_MAX])
    }
}

impl Keys {
    fn one(key: PeerKey) -> Self {
        let mut keys = Self::default();
        keys.0[0] = key.index();
        keys
    }

    fn first(&self) -> Option<PeerKey> {
        self.iter().next()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0[0] == NOBODY
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = PeerKey> + use<> {
        let keys = self.0.into_iter();
        keys.take_while(|key| *key != NOBODY).map(PeerKey::new)
    }

    /// The first of these.
    fn set(&mut self, mut keys: impl Iterator<Item = PeerKey>) {
        self.0 = std::array::from_fn(|_| keys.next().map_or(NOBODY, PeerKey::index));
    }

    fn put_first(&mut self, key: PeerKey) {
        let others = self.iter().filter(|other| *other != key);
        self.set(std::iter::once(key).chain(others));
    }

    fn remove(&mut self, key: PeerKey) {
        self.set(self.iter().filter(|other| *other != key));
    }
}

impl Demux {
    pub(crate) fn add_ufrag(&mut self, ufrag: String, key: PeerKey) {
        self.by_ufrag.insert(ufrag, key);
    }

    pub(crate) fn remove_ufrag(&mut self, ufrag: &str) {
        self.by_ufrag.remove(ufrag);
    }

    /// The peers that a datagram may be for: more than one only for the answer to a check of ours.
    pub(crate) fn find(&mut self, now: Instant, source: &SocketAddr, datagram: &[u8]) -> Keys {
        let kind = DatagramKind::of(datagram);
        if kind == DatagramKind::Stun
            && let Some(ufrag) = ice::stun::request_ufrag(datagram)
        {
            let key = self.by_ufrag.get(ufrag).copied();
            return key.map_or_else(Keys::default, Keys::one);
        }
        let is_media = matches!(kind, DatagramKind::Rtp | DatagramKind::Rtcp);
        if let Some(latest) = self.latest
            && is_media
            && latest.at == now
            && latest.source == *source
        {
            return latest.keys;
        }
        let Some(owners) = self.by_address.get_mut(&Source(*source)) else {
            return Keys::default();
        };
        if kind == DatagramKind::Stun {
            let mut all = owners.claims;
            if let Some((owner, _)) = owners.owner {
                all.put_first(owner);
            }
            return all;
        }
        let claim = owners.claims.first();
        let keys = match &mut owners.owner {
            // Another client may have got the address of one that is gone.
            Some((_, heard))
                if kind == DatagramKind::Dtls && is_over(*heard, now) && claim.is_some() =>
            {
                claim.map_or_else(Keys::default, Keys::one)
            }
            Some((owner, heard)) => {
                *heard = now;
                Keys::one(*owner)
            }
            None => claim.map_or_else(Keys::default, Keys::one),
        };
        if is_media {
            let (at, source) = (now, *source);
            self.latest = Some(Latest { at, source, keys });
        }
        keys
    }

    /// The peer that has proved to be at this address.
    pub(crate) fn owner(&self, source: SocketAddr) -> Option<PeerKey> {
        let owners = self.by_address.get(&Source(source))?;
        owners.owner.map(|(key, _)| key)
    }

    /// A session has sent an authentic check from this address.
    pub(crate) fn claim(&mut self, now: Instant, source: SocketAddr, key: PeerKey) {
        self.latest = None;
        let owners = self.by_address.entry(Source(source)).or_default();
        match &mut owners.owner {
            Some((owner, heard)) if *owner == key => *heard = now,
            _ => owners.claims.put_first(key),
        }
    }

    /// A session has proved to be at this address.
    pub(crate) fn take(&mut self, now: Instant, source: SocketAddr, key: PeerKey) {
        self.latest = None;
        let owners = self.by_address.entry(Source(source)).or_default();
        owners.claims.remove(key);
        match owners.owner {
            Some((owner, heard)) if owner != key && !is_over(heard, now) => {
                owners.claims.put_first(key);
            }
            _ => owners.owner = Some((key, now)),
        }
    }

    /// Forgets one address of a session.
    pub(crate) fn remove_address(&mut self, source: &SocketAddr, key: PeerKey) {
        self.latest = None;
        let Some(owners) = self.by_address.get_mut(&Source(*source)) else {
            return;
        };
        owners.claims.remove(key);
        owners.owner = owners.owner.filter(|(owner, _)| *owner != key);
        if owners.owner.is_none() && owners.claims.is_empty() {
            self.by_address.remove(&Source(*source));
        }
    }
}

fn is_over(heard: Instant, now: Instant) -> bool {
    now.saturating_duration_since(heard) >= ADDRESS_HELD
}

#[cfg(test)]
mod tests {
    use super::*;

    const DTLS: [u8; 20] = [22; 20];
    const RTP: [u8; 20] = [0x80; 20];

    fn request(username: &str) -> Vec<u8> {
        let padded = username.len().next_multiple_of(4);
        let mut datagram = vec![0, 1, 0, 12 + padded as u8, 0x21, 0x12, 0xa4, 0x42];
        datagram.extend([0; 12]);
        // Another attribute first: PRIORITY.
        datagram.extend([0, 0x24, 0, 4, 1, 2, 3, 4]);
        datagram.extend([0, 6, 0, username.len() as u8]);
        datagram.extend(username.as_bytes());
        datagram.resize(20 + 12 + padded, 0);
        datagram
    }

    fn peer(index: u32) -> PeerKey {
        PeerKey::new(index)
    }

    fn source() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 5000))
    }

    fn found(demux: &mut Demux, now: Instant, datagram: &[u8]) -> Vec<u32> {
        let found = demux.find(now, &source(), datagram);
        found.iter().map(PeerKey::index).collect()
    }

    #[test]
    fn an_address_is_owned_by_the_peer_that_proved_to_be_there() {
        let (mut demux, now) = (Demux::default(), Instant::now());
        assert_eq!(demux.owner(source()), None);
        demux.claim(now, source(), peer(4));
        assert_eq!(demux.owner(source()), None);
        demux.take(now, source(), peer(4));
        assert_eq!(demux.owner(source()), Some(peer(4)));
    }

    #[test]
    fn stun_goes_by_the_local_part_of_the_username() {
        let (mut demux, now) = (Demux::default(), Instant::now());
        demux.add_ufrag("abcd".to_owned(), peer(7));
        assert_eq!(found(&mut demux, now, &request("abcd:efgh")), [7]);
        assert!(found(&mut demux, now, &request("efgh:abcd")).is_empty());
    }

    #[test]
    fn dtls_goes_to_the_latest_claim() {
        let (mut demux, now) = (Demux::default(), Instant::now());
        demux.claim(now, source(), peer(1));
        demux.claim(now, source(), peer(2));
        assert_eq!(found(&mut demux, now, &DTLS), [2]);
        demux.claim(now, source(), peer(1));
        assert_eq!(found(&mut demux, now, &DTLS), [1]);
    }

    #[test]
    fn addresses_of_two_links_are_two() {
        let (mut demux, now) = (Demux::default(), Instant::now());
        let [one, two] = [1, 2].map(|scope| {
            let ip = "fe80::1".parse().unwrap();
            SocketAddr::V6(std::net::SocketAddrV6::new(ip, 5000, 0, scope))
        });
        demux.take(now, one, peer(1));
        demux.take(now, two, peer(2));
        let mut found = |source| {
            let found = demux.find(now, &source, &RTP);
            found.iter().map(PeerKey::index).collect::<Vec<_>>()
        };
        assert_eq!([found(one), found(two)], [[1], [2]]);
        assert!(found(source()).is_empty());
    }

    #[test]
    fn claim_does_not_steal_a_running_address() {
        let (mut demux, now) = (Demux::default(), Instant::now());
        demux.claim(now, source(), peer(1));
        demux.take(now, source(), peer(1));
        demux.claim(now, source(), peer(2));
        let later = now + Duration::from_secs(4);
        assert_eq!(found(&mut demux, later, &RTP), [1]);
        assert_eq!(found(&mut demux, later, &DTLS), [1]);
        demux.take(later, source(), peer(2));
        assert_eq!(found(&mut demux, later, &RTP), [1]);
    }

    #[test]
    fn address_of_a_silent_session_goes_to_the_next() {
        let (mut demux, now) = (Demux::default(), Instant::now());
        demux.take(now, source(), peer(1));
        let later = now + Duration::from_secs(6);
        demux.claim(later, source(), peer(2));
        assert_eq!(found(&mut demux, later, &DTLS), [2]);
        demux.take(later, source(), peer(2));
        assert_eq!(found(&mut demux, later, &RTP), [2]);
    }

    #[test]
    fn more_claims_than_places_displace_the_earliest() {
        let (mut demux, now) = (Demux::default(), Instant::now());
        (1..=6).for_each(|key| demux.claim(now, source(), peer(key)));
        let response = [1; 20];
        assert_eq!(found(&mut demux, now, &response), [6, 5, 4, 3]);
    }

    #[test]
    fn media_goes_elsewhere_at_once_when_its_address_does() {
        let (mut demux, now) = (Demux::default(), Instant::now());
        demux.claim(now, source(), peer(1));
        assert_eq!(found(&mut demux, now, &RTP), [1]);
        demux.claim(now, source(), peer(2));
        assert_eq!(found(&mut demux, now, &RTP), [2]);
        demux.take(now, source(), peer(1));
        assert_eq!(found(&mut demux, now, &RTP), [1]);
        demux.remove_address(&source(), peer(1));
        assert_eq!(found(&mut demux, now, &RTP), [2]);
        demux.remove_address(&source(), peer(2));
        assert!(found(&mut demux, now, &RTP).is_empty());
    }

    #[test]
    fn removed_sessions_leave_nothing_behind() {
        let (mut demux, now) = (Demux::default(), Instant::now());
        demux.claim(now, source(), peer(1));
        demux.take(now, source(), peer(1));
        demux.claim(now, source(), peer(2));
        demux.remove_address(&source(), peer(1));
        demux.remove_address(&source(), peer(2));
        assert!(demux.by_address.is_empty());
    }
}
