//! Participants with a unified peer: one connection over which they publish and are shown streams,
//! and on which both sides may offer.

mod streams;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use broadcast::registry::Registry;
use broadcast::room::{self, Declared, EndReason, ParticipantId, ParticipantKey};
use broadcast::{OpenError, Role, SessionId, StreamName};
use rtc::{Agreed, ChannelNumber, Expected, Negotiator, Peer, SentTrack};
use shard::{Command, TrackMapping};
use tokio::sync::{mpsc, watch};

use super::entering::{Enter, Entrance};
use super::members::Purpose;
use super::publishing::Formats;
use super::viewing::{Carried, Viewed, outgoing};
use super::{Control, ESTIMATE_INITIAL, State, random};
use streams::{may_be_passed, streams};

/// Descriptions of one participant in a second, on average and at once: each is an order to a media
/// thread. Further ones are read later.
const DESCRIPTIONS_PER_SECOND: u32 = 10;
const DESCRIPTIONS_AT_ONCE: u32 = 30;

/// What comes over data channels and waits for a socket's task. Further texts are left out.
const CHANNEL_MESSAGES_MAX: usize = 64;

/// The one connection of a participant, for both directions.
#[derive(Debug)]
pub(super) struct UnifiedPeer {
    pub(super) session: SessionId,
    shard: usize,
    negotiator: Negotiator,
    /// What its peer is made from, until the first description of the participant.
    unconnected: Option<rtc::Config>,
    /// The server's offer comes first.
    asks: bool,
    /// What it publishes.
    published: BTreeMap<StreamName, Vec<SentTrack>>,
    carried: Carried,
    /// Whose these are, and what the participant is told that stream and track are called.
    called: BTreeMap<usize, (ParticipantId, (String, String))>,
    /// The name under which it is shown all streams; `None`: as their publishers call them.
    called_all: Option<&'static str>,
    offers: watch::Sender<String>,
    channel_messages: mpsc::Sender<ChannelMessage>,
    descriptions: Pace,
}

/// How often a participant describes itself.
#[derive(Debug)]
struct Pace {
    /// When as many descriptions as may come would have come at an even pace.
    even: Instant,
}

impl Pace {
    /// Takes one more. Returns how long it has to wait.
    fn take(&mut self, now: Instant) -> Duration {
        let interval = Duration::from_secs(1) / DESCRIPTIONS_PER_SECOND;
        self.even = self.even.max(now) + interval;
        let ahead = self.even.saturating_duration_since(now);
        ahead.saturating_sub(interval * DESCRIPTIONS_AT_ONCE)
    }
}

/// What came over a data channel of a participant.
#[derive(Debug)]
pub(crate) enum ChannelMessage {
    /// The participant has opened one with this label.
    Opened(ChannelNumber, String),
    /// A text.
    Text(ChannelNumber, String),
}

/// How a participant with a unified peer takes part.
#[derive(Debug, Clone, Copy)]
pub(crate) struct UnifiedOptions {
    /// It is shown all streams of the room, as they come. Otherwise it subscribes by
    /// [`Rooms::subscribe`](room::Rooms::subscribe).
    pub(crate) shown_all: bool,
    /// The name under which it is shown all streams, with tracks `audio` and `video`; `None`: as
    /// their publishers call them.
    pub(crate) called_all: Option<&'static str>,
    /// As long as it has been offered fewer m-lines, each track that it is shown gets a new one.
    /// Then those are used again whose tracks have gone.
    pub(crate) new_lines: usize,
}

/// What a dialect gets for a participant that entered with a unified peer.
#[derive(Debug)]
pub(crate) struct Participation {
    pub(crate) entrance: Entrance,
    pub(crate) offers: Offers,
    pub(crate) channel_messages: mpsc::Receiver<ChannelMessage>,
}

/// Offers of the server. Another takes the place of the last when that was answered, and when it
/// is void since the participant has offered itself.
#[derive(Debug)]
pub(crate) struct Offers(watch::Receiver<String>);

impl Offers {
    /// Waits for a new one; those that it has replaced are left out. `None` when the participation
    /// is over. May be dropped at each await and called again.
    pub(crate) async fn next(&mut self) -> Option<String> {
        self.0.changed().await.ok()?;
        Some(self.0.borrow_and_update().clone())
    }
}

