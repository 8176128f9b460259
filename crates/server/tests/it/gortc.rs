//! Clients of gortcserver at their sockets. Media is tested in `web/e2e`, except for packet loss.

mod leaving;
mod lost;
mod rooms;
mod storm;
mod streams;
mod user;
