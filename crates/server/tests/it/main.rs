//! The binary as its users meet it: a command line, an HTTP port, signals.

mod command_line;
mod http;
mod running;
mod shutdown;