impl Control {
    /// Lets a participant into a room that publishes and is shown streams over one connection. The
    /// participant offers first, or is asked by [`Self::ask_to_send`].
    pub(crate) fn enter_unified(
        &self,
        enter: Enter,
        options: UnifiedOptions,
    ) -> Result<Participation, OpenError> {
        let (offers_in, offers) = watch::channel(String::new());
        let (to_dialect, channel_messages) = mpsc::channel(CHANNEL_MESSAGES_MAX);
        let ways = (offers_in, to_dialect);
        let begin = |state: &mut State, key| self.begin_unified(state, key, options, ways);
        let entrance = self.enter_with(enter, options.shown_all, begin)?;
        Ok(Participation {
            entrance,
            offers: Offers(offers),
            channel_messages,
        })
    }

    fn begin_unified(
        &self,
        state: &mut State,
        key: ParticipantKey,
        options: UnifiedOptions,
        (offers, channel_messages): (watch::Sender<String>, mpsc::Sender<ChannelMessage>),
    ) -> Result<(), OpenError> {
        let session = SessionId(random::<16>());
        let (registry, members) = (&mut state.registry, &mut state.members);
        let shard = registry.place_in_room();
        registry.open_in_room(session, Role::Publisher, shard)?;
        members.sessions.insert(session, (key, Purpose::Both));
        let config = self.rtc_config(shard);
        let role = rtc::Role::Unified {
            new_lines: options.new_lines,
        };
        let unified = UnifiedPeer {
            session,
            shard,
            negotiator: Negotiator::new(&config, role),
            unconnected: Some(config),
            asks: false,
            published: BTreeMap::new(),
            carried: Carried::default(),
            called: BTreeMap::new(),
            called_all: options.called_all,
            offers,
            channel_messages,
            descriptions: Pace {
                even: Instant::now(),
            },
        };
        if let Some(member) = members.all.get_mut(&key) {
            member.unified = Some(Box::new(unified));
        }
        Ok(())
    }

    /// Asks a participant to send these, and no others yet: the server's offer comes first then.
    pub(crate) fn ask_to_send(
        &self,
        key: ParticipantKey,
        wanted: &[Expected],
    ) -> Result<(), OpenError> {
        let mut state = self.state();
        let unified = state.unified(key)?;
        for what in wanted {
            unified.negotiator.expect(*what);
        }
        unified.asks = true;
        state.members.unsettled.insert(key);
        self.settle(&mut state);
        Ok(())
    }

    /// Asks a participant to send what it has offered and taken back, because an offer of the
    /// server crossed it.
    pub(crate) fn ask_again(&self, key: ParticipantKey, offer: &str) -> Result<(), OpenError> {
        let offer = self.description(offer)?;
        let mut state = self.state();
        state.unified(key)?.negotiator.expect_offered(&offer);
        state.members.unsettled.insert(key);
        self.settle(&mut state);
        Ok(())
    }

    /// Sends a text over a data channel of a participant. What cannot be sent is lost.
    pub(crate) fn write_channel(&self, key: ParticipantKey, channel: ChannelNumber, text: String) {
        let mut state = self.state();
        if let Ok(unified) = state.unified(key) {
            let session = unified.session;
            let command = Command::Write {
                session,
                channel,
                text,
            };
            self.order(unified.shard, command);
        }
    }

    /// A client has closed a connection. A participant who has no other leaves, and is not lost.
    pub(super) fn hung_up(&self, session: SessionId) {
        let mut state = self.state();
        if let Some((key, Purpose::Both)) = state.members.sessions.get(&session).copied() {
            let rooms = &mut state.members.rooms;
            rooms.leave(Instant::now(), key, EndReason::Left);
            self.settle(&mut state);
        }
    }

    /// What came over a data channel of a participant.
    pub(super) fn channel_message(&self, session: SessionId, what: ChannelMessage) {
        let mut state = self.state();
        let Some((key, _)) = state.members.sessions.get(&session).copied() else {
            return;
        };
        if let Ok(unified) = state.unified(key)
            && let Err(error) = unified.channel_messages.try_send(what)
        {
            tracing::debug!(?session, %error, "what came over a data channel is left out");
        }
    }

