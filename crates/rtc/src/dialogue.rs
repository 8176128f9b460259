//! What is said about a connection of both ways.

mod ends;

use std::time::Instant;

use rtp::{Bitrate, Kind};
use str0m::Rtc;

use crate::Config;
use crate::negotiation::{Agreed, Lines, OutgoingTrack, Transport, beginnings, head, line};
use crate::peer::{IceCredentials, PUBLISHED_LINES_MAX, Peer};
use crate::sdp::{self, Direction, OfferError, SentTrack};
use crate::sender::Sender;

pub use ends::Ends;

/// m-lines of one connection; an offer with more is refused.
const SECTIONS_MAX: usize = 512;

/// m-lines that a remote may make; an offer with more is refused.
const REMOTE_SECTIONS_MAX: usize = 2 * PUBLISHED_LINES_MAX + 1;

/// What is said about one connection over which both sides send, and either may offer.
///
/// What the remote sends, the WebRTC library negotiates and receives; what this side sends goes
/// past the library, as in [`Negotiation`](crate::Negotiation). So the library is shown only what
/// the remote says of its own sending, always as an offer, whether the remote has said so in an
/// offer or in an answer. What the remote gets to read is put together from the library's words
/// and from this side's own lines.
///
/// Tracks go on m-lines that this side offers. m-lines that the remote offers are for what it
/// sends.
///
/// The remote's offer goes through [`Self::offered`], [`Peer::answer_again`] and [`Self::answer`];
/// this side's through [`Self::offer`] and [`Self::answered`].
#[derive(Debug)]
pub struct Dialogue {
    /// `o=`: the session, and how often it was described.
    session: u64,
    version: u64,
    transport: Transport,
    lines: Lines,
    /// The m-lines, in their order.
    sections: Vec<Section>,
    /// How many of these the remote has answered, or offered itself.
    settled: usize,
    /// The mids that the library knows, in the order in which it came to know them.
    shown: Vec<String>,
    /// Counts the mids that this side gives.
    mids: u32,
    /// Something has changed that the remote was not told.
    changed: bool,
    /// An offer of this side waits for its answer.
    outstanding: bool,
    /// An offer of the remote waits for its answer.
    asked: Option<Asked>,
    /// The library has answered before.
    begun: bool,
    /// As long as there are fewer lines, each track gets a new one.
    new_lines: usize,
}

/// An offer of the remote, and what was before it.
#[derive(Debug)]
struct Asked {
    offer: String,
    settled: usize,
    shown: usize,
}

/// One m-line.
#[derive(Debug)]
struct Section {
    mid: String,
    /// What is sent on it.
    line: Option<usize>,
    /// What this side wants to receive on it, without having been offered it.
    expected: Option<Expected>,
    /// The library's last words on it.
    heard: Option<String>,
}

/// What a remote can be asked to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A track of this kind.
    Media(Kind),
    /// Data channels (RFC 8841).
    Channels,
}

impl Section {
    fn new(mid: String) -> Self {
        Self {
            mid,
            line: None,
            expected: None,
            heard: None,
        }
    }
}

impl Dialogue {
    /// Nothing said yet, with the peer that will send and receive.
    ///
    /// Lines are never taken away (RFC 3264 §8): one whose track has gone is inactive. Once there
    /// are `new_lines`, it is used for the next track of its kind. Up to then each track gets a
    /// new one, for remotes that know tracks by their names: browsers keep the name of the first
    /// track on an m-line.
    pub fn new(
        config: &Config,
        estimate: Option<Bitrate>,
        new_lines: usize,
        now: Instant,
    ) -> (Self, Peer) {
        let mut rtc = config.rtc(Direction::Receive, true, now);
        rtc.direct_api().set_ice_controlling(false);
        Self::over(rtc, config, estimate, new_lines, now)
    }

    fn over(
        mut rtc: Rtc,
        config: &Config,
        estimate: Option<Bitrate>,
        new_lines: usize,
        now: Instant,
    ) -> (Self, Peer) {
        let (transport, lines, session) = beginnings(config, &mut rtc);
        let sender = Sender::new(now, config.wall_clock, Vec::new(), estimate);
        let peer = Peer::of_both_ways(rtc, sender, now);
        let dialogue = Self {
            session,
            version: 0,
            transport,
            lines,
            sections: Vec::new(),
            settled: 0,
            shown: Vec::new(),
            mids: 0,
            changed: false,
            outstanding: false,
            asked: None,
            begun: false,
            new_lines,
        };
        (dialogue, peer)
    }

