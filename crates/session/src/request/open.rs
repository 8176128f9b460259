//! Sessions for one stream: by WHIP, by WHEP, and by participants with a peer for each stream.
//!
//! Reading an offer takes longer than all the rest, so it is done between two calls, by any thread:
//! [`Core::place`] says where the peer will be, [`Placement::negotiate`] makes it, and [`Core::open`]
//! admits it.

use auth::Subject;
use contract::{Command, TrackMapping};
use model::{OpenError, Role, SessionId, ShardId, StreamName};
use room::{Declared, EndReason, ParticipantId, ParticipantKey, RoomName};
use rtc::{Negotiator, OfferError, Peer};
use rtp::{Bitrate, Kind};

use crate::core::{Core, StreamOwner};
use crate::description::Description;
use crate::error::Error;
use crate::now::Now;
use crate::output::{Changed, Fact, PeerKind};
use crate::participant::Transport;
use crate::peer::ESTIMATE_INITIAL;
use crate::random;
use crate::registry::{Attached, External, Owner};

/// Who opens a session.
#[derive(Debug)]
pub enum Opener {
    /// A client outside rooms: by WHIP or WHEP. A publisher's stream is in its room all the same, of
    /// a synthetic participant that comes and goes with it.
    External {
        /// Whose token opens it. A publisher's tells whether a second publisher is the same person
        /// coming back.
        subject: Option<Subject>,
    },
    /// A participant, with what it says of a stream that it publishes.
    Participant(ParticipantKey, Declared),
}

/// A request to publish or to watch one stream. The caller has looked at permissions.
#[derive(Debug, Clone)]
pub struct Open {
    /// Publish or watch.
    pub role: Role,
    /// The stream.
    pub stream: StreamName,
    /// What the client calls itself, for the log.
    pub client: String,
}

/// Where the peer of a new session will be, and what it is made from.
#[derive(Debug)]
pub struct Placement {
    shard: ShardId,
    config: rtc::Config,
    role: rtc::Role,
    estimate: Option<Bitrate>,
}

/// A peer that has answered the offer of its client.
#[derive(Debug)]
pub struct Negotiated {
    peer: Box<Peer>,
    answer: String,
}

/// A session that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The session.
    pub session: SessionId,
    /// The SDP answer.
    pub answer: String,
    /// Stands for the ICE session (RFC 9725 §4.3): changes when ICE restarts. Without quotes.
    pub ice_tag: String,
}

/// Why a session was not opened.
#[derive(Debug)]
pub enum NotOpened {
    /// The origin of the stream has moved to another shard since the session was placed: place it
    /// anew.
    Moved,
    /// It is refused.
    Refused(Error),
}

impl Placement {
    /// The shard that the session will be on.
    pub fn shard(&self) -> ShardId {
        self.shard
    }

    /// Answers the offer of the client. Changes nothing.
    pub fn negotiate(&self, offer: &str, now: Now) -> Result<Negotiated, OfferError> {
        let offer = sdp::Description::parse(offer)?;
        let answered = Negotiator::new(&self.config, self.role.clone()).offered(&offer)?;
        let peer = Peer::new(&self.config, answered.agreed, self.estimate, now.instant)?;
        Ok(Negotiated {
            peer: Box::new(peer),
            answer: answered.sdp,
        })
    }
}

impl Negotiated {
    fn video_formats(&self) -> Vec<rtp::Format> {
        let video = self.peer.media().filter(|media| media.kind == Kind::Video);
        video
            .flat_map(|media| media.formats().copied().collect::<Vec<_>>())
            .collect()
    }
}

impl Core {
    /// The shard for a new session; refused when it would not be opened.
    pub fn place(&self, now: Now, opener: &Opener, open: &Open) -> Result<Placement, Error> {
        self.may_open(now, opener, open)?;
        let shard = self.registry.place(open.role, &open.stream);
        let (role, estimate) = match open.role {
            Role::Publisher => (rtc::Role::Publisher, None),
            Role::Viewer => {
                let stream = open.stream.to_string();
                (rtc::Role::Viewer { stream }, Some(ESTIMATE_INITIAL))
            }
        };
        Ok(Placement {
            shard,
            config: self.peers[shard.index()].clone(),
            role,
            estimate,
        })
    }

