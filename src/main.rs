//! The binary: arguments to a subcommand, its exit code to the shell.

use clap::Parser;
use std::alloc::System;
use std::process::ExitCode;
use zeroizing_alloc::ZeroAlloc;

/// Wipes memory that is given back: libraries copy what they are handed (a link in an HTTP request, a line of JSON), and
/// their copies would stay behind. What it costs stands in docs/measurements.md.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    obelus::io::hardening::forbid_dumps();
    obelus::cli::Cli::parse().run()
}
