use rtc::Peer;
use rtp::Kind;

/// What the two sides of a session have described.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The server's ICE ufrag; the ETag (RFC 9725 §4.3).
    pub local_ufrag: String,
    /// The client's.
    pub remote_ufrag: String,
    /// Kind and mid of each m-line.
    pub lines: Vec<(Kind, String)>,
}

impl Description {
    /// What a peer that has answered an offer agreed on.
    pub(crate) fn of(peer: &Peer) -> Self {
        let lines = peer
            .media()
            .map(|media| (media.kind, media.mid().to_owned()));
        Self {
            local_ufrag: peer.local_credentials().ufrag().to_owned(),
            remote_ufrag: peer.remote_ufrag().to_owned(),
            lines: lines.collect(),
        }
    }

    /// The mid of the video m-line.
    pub fn video_mid(&self) -> Option<&str> {
        let mut lines = self.lines.iter();
        let (_, mid) = lines.find(|(kind, _)| *kind == Kind::Video)?;
        Some(mid)
    }
}