    /// A track is to be sent. Returns the number of its line; `None` when there are
    /// [`LINES_MAX`](crate::LINES_MAX).
    pub fn add(&mut self, track: OutgoingTrack) -> Option<usize> {
        let line = self.lines.add(track, self.new_lines)?;
        self.changed = true;
        Some(line)
    }

    /// A line has nothing to carry any more.
    pub fn remove(&mut self, line: usize) {
        self.changed |= self.lines.remove(line);
    }

    /// Asks the remote to send something, with the next offer.
    pub fn expect(&mut self, what: Expected) {
        // A browser that takes its own first offer back for this one starts data channels only
        // under the mid that it had for them itself: Chromium counts from 0.
        let mid = match self.settled {
            0 => self.sections.len().to_string(),
            _ => self.next_mid(),
        };
        let mut section = Section::new(mid);
        section.expected = Some(what);
        self.sections.push(section);
        self.changed = true;
    }

    /// Asks the remote to send what it has offered and taken back: with the next offer, as far as
    /// it was new, and fits.
    pub fn expect_offered(&mut self, offer: &str) {
        let known = |mid: &str| self.sections.iter().any(|section| section.mid == mid);
        let new = sdp::sent_tracks(offer).into_iter();
        let new: Vec<SentTrack> = new.filter(|track| !known(&track.mid)).collect();
        for track in new
            .iter()
            .take(SECTIONS_MAX.saturating_sub(self.sections.len()))
        {
            self.expect(Expected::Media(track.kind));
        }
    }

    /// An offer of this side waits for its answer.
    pub fn waits(&self) -> bool {
        self.outstanding
    }

    /// The library has taken the first offer of the remote: from now on numbers mean what they
    /// mean there. To be called before [`Self::answer`].
    pub fn follow(&mut self, peer: &Peer) {
        if let Some(asked) = &self.asked {
            self.lines.follow(&peer.payload_params(), &asked.offer);
        }
    }

    /// The remote offers. An offer of this side that still waits is void, and its content comes
    /// again with the next. Returns what [`Peer::answer_again`] is to be given, and then
    /// [`Self::answer`] what that returns; or [`Self::refuse`] when it is refused.
    pub fn offered(&mut self, offer: &str) -> Result<String, OfferError> {
        let sections: Vec<&str> = sdp::sections(offer).collect();
        let settled = self.sections.iter().take(self.settled);
        let made = settled.filter(|section| section.is_of_this_side()).count();
        if sections.len() > (made + REMOTE_SECTIONS_MAX).min(SECTIONS_MAX) {
            let error = format!("{REMOTE_SECTIONS_MAX} m-lines are the most");
            return Err(OfferError::Refused(error));
        }
        let mids: Vec<&str> = sections.iter().map(|section| mid(section)).collect();
        let known = self.sections.iter().take(self.settled);
        let mut pairs = known.zip(&mids);
        if mids.len() < self.settled || pairs.any(|(known, mid)| known.mid != *mid) {
            let error = "its m-lines are not those of before, in their order, and new ones";
            return Err(OfferError::Refused(error.to_owned()));
        }
        if self.outstanding {
            self.roll_back();
        }
        // What this side was going to ask for comes behind.
        let mut ours = self.sections.split_off(self.settled);
        let new = mids.iter().skip(self.settled);
        let new: Vec<Section> = new.map(|mid| Section::new((*mid).to_owned())).collect();
        self.asked = Some(Asked {
            offer: offer.to_owned(),
            settled: self.settled,
            shown: self.shown.len(),
        });
        self.settled = mids.len();
        self.sections.extend(new);
        for section in &mut ours {
            if mids.contains(&section.mid.as_str()) {
                section.mid = self.next_mid();
            }
        }
        self.sections.extend(ours);
        Ok(self.show(offer))
    }

    /// The remote's offer was refused: all is as it was before it, but for an offer of this side
    /// that was void for it.
    pub fn refuse(&mut self) {
        if let Some(asked) = self.asked.take() {
            self.sections.drain(asked.settled..self.settled);
            self.settled = asked.settled;
            self.shown.truncate(asked.shown);
        }
    }

