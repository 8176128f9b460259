//! What was agreed with the remote, applied to its peer: ICE restarts, sections and lines.

use ice::Credentials;

use super::Peer;
use crate::channels::Channels;
use crate::formats::PayloadTypes;
use crate::index::LineIndex;
use crate::media::Media;
use crate::negotiator::{Agreed, AgreedLine};
use crate::sender::Sender;

impl Peer {
    /// Applies an agreement. Returns the lines of this side on which a new source has begun.
    pub fn apply(&mut self, agreed: Agreed) -> Vec<LineIndex> {
        if let Some(remote) = agreed.remote {
            remote
                .credentials
                .ufrag()
                .clone_into(&mut self.remote_ufrag);
            self.ice.restart_with(remote.local, remote.credentials);
            self.drop_forgotten_ufrags();
        }
        self.received = agreed.received.iter().map(Media::received).collect();
        self.receiver.set_sections(agreed.received);
        if agreed.channels && self.channels.is_none() {
            self.channels = Some(Box::new(Channels::new()));
        }
        let mut begun = Vec::new();
        for line in agreed.lines {
            let index = line.index;
            if self.set_line(line) {
                begun.push(index);
            }
        }
        begun
    }

    /// Applies what was agreed about a line, and ends the line's source if another one takes its
    /// place. Returns whether a new source has begun.
    fn set_line(&mut self, agreed: AgreedLine) -> bool {
        let AgreedLine {
            index,
            mut media,
            encoding,
        } = agreed;
        let sender = self.sender.get_or_insert_with(|| {
            let mut sender = Sender::new(self.now, self.wall_clock, Vec::new(), self.estimate);
            if self.crypto.is_some() {
                sender.connect(self.now);
            }
            Box::new(sender)
        });
        // A line whose SSRC stays keeps its encoding, with its numbers and the packets to resend.
        let before = self.sent.get(index.index()).and_then(|line| line.encoding);
        let ssrc = encoding.as_ref().map(|encoding| encoding.ssrc);
        let goes_on = before.filter(|before| ssrc.is_some() && sender.ssrc(*before) == ssrc);
        if let (Some(before), None) = (before, goes_on) {
            sender.end(before);
        }
        let begins = goes_on.is_none() && encoding.is_some();
        media.encoding = goes_on.or_else(|| encoding.map(|new| sender.add(new)));
        match self.sent.get_mut(index.index()) {
            Some(line) => *line = media,
            // Lines before this one may never have sent anything: fill them with empty sections.
            None => {
                let nothing = || Media::new(media.mid(), media.kind, PayloadTypes::default());
                self.sent.resize_with(index.index(), nothing);
                self.sent.push(media);
            }
        }
        begins
    }

    /// Restarts ICE with the remote's new credentials (RFC 8445 §9). Media continues on the old
    /// path until a new one is validated. Returns the new local credentials.
    pub fn restart_ice(&mut self, remote: Credentials) -> &Credentials {
        remote.ufrag().clone_into(&mut self.remote_ufrag);
        self.ice.restart(remote);
        self.drop_forgotten_ufrags();
        self.ice.local()
    }

    /// Discards the agent's notices about expired ufrags: the owner keeps its own list of the
    /// ufrags that lead to this peer.
    fn drop_forgotten_ufrags(&mut self) {
        while self.ice.take_forgotten_ufrag().is_some() {}
    }
}
