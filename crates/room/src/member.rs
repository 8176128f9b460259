use super::history::Bucket;
use super::subscriptions::Subscriptions;
use model::Quality;

use super::{Join, Participant, State};

/// A participant, with the state that others do not see.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) participant: Participant,
    pub(super) subscriptions: Subscriptions,
    pub(super) writing: Bucket,
}

impl Member {
    pub(super) fn new(join: Join) -> Self {
        let name = join.name.unwrap_or_else(|| join.id.to_string());
        Self {
            participant: Participant {
                id: join.id,
                name,
                role: join.role,
                metadata: join.metadata,
                state: State::Connected,
                quality: Quality::Unknown,
                joined_at: join.joined_at,
            },
            subscriptions: Subscriptions::new(join.auto_subscribe),
            writing: Bucket::default(),
        }
    }

    pub(super) fn is_seen(&self) -> bool {
        self.participant.role.is_seen()
    }
}
