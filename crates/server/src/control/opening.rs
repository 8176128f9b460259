//! Opening a session for one stream: its offer is answered, and its peer goes to a shard.

use std::time::{Duration, Instant};

use broadcast::registry::Admitted;
use broadcast::room::{Declared, ParticipantKey};
use broadcast::{Open, OpenError, Opened, Role, SessionId};
use rtc::Peer;
use rtp::Kind;
use shard::{Command, StreamId, TrackMapping};

use super::singles::Opener;
use super::{Control, Described, ESTIMATE_INITIAL, State, random};

impl Control {
    /// Opens a publishing or viewing session of somebody who is in no room.
    pub(crate) async fn open(&self, open: Open) -> Result<Opened, OpenError> {
        self.open_by(Opener::Outsider, open).await
    }

    /// Opens a session of a participant for one stream of its room: to publish it, as declared,
    /// or to watch it. `open` needs no token. When a publishing session ends, so does its stream
    /// in the room, and the other way round. A watching session outlives its stream:
    /// [`Self::close_single`] ends either kind.
    pub(crate) async fn open_for(
        &self,
        key: ParticipantKey,
        declared: Declared,
        open: Open,
    ) -> Result<Opened, OpenError> {
        self.open_by(Opener::Participant(key, declared), open).await
    }

    async fn open_by(&self, opener: Opener, open: Open) -> Result<Opened, OpenError> {
        self.state().may_open(&opener, &open)?;
        // The longest offers take a while to read: not on a media thread, and not under the lock.
        let control = self.clone();
        let opened =
            tokio::task::spawn_blocking(move || control.open_blocking(&opener, &open)).await;
        opened.unwrap_or_else(|error| {
            tracing::error!(%error, "opening a session panicked");
            Err(OpenError::BadOffer(
                "the offer could not be handled".to_owned(),
            ))
        })
    }

    fn open_blocking(&self, opener: &Opener, open: &Open) -> Result<Opened, OpenError> {
        loop {
            let shard = self.state().registry.place(open.role, &open.stream);
            if let Some(result) = self.open_on(shard, opener, open) {
                return result;
            }
        }
    }

    /// `None` when the stream's origin moved to another shard in the meantime: try there.
    fn open_on(
        &self,
        shard: usize,
        opener: &Opener,
        open: &Open,
    ) -> Option<Result<Opened, OpenError>> {
        let now = Instant::now();
        let (peer, answer) = match self.answer(shard, open, now) {
            Ok(answered) => answered,
            Err(error) => return Some(Err(self.refused(&error))),
        };
        let session = SessionId(random::<16>());
        let ice_tag = peer.local_credentials().ufrag().to_owned();
        let mut state = self.state();
        if open.role == Role::Publisher && state.registry.place(open.role, &open.stream) != shard {
            return None;
        }
        let admitted = match state.admit(now, session, opener, open, shard, &peer) {
            Ok(admitted) => admitted,
            Err(error) => return Some(Err(error)),
        };
        if matches!(opener, Opener::Outsider) {
            let described = Described::new(&ice_tag, &peer, &open.client);
            state.described.insert(session, described);
        }
        state.announce(&open.stream);
        let stream = StreamId(admitted.stream);
        let peer = Box::new(peer);
        let command = match open.role {
            Role::Publisher => Command::Publish {
                session,
                tracks: TrackMapping::all(&peer, stream),
                peer,
            },
            Role::Viewer => {
                let first_seq = random::<2>() as u16;
                Command::Watch {
                    session,
                    stream,
                    origin: admitted.origin,
                    peer,
                    first_seq,
                }
            }
        };
        if open.role == Role::Publisher
            && let Err(error) = state.own(opener, &open.stream)
        {
            drop(state);
            self.remove(session);
            return Some(Err(error));
        }
        self.settle(&mut state);
        // Still under the lock, so that orders reach the shards in the order of admission.
        let sent = self.shared.shards.send(shard, command);
        drop(state);
        if sent.is_err() {
            self.remove(session);
            let limit = "the media thread's queue";
            return Some(Err(OpenError::Full {
                limit,
                retry_after: Duration::from_secs(1),
            }));
        }
        // DEBUG: anybody may open sessions, and what connects has a line of its own.
        tracing::debug!(stream = %open.stream, ?session, role = ?open.role, shard, "session opened");
        Some(Ok(Opened {
            session,
            answer,
            ice_tag,
        }))
    }

    fn answer(
        &self,
        shard: usize,
        open: &Open,
        now: Instant,
    ) -> Result<(Peer, String), rtc::OfferError> {
        let (role, estimate) = match open.role {
            Role::Publisher => (rtc::Role::Publisher, None),
            Role::Viewer => {
                let stream = open.stream.to_string();
                (rtc::Role::Viewer { stream }, Some(ESTIMATE_INITIAL))
            }
        };
        let config = self.rtc_config(shard);
        Peer::answer(&config, role, &open.offer, estimate, now)
    }

    /// What the peers of a shard have in common.
    pub(super) fn rtc_config(&self, shard: usize) -> rtc::Config {
        rtc::Config {
            identity: self.shared.identity.clone(),
            candidates: self.shared.shards.candidates(shard).to_vec(),
            announce_ice_lite: self.shared.announce_ice_lite,
            wall_clock: self.shared.wall_clock,
        }
    }
}

impl State {
    fn admit(
        &mut self,
        now: Instant,
        session: SessionId,
        opener: &Opener,
        open: &Open,
        shard: usize,
        peer: &Peer,
    ) -> Result<Admitted, OpenError> {
        // Things may have changed while the offer was read.
        self.may_open(opener, open)?;
        // Who wants sound only is not kept away by the picture's codec.
        let wants_video = peer.media().any(|media| media.kind == Kind::Video);
        if open.role == Role::Viewer && wants_video {
            let accepts = |format: &rtp::Format| peer.media().any(|media| media.accepts(format));
            self.registry.check_formats(&open.stream, accepts)?;
        }
        let formats = video_formats(peer);
        if let Opener::Participant(key, _) = opener {
            return self.admit_single(now, *key, session, open, formats, shard);
        }
        let token = open.token.clone();
        let admitted =
            self.registry
                .open(now, session, open.role, &open.stream, token, formats, shard)?;
        if let Some(old) = admitted.replaces {
            self.described.remove(&old);
            tracing::info!(stream = %open.stream, "publisher replaced");
        }
        Ok(admitted)
    }
}

fn video_formats(peer: &Peer) -> Vec<rtp::Format> {
    let video = peer.media().filter(|media| media.kind == Kind::Video);
    video
        .flat_map(|media| media.formats().copied().collect::<Vec<_>>())
        .collect()
}