    /// Takes an offer of a participant. Returns the answer; what it publishes now is in its room.
    pub(crate) async fn take_offer(
        &self,
        key: ParticipantKey,
        offer: &str,
    ) -> Result<String, OpenError> {
        self.pace(key).await?;
        // Read before the lock: it takes the longest.
        let offer = self.description(offer)?;
        let mut state = self.state();
        let unified = state.unified(key)?;
        let answered = unified.negotiator.offered(&offer);
        // An offer of the server that was void for this one goes out again.
        state.members.unsettled.insert(key);
        let answered = match answered {
            Ok(answered) => answered,
            Err(error) => {
                self.settle(&mut state);
                return Err(self.refused(&error));
            }
        };
        let formats = Formats::of(&answered.agreed);
        self.agree(&mut state, key, answered.agreed)?;
        self.publish_tracks(&mut state, key, rtc::sent_tracks(&offer), &formats);
        self.settle(&mut state);
        Ok(answered.sdp)
    }

    /// Takes the answer to the last offer of the server.
    pub(crate) async fn take_answer(
        &self,
        key: ParticipantKey,
        answer: &str,
    ) -> Result<(), OpenError> {
        self.pace(key).await?;
        let answer = self.description(answer)?;
        let mut state = self.state();
        let unified = state.unified(key)?;
        let agreed = unified.negotiator.answered(&answer);
        let agreed = agreed.map_err(|error| self.refused(&error))?;
        let formats = Formats::of(&agreed);
        // An answer that only takes what is shown need not repeat the names of what it sends.
        let sends_otherwise = agreed.sends_otherwise;
        self.agree(&mut state, key, agreed)?;
        if sends_otherwise {
            self.publish_tracks(&mut state, key, rtc::sent_tracks(&answer), &formats);
        }
        self.settle(&mut state);
        Ok(())
    }

