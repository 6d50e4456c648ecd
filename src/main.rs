//! The command line: see `obelus::cli`.
fn main() {}
