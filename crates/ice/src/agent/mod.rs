//! A lite agent (RFC 8445 §2.5): it answers the client's checks and decides over which path
//! datagrams of ours travel.
//!
//! # What proves a path
//! A correct check shows that its sender knows the password. It does not show that its *source
//! address* wants the media: a client may write another's address as the source. A path is proved
//! only when the peer shows that it received what was sent over the path:
//!
//! * the DTLS handshake is over and all flights of ours went over this one path, or
//! * the peer answered a Binding request of ours that went over the path. Its transaction id is
//!   random, and the answer has to come over the same path and know the peer's password.
//!
//! An address that has proved nothing gets at most [`AMPLIFICATION_MAX`] times what came from it, or
//! as the path of the handshake [`HANDSHAKE_FREE`] bytes, whichever is more.
//!
//! # States
//!
//! | state | event | next state |
//! |---|---|---|
//! | waiting | authentic check | handshake, over the path of the check |
//! | handshake | check that nominates another path while the present one is not nominated; first DTLS record from another path; any check while the present path is silent for [`HANDSHAKE_SILENT`] | handshake, over the other path, which is asked if flights went elsewhere before |
//! | handshake | DTLS done, the path is proved | selected |
//! | handshake | DTLS done, flights went over several paths | unproved |
//! | unproved | a path answers a request of ours | selected: that path |
//! | selected | check that nominates another path | selected; the other path is asked at once |
//! | selected | other traffic over another path | selected; the other path is asked once the selected one is silent for [`SELECTED_SILENT`], which itself is asked after [`SELECTED_DOUBTED`] |
//! | selected | the other path answers | selected: the other path |
//! | any | ICE restart | the same; earlier credentials are valid until the new ones are used |
//!
//! Media stays on the selected path until another one is selected. When that path is silent for
//! the owner's limit ([`Agent::last_heard`]), consent is gone (RFC 7675) and the owner ends the
//! session: traffic over other paths gives none.
//!
//! A client that never checks again and never answers is served on its first path for ever.
//!
//! # How the owner drives it
//! STUN goes into [`Agent::handle_stun`]; DTLS records before the handshake is over into
//! [`Agent::dtls_arrived`]; each DTLS datagram of ours asks [`Agent::may_send`]; whatever was
//! decrypted is reported to [`Agent::authentic`]. After each call [`Agent::poll_timeout`] tells
//! when [`Agent::handle_timeout`] is due.

mod checks;
mod generations;
mod paths;
mod question;

use std::time::{Duration, Instant};

use crate::credentials::fill_random;
use crate::{Credentials, Path};
pub use checks::{Handled, Reason};
use generations::Generations;
pub use generations::RESTARTS_KEPT;
pub use paths::{AMPLIFICATION_MAX, HANDSHAKE_FREE, PATH_IDLE, PATHS_MAX};
use paths::{Known, Paths};
pub use question::{ATTEMPTS_MAX, RETRY_AFTER};
use question::{Motive, Question};

/// The selected path has carried nothing authentic for this long: a path that the client uses
/// without nominating it is asked. Viewers report several times a second and publishers send
/// media, so a path in use is rarely this quiet.
pub const SELECTED_SILENT: Duration = Duration::from_secs(1);
/// The selected path is asked after this much silence, if the client uses another: it has the rest
/// of [`SELECTED_SILENT`] to answer before the other path is asked.
pub const SELECTED_DOUBTED: Duration = Duration::from_millis(600);
/// A nomination counts as renewed for this long: until then a nominated path of lower priority
/// does not take over. Clients that nominate all their paths at once would move media to and fro.
pub const NOMINATION_FRESH: Duration = Duration::from_secs(1);
/// The handshake moves to a path that is not nominated when its own was silent for this long.
pub const HANDSHAKE_SILENT: Duration = Duration::from_secs(1);

