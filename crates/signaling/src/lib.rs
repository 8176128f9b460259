//! Wire dialects, translated to and from the requests and events of `room`.
//!
//! Each module of [`dialect`] knows one protocol and nothing of the others. A module keeps state
//! only where its protocol needs it between messages. What WHIP and WHEP share (an SDP exchange
//! over HTTP with a session resource) is written once, in [`session_http`]; the
//! JSON shapes that the API and webhooks share with the protocol of rooms are in [`json`].
//!
//! Deliberately absent: sockets, an HTTP server, and any knowledge of which streams are live.

pub mod dialect;
pub mod ice_fragment;
pub mod ice_server;
pub mod json;
pub mod outbox;
pub mod problem;
pub mod session_http;

pub use ice_server::IceServer;
pub use problem::Problem;
