use crate::Credentials;

/// Earlier credentials that stay valid after ICE restarts. A client that restarts faster than it
/// sends checks loses the oldest.
pub const RESTARTS_KEPT: usize = 2;

/// The credentials of an agent: the current ones, and earlier ones until the client uses the
/// current ones.
///
/// Between the answer that carries new credentials and the client's use of them, checks and
/// consent go on with the old ones (RFC 8445 §9, RFC 8839 §4.4.1.1.1).
#[derive(Debug)]
pub(super) struct Generations {
    current: Generation,
    /// Newest first.
    earlier: Vec<Generation>,
    /// Ufrags that are no longer valid, until the owner has taken them.
    forgotten: Vec<Box<str>>,
}

/// The credentials of both sides between two ICE restarts.
#[derive(Debug)]
pub(super) struct Generation {
    /// The number of restarts before this generation.
    pub(super) number: u32,
    pub(super) local: Credentials,
    /// Needed only for probes.
    pub(super) remote: Option<Credentials>,
    /// Role conflict errors sent to the client.
    pub(super) conflicts: u8,
}

impl Generations {
    pub(super) fn new(local: Credentials) -> Self {
        Self {
            current: Generation::new(0, local, None),
            earlier: Vec::new(),
            forgotten: Vec::new(),
        }
    }

    pub(super) fn current(&self) -> &Generation {
        &self.current
    }

    pub(super) fn set_remote(&mut self, remote: Credentials) {
        self.current.remote = Some(remote);
    }

    pub(super) fn restart(&mut self, local: Credentials, remote: Credentials) {
        let next = Generation::new(self.current.number.wrapping_add(1), local, Some(remote));
        let last = std::mem::replace(&mut self.current, next);
        self.earlier.insert(0, last);
        self.forget_beyond(RESTARTS_KEPT);
    }

    /// The client used this generation in an authentic check. If it is the current one, earlier
    /// ones end.
    pub(super) fn used(&mut self, number: u32) {
        if number == self.current.number {
            self.forget_beyond(0);
        }
    }

    fn forget_beyond(&mut self, kept: usize) {
        if self.earlier.len() > kept {
            let gone = self.earlier.drain(kept..);
            self.forgotten
                .extend(gone.map(|generation| generation.local.ufrag().into()));
        }
    }

    pub(super) fn take_forgotten(&mut self) -> Option<Box<str>> {
        self.forgotten.pop()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Generation> {
        std::iter::once(&self.current).chain(&self.earlier)
    }

    /// The generation that a check with this ufrag of ours belongs to.
    pub(super) fn of_ufrag(&mut self, ufrag: &str) -> Option<&mut Generation> {
        std::iter::once(&mut self.current)
            .chain(&mut self.earlier)
            .find(|generation| generation.local.ufrag() == ufrag)
    }

    pub(super) fn of_number(&self, number: u32) -> Option<&Generation> {
        self.all().find(|generation| generation.number == number)
    }
}

impl Generation {
    fn new(number: u32, local: Credentials, remote: Option<Credentials>) -> Self {
        Self {
            number,
            local,
            remote,
            conflicts: 0,
        }
    }
}
