use ice::Path;

use crate::datagrams::Datagrams;
use crate::outlet::Outlet;
use crate::srtp::{Inbound, Keys, Outbound, Protection, Replay};

/// The SRTP keys of both directions, and the replay protection of RTCP.
pub(super) struct Crypto {
    pub(super) protection: Protection,
    pub(super) version: dtls::Version,
    pub(super) inbound: Inbound,
    pub(super) outbound: Outbound,
    pub(super) replay: Replay,
}

impl Crypto {
    /// Derives the keys of a completed handshake; `None` when its keys have a wrong length.
    pub(super) fn agreed(connected: &dtls::Connected) -> Option<Self> {
        let keys = Keys::agreed(&connected.keys)?;
        Some(Self {
            inbound: keys.inbound(),
            outbound: keys.outbound(),
            replay: Replay::default(),
            protection: keys.protection(),
            version: connected.version,
        })
    }

    /// Borrows what the sender needs to send on a path.
    #[inline]
    pub(super) fn outlet<'a>(&'a mut self, path: Path, to: &'a mut Datagrams) -> Outlet<'a> {
        Outlet {
            srtp: &mut self.outbound,
            path,
            to,
        }
    }
}
