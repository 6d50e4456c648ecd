//! Programs of others that the interop tests need: found, or left out with a word why.

// Each test that includes this file uses a part of it.
#![allow(dead_code)]

use std::io::Write as _;
use std::path::PathBuf;

/// A program that an interop test talks to, by name (`sipp`, `chromium`) or, for Python, the interpreter with the modules
/// named (`python3:cryptography`).
///
/// Where it is missing, says on standard error which test is left out and why, and gives none: the test then returns,
/// passing. In CI (the environment variable `CI` is set) its absence is a failure.
///
/// # Panics
/// In CI, where the program is missing.
pub fn peer(name: &str) -> Option<PathBuf> {
    let (program, module) = match name.split_once(':') {
        Some((program, module)) => (program, Some(module)),
        None => (name, None),
    };
    let reason = match find(program) {
        None => format!("there is no {program} on the PATH"),
        Some(path) => match module {
            Some(module) if !has_module(&path, module) => format!("{program} has no module {module}"),
            _ => return Some(path),
        },
    };
    let test = std::thread::current()
        .name()
        .unwrap_or("an interop test")
        .to_owned();
    assert!(
        std::env::var_os("CI").is_none(),
        "{test} needs {name}, and {reason}"
    );
    // Written past the harness, which keeps to itself what a passing test prints.
    let _ = writeln!(std::io::stderr(), "left out: {test}, because {reason}");
    None
}

fn find(program: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

fn has_module(python: &PathBuf, module: &str) -> bool {
    std::process::Command::new(python)
        .args(["-c", &format!("import {module}")])
        .stderr(std::process::Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
