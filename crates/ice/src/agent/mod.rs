//! A lite agent (RFC 8445 §2.5): answers the client's checks and decides over which path our
//! datagrams travel.
//!
//! # What proves a path
//! A correct check shows that its sender knows the password. It does not show that its *source
//! address* wants the media: a client may forge a victim's address as the source. A path is proved
//! only when the peer shows that it received what was sent over the path:
//!
//! * the DTLS handshake is complete and all our flights went over this one path, or
//! * the peer answered a Binding request that we sent over the path, a *probe*. The probe's
//!   transaction id is random, and the answer has to come over the same path and be authenticated
//!   with the peer's password.
//!
//! An unproved address gets at most [`AMPLIFICATION_MAX`] times the bytes that came from it. The
//! path of the handshake gets [`HANDSHAKE_FREE`] bytes, if that is more.
//!
//! # States
//!
//! | state | event | next state |
//! |---|---|---|
//! | waiting | authentic check | handshake, over the path of the check |
//! | handshake | check that nominates another path while the current one is not nominated; first DTLS record from another path; any check while the current path is silent for [`HANDSHAKE_SILENT`] | handshake, over the other path, which is probed if flights went elsewhere before |
//! | handshake | DTLS done, the path is proved | selected |
//! | handshake | DTLS done, flights went over several paths | unproved |
//! | unproved | a path answers a probe | selected: that path |
//! | selected | check that nominates another path | selected; the other path is probed at once |
//! | selected | other traffic over another path | selected; after [`SELECTED_DOUBTED`] of silence the selected path is probed, after [`SELECTED_SILENT`] the other path |
//! | selected | the other path answers | selected: the other path |
//! | any | ICE restart | the same; earlier credentials are valid until the new ones are used |
//!
//! Media stays on the selected path until another one is selected. When that path is silent for
//! longer than the owner's limit ([`Agent::last_heard`]), consent has expired (RFC 7675) and the
//! owner ends the session: traffic over other paths gives no consent.
//!
//! A client that never sends another check or answer is served on its first path indefinitely.
//!
//! # How the owner drives it
//! The owner passes STUN to [`Agent::handle_stun`], and DTLS records to [`Agent::dtls_arrived`]
//! until the handshake is complete. It calls [`Agent::may_send`] before each DTLS datagram that it
//! sends, and [`Agent::authentic`] for everything that it decrypted. After each call,
//! [`Agent::poll_timeout`] tells when [`Agent::handle_timeout`] is due.

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

/// After this much silence on the selected path, another path that the client uses without
/// nominating it is probed. Viewers send reports several times a second and publishers send media,
/// so a path in use is rarely this quiet.
pub const SELECTED_SILENT: Duration = Duration::from_secs(1);
/// After this much silence the selected path is probed, if the client uses another one. It has the
/// rest of [`SELECTED_SILENT`] to answer before the other path is probed.
pub const SELECTED_DOUBTED: Duration = Duration::from_millis(600);
/// How long a nomination counts as fresh. Until then a nominated path of lower priority does not
/// take over: clients that nominate all their paths at once would move media back and forth.
pub const NOMINATION_FRESH: Duration = Duration::from_secs(1);
/// The handshake moves to a path that is not nominated only after this much silence on its own.
pub const HANDSHAKE_SILENT: Duration = Duration::from_secs(1);

/// The lite agent of one session. It decides where datagrams go, and never sends or waits itself.
///
/// `repr(C)` keeps the order of the fields: those that every media datagram needs come first.
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

/// The state of the agent. In all states but `Waiting` it is about the lead path of [`Paths`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Handshake {
        /// We sent a flight over the lead path.
        sent: bool,
        /// We sent flights over other paths too, so that the end of DTLS proves none of them.
        moved: bool,
    },
    Unproved,
    Selected,
}

impl Agent {
    /// Creates an agent that answers checks with the password of `local`.
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

    /// Sets the peer's credentials. Without them the agent answers checks but cannot probe, so the
    /// path never changes.
    pub fn set_remote(&mut self, remote: Credentials) {
        self.generations.set_remote(remote);
    }

    /// Our current credentials, for the next description that we send.
    pub fn local(&self) -> &Credentials {
        &self.generations.current().local
    }

    /// Restarts ICE (RFC 8445 §9) and returns our new credentials.
    ///
    /// The path does not change, and media goes on. The [`RESTARTS_KEPT`] generations before this
    /// one stay valid until the client uses the new one; older ones end now.
    pub fn restart(&mut self, remote: Credentials) -> Credentials {
        let local = Credentials::generate();
        self.restart_with(local.clone(), remote);
        local
    }

    /// Restarts ICE like [`Agent::restart`], with credentials of ours that a description has
    /// already announced.
    pub fn restart_with(&mut self, local: Credentials, remote: Credentials) {
        self.generations.restart(local, remote);
    }

    /// Takes a ufrag of ours that is no longer valid, if there is one. After restarts and checks
    /// the owner calls this until it returns `None`, and stops routing by these ufrags.
    pub fn take_forgotten_ufrag(&mut self) -> Option<Box<str>> {
        self.generations.take_forgotten()
    }

