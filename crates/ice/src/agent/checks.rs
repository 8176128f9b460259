use std::fmt;
use std::time::Instant;

use super::generations::Generation;
use super::paths::Nomination;
use super::question::Motive;
use super::{Agent, Phase};
use crate::Path;
use crate::stun::attribute::AttributeType;
use crate::stun::{Class, ErrorCode, Message, Method, Writer};

/// Role conflict errors sent to a client that claims ICE-CONTROLLED, in each generation. After that
/// its checks are granted: full agents switch roles at the first error (RFC 8445 §7.2.5.1), and a
/// client that never does is served all the same.
const CONFLICTS_TOLD: u8 = 8;
/// Attributes that UNKNOWN-ATTRIBUTES lists at most. A client learns of the rest with its next try.
const UNKNOWN_NAMED: usize = 8;

/// The outcome of a STUN datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// The datagram was ignored: there is no reply and nothing changed.
    Ignored(Reason),
    /// An authentic check was refused. The reply is an error response with this code.
    Refused(ErrorCode),
    /// An authentic check was granted. The reply is to be sent back over the same path.
    Answered {
        /// This was the first check over this path. Datagrams from its address are for this agent.
        new_path: bool,
        /// The client nominated the path (USE-CANDIDATE).
        nominated: bool,
    },
    /// The peer answered a probe over this path.
    Proved {
        /// The path that leads to the peer.
        path: Path,
        /// Whether the answer moved media to this path.
        selected: bool,
    },
}

/// Why a datagram is ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Not a STUN message, or the fingerprint is wrong.
    Malformed,
    /// An indication, or a request other than Binding.
    Other,
    /// USERNAME is missing, or its first part is not one of our ufrags.
    UnknownUfrag,
    /// MESSAGE-INTEGRITY is missing or made with another password. There is no answer, not even
    /// 400 or 401 (RFC 8489 §9.1.3): such answers serve only attackers who forge source addresses.
    WrongPassword,
    /// The session already has [`PATHS_MAX`](super::PATHS_MAX) paths, and all are in use.
    PathsFull,
    /// A response that matches no request of ours over this path.
    Unasked,
}

impl Reason {
    /// All reasons, in the order of their declaration.
    pub const ALL: [Self; 6] = [
        Self::Malformed,
        Self::Other,
        Self::UnknownUfrag,
        Self::WrongPassword,
        Self::PathsFull,
        Self::Unasked,
    ];

    /// The reason as the value of a metric's label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Malformed => "stun_malformed",
            Self::Other => "stun_other",
            Self::UnknownUfrag => "stun_unknown_ufrag",
            Self::WrongPassword => "stun_wrong_password",
            Self::PathsFull => "stun_paths_full",
            Self::Unasked => "stun_unasked",
        }
    }
}

impl fmt::Display for Reason {
    /// Writes one line for a log, with the datagram as "it".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "it is not a STUN message, or its fingerprint is wrong",
            Self::Other => "it is not a Binding request",
            Self::UnknownUfrag => "its USERNAME does not begin with one of the server's ufrags",
            Self::WrongPassword => "its MESSAGE-INTEGRITY does not match the server's password",
            Self::PathsFull => "the session already uses as many paths as it may have",
            Self::Unasked => "it does not answer a request of the server",
        })
    }
}

impl Agent {
    /// Handles a STUN datagram that came over `path`.
    ///
    /// Appends at most one datagram to `reply`, to be sent back over `path`. A message that is not
    /// authentic costs at most one HMAC and changes nothing.
    pub fn handle_stun(
        &mut self,
        now: Instant,
        path: Path,
        datagram: &[u8],
        reply: &mut Vec<u8>,
    ) -> Handled {
        match Message::read(datagram) {
            Err(_) => Handled::Ignored(Reason::Malformed),
            Ok(message) if message.method() != Method::BINDING => Handled::Ignored(Reason::Other),
            Ok(message) => match message.class() {
                Class::Request => self.handle_check(now, path, &message, datagram.len(), reply),
                Class::Success | Class::Error => self.handle_answer(now, path, &message),
                Class::Indication => Handled::Ignored(Reason::Other),
            },
        }
    }

