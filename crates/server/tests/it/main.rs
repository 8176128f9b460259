//! The binary as its users meet it: a command line, an HTTP port, signals.

mod api;
mod broadcast_recording;
mod command_line;
mod connect;
mod gortc;
mod http;
mod invented_names;
mod live_room;
mod log;
mod media;
mod offer;
mod pion_sfu;
mod problems;
mod refused_offers;
mod running;
mod session_http;
mod shutdown;
mod socket;
mod storm;
mod tributary;
mod webhooks;
mod wire;