    /// Opens a session for one stream. A publisher's stream is in its room from now on: when the
    /// session ends, so does the stream, and the other way round. A viewer's session outlives its
    /// stream: [`Self::close_own`] ends that of a participant.
    pub fn open(
        &mut self,
        now: Now,
        opener: &Opener,
        open: &Open,
        placement: &Placement,
        negotiated: Negotiated,
    ) -> Result<Opened, NotOpened> {
        // Things may have changed while the offer was read.
        self.may_open(now, opener, open)
            .map_err(NotOpened::Refused)?;
        let shard = placement.shard;
        if open.role == Role::Publisher && self.registry.place(open.role, &open.stream) != shard {
            return Err(NotOpened::Moved);
        }
        let opened = self.open_on(now, opener, open, shard, negotiated);
        self.settle(now);
        opened.map_err(NotOpened::Refused)
    }

    fn open_on(
        &mut self,
        now: Now,
        opener: &Opener,
        open: &Open,
        shard: ShardId,
        negotiated: Negotiated,
    ) -> Result<Opened, Error> {
        self.check_viewer(open, &negotiated.peer)?;
        let description = Description::of(&negotiated.peer);
        let ice_tag = description.local_ufrag.clone();
        let owner = match opener {
            Opener::External { subject } => Owner::External(External {
                role: open.role,
                stream: open.stream.clone(),
                subject: subject.clone(),
                description,
                layer: None,
                restarting: None,
            }),
            Opener::Participant(key, _) => Owner::Participant(*key, PeerKind::OneStream),
        };
        let session = self.add_session(shard, open.client.clone(), owner);
        let formats = negotiated.video_formats();
        let attached = match self.attach_one(now, opener, open, session, formats) {
            Ok(attached) => attached,
            Err(error) => {
                self.registry.remove(now.instant, session);
                return Err(error);
            }
        };
        if open.role == Role::Publisher
            && let Err(error) = self.own(now, opener, &open.stream)
        {
            self.forget_session(now, session);
            return Err(error);
        }
        if let Opener::Participant(key, _) = opener
            && let Some(Transport::PerStream(sessions)) = self.participants.transport_mut(*key)
        {
            sessions.insert(session);
        }
        self.announce(now, &open.stream);
        let command = self.begin(session, open.role, &attached, negotiated.peer);
        self.command(shard, command);
        Ok(Opened {
            session,
            answer: negotiated.answer,
            ice_tag,
        })
    }

    /// The command that gives a shard its new peer.
    fn begin(
        &mut self,
        session: SessionId,
        role: Role,
        attached: &Attached,
        peer: Box<Peer>,
    ) -> Command {
        let stream = attached.stream;
        match role {
            Role::Publisher => Command::Publish {
                session,
                tracks: TrackMapping::all(&peer, stream),
                peer,
            },
            Role::Viewer => Command::Watch {
                session,
                stream,
                origin: attached.origin,
                peer,
                first_seq: random::bits16(&mut *self.random),
            },
        }
    }

    /// The registry learns what a new session does with its stream.
    fn attach_one(
        &mut self,
        now: Now,
        opener: &Opener,
        open: &Open,
        session: SessionId,
        formats: Vec<rtp::Format>,
    ) -> Result<Attached, Error> {
        let (at, stream) = (now.instant, &open.stream);
        match (open.role, opener) {
            (Role::Viewer, _) => Ok(self.registry.attach_viewer(at, session, stream)),
            (Role::Publisher, Opener::Participant(..)) => {
                Ok(self.registry.publish(at, session, stream, formats)?)
            }
            (Role::Publisher, Opener::External { .. }) => {
                let attached = self.registry.attach_publisher(at, session, stream, formats);
                if let Some(old) = attached.replaces {
                    // Its shard closes it with the command that brings the new publisher.
                    self.changed(Changed::Ended(old));
                    let stream = stream.clone();
                    self.fact(Fact::PublisherReplaced { stream });
                }
                Ok(attached)
            }
        }
    }

