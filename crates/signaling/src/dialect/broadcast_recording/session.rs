//! The state of one socket.

use std::collections::VecDeque;
use std::time::Instant;

use thiserror::Error;

use super::frame::{self, Request, Role, Unreadable};
use super::health::{Due, Health, Label, VIDEO_OK};
use super::names::Names;
use super::offers::{Offers, Verdict};
use super::sdp;

/// Candidates that are kept when they come before the session has begun. Further ones are dropped:
/// the server learns the client's addresses from its ICE checks.
pub const EARLY_MAX: usize = 64;

/// The state of one socket; its room and its peer are the caller's.
#[derive(Debug, Default)]
pub struct Session {
    /// `None` until the session has begun.
    role: Option<Role>,
    /// Candidates of the client from before the session has begun.
    early: Vec<String>,
    offers: Offers,
    health: Health,
    /// The client was sent the server's candidates.
    is_reached: bool,
    outputs: VecDeque<Output>,
}

/// What the caller has to carry out, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send a frame to the client.
    Send(String),
    /// The client asks to broadcast or to subscribe. The caller then calls [`Session::begun`] or
    /// [`Session::duplicated`], or neither when it refuses the request.
    Begin {
        /// Whether the client broadcasts or subscribes.
        role: Role,
        /// The broadcast.
        names: Names,
        /// The client's offer; `None` when the server is to offer.
        offer: Option<String>,
    },
    /// Apply the client's answer to the last offer.
    Answer(String),
    /// Add a candidate of the client.
    Candidate(String),
    /// Send a text to the client over its data channel with this label.
    Write(Label, &'static str),
    /// Close the peer and the socket: the broadcaster's pings stopped.
    End,
}

/// Why a frame was dropped. The client is not told: the protocol has no errors.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The frame cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The client broadcasts or subscribes on this socket already.
    #[error("this socket broadcasts or subscribes already")]
    Begun,
    /// The repeated offer got no usable answer either.
    #[error("the answer is not a usable description")]
    NoAnswer,
}

impl Session {
    /// Handles a frame of the client. Fails when the frame is dropped.
    pub fn received(&mut self, text: &str) -> Result<(), Refusal> {
        match frame::read(text)? {
            Request::Begin { .. } if self.role.is_some() => Err(Refusal::Begun),
            Request::Begin { role, names, offer } => {
                self.put(Output::Begin { role, names, offer });
                Ok(())
            }
            Request::Answer(given) => match self.offers.answered(given) {
                Verdict::Ignored => Ok(()),
                Verdict::Stale(frame) => {
                    self.put(Output::Send(frame));
                    Ok(())
                }
                Verdict::Taken(answer) => {
                    self.put(Output::Answer(answer));
                    Ok(())
                }
                Verdict::Useless => Err(Refusal::NoAnswer),
            },
            Request::Candidate(candidate) => {
                self.candidate(candidate);
                Ok(())
            }
        }
    }

    fn candidate(&mut self, candidate: Option<String>) {
        match candidate {
            Some(candidate) if self.role.is_some() => self.put(Output::Candidate(candidate)),
            Some(candidate) if self.early.len() < EARLY_MAX => self.early.push(candidate),
            _ => {}
        }
    }

    /// Records that the client broadcasts or subscribes from now on. `described` is its offer with
    /// the server's answer; `None` when the server is going to offer.
    pub fn begun(&mut self, role: Role, described: Option<(&str, &str)>) {
        self.role = Some(role);
        if let Some((offer, answer)) = described {
            self.offers.heard(offer);
            self.put(Output::Send(frame::remote_description(answer)));
            self.tell_candidates(answer);
        }
        let early = std::mem::take(&mut self.early);
        self.outputs
            .extend(early.into_iter().map(Output::Candidate));
    }

    /// Tells the client that another one already broadcasts under these names.
    pub fn duplicated(&mut self) {
        self.put(Output::Send(frame::duplicated_session()));
    }

    /// Sends an offer of the server. The previous offer must have been answered.
    pub fn offered(&mut self, offer: &str) {
        let frame = self.offers.offer(offer);
        self.put(Output::Send(frame));
        self.tell_candidates(offer);
    }

    /// Sends the server's candidates, once and after a description: without one, clients of this
    /// protocol would retry adding them again and again.
    fn tell_candidates(&mut self, sdp: &str) {
        if std::mem::replace(&mut self.is_reached, true) {
            return;
        }
        let (candidates, mid, ufrag) = sdp::candidates(sdp);
        let frames = candidates.into_iter();
        let frames = frames.map(|candidate| frame::ice_candidate(candidate, mid, ufrag));
        self.outputs.extend(frames.map(Output::Send));
    }

    /// Records that the video of a broadcaster flows. Ignored for subscribers.
    pub fn video_came(&mut self, now: Instant) {
        if self.role == Some(Role::Broadcaster) {
            self.health.video_came(now);
        }
    }

    /// Handles a text from a data channel. Returns the reply on the same channel.
    pub fn channel_text(&mut self, now: Instant, label: Label, text: &str) -> Option<String> {
        match label {
            Label::HealthCheck => self.health.text(now, text),
            Label::VideoCheck => None,
        }
    }

    /// Takes the next output.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`]; `None` when no timer runs.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.health.poll_timeout()
    }

    /// Handles the timers that are due.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.health.handle_timeout(now) {
            Some(Due::VideoOk) => self.put(Output::Write(Label::VideoCheck, VIDEO_OK)),
            Some(Due::Silent) => self.put(Output::End),
            None => {}
        }
    }

    fn put(&mut self, output: Output) {
        self.outputs.push_back(output);
    }
}