    /// Answers the remote's offer, with the library's answer to what it was shown. Returns the
    /// answer, and what was agreed about the lines of this side.
    pub fn answer(&mut self, heard: &str) -> Result<(String, Agreed), OfferError> {
        let Some(Asked { offer, .. }) = self.asked.take() else {
            let error = "no offer waits for an answer".to_owned();
            return Err(OfferError::Refused(error));
        };
        self.hear(heard);
        self.version += 1;
        let setup = sdp::attribute(heard, "setup")
            .unwrap_or("passive")
            .to_owned();
        let (mut lines, mut out) = (Vec::new(), self.head(self.settled, false));
        for (index, theirs) in sdp::sections(&offer).enumerate() {
            self.write(&mut out, index, &setup, sdp::receives(theirs));
            lines.extend(self.agreed(index, theirs));
        }
        Ok((out, Agreed::of_lines(lines)))
    }

    /// The next offer of this side, when there is something to tell and nothing waits.
    pub fn offer(&mut self) -> Option<String> {
        if !self.changed || self.outstanding || self.asked.is_some() {
            return None;
        }
        self.changed = false;
        self.place();
        // All was taken back before it was ever told.
        if self.sections.is_empty() {
            return None;
        }
        self.outstanding = true;
        self.version += 1;
        let mut out = self.head(self.sections.len(), !self.begun);
        for index in 0..self.sections.len() {
            self.write(&mut out, index, "actpass", true);
        }
        Some(out)
    }

    /// Whether a text can be the answer to the offer that waits: it has the same m-lines.
    pub fn fits(&self, answer: &str) -> bool {
        let mids = sdp::sections(answer).map(mid);
        self.outstanding && mids.eq(self.sections.iter().map(|section| section.mid.as_str()))
    }

    /// Takes the remote's answer. Returns what was agreed; and, when it is the first thing that the
    /// remote says, or the remote sends what it was asked for, what [`Peer::answer_again`] is to be
    /// given, and then [`Self::hear`] what that returns.
    pub fn answered(&mut self, answer: &str) -> Result<(Agreed, Option<String>), OfferError> {
        if !self.fits(answer) {
            let error = "it is no answer to an offer that waits: other m-lines".to_owned();
            return Err(OfferError::Refused(error));
        }
        self.outstanding = false;
        self.settled = self.sections.len();
        let sections = sdp::sections(answer).enumerate();
        let lines = sections.filter_map(|(index, theirs)| self.agreed(index, theirs));
        let agreed = Agreed::of_lines(lines.collect());
        let unheard = |section: &Section| section.expected.is_some() && section.heard.is_none();
        let is_news = !self.begun || self.sections.iter().any(unheard);
        let shown = is_news.then(|| self.show(answer));
        Ok((agreed, shown))
    }

    /// Takes the library's answer to what it was shown.
    pub fn hear(&mut self, heard: &str) {
        self.begun = true;
        for section in &mut self.sections {
            let text = sdp::section(heard, &section.mid);
            if !text.is_empty() {
                section.heard = Some(text.to_owned());
            }
        }
        // ICE may have begun anew.
        let (ufrag, pwd) = (
            sdp::attribute(heard, "ice-ufrag"),
            sdp::attribute(heard, "ice-pwd"),
        );
        if let Some((ufrag, pwd)) = ufrag.zip(pwd) {
            self.transport.local = IceCredentials {
                ufrag: ufrag.to_owned(),
                pwd: pwd.to_owned(),
            };
        }
    }

    /// What the library is to know of a description of the remote: that which the remote sends, in
    /// the order in which the library knows it. Of a remote that sends nothing it is one m-line,
    /// without which there is no transport.
    fn show(&mut self, theirs: &str) -> String {
        let all = self.sections.iter().zip(sdp::sections(theirs));
        for (section, text) in all {
            let ours = section.line.is_some() && !sdp::sends(text);
            let new = !self.shown.contains(&section.mid);
            if new && !ours {
                self.shown.push(section.mid.clone());
            }
        }
        if self.shown.is_empty() {
            let taken = sdp::sections(theirs).find(|text| !sdp::is_refused(text));
            self.shown.extend(taken.map(|text| mid(text).to_owned()));
        }
        let begins = theirs.find("\nm=").map_or(theirs.len(), |at| at + 1);
        let mut out = String::with_capacity(theirs.len());
        for text in theirs.get(..begins).unwrap_or_default().lines() {
            if !text.starts_with("a=group:BUNDLE") {
                line(&mut out, text.trim_end());
            }
        }
        line(
            &mut out,
            &format!("a=group:BUNDLE {}", self.shown.join(" ")),
        );
        for mid in &self.shown {
            let text = sdp::section(theirs, mid);
            if text.starts_with("m=application") {
                out.push_str(text);
            } else {
                let sends = sdp::sends(text);
                out.push_str(&sdp::with_direction(
                    text,
                    if sends { "sendonly" } else { "inactive" },
                ));
            }
        }
        out
    }