/// The lite agent of one session. Says where datagrams go, and never sends or waits itself.
///
/// In the order of C: what each datagram of media needs stands in front.
#[derive(Debug)]
#[repr(C)]
pub struct Agent {
    paths: Paths,
    phase: Phase,
    held_back: u32,
    created: Instant,
    tie_breaker: u64,
    generations: Generations,
}

/// In all but the first, the lead of [`Paths`] is the path that is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Handshake {
        /// A flight of ours went over the lead path.
        sent: bool,
        /// Flights of ours went over other paths too: the end of DTLS proves none of them.
        moved: bool,
    },
    Unproved,
    Selected,
}

impl Agent {
    /// An agent that answers checks with the password of `local`.
    pub fn new(local: Credentials, now: Instant) -> Self {
        let mut random = [0; 8];
        fill_random(&mut random);
        Self {
            generations: Generations::new(local),
            paths: Paths::default(),
            phase: Phase::Waiting,
            created: now,
            tie_breaker: u64::from_ne_bytes(random),
            held_back: 0,
        }
    }

    /// Sets the peer's credentials. Without them checks are answered, but no path is asked, so
    /// that the path never changes.
    pub fn set_remote(&mut self, remote: Credentials) {
        self.generations.set_remote(remote);
    }

    /// The credentials for the next description of ours.
    pub fn local(&self) -> &Credentials {
        &self.generations.current().local
    }

    /// Starts a new generation (RFC 8445 §9) and returns its new credentials of ours.
    ///
    /// The path does not change by it, and media goes on. The [`RESTARTS_KEPT`] generations before
    /// are valid until the client uses the new one; further ones end now.
    pub fn restart(&mut self, remote: Credentials) -> Credentials {
        let local = Credentials::generate();
        self.restart_with(local.clone(), remote);
        local
    }

    /// The same with credentials of ours that a description has told already.
    pub fn restart_with(&mut self, local: Credentials, remote: Credentials) {
        self.generations.restart(local, remote);
    }

    /// Takes a ufrag that is valid no longer. The owner asks after restarts and checks, and takes
    /// it out of what it routes by.
    pub fn take_forgotten_ufrag(&mut self) -> Option<Box<str>> {
        self.generations.take_forgotten()
    }

    /// Where media goes. `None` before the first path is proved.
    pub fn selected(&self) -> Option<Path> {
        match self.phase {
            Phase::Selected => self.lead_path(),
            Phase::Waiting | Phase::Handshake { .. } | Phase::Unproved => None,
        }
    }

    /// Where flights of DTLS go: the selected path, or before there is one, the path of the latest
    /// authentic check, a nominated one if possible. `None` before the first check.
    pub fn handshake_path(&self) -> Option<Path> {
        self.lead_path()
    }

    fn lead_path(&self) -> Option<Path> {
        self.paths.lead().map(|lead| lead.path)
    }

    /// Reports a DTLS datagram of `length` bytes that came before the handshake was over.
    ///
    /// Returns whether it came over a path with an authentic check; others must not be handed to
    /// DTLS. It pays for answers, and says which path the client speaks over. It proves nothing.
    pub fn dtls_arrived(&mut self, now: Instant, path: Path, length: usize) -> bool {
        let Some(index) = self.paths.position(&path) else {
            return false;
        };
        if let Some(known) = self.paths.get_mut(index) {
            known.count_received(length);
        }
        if let Phase::Handshake { sent, .. } = self.phase
            && index != 0
            && (!sent || self.lead_silence(now) >= HANDSHAKE_SILENT)
        {
            self.move_handshake(now, index);
        }
        true
    }

