use std::fmt;
use std::time::Duration;

use thiserror::Error;

use crate::StreamName;

/// Names one publishing or viewing session. Unguessable: whoever knows it may end the session.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub u128);

impl SessionId {
    /// Reads the form that `Display` writes: 32 lower-case hexadecimal digits.
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
    /// Only the first digits: a log must not let its reader end a session.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06x}…", self.0 >> 104)
    }
}

/// What a session does with its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Sends media into the stream.
    Publisher,
    /// Receives media from the stream.
    Viewer,
}

/// A wish to publish or to watch, with the offer that starts it.
#[derive(Debug, Clone)]
pub struct Open {
    /// Publish or watch.
    pub role: Role,
    /// Which stream.
    pub stream: StreamName,
    /// Bearer token as the client sent it; a publisher's also tells whether a
    /// second publisher is the same person coming back.
    pub token: Option<String>,
    /// The SDP offer.
    pub offer: String,
    /// What the client calls itself, for the log.
    pub client: String,
}

/// A session that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The new session.
    pub session: SessionId,
    /// The SDP answer.
    pub answer: String,
    /// Stands for the ICE session (RFC 9725 §4.3): changes when ICE restarts. Without quotes.
    pub ice_tag: String,
}

/// Why a session was not opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// The offer cannot be read, or makes no sense; the text says what to mend.
    #[error("{0}")]
    BadOffer(String),
    /// The offer has no codec that the server passes through, or a viewer's none of its
    /// publisher's.
    #[error("{why}: offer one of {}", .codecs.join(", "))]
    NoCommonCodec {
        /// What was offered, or what the stream has.
        why: String,
        /// The codecs that would work.
        codecs: Vec<String>,
    },
    /// A token is needed and none came.
    #[error("this stream needs a token: send `Authorization: Bearer …`")]
    TokenMissing,
    /// The token is wrong.
    #[error("this token does not open this stream")]
    TokenWrong,
    /// Somebody else publishes this stream.
    #[error("this stream is live from another publisher: use its token, or another stream name")]
    AlreadyLive,
    /// Nobody publishes this stream, and viewers may not wait for it.
    #[error("nobody publishes this stream now")]
    NotLive,
    /// A limit is reached: the named one.
    #[error("{limit} is reached: try again later")]
    Full {
        /// The configuration key of the limit.
        limit: &'static str,
        /// When to try again.
        retry_after: Duration,
    },
    /// The stream's room does not take it; the text says why.
    #[error("{0}")]
    Refused(String),
    /// The server is stopping.
    #[error("the server is shutting down")]
    Stopping,
}

/// Why a call on an existing session failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SessionError {
    /// No such session, or it has ended.
    #[error("there is no such session: it has ended or never was")]
    Unknown,
    /// The token is not the session's.
    #[error("this token does not belong to this session")]
    TokenWrong,
    /// The call itself makes no sense; the text says what to mend.
    #[error("{0}")]
    Bad(String),
    /// The caller's idea of the ICE session is outdated (`If-Match`).
    #[error("the ICE session has changed: fetch the current ETag by an ICE restart")]
    Outdated,
    /// A limit is reached, or the server is too busy to answer in time.
    #[error("the server is busy: try again")]
    Busy,
}

/// Candidates and credentials of one side, as trickled (RFC 8840 §9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IceFragment {
    /// `a=mid` of the bundle's first m-line; told, and not looked at.
    pub mid: Option<String>,
    /// `a=ice-ufrag`.
    pub ufrag: Option<String>,
    /// `a=ice-pwd`.
    pub pwd: Option<String>,
    /// `candidate:…` attribute values, in order, without the `a=`.
    pub candidates: Vec<String>,
    /// `a=end-of-candidates` was there.
    pub end_of_candidates: bool,
}

/// The server's side after an ICE restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restarted {
    /// New credentials and candidates of the server.
    pub fragment: IceFragment,
    /// The new tag.
    pub ice_tag: String,
}

/// One encoding of a published video track, as shown to viewers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerStatus {
    /// The simulcast rid; `None` for a track with a single encoding.
    pub rid: Option<String>,
    /// Measured over the last second or so, in bits per second.
    pub bitrate: u64,
    /// Packets arrive.
    pub active: bool,
}

/// One track of a stream, as shown to viewers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackStatus {
    /// Audio or video.
    pub kind: rtp::Kind,
    /// Codec name as SDP writes it; `None` before the first packet.
    pub codec: Option<String>,
    /// Worst first; a track without simulcast has one.
    pub layers: Vec<LayerStatus>,
    /// The largest RTP payload that came lately and that no viewer is sent, in bytes; `None` when
    /// all of them are small enough.
    pub oversized: Option<usize>,
}

/// What comes from a stream's publisher.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Heard {
    /// Nothing: there is none, it is not connected yet, or its connection is lost.
    #[default]
    Nothing,
    /// Its connection lives and no media comes: it is muted, or shows a still picture.
    Connection,
    /// Media comes.
    Media,
}

/// What a stream is doing now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamStatus {
    /// A publisher is connected and sends.
    pub active: bool,
    /// Sessions that watch.
    pub viewers: usize,
    /// Audio first.
    pub tracks: Vec<TrackStatus>,
}

/// A viewer's wish for one track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayerChoice {
    /// The best that measured bandwidth allows.
    Auto,
    /// This rid and nothing else, while it is active.
    Rid(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_ids_read_back_as_written_and_nothing_else_does() {
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
    fn debug_output_of_a_session_id_does_not_give_it_away() {
        let id = SessionId(u128::MAX);
        assert!(format!("{id:?}").len() < 12);
    }
}
