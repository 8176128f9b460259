//! The lines that this side sends on, under indices that stay.

use rtp::{Format, Kind};

use super::agreed::AgreedLine;
use super::numbers::{Numbers, OwnType};
use super::outgoing_track::OutgoingTrack;
use crate::extensions::ExtensionIds;
use crate::formats::PayloadTypes;
use crate::index::LineIndex;
use crate::media::Media;
use crate::receiver::ReceivedType;
use crate::sender::EncodingConfig;

/// Lines that this side can send on. A further track is refused until a line is free.
pub const LINES_MAX: usize = 512;

/// The lines of this side.
#[derive(Debug)]
pub(super) struct Lines {
    all: Vec<Line>,
    cname: String,
    /// The last SSRC that was assigned; they count up, so that none repeats.
    next_ssrc: u32,
}

#[derive(Debug)]
struct Line {
    kind: Kind,
    track: Option<OutgoingTrack>,
    /// The formats of its track. Kept when the track is removed, so that the inactive section does
    /// not list every format.
    formats: Vec<Format>,
    ssrc: u32,
    rtx_ssrc: u32,
    /// The line sends according to the latest description.
    sends: bool,
    /// The latest description announced a track on the line.
    told: bool,
}

impl Lines {
    /// Creates an empty list. `ssrc` is a random number to count SSRCs from.
    pub(super) fn new(ssrc: u32) -> Self {
        Self {
            all: Vec::new(),
            cname: format!("{ssrc:x}"),
            next_ssrc: ssrc,
        }
    }

    pub(super) fn indices(&self) -> impl Iterator<Item = LineIndex> + use<> {
        LineIndex::all().take(self.all.len())
    }

    /// Whether a line has a track.
    pub(super) fn carries(&self, index: LineIndex) -> bool {
        self.all
            .get(index.index())
            .is_some_and(|line| line.track.is_some())
    }

    /// Whether a line sends according to the latest description.
    pub(super) fn sends(&self, index: LineIndex) -> bool {
        self.all.get(index.index()).is_some_and(|line| line.sends)
    }

    pub(super) fn kind(&self, index: LineIndex) -> Option<Kind> {
        self.all.get(index.index()).map(|line| line.kind)
    }

    /// Adds a track, on a new line as long as there are fewer than `new_lines`, then on a free one
    /// if there is any. Returns the line; `None` when all of [`LINES_MAX`] are in use.
    pub(super) fn add(&mut self, track: OutgoingTrack, new_lines: usize) -> Option<LineIndex> {
        let free = |line: &Line| line.kind == track.kind && line.track.is_none() && !line.told;
        let mut all = LineIndex::all().zip(&self.all);
        let reused = all.find_map(|(index, line)| free(line).then_some(index));
        let index = match reused.filter(|_| self.all.len() >= new_lines) {
            Some(index) => index,
            None if self.all.len() == LINES_MAX => return None,
            None => {
                let index = LineIndex::all().nth(self.all.len())?;
                self.all.push(Line::new(track.kind));
                index
            }
        };
        let (ssrc, rtx_ssrc) = (self.ssrc(), self.ssrc());
        let line = self.all.get_mut(index.index())?;
        // Each track gets new SSRCs: the sequence numbers of an earlier track must not be reused
        // under the same key.
        (line.ssrc, line.rtx_ssrc) = (ssrc, rtx_ssrc);
        line.formats.clone_from(&track.formats);
        line.track = Some(track);
        Some(index)
    }

    /// Removes the track of a line. Returns whether there was one.
    pub(super) fn remove(&mut self, index: LineIndex) -> bool {
        let line = self.all.get_mut(index.index());
        line.is_some_and(|line| line.track.take().is_some())
    }

    /// Notes that the description being written announces the line's current track, if any.
    pub(super) fn tell(&mut self, index: LineIndex) {
        if let Some(line) = self.all.get_mut(index.index()) {
            line.sends = line.track.is_some();
            line.told = line.sends;
        }
    }

    /// Takes back [`Self::tell`]: the description was rolled back.
    pub(super) fn untell(&mut self, index: LineIndex) {
        if let Some(line) = self.all.get_mut(index.index()) {
            (line.sends, line.told) = (false, false);
        }
    }

