//! What was done and what came of it, as text without anything that a seed does not decide.

use std::fmt::Write;

use contract::Command;
use session::{Fact, Output};

/// Everything so far, a line each.
#[derive(Debug, Default)]
pub(super) struct Trace(String);

impl Trace {
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// Adds a line.
    pub(super) fn add(&mut self, line: impl std::fmt::Display) {
        writeln!(self.0, "{line}").expect("a string takes all");
    }

    pub(super) fn output(&mut self, output: &Output) {
        match output {
            Output::Command { shard, command } => {
                self.add(format_args!("  shard {shard}: {}", written(command)));
            }
            // The SDP has keys that the server draws.
            Output::Offer { to, offer } => {
                let (number, lines) = (offer.number, &offer.lines);
                self.add(format_args!("  {to:?} offer {number} {lines:?}"));
            }
            Output::IceRestarted { session, .. } => {
                self.add(format_args!("  restarted {session}"));
            }
            Output::Fact(Fact::Room { topology, event }) => {
                self.add(format_args!("  fact {topology:?} {event:?}"));
            }
            output => self.add(format_args!("  {output:?}")),
        }
    }
}

/// A command without its peer, which has keys of its own.
fn written(command: &Command) -> String {
    match command {
        Command::Publish {
            session, tracks, ..
        } => format!("Publish {session} {tracks:?}"),
        Command::Renegotiate {
            session,
            agreed,
            tracks,
        } => format!("Renegotiate {session} {} {tracks:?}", agreed.is_some()),
        Command::Watch {
            session,
            stream,
            origin,
            first_seq,
            ..
        } => format!(
            "Watch {session} {stream:?} at {} from {first_seq}",
            origin.shard
        ),
        Command::View { session, .. } => format!("View {session}"),
        Command::SetSubscriptions {
            session,
            agreed,
            lines,
        } => format!("SetSubscriptions {session} {} {lines:?}", agreed.is_some()),
        Command::RestartIce { session, .. } => format!("RestartIce {session}"),
        Command::Close { session } => format!("Close {session}"),
        command => format!("{command:?}"),
    }
}