    /// Handles a check (RFC 8445 §7.3). PRIORITY and a role may be missing: an agent that forms no
    /// candidate pairs needs neither.
    fn handle_check(
        &mut self,
        now: Instant,
        path: Path,
        check: &Message<'_>,
        length: usize,
        reply: &mut Vec<u8>,
    ) -> Handled {
        // Only our part is compared (RFC 8445 §7.3): the client's ufrag may not be known yet.
        let name = check.username().and_then(|name| name.split_once(':'));
        let generation = name.and_then(|(ours, _)| self.generations.of_ufrag(ours));
        let Some(generation) = generation else {
            return Handled::Ignored(Reason::UnknownUfrag);
        };
        // This comes before the HMAC, so that a flood from many ports costs no HMACs.
        if !self.paths.has_place(&path, now) {
            return Handled::Ignored(Reason::PathsFull);
        }
        if !check.is_authentic(generation.local.pwd().as_bytes()) {
            return Handled::Ignored(Reason::WrongPassword);
        }
        if let Some(known) = self.paths.find_mut(&path) {
            known.heard = now;
        }
        if let Some(code) = refuse(generation, check, reply) {
            return Handled::Refused(code);
        }
        let start = reply.len();
        Writer::binding_success(reply, check.id(), path.remote)
            .finish(Some(generation.local.pwd().as_bytes()));
        let number = generation.number;
        self.generations.used(number);
        let exchanged = (length, reply.len().saturating_sub(start));
        match self.learn(now, path, check, number, exchanged) {
            Some(handled) => handled,
            None => {
                reply.truncate(start);
                Handled::Ignored(Reason::PathsFull)
            }
        }
    }

    /// Remembers what an authentic check says about its path.
    fn learn(
        &mut self,
        now: Instant,
        path: Path,
        check: &Message<'_>,
        generation: u32,
        (received, replied): (usize, usize),
    ) -> Option<Handled> {
        let (index, new_path) = self.paths.enter(path, now)?;
        let nominated = check.is_nominating();
        let known = self.paths.get_mut(index)?;
        known.heard = now;
        known.generation = generation;
        known.priority = check.priority().unwrap_or(0);
        if nominated {
            known.nominated = Some(Nomination {
                at: now,
                generation,
            });
        }
        known.count_received(received);
        // A reply is never more than three times its request, so this never refuses.
        if !known.may_send(replied, 0) {
            return None;
        }
        // A check over the selected path has no say in where media goes.
        if index != 0 || self.phase != Phase::Selected {
            self.consider(now, index, nominated);
        }
        Some(Handled::Answered {
            new_path,
            nominated,
        })
    }

    /// Handles a response to a probe. It counts if it came over the probed path (RFC 8445
    /// §7.2.5.2.1) and is made with the peer's password. An authentic error response counts too: a
    /// 487, for example, shows just as well that the request arrived.
    fn handle_answer(&mut self, now: Instant, path: Path, answer: &Message<'_>) -> Handled {
        let unasked = Handled::Ignored(Reason::Unasked);
        let Some(index) = self.paths.position(&path) else {
            return unasked;
        };
        let lead_heard = self.paths.lead().map(|lead| lead.heard);
        let Some(known) = self.paths.get_mut(index) else {
            return unasked;
        };
        let asked = known.question.as_ref();
        let Some(question) = asked.filter(|question| question.matches(&answer.id())) else {
            return unasked;
        };
        let generation = self.generations.of_number(question.generation);
        let Some(remote) = generation.and_then(|generation| generation.remote.as_ref()) else {
            return unasked;
        };
        if !answer.is_authentic(remote.pwd().as_bytes()) {
            return Handled::Ignored(Reason::WrongPassword);
        }
        // The selected path may have been heard while the probe was in flight.
        let settled = lead_heard.is_some_and(|heard| question.is_settled_by(heard));
        let motive = question.motive;
        known.question = None;
        known.heard = now;
        known.proved = true;
        let selected = match (self.phase, motive) {
            (Phase::Unproved, _) => true,
            (Phase::Selected, Motive::Nominated) => index != 0,
            (Phase::Selected, Motive::Silence { .. }) => index != 0 && !settled,
            _ => false,
        };
        if selected {
            self.select(index);
        }
        Handled::Proved { path, selected }
    }
}

/// Writes an error response to an authentic check that has to be refused. Returns its code, or
/// `None` if the check is to be granted.
fn refuse(
    generation: &mut Generation,
    check: &Message<'_>,
    reply: &mut Vec<u8>,
) -> Option<ErrorCode> {
    let key = generation.local.pwd().as_bytes();
    // RFC 8489 §6.3.1: an unknown attribute that must be understood is refused with 420.
    let unknown: Vec<AttributeType> = check
        .attributes()
        .map(|(kind, _)| kind)
        .filter(|kind| kind.must_be_understood() && !kind.is_known())
        .take(UNKNOWN_NAMED)
        .collect();
    if !unknown.is_empty() {
        let code = ErrorCode::UNKNOWN_ATTRIBUTE;
        Writer::binding_error(reply, check.id(), code)
            .unknown_attributes(&unknown)
            .finish(Some(key));
        return Some(code);
    }
    // A lite agent is always controlled (RFC 8445 §6.1.1), so the client has to change its role,
    // whatever the tie-breaker says (§7.3.1.1).
    if check.controlled().is_some() && generation.conflicts < CONFLICTS_TOLD {
        generation.conflicts += 1;
        let code = ErrorCode::ROLE_CONFLICT;
        Writer::binding_error(reply, check.id(), code).finish(Some(key));
        return Some(code);
    }
    None
}