    /// Waits until a participant may describe itself again.
    async fn pace(&self, key: ParticipantKey) -> Result<(), OpenError> {
        let now = Instant::now();
        let wait = self.state().unified(key)?.descriptions.take(now);
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Takes a candidate of a participant: of no use to an ICE-lite agent, which learns from checks
    /// (RFC 8445 §2.5).
    pub(crate) fn take_candidate(&self, key: ParticipantKey) -> Result<(), OpenError> {
        self.state().unified(key).map(|_| ())
    }

    /// Gives a shard what was agreed: with the first of it, the peer.
    fn agree(
        &self,
        state: &mut State,
        key: ParticipantKey,
        agreed: Agreed,
    ) -> Result<(), OpenError> {
        let (registry, members) = (&state.registry, &mut state.members);
        members.unsettled.insert(key);
        let member = members.all.get_mut(&key);
        let Some(unified) = member.and_then(|member| member.unified.as_mut()) else {
            return Ok(());
        };
        unified.carried.agree(&agreed);
        let (session, shard) = (unified.session, unified.shard);
        let Some(config) = unified.unconnected.take() else {
            self.order(shard, unified.set_subscriptions(Some(agreed), registry));
            return Ok(());
        };
        let peer = Peer::new(&config, agreed, Some(ESTIMATE_INITIAL), Instant::now());
        let peer = Box::new(peer.map_err(|error| self.refused(&error))?);
        let command = unified.set_subscriptions(None, registry);
        let view = Command::View { session, peer };
        if self.shared.shards.send(shard, view).is_err() {
            // There is no peer any more.
            let (rooms, now) = (&mut state.members.rooms, Instant::now());
            rooms.leave(now, key, EndReason::Lost);
            self.settle(state);
            return Err(busy());
        }
        self.order(shard, command);
        Ok(())
    }

    /// What a participant sends is in its room, as streams with at most one track of a kind.
    fn publish_tracks(
        &self,
        state: &mut State,
        key: ParticipantKey,
        tracks: Vec<SentTrack>,
        formats: &Formats,
    ) {
        let rooms = &state.members.rooms;
        let place = rooms.room_of(key).cloned().zip(rooms.participant(key));
        let Some((room, participant)) = place else {
            return;
        };
        if !participant.role.may_publish() {
            return;
        }
        let base = format!("{room}/{}", participant.id);
        let Ok(unified) = state.unified(key) else {
            return;
        };
        let session = unified.session;
        let before = std::mem::take(&mut unified.published);
        let after = streams(&base, &before, tracks);
        unified.published.clone_from(&after);
        let now = Instant::now();
        for name in before.keys().filter(|name| !after.contains_key(name)) {
            state.registry.detach(now, session, name);
            if let Err(error) = state.members.rooms.unpublish(now, key, name) {
                tracing::debug!(stream = %name, %error, "its room has ended it before");
            }
        }
        for (name, tracks) in &after {
            let label = name.as_str().strip_prefix(&base);
            let label = label.and_then(|rest| rest.strip_prefix('~'));
            let stream = (name, label, &tracks[..]);
            let published = self.publish_stream(state, key, session, stream, formats);
            if let Err(error) = published {
                tracing::info!(stream = %name, %error, "a stream is not taken");
                if let Ok(unified) = state.unified(key) {
                    unified.published.remove(name);
                }
                state.registry.detach(now, session, name);
            }
        }
        self.tell_sources(state, key);
    }

    fn publish_stream(
        &self,
        state: &mut State,
        key: ParticipantKey,
        session: SessionId,
        (name, label, tracks): (&StreamName, Option<&str>, &[SentTrack]),
        formats: &Formats,
    ) -> Result<(), OpenError> {
        let formats = formats.of_video(|mid| tracks.iter().any(|track| track.mid == mid));
        self.attach(state, session, name, formats)?;
        let track = |track: &SentTrack| room::Track {
            kind: track.kind,
            source: None,
            muted: false,
            codec: None,
            layers: Vec::new(),
        };
        let declared = Declared {
            label: label.map(str::to_owned),
            metadata: String::new(),
            tracks: tracks.iter().map(track).collect(),
        };
        let rooms = &mut state.members.rooms;
        let published = rooms.publish(Instant::now(), key, name.clone(), declared);
        published.map_err(|error| OpenError::Refused(error.to_string()))?;
        state.announce(name);
        Ok(())
    }

    /// A shard learns what a participant's m-lines carry.
    fn tell_sources(&self, state: &mut State, key: ParticipantKey) {
        let tracks = state.tracks_of(key);
        if let Ok(unified) = state.unified(key) {
            let command = Command::Renegotiate {
                session: unified.session,
                agreed: None,
                tracks,
            };
            self.order(unified.shard, command);
        }
    }

    /// A room is done with a stream of such a participant. False when it is none of its.
    pub(super) fn end_conversed(
        &self,
        state: &mut State,
        key: ParticipantKey,
        name: &StreamName,
    ) -> bool {
        let Ok(unified) = state.unified(key) else {
            return false;
        };
        let session = unified.session;
        if unified.published.remove(name).is_some() {
            state.registry.detach(Instant::now(), session, name);
            self.tell_sources(state, key);
            state.announce(name);
        }
        true
    }

    /// A track is to be shown to such a participant, or no more. False when it is no such one.
    pub(super) fn show_unified(
        &self,
        state: &mut State,
        key: ParticipantKey,
        viewed: &Viewed,
        shown: bool,
    ) -> bool {
        if state.unified(key).is_err() {
            return false;
        }
        let called = if shown { state.called(viewed) } else { None };
        let (registry, members) = (&mut state.registry, &mut state.members);
        let member = members.all.get_mut(&key);
        let Some(unified) = member.and_then(|member| member.unified.as_mut()) else {
            return false;
        };
        let now = Instant::now();
        if shown {
            unified.view(now, viewed.clone(), called, registry);
        } else if let Some(command) = unified.hide(now, viewed, registry) {
            self.order(unified.shard, command);
        }
        members.unsettled.insert(key);
        state.announce(&viewed.0);
        true
    }
}

impl State {
    fn unified(&mut self, key: ParticipantKey) -> Result<&mut UnifiedPeer, OpenError> {
        let member = self.members.all.get_mut(&key);
        let unified = member.and_then(|member| member.unified.as_deref_mut());
        unified.ok_or_else(|| OpenError::Refused("this participation is over".to_owned()))
    }

