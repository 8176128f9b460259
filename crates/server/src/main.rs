//! The `headwater` binary: loads the configuration and runs the server.

mod bench;
mod causes;
mod cli;
mod config;
mod control;
mod http;
mod media;
mod metrics;
mod serve;
mod stdout;
mod webhooks;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::read(std::env::args_os());
    match cli.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("headwater: {error:#}");
            ExitCode::FAILURE
        }
    }
}
