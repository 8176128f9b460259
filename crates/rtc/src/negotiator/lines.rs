//! What one side sends, by numbers that stay.

use rtp::{Format, Kind};

use super::numbers::{Numbers, OwnType};
use super::{AgreedLine, LINES_MAX, OutgoingTrack};
use crate::extensions::ExtensionIds;
use crate::formats::PayloadTypes;
use crate::media::Media;
use crate::receiver::ReceivedType;
use crate::sender::EncodingConfig;

/// The lines of one side.
#[derive(Debug)]
pub(super) struct Lines {
    all: Vec<Line>,
    cname: String,
    /// SSRCs count up from here, so that none comes twice.
    next_ssrc: u32,
}

#[derive(Debug)]
struct Line {
    kind: Kind,
    track: Option<OutgoingTrack>,
    /// Those of its track, also when that has gone: all that there are would be a long list.
    formats: Vec<Format>,
    ssrc: u32,
    rtx_ssrc: u32,
    /// The present description says that the line sends, or would say so.
    sends: bool,
    /// The remote has been told of the track.
    told: bool,
}

impl Lines {
    /// None yet. `ssrc` is random.
    pub(super) fn new(ssrc: u32) -> Self {
        Self {
            all: Vec::new(),
            cname: format!("{ssrc:x}"),
            next_ssrc: ssrc,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether a line has something to carry.
    pub(super) fn carries(&self, index: usize) -> bool {
        self.all.get(index).is_some_and(|line| line.track.is_some())
    }

    /// Whether a line sends by the description that was written last.
    pub(super) fn sends(&self, index: usize) -> bool {
        self.all.get(index).is_some_and(|line| line.sends)
    }

    pub(super) fn kind(&self, index: usize) -> Option<Kind> {
        self.all.get(index).map(|line| line.kind)
    }

    /// Adds a track, on a new line as long as there are fewer than `new_lines`. `None` when there
    /// are [`LINES_MAX`].
    pub(super) fn add(&mut self, track: OutgoingTrack, new_lines: usize) -> Option<usize> {
        let free = |line: &Line| line.kind == track.kind && line.track.is_none() && !line.told;
        let mut all = self.all.iter();
        let reused = all.position(free).filter(|_| self.all.len() >= new_lines);
        let index = match reused {
            Some(index) => index,
            None if self.all.len() == LINES_MAX => return None,
            None => {
                self.all.push(Line::new(track.kind));
                self.all.len() - 1
            }
        };
        let (ssrc, rtx_ssrc) = (self.ssrc(), self.ssrc());
        let line = self.all.get_mut(index)?;
        // A source of its own: numbers of another must not be used again under the same key.
        (line.ssrc, line.rtx_ssrc) = (ssrc, rtx_ssrc);
        line.formats.clone_from(&track.formats);
        line.track = Some(track);
        Some(index)
    }

    /// Takes the track off a line. Returns whether there was one.
    pub(super) fn remove(&mut self, index: usize) -> bool {
        let line = self.all.get_mut(index);
        line.is_some_and(|line| line.track.take().is_some())
    }

    /// The description that is being written says of a line what it carries now.
    pub(super) fn tell(&mut self, index: usize) {
        if let Some(line) = self.all.get_mut(index) {
            line.sends = line.track.is_some();
            line.told = line.sends;
        }
    }

    /// The remote has not heard what it was told.
    pub(super) fn untell(&mut self, index: usize) {
        if let Some(line) = self.all.get_mut(index) {
            (line.sends, line.told) = (false, false);
        }
    }

    /// Writes the source of a line into its section; nothing when it sends none.
    pub(super) fn write_source(&self, index: usize, section: &mut sdp::Section) {
        let line = self.all.get(index).filter(|line| line.sends);
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
        // Chromium takes the first for the one that is played.
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

    /// What was agreed about a line by the remote's section for it, in the numbers of an offer of
    /// this side.
    pub(super) fn agreed_by_own_offer(
        &self,
        numbers: &Numbers,
        index: usize,
        mid: &str,
        theirs: &sdp::Section,
    ) -> Option<AgreedLine> {
        let line = self.all.get(index)?;
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

    /// The same with payload types that are known.
    pub(super) fn agreed(
        &self,
        index: usize,
        mid: &str,
        theirs: &sdp::Section,
        types: PayloadTypes,
    ) -> Option<AgreedLine> {
        let line = self.all.get(index)?;
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

    /// The payload types that are offered for a line.
    pub(super) fn types<'a>(&self, index: usize, numbers: &'a Numbers) -> Vec<&'a OwnType> {
        let Some(line) = self.all.get(index) else {
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

/// A name as one word of `a=msid`. Clients take more than the token characters of RFC 8830 §2, and
/// tell tracks by the names that others gave them, so only what would break the line goes.
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
