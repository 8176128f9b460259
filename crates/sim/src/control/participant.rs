//! A participant as its client sees it: what it was told, and what it knows of its room from that.

use std::collections::{BTreeMap, VecDeque};

use model::StreamName;
use room::{Event, Joined, Participant as Seen, ParticipantId, RoomName, Rooms, Stream};
use session::{EventBatch, Offer, TransportKind};

use super::client_sdp::ClientSdp;

/// One participant.
#[derive(Debug)]
pub(super) struct Participant {
    pub(super) room: RoomName,
    pub(super) id: ParticipantId,
    pub(super) transport: TransportKind,
    /// Of the peer for which it offers: publisher peer or unified peer.
    pub(super) sdp: ClientSdp,
    /// Of its subscriber peer.
    pub(super) subscriber_sdp: ClientSdp,
    /// Offers of the server that it has not answered.
    pub(super) offers: VecDeque<Offer>,
    participants: BTreeMap<ParticipantId, Seen>,
    streams: BTreeMap<StreamName, Stream>,
    has_ended: bool,
}

impl Participant {
    pub(super) fn new(transport: TransportKind, joined: Joined, ufrag: u32) -> Self {
        let me = joined.participant;
        let others = joined.participants.into_iter();
        let mut participants: BTreeMap<_, _> = others.map(|p| (p.id.clone(), p)).collect();
        let id = me.id.clone();
        participants.insert(id.clone(), me);
        let streams = joined.streams.into_iter();
        Self {
            room: joined.room.name,
            id,
            transport,
            sdp: ClientSdp::new(ufrag),
            subscriber_sdp: ClientSdp::new(ufrag + 1),
            offers: VecDeque::new(),
            participants,
            streams: streams
                .map(|stream| (stream.name.clone(), stream))
                .collect(),
            has_ended: false,
        }
    }

    /// The streams that it knows of, without its own.
    pub(super) fn streams_of_others(&self) -> Vec<StreamName> {
        let streams = self.streams.values();
        let others = streams.filter(|stream| stream.participant != self.id);
        others.map(|stream| stream.name.clone()).collect()
    }

    /// Its own streams.
    pub(super) fn own_streams(&self) -> Vec<StreamName> {
        let streams = self.streams.values();
        let own = streams.filter(|stream| stream.participant == self.id);
        own.map(|stream| stream.name.clone()).collect()
    }

    /// Takes events. Fails when one does not follow from what it was told before.
    pub(super) fn take(&mut self, events: &EventBatch) -> Result<(), String> {
        events.iter().try_for_each(|event| {
            self.take_one(event)
                .map_err(|why| format!("{} was told {event:?}: {why}", self.id))
        })
    }

    fn take_one(&mut self, event: &Event) -> Result<(), &'static str> {
        if self.has_ended {
            return Err("after the end");
        }
        match event {
            Event::ParticipantJoined(who) => {
                if self
                    .participants
                    .insert(who.id.clone(), who.clone())
                    .is_some()
                {
                    return Err("it is there already");
                }
            }
            Event::ParticipantChanged(who) => {
                match self.participants.insert(who.id.clone(), who.clone()) {
                    None => return Err("it is not there"),
                    Some(before) if before == *who => return Err("nothing has changed"),
                    Some(_) => {}
                }
            }
            Event::ParticipantLeft { id, .. } => {
                self.participants.remove(id).ok_or("it is not there")?;
            }
            Event::StreamAdded(stream) => {
                let before = self.streams.insert(stream.name.clone(), stream.clone());
                if before.is_some() {
                    return Err("it is there already");
                }
            }
            Event::StreamChanged(stream) => {
                match self.streams.insert(stream.name.clone(), stream.clone()) {
                    None => return Err("it is not there"),
                    Some(before) if before == *stream => return Err("nothing has changed"),
                    Some(_) => {}
                }
            }
            Event::StreamRemoved(stream) => {
                self.streams.remove(&stream.name).ok_or("it is not there")?;
            }
            Event::Ended { .. } => self.has_ended = true,
            Event::Message(_)
            | Event::Speakers(_)
            | Event::RoomChanged(_)
            | Event::MuteRequested { .. } => {}
        }
        Ok(())
    }

    /// Its peers begin anew, with ICE of their own.
    pub(super) fn renew(&mut self, ufrag: u32) {
        self.sdp = ClientSdp::new(ufrag);
        self.subscriber_sdp = ClientSdp::new(ufrag + 1);
        self.offers.clear();
    }

    /// Whether it was told that its participation is over.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// What it knows and what is the case, where they differ.
    pub(super) fn differs(&self, rooms: &Rooms) -> Option<String> {
        let mut participants = rooms.participants(&self.room).unwrap_or_default();
        let mut known: Vec<_> = self.participants.values().cloned().collect();
        // A hidden participant knows itself, and nobody else knows it.
        participants.retain(|seen| seen.id != self.id);
        known.retain(|seen| seen.id != self.id);
        participants.sort_by(|a, b| a.id.cmp(&b.id));
        if participants != known {
            return Some(format!(
                "{} knows {known:?}, and there are {participants:?}",
                self.id
            ));
        }
        let streams = rooms.streams(&self.room).unwrap_or_default();
        let known: Vec<_> = self.streams.values().cloned().collect();
        (streams != known).then(|| {
            let id = &self.id;
            format!("{id} knows the streams {known:?}, and there are {streams:?}")
        })
    }
}
