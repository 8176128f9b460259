//! `[dialects]`: the protocols of earlier systems.

use std::net::SocketAddr;

use room::direct;
use serde::{Deserialize, Serialize};
use signaling::dialect::gortc::NotificationNames;

use super::tributary::Tributary;

/// `[dialects]`: the protocols of earlier systems. The main port serves every dialect, by the path
/// of the request; a port of its own serves it too if `listen` is set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Dialects {
    /// WebRTC-Broadcast-Recording.
    pub(crate) broadcast_recording: BroadcastRecording,
    /// gortcserver.
    pub(crate) gortc: Gortc,
    /// The live room.
    pub(crate) live_room: LiveRoom,
    /// Pion_SFU.
    pub(crate) pion_sfu: PionSfu,
    /// tributary.
    pub(crate) tributary: Tributary,
}

/// `[dialects.broadcast_recording]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BroadcastRecording {
    /// TCP address and port for this dialect alone; its clients expect port 10001.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) listen: Option<SocketAddr>,
    /// Accept sockets from pages of other hosts; otherwise these get 403.
    pub(crate) any_origin: bool,
}

/// `[dialects.gortc]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Gortc {
    /// TCP address and port for this dialect alone; its clients expect port 8443.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) listen: Option<SocketAddr>,
    /// Region of this server, from which `signalid` and `sfuid` are made by default.
    pub(crate) dc: String,
    /// Id of the signalling node towards clients. Empty: the region and `_signal_1`.
    pub(crate) signalid: String,
    /// Id of the media node towards clients. Empty: the region and `_sfu_1`.
    pub(crate) sfuid: String,
    /// Spelling of notifications: `peer-join` with `hyphen`, `peer_join` with `underscore`.
    pub(crate) notification_names: NotificationNames,
    /// Seconds after which a user whose socket was lost leaves its rooms.
    pub(crate) grace_s: u64,
    /// Seconds without media after which a stream ends.
    pub(crate) silence_s: u64,
}

impl Default for Gortc {
    fn default() -> Self {
        Self {
            listen: None,
            dc: "local".to_owned(),
            signalid: String::new(),
            sfuid: String::new(),
            notification_names: NotificationNames::Hyphen,
            grace_s: 8,
            silence_s: 8,
        }
    }
}

impl Gortc {
    /// Id of the signalling node towards clients.
    pub(crate) fn signalid(&self) -> String {
        self.called(&self.signalid, "signal")
    }

    /// Id of the media node towards clients.
    pub(crate) fn sfuid(&self) -> String {
        self.called(&self.sfuid, "sfu")
    }

    fn called(&self, id: &str, kind: &str) -> String {
        match id {
            "" => format!("{}_{kind}_1", self.dc),
            id => id.to_owned(),
        }
    }
}

/// `[dialects.live_room]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LiveRoom {
    /// TCP address and port for this dialect alone; its clients expect port 4000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) listen: Option<SocketAddr>,
    /// What happens when a viewer asks for another room.
    pub(crate) switch: Switch,
    /// The path of media from a host to its viewers.
    pub(crate) media: Media,
    /// Rooms at a time; one more is refused.
    pub(crate) rooms_max: usize,
    /// Rooms of one host at a time; one more is refused.
    pub(crate) rooms_per_host_max: usize,
    /// Viewers of one room; one more is refused.
    pub(crate) viewers_max: usize,
    /// Bytes of the name of a room or a viewer; a longer one is refused.
    pub(crate) name_bytes_max: usize,
    /// Bytes of a message; a longer one is dropped.
    pub(crate) chat_bytes_max: usize,
}

/// What happens when a viewer of the live room asks for another one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Switch {
    /// It leaves its room and enters the other.
    #[default]
    AtOnce,
    /// It only leaves its room, and enters the other when it asks again, as in the original.
    TwoClicks,
}

/// The path of media in the live room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Media {
    /// From the host's browser to the browser of each viewer, as in the original.
    #[default]
    Direct,
    /// From the host's browser to the server, once, and from there to all viewers.
    Server,
}

impl Default for LiveRoom {
    fn default() -> Self {
        let limits = direct::Limits::default();
        Self {
            listen: None,
            switch: Switch::default(),
            media: Media::default(),
            rooms_max: limits.rooms_max,
            rooms_per_host_max: limits.rooms_per_host_max,
            viewers_max: limits.viewers_max,
            name_bytes_max: limits.name_bytes_max,
            chat_bytes_max: limits.chat_bytes_max,
        }
    }
}

impl LiveRoom {
    /// The limits in the form that `broadcast` takes.
    pub(crate) fn limits(&self) -> direct::Limits {
        direct::Limits {
            rooms_max: self.rooms_max,
            rooms_per_host_max: self.rooms_per_host_max,
            viewers_max: self.viewers_max,
            name_bytes_max: self.name_bytes_max,
            chat_bytes_max: self.chat_bytes_max,
        }
    }
}

/// `[dialects.pion_sfu]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PionSfu {
    /// TCP address and port for this dialect alone; its clients expect port 8080, the default of
    /// the main one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) listen: Option<SocketAddr>,
}

impl From<Switch> for direct::Switch {
    fn from(switch: Switch) -> Self {
        match switch {
            Switch::AtOnce => Self::AtOnce,
            Switch::TwoClicks => Self::TwoClicks,
        }
    }
}

impl From<Media> for direct::Media {
    fn from(media: Media) -> Self {
        match media {
            Media::Direct => Self::Direct,
            Media::Server => Self::Server,
        }
    }
}

impl Dialects {
    /// How rooms from a host to viewers are set up.
    pub(crate) fn direct_rooms(&self) -> session::DirectConfig {
        session::DirectConfig {
            limits: self.live_room.limits(),
            switch: self.live_room.switch.into(),
            media: self.live_room.media.into(),
        }
    }

    /// Limits of broadcasts over trees of browsers.
    pub(crate) fn peer_trees(&self) -> room::peer_tree::Limits {
        self.tributary.limits()
    }

    /// Opens the port that its clients expect for each dialect without `listen`, on all IPv4
    /// addresses. Skips a port that is the main one, which serves the dialect already.
    pub(crate) fn open_all(&mut self, main: SocketAddr) {
        let all = |port| SocketAddr::from(([0, 0, 0, 0], port));
        for (listen, port) in [
            (&mut self.broadcast_recording.listen, 10_001),
            (&mut self.gortc.listen, 8443),
            (&mut self.live_room.listen, 4000),
            (&mut self.pion_sfu.listen, 8080),
            (&mut self.tributary.listen, 8081),
        ] {
            if port != main.port() {
                listen.get_or_insert(all(port));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_all_skips_the_port_of_the_main_listener() {
        let opened = |main: u16| {
            let mut dialects = Dialects::default();
            dialects.open_all(SocketAddr::from(([127, 0, 0, 1], main)));
            let [gortc, pion_sfu] = [dialects.gortc.listen, dialects.pion_sfu.listen];
            (gortc.map(|it| it.port()), pion_sfu.map(|it| it.port()))
        };
        assert_eq!(opened(8080), (Some(8443), None));
        assert_eq!(opened(80), (Some(8443), Some(8080)));
    }
}