    /// Gives m-lines to tracks that have none.
    fn place(&mut self) {
        for line in 0..self.lines.len() {
            let placed = self
                .sections
                .iter()
                .any(|section| section.line == Some(line));
            if !placed && self.lines.carries(line) && self.sections.len() < SECTIONS_MAX {
                let mut section = Section::new(self.next_mid());
                section.line = Some(line);
                self.sections.push(section);
            }
        }
    }

    /// The remote did not, or will not, hear the offer that waits.
    fn roll_back(&mut self) {
        self.outstanding = false;
        self.changed = true;
        let unheard = self.sections.split_off(self.settled);
        for section in unheard {
            match section.line {
                Some(line) => self.lines.untell(line),
                None => self.sections.push(section),
            }
        }
    }

    fn next_mid(&mut self) -> String {
        // Most remotes count theirs: a letter keeps these apart.
        loop {
            self.mids += 1;
            let mid = format!("h{}", self.mids);
            if !self.sections.iter().any(|section| section.mid == mid) {
                return mid;
            }
        }
    }

    fn head(&self, sections: usize, ice_lite: bool) -> String {
        let mut out = String::with_capacity(1_024 * (1 + sections));
        let in_use = self.sections.iter().take(sections);
        let in_use = in_use.filter(|section| !section.is_refused());
        let mids = in_use.map(|section| section.mid.as_str());
        head(&mut out, (self.session, self.version), mids, ice_lite);
        out
    }

    /// Writes an m-line. `taken`: the remote receives on it, as far as is known.
    fn write(&mut self, out: &mut String, index: usize, setup: &str, taken: bool) {
        let Some(section) = self.sections.get(index) else {
            return;
        };
        let sent = section.line.filter(|_| taken);
        if let Some(line) = sent {
            self.lines.tell(line);
        }
        let sends = sent.is_some_and(|line| self.lines.carries(line));
        match (&section.heard, section.line, section.expected) {
            (Some(heard), sent, _) => {
                let text = sdp::with_attribute(heard, "setup", setup);
                let receives = sdp::receives(heard);
                let direction = match (sends, receives) {
                    (true, true) => "sendrecv",
                    (true, false) => "sendonly",
                    (false, true) => "recvonly",
                    (false, false) => "inactive",
                };
                let is_media = !heard.starts_with("m=application");
                match sent {
                    _ if !is_media => out.push_str(&text),
                    Some(sent) => {
                        out.push_str(&sdp::with_direction(&text, direction));
                        if sends {
                            self.lines.write_source(out, sent);
                        }
                    }
                    None => out.push_str(&sdp::with_direction(&text, direction)),
                }
            }
            (None, Some(sent), _) => {
                self.lines.begin(out, sent, &section.mid);
                self.transport.write(out, setup);
                self.lines.finish(out, sent);
                if !taken {
                    // It goes with the next offer of this side.
                    self.changed |= self.lines.carries(sent);
                }
            }
            (None, None, Some(Expected::Media(kind))) => {
                self.lines.begin_received(out, kind, &section.mid);
                self.transport.write(out, setup);
                self.lines.finish_received(out, kind);
            }
            (None, None, _) => {
                line(out, "m=application 9 UDP/DTLS/SCTP webrtc-datachannel");
                line(out, "c=IN IP4 0.0.0.0");
                line(out, &format!("a=mid:{}", section.mid));
                self.transport.write(out, setup);
                line(out, "a=sctp-port:5000");
            }
        }
    }

    fn agreed(&self, index: usize, theirs: &str) -> Option<crate::AgreedLine> {
        let section = self.sections.get(index)?;
        self.lines.agreed(section.line?, &section.mid, theirs)
    }
}

impl Section {
    fn is_of_this_side(&self) -> bool {
        self.line.is_some() || self.expected.is_some()
    }

    fn is_refused(&self) -> bool {
        self.heard.as_deref().is_some_and(sdp::is_refused)
    }
}

fn mid(section: &str) -> &str {
    sdp::attribute(section, "mid")
        .unwrap_or_default()
        .trim_end()
}

#[cfg(test)]
mod tests;
