//! One socket.

use std::collections::VecDeque;
use std::time::Instant;

use thiserror::Error;

use super::frame::{self, Request, Role, Unreadable};
use super::health::{Due, Health, Label, VIDEO_OK};
use super::names::Names;
use super::offers::{Offers, Verdict};
use super::sdp;

/// Candidates that come before the session has begun and are kept. Further ones are left out: the
/// server learns from checks.
pub const EARLY_MAX: usize = 64;

/// One socket, without its room and its connection.
#[derive(Debug, Default)]
pub struct Session {
    role: Option<Role>,
    early: Vec<String>,
    offers: Offers,
    health: Health,
    /// The client knows where the server is reached.
    is_reached: bool,
    outputs: VecDeque<Output>,
}

/// What is to be carried out, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A frame for the client.
    Send(String),
    /// The client wants to broadcast or to subscribe. The next call is [`Session::begun`],
    /// [`Session::duplicated`], or neither when it is refused.
    Begin {
        /// Which of them.
        role: Role,
        /// The broadcast.
        names: Names,
        /// `None`: the server is to offer.
        offer: Option<String>,
    },
    /// The client's answer to the last offer.
    Answer(String),
    /// The client is reached here.
    Candidate(String),
    /// A text for the client, over its data channel with this label.
    Write(Label, &'static str),
    /// The connection and the socket are to be closed: no ping came.
    End,
}

/// Why nothing comes of a frame. No client is told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// The socket broadcasts or subscribes already.
    #[error("a socket broadcasts or subscribes once")]
    Begun,
    /// An answer is not what was asked for.
    #[error("the answer is no description")]
    NoAnswer,
}

impl Session {
    /// Takes a frame.
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

    /// The client broadcasts or subscribes from now on. `described`: its offer and the answer;
    /// `None`: the server is going to offer.
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

    /// Somebody broadcasts under these names already.
    pub fn duplicated(&mut self) {
        self.put(Output::Send(frame::duplicated_session()));
    }

    /// The server offers; the offer before was answered.
    pub fn offered(&mut self, offer: &str) {
        let frame = self.offers.offer(offer);
        self.put(Output::Send(frame));
        self.tell_candidates(offer);
    }

    /// Once, and after a description: this client would try again and again until there is one.
    fn tell_candidates(&mut self, sdp: &str) {
        if std::mem::replace(&mut self.is_reached, true) {
            return;
        }
        let (candidates, mid, ufrag) = sdp::candidates(sdp);
        let frames = candidates.into_iter();
        let frames = frames.map(|candidate| frame::ice_candidate(candidate, mid, ufrag));
        self.outputs.extend(frames.map(Output::Send));
    }

    /// The video of a broadcaster flows.
    pub fn video_came(&mut self, now: Instant) {
        if self.role == Some(Role::Broadcaster) {
            self.health.video_came(now);
        }
    }

    /// A text has come over a data channel. Returns what goes back over the same.
    pub fn channel_text(&mut self, now: Instant, label: Label, text: &str) -> Option<String> {
        match label {
            Label::HealthCheck => self.health.text(now, text),
            Label::VideoCheck => None,
        }
    }

    /// The next output.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`].
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.health.poll_timeout()
    }

    /// Time has passed.
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
