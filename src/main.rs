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
    if !is_allocator_configured() {
        obelus::io::allocator::share_arena();
    }
    obelus::io::hardening::forbid_dumps();
    obelus::cli::Cli::parse().run()
}

/// Whether whoever started the program said how the C library's allocator is to behave.
fn is_allocator_configured() -> bool {
    std::env::vars_os().any(|(name, _)| {
        let name = name.as_encoded_bytes();
        name.starts_with(b"MALLOC_") || name == b"GLIBC_TUNABLES"
    })
}