    /// Whether a datagram of `length` bytes may be sent over `path` now; counts it if so.
    ///
    /// For each DTLS datagram until a path is selected. What is held back DTLS sends again; the
    /// path is asked meanwhile, and has no limit once it has answered.
    pub fn may_send(&mut self, now: Instant, path: Path, length: usize) -> bool {
        let Some(index) = self.paths.position(&path) else {
            return false;
        };
        let is_handshake = matches!(self.phase, Phase::Handshake { .. }) && index == 0;
        let free = if is_handshake { HANDSHAKE_FREE } else { 0 };
        let allowed = self
            .paths
            .get_mut(index)
            .is_some_and(|known| known.may_send(length, free));
        if !allowed {
            self.held_back = self.held_back.saturating_add(1);
            self.ask(index, Motive::Handshake, now);
        } else if let Phase::Handshake { sent, moved } = &mut self.phase {
            *sent |= index == 0;
            *moved |= index != 0;
        }
        allowed
    }

    /// Reports that DTLS is done. [`Agent::selected`] is the path then that all flights went over,
    /// or `None` while it has to be found out which path leads to the peer ([`Handled::Proved`]).
    pub fn handshake_completed(&mut self, now: Instant) {
        let Phase::Handshake { sent, moved } = self.phase else {
            return;
        };
        let proved = self.paths.lead().is_some_and(|lead| lead.proved);
        if proved || (sent && !moved) {
            self.select(0);
            self.follow_latest_nomination(now);
        } else {
            self.phase = Phase::Unproved;
            for index in 0..self.paths.len() {
                self.ask(index, Motive::Handshake, now);
            }
        }
    }

    /// Reports that something authentic came over `path`: SRTP, SRTCP or DTLS that was decrypted.
    ///
    /// It keeps consent for that path and no other (RFC 7675 §5.1). From a path without an
    /// authentic check it means nothing.
    pub fn authentic(&mut self, now: Instant, path: Path) {
        let Some(index) = self.paths.position(&path) else {
            return;
        };
        if let Some(known) = self.paths.get_mut(index) {
            known.heard = now;
        }
        if index != 0 {
            self.consider(now, index, false);
        }
    }

    /// When something authentic came over the selected path last; before there is one, over any,
    /// and at first, when the agent was made. The owner ends a silent session at a limit of its own.
    pub fn last_heard(&self) -> Instant {
        let heard = match self.phase {
            Phase::Selected => self.paths.lead().map(|lead| lead.heard),
            _ => self.paths.iter().map(|known| known.heard).max(),
        };
        heard.unwrap_or(self.created)
    }

    /// How many datagrams were held back because the address had not proved itself. The number
    /// stays at its maximum.
    pub fn held_back(&self) -> u32 {
        self.held_back
    }