    /// The path that media is sent over. `None` until a path is proved.
    pub fn selected(&self) -> Option<Path> {
        match self.phase {
            Phase::Selected => self.lead_path(),
            Phase::Waiting | Phase::Handshake { .. } | Phase::Unproved => None,
        }
    }

    /// The path that DTLS flights are sent over: the selected path. Before one is selected, the
    /// path of the latest authentic check, preferably a nominated one. `None` before the first
    /// check.
    pub fn handshake_path(&self) -> Option<Path> {
        self.lead_path()
    }

    fn lead_path(&self) -> Option<Path> {
        self.paths.lead().map(|lead| lead.path)
    }

    /// Reports a DTLS datagram of `length` bytes that arrived before the handshake was complete.
    ///
    /// Returns whether the path has had an authentic check; a datagram over any other path must not
    /// be handed to DTLS. The datagram raises what may be sent to its address, and shows which path
    /// the client uses. It proves nothing.
    pub fn dtls_arrived(&mut self, now: Instant, path: Path, length: usize) -> bool {
        let Some(index) = self.paths.position(&path) else {
            return false;
        };
        if let Some(known) = self.paths.get_mut(index) {
            known.count_received(length);
        }
        // Once a flight is out, the handshake stays on its path as long as the client is heard
        // there.
        if let Phase::Handshake { sent, .. } = self.phase
            && index != 0
            && (!sent || self.lead_silence(now) >= HANDSHAKE_SILENT)
        {
            self.move_handshake(now, index);
        }
        true
    }

    /// Whether a datagram of `length` bytes may be sent over `path` now. Counts it if so.
    ///
    /// The owner calls this for each DTLS datagram until a path is selected. DTLS retransmits what
    /// is held back. Meanwhile the path is probed; once it has answered, it has no limit.
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

    /// Reports that the DTLS handshake is complete. If all flights went over one path, or that path
    /// has answered a probe, it is now [`Agent::selected`]. Otherwise no path is selected until a
    /// probe has shown which one leads to the peer ([`Handled::Proved`]).
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
    /// It keeps consent for that path and no other (RFC 7675 §5.1). Without an authentic check over
    /// that path before, it has no effect.
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

    /// When something authentic last came over the selected path. Before a path is selected, over
    /// any path; before anything came, when the agent was created. The owner ends a silent session
    /// by its own limit.
    pub fn last_heard(&self) -> Instant {
        let heard = match self.phase {
            Phase::Selected => self.paths.lead().map(|lead| lead.heard),
            _ => self.paths.iter().map(|known| known.heard).max(),
        };
        heard.unwrap_or(self.created)
    }

    /// How many datagrams were held back because their path was not proved. The counter saturates.
    pub fn held_back(&self) -> u32 {
        self.held_back
    }

    /// When [`Agent::handle_timeout`] is due. A time in the past means at once.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let questions = self.paths.iter().filter_map(|it| it.question.as_ref());
        questions.map(|question| question.due).min()
    }

    /// Hands the probes that are due to `send`, each with its path.
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
            // The probe's credentials may have ended; the client's next check starts a new probe.
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

    /// The client uses this path: decides whether our datagrams should move to it, or whether it
    /// has to be probed first.
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
                // Until a flight is out, the latest check wins, or the latest nomination if there
                // is one. After that, only a first nomination or silence moves the handshake.
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

    /// Schedules a probe of the selected path, and then one of this path. Both lapse if the
    /// selected path is heard in the meantime.
    fn doubt_selected(&mut self, now: Instant, index: usize) {
        let Some(since) = self.paths.lead().map(|lead| lead.heard) else {
            return;
        };
        let doubted = now.max(since + SELECTED_DOUBTED);
        self.ask(0, Motive::Liveness { since }, doubted);
        let silent = doubted + SELECTED_SILENT.saturating_sub(SELECTED_DOUBTED);
        self.ask(index, Motive::Silence { since }, silent);
    }

    /// Whether the client prefers the selected path by priority and nominated it recently.
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
            // Probing now lets the end of DTLS select the path at once, if the answer is there.
            self.ask(0, Motive::Handshake, now);
        }
    }

    /// Considers the path that was nominated last: the client may have nominated another path while
    /// the handshake stayed on its own.
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

    /// Schedules a probe of a path, or changes the pending one. Without the peer's credentials it
    /// does nothing.
    fn ask(&mut self, index: usize, motive: Motive, due: Instant) {
        let Some(known) = self.paths.get_mut(index) else {
            return;
        };
        // The probe uses the generation of the latest check over this path, or the current one if
        // that generation has ended.
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

    /// Makes this path the selected one: media goes over it from now on.
    fn select(&mut self, index: usize) {
        self.phase = Phase::Selected;
        self.paths.make_lead(index);
        for known in self.paths.iter_mut() {
            // Probes because of the former path's silence are obsolete.
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
