//! Settings: one file for each section, and where their values come from.

mod auth;
mod dialects;
mod error;
mod http;
mod ice;
mod limits;
mod loading;
mod log;
mod media;
mod rooms;
mod secret;
mod streams;
#[cfg(test)]
mod tests;
mod tributary;
mod validation;
mod webhook;

use serde::{Deserialize, Serialize};

pub(crate) use auth::Auth;
pub(crate) use dialects::{Dialects, Gortc};
pub(crate) use http::Http;
pub(crate) use ice::Ice;
pub(crate) use limits::Limits;
pub(crate) use loading::read_file;
pub(crate) use log::{Log, LogFormat};
pub(crate) use media::Media;
pub(crate) use rooms::Rooms;
pub(crate) use secret::Secret;
pub(crate) use streams::Streams;
pub(crate) use webhook::Webhook;

/// All settings. Each is a key in TOML and an environment variable.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// Address of the pages and the APIs.
    pub(crate) http: Http,
    /// UDP ports, candidate addresses, media threads and their timeouts.
    pub(crate) media: Media,
    /// STUN and TURN servers for clients, and how answers announce ICE.
    pub(crate) ice: Ice,
    /// Tokens for publishing, watching, hosting and the API.
    pub(crate) auth: Auth,
    /// How long viewers wait for a publisher, and how strict WHIP and WHEP are.
    pub(crate) streams: Streams,
    /// Limits of rooms and their participants.
    pub(crate) rooms: Rooms,
    /// Protocols of earlier systems, for their unchanged clients.
    pub(crate) dialects: Dialects,
    /// Limits of sessions, connections, requests and caches.
    pub(crate) limits: Limits,
    /// Format and filter of log lines.
    pub(crate) log: Log,
    /// Receivers of events in rooms.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) webhooks: Vec<Webhook>,
}
