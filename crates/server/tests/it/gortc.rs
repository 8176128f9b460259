//! Clients of gortcserver, by their sockets. Their media is in `web/e2e`.

mod rooms;
mod storm;
mod streams;
mod user;