    /// When [`Agent::handle_timeout`] is due: at once if the time has passed.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let questions = self.paths.iter().filter_map(|it| it.question.as_ref());
        questions.map(|question| question.due).min()
    }

    /// Hands requests of ours that are due to `send`, with the path each goes over.
    pub fn handle_timeout(&mut self, now: Instant, mut send: impl FnMut(Path, &[u8])) {
        let Some(lead_heard) = self.paths.lead().map(|lead| lead.heard) else {
            return;
        };
        let mut request = Vec::new();
        for known in self.paths.iter_mut() {
            let Some(mut question) = known.question.take_if(|question| question.due <= now) else {
                continue;
            };
            if question.is_over() || question.is_settled_by(lead_heard) {
                continue;
            }
            // Its credentials may have ended: the client's next check asks with newer ones.
            let Some(generation) = self.generations.of_number(question.generation) else {
                continue;
            };
            request.clear();
            question.write(now, generation, self.tie_breaker, &mut request);
            known.question = Some(question);
            if known.may_send(request.len(), 0) {
                send(known.path, &request);
            } else {
                self.held_back = self.held_back.saturating_add(1);
            }
        }
    }

    /// The client uses this path: perhaps datagrams of ours should travel over it too.
    fn consider(&mut self, now: Instant, index: usize, nominating: bool) {
        match self.phase {
            Phase::Waiting => {
                self.phase = Phase::Handshake {
                    sent: false,
                    moved: false,
                };
                self.paths.make_lead(index);
            }
            Phase::Handshake { sent, .. } => {
                let lead = self.paths.lead();
                let lead_nominated = lead.is_some_and(|lead| lead.nominated.is_some());
                let better = nominating && (!lead_nominated || !sent);
                let latest = !sent && !lead_nominated;
                if better || latest || self.lead_silence(now) >= HANDSHAKE_SILENT {
                    self.move_handshake(now, index);
                }
            }
            Phase::Unproved => self.ask(index, Motive::Handshake, now),
            Phase::Selected if nominating && !self.is_outranked(now, index) => {
                self.ask(index, Motive::Nominated, now);
            }
            Phase::Selected => self.doubt_selected(now, index),
        }
    }

    /// Asks the selected path, and then this one, unless the selected path is heard meanwhile.
    fn doubt_selected(&mut self, now: Instant, index: usize) {
        let Some(since) = self.paths.lead().map(|lead| lead.heard) else {
            return;
        };
        let doubted = now.max(since + SELECTED_DOUBTED);
        self.ask(0, Motive::Liveness { since }, doubted);
        let silent = doubted + SELECTED_SILENT.saturating_sub(SELECTED_DOUBTED);
        self.ask(index, Motive::Silence { since }, silent);
    }

    /// Whether the client renewed the nomination of the selected path just now and prefers it.
    fn is_outranked(&self, now: Instant, index: usize) -> bool {
        let (Some(lead), Some(known)) = (self.paths.lead(), self.paths.get(index)) else {
            return false;
        };
        lead.priority > known.priority
            && lead.nominated.is_some_and(|nomination| {
                nomination.generation == known.generation
                    && now.saturating_duration_since(nomination.at) < NOMINATION_FRESH
            })
    }

    fn lead_silence(&self, now: Instant) -> Duration {
        let heard = self.paths.lead().map(|lead| lead.heard);
        heard.map_or(Duration::ZERO, |heard| now.saturating_duration_since(heard))
    }

    fn move_handshake(&mut self, now: Instant, index: usize) {
        let Phase::Handshake { sent, moved } = self.phase else {
            return;
        };
        if index == 0 {
            return;
        }
        let moved = moved || sent;
        self.phase = Phase::Handshake { sent: false, moved };
        self.paths.make_lead(index);
        if moved {
            // In good time: with the answer the end of DTLS selects the path at once.
            self.ask(0, Motive::Handshake, now);
        }
    }

    /// The client may have nominated another path while the handshake stayed on its own.
    fn follow_latest_nomination(&mut self, now: Instant) {
        let nominated = |known: &Known| known.nominated.map(|nomination| nomination.at);
        let latest =
            (0..self.paths.len()).max_by_key(|&index| self.paths.get(index).and_then(nominated));
        if let Some(index) = latest
            && index != 0
            && self
                .paths
                .get(index)
                .is_some_and(|it| nominated(it) > self.paths.lead().and_then(nominated))
        {
            self.consider(now, index, true);
        }
    }

    /// Puts a question to a path, unless it is being asked already.
    fn ask(&mut self, index: usize, motive: Motive, due: Instant) {
        let Some(known) = self.paths.get_mut(index) else {
            return;
        };
        let current = self.generations.current();
        let generation = self
            .generations
            .of_number(known.generation)
            .unwrap_or(current);
        if generation.remote.is_none() {
            return;
        }
        match &mut known.question {
            Some(question) => question.change(motive, due),
            None => known.question = Some(Box::new(Question::new(motive, generation.number, due))),
        }
    }

    /// Media goes over this path from now on.
    fn select(&mut self, index: usize) {
        self.phase = Phase::Selected;
        self.paths.make_lead(index);
        for known in self.paths.iter_mut() {
            // Questions about the silence of the former path mean nothing any more.
            known
                .question
                .take_if(|question| question.motive != Motive::Nominated);
        }
        if let Some(lead) = self.paths.get_mut(0) {
            lead.proved = true;
            lead.question = None;
        }
    }
}