    /// Writes the msid and SSRCs of a line into its section; nothing when the line does not send.
    pub(super) fn write_source(&self, index: LineIndex, section: &mut sdp::Section) {
        let line = self.all.get(index.index()).filter(|line| line.sends);
        let Some((line, track)) = line.and_then(|line| Some((line, line.track.as_ref()?))) else {
            return;
        };
        section.msids = vec![sdp::Msid {
            stream: msid_token(&track.stream),
            track: msid_token(&track.track),
        }];
        let source = |ssrc| sdp::Source {
            ssrc,
            cname: Some(self.cname.clone()),
            msid: None,
        };
        // The media SSRC comes first: Chromium plays the first one.
        section.sources = vec![source(line.ssrc)];
        let has_rtx = section.codecs.iter().any(|codec| codec.name == "rtx");
        if line.kind == Kind::Video && has_rtx {
            section.sources.push(source(line.rtx_ssrc));
            section.source_groups = vec![sdp::SourceGroup {
                semantics: "FID".to_owned(),
                ssrcs: vec![line.ssrc, line.rtx_ssrc],
            }];
        }
    }

    /// Returns what an answer's section agrees on for a line that this side offered under its own
    /// payload types.
    pub(super) fn agreed_by_own_offer(
        &self,
        numbers: &Numbers,
        index: LineIndex,
        mid: &str,
        theirs: &sdp::Section,
    ) -> Option<AgreedLine> {
        let line = self.all.get(index.index())?;
        let accepted = |number: u8| theirs.codecs.iter().any(|c| c.payload_type == number);
        let types = numbers.of(line.kind).filter(|own| accepted(own.number));
        let types = types.map(|own| ReceivedType {
            number: own.number,
            rtx: own.rtx.filter(|rtx| accepted(*rtx)),
            format: own.format,
            nack: true,
        });
        self.agreed(index, mid, theirs, PayloadTypes::new(types.collect()))
    }

    /// Returns what the remote's section agrees on for a line, with these payload types.
    pub(super) fn agreed(
        &self,
        index: LineIndex,
        mid: &str,
        theirs: &sdp::Section,
        types: PayloadTypes,
    ) -> Option<AgreedLine> {
        let line = self.all.get(index.index())?;
        let sends = line.sends && theirs.receives();
        let has_rtx = types.iter().any(|pt| pt.rtx.is_some());
        let encoding = sends.then(|| EncodingConfig {
            ssrc: line.ssrc,
            rtx_ssrc: (line.kind == Kind::Video && has_rtx).then_some(line.rtx_ssrc),
            mid: mid.into(),
            ids: ExtensionIds::of(&theirs.extensions),
            cname: self.cname.clone(),
        });
        Some(AgreedLine {
            index,
            media: Media::new(mid, line.kind, types),
            encoding,
        })
    }

    /// Returns the payload types to offer for a line: those that fit the formats of its track.
    pub(super) fn types<'a>(&self, index: LineIndex, numbers: &'a Numbers) -> Vec<&'a OwnType> {
        let Some(line) = self.all.get(index.index()) else {
            return Vec::new();
        };
        let formats = &line.formats;
        let fits = |own: &&OwnType| {
            formats.is_empty() || formats.iter().any(|f| f.fit(&own.format).is_some())
        };
        numbers.of(line.kind).filter(fits).collect()
    }

    fn ssrc(&mut self) -> u32 {
        self.next_ssrc = self.next_ssrc.wrapping_add(1);
        self.next_ssrc
    }
}

impl Line {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            track: None,
            formats: Vec::new(),
            ssrc: 0,
            rtx_ssrc: 0,
            sends: false,
            told: false,
        }
    }
}

/// Returns a name as one word of `a=msid`. Clients accept more than the token characters of
/// RFC 8830 §2 and identify tracks by these names, so only characters that would break the line are
/// replaced.
fn msid_token(name: &str) -> String {
    let breaks = |c: char| c.is_whitespace() || c.is_control();
    let mut token: String = name
        .chars()
        .map(|c| if breaks(c) { '|' } else { c })
        .collect();
    if token.is_empty() {
        token.push('-');
    }
    token
}