    /// Whether a session may be opened, as far as that can be said before its offer is read.
    fn may_open(&self, now: Now, opener: &Opener, open: &Open) -> Result<(), Error> {
        if self.is_stopping {
            return Err(OpenError::Stopping.into());
        }
        match opener {
            Opener::External { subject } => {
                let (at, subject) = (now.instant, subject.as_ref());
                Ok(self.registry.check(at, open.role, &open.stream, subject)?)
            }
            Opener::Participant(key, _) => {
                let room = self.rooms.room_of(*key);
                if room.is_none_or(|room| *room != RoomName::of(&open.stream)) {
                    let text = "the stream is not in a room of this participant";
                    return Err(OpenError::Refused(text.to_owned()).into());
                }
                Ok(self.registry.check_full()?)
            }
        }
    }

    /// A viewer that wants sound alone is not kept away by the codec of the picture.
    fn check_viewer(&self, open: &Open, peer: &Peer) -> Result<(), Error> {
        let wants_video = peer.media().any(|media| media.kind == Kind::Video);
        if open.role == Role::Viewer && wants_video {
            let accepts = |format: &rtp::Format| peer.media().any(|media| media.accepts(format));
            self.registry.check_formats(&open.stream, accepts)?;
        }
        Ok(())
    }

    /// A stream with a session of its own is in its room from now on.
    fn own(&mut self, now: Now, opener: &Opener, name: &StreamName) -> Result<(), Error> {
        let owner = match opener {
            // Another publisher has taken over from one that has its participant.
            Opener::External { .. } if self.owners.contains_key(name) => return Ok(()),
            Opener::External { .. } => StreamOwner::Synthetic(self.join_synthetic(now, name)?),
            Opener::Participant(key, declared) => {
                let (name, declared) = (name.clone(), declared.clone());
                self.rooms.publish(now.instant, *key, name, declared)?;
                StreamOwner::Participant(*key)
            }
        };
        self.owners.insert(name.clone(), owner);
        Ok(())
    }

    /// The session of a stream is over, or is to end. False when it has none of its own.
    pub(crate) fn disown(&mut self, now: Now, name: &StreamName) -> bool {
        let (rooms, at) = (&mut self.rooms, now.instant);
        match self.owners.remove(name) {
            Some(StreamOwner::Synthetic(key)) => rooms.leave(at, key, EndReason::Left),
            Some(StreamOwner::Participant(key)) => {
                // An error says that the room has ended it before.
                _ = rooms.unpublish(at, key, name);
            }
            None => return false,
        }
        true
    }

    /// A room is done with a stream: the session that publishes nothing else ends.
    pub(crate) fn close_publisher(&mut self, now: Now, stream: &StreamName) {
        if self.disown(now, stream)
            && let Some(session) = self.registry.publisher(stream)
        {
            self.order_close(session);
        }
    }

    /// Adds the participant that stands for an external publisher in its room.
    fn join_synthetic(&mut self, now: Now, name: &StreamName) -> Result<ParticipantKey, Error> {
        let key = self.next_key();
        let join = room::Join {
            key,
            room: RoomName::of(name),
            id: ParticipantId::synthetic("whip", name),
            name: name.as_str().rsplit('/').next().map(str::to_owned),
            metadata: String::new(),
            role: room::Role::Publisher,
            auto_subscribe: false,
            joined_at: now.unix_ms,
            is_proved: false,
        };
        let rooms = &mut self.rooms;
        rooms.join(now.instant, join)?;
        let published = rooms.publish(now.instant, key, name.clone(), Declared::default());
        if let Err(error) = published {
            rooms.leave(now.instant, key, EndReason::Left);
            return Err(error.into());
        }
        Ok(key)
    }

    /// A session is connected: the synthetic participant of its stream stands for a real publisher.
    pub(crate) fn prove(&mut self, session: SessionId) {
        let session = self.registry.session(session);
        let external = session.and_then(|session| session.owner.external());
        let owner = external.and_then(|external| self.owners.get(&external.stream));
        if let Some(StreamOwner::Synthetic(key)) = owner {
            self.rooms.prove(*key);
        }
    }

    /// Ends a session that a participant has opened for one stream. False when there is none.
    pub fn close_own(&mut self, now: Now, key: ParticipantKey, session: SessionId) -> bool {
        let known = self.registry.session(session);
        let part = known.and_then(|session| session.owner.part());
        if part != Some((key, PeerKind::OneStream)) {
            return false;
        }
        self.close_session(now, session);
        self.settle(now);
        true
    }
}
