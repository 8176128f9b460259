use std::fmt;
use std::time::Duration;

use thiserror::Error;

use crate::StreamName;

/// Identifies one publishing or viewing session. It has to be unguessable: whoever knows it may end
/// the session.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u128);

impl SessionId {
    /// Reads the form that `Display` writes, 32 lower-case hexadecimal digits; `None` for any other
    /// text.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 32
            && text
                .bytes()
                .all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
        plain
            .then(|| u128::from_str_radix(text, 16).ok().map(Self))
            .flatten()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for SessionId {
    /// Writes only the first digits, so that a reader of the log cannot end the session.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06x}…", self.0 >> 104)
    }
}

/// The role of a session towards its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Sends media into the stream.
    Publisher,
    /// Receives media from the stream.
    Viewer,
}

/// A request to publish or to view a stream, with the client's offer.
#[derive(Debug, Clone)]
pub struct Open {
    /// Whether the client publishes or views.
    pub role: Role,
    /// The stream.
    pub stream: StreamName,
    /// The SDP offer.
    pub offer: String,
    /// The name that the client gives itself, for the log.
    pub client: String,
}

/// A session that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The new session.
    pub session: SessionId,
    /// The SDP answer.
    pub answer: String,
    /// The entity tag of the ICE session (RFC 9725 §4.3), without quotes. It changes when ICE
    /// restarts.
    pub ice_tag: String,
}

/// Why a session was not opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The offer cannot be read, or makes no sense. The text says what to mend.
    #[error("{0}")]
    BadOffer(String),
    /// A publisher's offer has no codec that the server forwards, or a viewer's offer has none of
    /// its publisher's codecs.
    #[error("{why}: offer one of {}", .codecs.join(", "))]
    NoCommonCodec {
        /// The codecs that were offered, or that the stream has, in words.
        why: String,
        /// The codecs that would work.
        codecs: Vec<String>,
    },
    /// A token is needed and the client sent none.
    #[error("this stream needs a token: send `Authorization: Bearer …`")]
    TokenMissing,
    /// The token is wrong.
    #[error("this token does not open this stream")]
    TokenWrong,
    /// Another publisher has this stream.
    #[error("this stream is live from another publisher: use its token, or another stream name")]
    AlreadyLive,
    /// The stream has no publisher, and viewers may not wait for one.
    #[error("nobody publishes this stream now")]
    NotLive,
    /// A limit is reached.
    #[error("{limit} is reached: try again later")]
    Full {
        /// The configuration key of the limit.
        limit: &'static str,
        /// How long to wait before the next attempt.
        retry_after: Duration,
    },
    /// The stream's room refuses the participant. The text says why.
    #[error("{0}")]
    Refused(String),
    /// The server is stopping.
    #[error("the server is shutting down")]
    Stopping,
}

/// Why a call on an existing session failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SessionError {
    /// There is no such session, or it has ended.
    #[error("there is no such session: it has ended or never existed")]
    Unknown,
    /// The token is not the session's.
    #[error("this token does not belong to this session")]
    TokenWrong,
    /// The call itself makes no sense. The text says what to mend.
    #[error("{0}")]
    Bad(String),
    /// The caller's entity tag of the ICE session is outdated (`If-Match`).
    #[error("the ICE session has changed: fetch the current ETag by an ICE restart")]
    Outdated,
    /// A limit is reached, or the server is too busy to answer in time.
    #[error("the server is busy: try again")]
    Busy,
}

/// The trickled candidates and credentials of one side (RFC 8840 §9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IceFragment {
    /// `a=mid` of the bundle's first m-line. It is written, and ignored when read.
    pub mid: Option<String>,
    /// `a=ice-ufrag`.
    pub ufrag: Option<String>,
    /// `a=ice-pwd`.
    pub pwd: Option<String>,
    /// The `candidate:…` attributes in order, without the `a=`.
    pub candidates: Vec<String>,
    /// The fragment has `a=end-of-candidates`.
    pub end_of_candidates: bool,
}

/// The server's side after an ICE restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restarted {
    /// New credentials and candidates of the server.
    pub fragment: IceFragment,
    /// The new entity tag, see [`Opened::ice_tag`].
    pub ice_tag: String,
}

/// One encoding of a published video track, as shown to viewers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerStatus {
    /// The simulcast rid; `None` for a track with a single encoding.
    pub rid: Option<String>,
    /// The bit rate over about the last second, in bits per second.
    pub bitrate: u64,
    /// Packets of the layer arrive.
    pub active: bool,
}

/// One track of a stream, as shown to viewers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackStatus {
    /// Whether the track is audio or video.
    pub kind: rtp::Kind,
    /// The codec's name as SDP writes it; `None` before the first packet.
    pub codec: Option<String>,
    /// The layers, worst first; one for a track without simulcast.
    pub layers: Vec<LayerStatus>,
    /// The largest recent RTP payload that was too large to forward, in bytes; `None` if all were
    /// small enough.
    pub oversized: Option<usize>,
}

/// What arrives from a stream's publisher.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Heard {
    /// Nothing: there is no publisher, it is not connected yet, or its connection is lost.
    #[default]
    Nothing,
    /// No media, but its connection lives: it is muted, or shows a still picture.
    Connection,
    /// Media.
    Media,
}

/// The present status of a stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamStatus {
    /// Its publisher is connected and sends media.
    pub active: bool,
    /// The number of sessions that view it.
    pub viewers: usize,
    /// Its tracks, audio first.
    pub tracks: Vec<TrackStatus>,
}

/// The layer that a viewer chooses for one track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerChoice {
    /// The best layer that the measured bandwidth allows.
    Auto,
    /// Only the layer with this rid, while it is active.
    Rid(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_id_parses_only_what_display_writes() {
        let id = SessionId(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef);
        assert_eq!(SessionId::parse(&id.to_string()), Some(id));
        for text in [
            "",
            "0123",
            "+123456789abcdef0123456789abcdef",
            "0123456789ABCDEF0123456789abcdef",
        ] {
            assert_eq!(SessionId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn debug_output_of_a_session_id_does_not_reveal_it() {
        let id = SessionId(u128::MAX);
        assert!(format!("{id:?}").len() < 12);
    }
}
