//! Clients of gortcserver, by their sockets. Their media is in `web/e2e`, but for what is lost.

mod lost;
mod rooms;
mod storm;
mod streams;
mod user;
