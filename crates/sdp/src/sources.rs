//! The tracks and SSRCs that a section declares.

use crate::line::first_word;

/// A media stream and a track in it (RFC 8830 §2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Msid {
    /// The id of the MediaStream; `-` if the track belongs to none.
    pub stream: String,
    /// The id of the track; empty if the line names only the stream.
    pub track: String,
}

impl Msid {
    /// Parses the value of an `msid`; `None` if it is empty.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let (stream, rest) = first_word(value);
        let (track, _) = first_word(rest);
        (!stream.is_empty()).then(|| Self {
            stream: stream.to_owned(),
            track: track.to_owned(),
        })
    }
}

/// An SSRC that a section declares (RFC 5576 §4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The SSRC.
    pub ssrc: u32,
    /// The canonical name. SSRCs with the same name share a clock.
    pub cname: Option<String>,
    /// The track that the SSRC belongs to. Chromium sends it in addition to `a=msid`.
    pub msid: Option<Msid>,
}

/// SSRCs that belong together (RFC 5576 §4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceGroup {
    /// How the SSRCs are related: `FID` (media and its retransmissions), `SIM` (simulcast layers),
    /// `FEC-FR`.
    pub semantics: String,
    /// The SSRCs. The semantics define what their order means.
    pub ssrcs: Vec<u32>,
}