    /// The m-lines of what a participant publishes, with the ids of their streams.
    fn tracks_of(&self, key: ParticipantKey) -> Vec<TrackMapping> {
        let member = self.members.all.get(&key);
        let unified = member.and_then(|member| member.unified.as_ref());
        let published = unified.into_iter().flat_map(|c| &c.published);
        let lines = published
            .flat_map(|(name, tracks)| tracks.iter().map(move |track| (name, track.mid.as_str())));
        self.tracks(lines)
    }

    /// Whose a track is, and how its publisher calls it, if it has said so.
    fn called(&self, (stream, kind): &Viewed) -> Option<(ParticipantId, Option<SentTrack>)> {
        let rooms = &self.members.rooms;
        let owner = rooms.owner(stream)?;
        let member = self.members.all.get(&owner);
        let unified = member.and_then(|member| member.unified.as_ref());
        let tracks = unified.and_then(|c| c.published.get(stream));
        let track = tracks.and_then(|tracks| tracks.iter().find(|track| track.kind == *kind));
        Some((rooms.participant(owner)?.id.clone(), track.cloned()))
    }
}

impl UnifiedPeer {
    /// The next offer goes out, if it is time for one.
    pub(super) fn offer(&mut self) {
        // Else the participant begins.
        if self.unconnected.is_some() && !self.asks {
            return;
        }
        if let Some(offer) = self.negotiator.offer() {
            self.offers.send_replace(offer);
        }
    }

    fn view(
        &mut self,
        now: Instant,
        viewed: Viewed,
        called: Option<(ParticipantId, Option<SentTrack>)>,
        registry: &mut Registry,
    ) {
        if self.carried.has(&viewed) {
            return;
        }
        let mut track = outgoing(&viewed, registry);
        if let Some(all) = self.called_all {
            all.clone_into(&mut track.stream);
        } else if let Some((owner, sent)) = &called {
            let msid = sent.as_ref().map(|sent| &sent.msid);
            if let Some((stream, name)) = msid.filter(|msid| may_be_passed(msid)) {
                (track.stream, track.track) = (stream.clone(), name.clone());
            }
            // Two may call theirs alike, and have no stream in common.
            let mut others = self.called.values();
            if others.any(|(other, (stream, _))| *stream == track.stream && other != owner) {
                track.stream = format!("{}-{owner}", track.stream);
                track.track = format!("{}-{owner}", track.track);
            }
            // Participants know tracks by their names.
            let mut others = self.called.values();
            if others.any(|(_, (_, name))| *name == track.track) {
                track.track = format!("{}-{}", viewed.0, viewed.1);
            }
        }
        let called_so = (track.stream.clone(), track.track.clone());
        let Some(line) = self.negotiator.add(track) else {
            return tracing::warn!(stream = %viewed.0, "a participant views as many tracks as it can");
        };
        registry.view(now, self.session, &viewed.0);
        if let Some((owner, _)) = called {
            self.called.insert(line, (owner, called_so));
        }
        self.carried.add(line, viewed);
    }

    fn hide(&mut self, now: Instant, viewed: &Viewed, registry: &mut Registry) -> Option<Command> {
        let line = self.carried.remove(viewed)?;
        self.called.remove(&line);
        self.negotiator.remove(line);
        let command = self.set_subscriptions(None, registry);
        // What else of the stream is shown still needs it.
        if !self.carried.shows(&viewed.0) {
            registry.detach(now, self.session, &viewed.0);
        }
        self.unconnected.is_none().then_some(command)
    }

    fn set_subscriptions(&self, agreed: Option<Agreed>, registry: &Registry) -> Command {
        Command::SetSubscriptions {
            session: self.session,
            agreed: agreed.map(Box::new),
            lines: self.carried.line_subscriptions(registry),
        }
    }
}

/// Reads a description of a participant.
fn busy() -> OpenError {
    OpenError::Refused("the media thread is busy".to_owned())
}
