use std::io::{self, Write};

use anyhow::Context;

/// Writes a result to standard output.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    writeln!(io::stdout(), "{text}").context("write to standard output")
}

/// Reports progress on standard error.
pub(crate) fn progress(what: &str) {
    // Progress is only for a waiting person: a closed standard error is no failure.
    writeln!(io::stderr(), "… {what}").ok();
}
