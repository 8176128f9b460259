//! The binary as its users meet it: a command line, an HTTP port, signals.

mod api;
mod command_line;
mod connect;
mod http;
mod offer;
mod running;
mod shutdown;
mod socket;
mod webhooks;
