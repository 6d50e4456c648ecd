//! The two commands of the README on machines that lack something, with other machines' programs made up.

#[path = "common/program.rs"]
mod program;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A machine: a folder of programs that stands before the system's in the search path.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        fs::create_dir(folder.path().join("bin")).expect("a folder can be made");
        Machine { folder }
    }

    fn program(self, name: &str, script: &str) -> Self {
        let path = self.folder.path().join("bin").join(name);
        program::write(&path, &format!("#!/bin/sh\n{script}\n"));
        self
    }

    /// A program that writes down how it was called.
    fn recorded(self, name: &str, then: &str) -> Self {
        let calls = self.calls();
        self.program(
            name,
            &format!("echo \"{name} $*\" >> '{}'\n{then}", calls.display()),
        )
    }

    fn calls(&self) -> PathBuf {
        self.folder.path().join("calls")
    }

    fn called(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.calls()).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    fn run(&self, script: &str, arguments: &[&str]) -> Output {
        Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("contrib").join(script))
            .args(arguments)
            // Scripts work from anywhere.
            .current_dir(self.folder.path())
            .env(
                "PATH",
                format!("{}:/usr/bin:/bin", self.folder.path().join("bin").display()),
            )
            .env("HOME", self.folder.path())
            .env_remove("CARGO_TARGET_DIR")
            .output()
            .expect("the script can be started")
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The oldest Rust that Cargo.toml admits.
fn rust_version() -> &'static str {
    env!("CARGO_PKG_RUST_VERSION")
}

/// Rust as new as wanted, and a cargo that only writes down what it was asked.
fn with_rust(machine: Machine) -> Machine {
    machine
        .program(
            "rustc",
            &format!("echo 'rustc {}.0 (0123456 2026-01-01)'", rust_version()),
        )
        .recorded("cargo", "")
}

#[test]
fn an_older_rust_is_told_what_to_do() {
    for script in ["demo", "test"] {
        let machine = Machine::new()
            .program("rustc", "echo 'rustc 1.63.0 (4b91a6ea7 2022-08-08)'")
            .recorded("cargo", "")
            .recorded("apt-get", "")
            .recorded("sudo", "");
        let output = machine.run(script, &[]);
        assert_eq!(output.status.code(), Some(1));
        let said = stderr(&output);
        let expected = format!(
            "Obelus needs Rust {} or newer; this is Rust 1.63.0",
            rust_version()
        );
        assert!(said.starts_with(&expected), "{said}");
        assert!(said.contains("rustup update stable"), "{said}");
        assert_eq!(
            machine.called(),
            Vec::<String>::new(),
            "nothing is built or installed"
        );
    }
}

#[test]
fn a_newer_rust_and_a_nightly_will_do() {
    for version in ["1.100.0", "2.0.0-nightly"] {
        let machine = Machine::new()
            .program("rustc", &format!("echo 'rustc {version} (0123456 2026-01-01)'"))
            .recorded("cargo", "")
            .program("dpkg-query", "printf installed");
        let output = machine.run("demo", &[]);
        assert!(output.status.success(), "{version}: {}", stderr(&output));
    }
}

#[test]
fn no_rust_at_all_is_told_what_to_do() {
    let machine = Machine::new();
    let system_has_rust = ["/usr/bin/cargo", "/bin/cargo"]
        .iter()
        .any(|path| Path::new(path).exists());
    if system_has_rust {
        // Hidden by one that does not start, which is as good as none to whoever calls it.
        let output = machine.program("rustc", "echo 'rustc 1.0.0'").run("demo", &[]);
        assert_eq!(output.status.code(), Some(1));
        return;
    }
    let output = machine.run("demo", &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(
        said.contains("there is no Rust here") && said.contains("https://rustup.rs"),
        "{said}"
    );
}

#[test]
fn missing_packages_are_named_and_installed_with_sudo() {
    let machine = with_rust(Machine::new())
        .program(
            "dpkg-query",
            "case \"$*\" in *gcc*) exit 1;; *) printf installed;; esac",
        )
        .program("id", "echo 1000")
        .recorded("sudo", "")
        .program("apt-get", "exit 1");
    let output = machine.run("demo", &["--exit", "--wav", "a b.wav"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("Installing from Debian: gcc\n"),
        "{}",
        stderr(&output)
    );
    assert_eq!(
        machine.called(),
        [
            "sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends gcc",
            "cargo run --release -- demo --exit --wav a b.wav",
        ]
    );
    assert!(output.stdout.is_empty(), "standard output is the program's own");
}

#[test]
fn root_needs_no_sudo_and_a_fresh_machine_gets_package_lists() {
    let machine = with_rust(Machine::new())
        .program(
            "dpkg-query",
            "case \"$*\" in *chromium*) exit 1;; *) printf installed;; esac",
        )
        .program("id", "echo 0")
        .recorded("sudo", "exit 1");
    // Installs only once the lists were fetched.
    let lists = machine.folder.path().join("lists");
    let script = format!(
        "case $1 in update) touch '{0}';; install) [ -e '{0}' ];; esac",
        lists.display()
    );
    let machine = machine.recorded("apt-get", &script);
    let output = machine.run("test", &["--lib", "config"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let install = "apt-get install -y -q --no-install-recommends chromium";
    assert_eq!(
        machine.called(),
        [install, "apt-get update -q", install, "cargo test --lib config"]
    );
}

#[test]
fn without_sudo_the_command_to_run_is_shown() {
    if Path::new("/usr/bin/sudo").exists() {
        // This machine's own sudo cannot be hidden from the script; it must not be called by a test either.
        return;
    }
    let machine = with_rust(Machine::new())
        .program("dpkg-query", "exit 1")
        .program("id", "echo 1000");
    let output = machine.run("demo", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("As root: apt-get install gcc libc6-dev"),
        "{}",
        stderr(&output)
    );
    assert_eq!(machine.called(), Vec::<String>::new());
}
