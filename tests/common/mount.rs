//! File systems of a test's own. Only root may mount them; elsewhere tests that need one are left out.

// Each test that includes this file uses a part of it.
#![allow(dead_code)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Whether a command succeeds.
pub fn run(program: &str, arguments: &[&std::ffi::OsStr]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command.output().is_ok_and(|output| output.status.success())
}

/// A mounted image; unmounted when dropped.
pub struct Mounted(PathBuf);

impl Mounted {
    /// An image with a file system in it.
    pub fn new(image: &Path, at: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&at).unwrap();
        // The file system's own journal is not written by time, so that what we do not sync stays out of the image.
        let options = "loop,commit=300".as_ref();
        run(
            "mount",
            &["-o".as_ref(), options, image.as_os_str(), at.as_os_str()],
        )
        .then_some(Mounted(at))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A file system in memory that holds so many bytes.
    pub fn of_size(bytes: usize, at: PathBuf) -> Option<Self> {
        std::fs::create_dir_all(&at).unwrap();
        let options = format!("size={bytes}");
        let what = ["-t", "tmpfs", "-o", &options, "none"].map(std::ffi::OsStr::new);
        run("mount", &[&what[..], &[at.as_os_str()]].concat()).then_some(Mounted(at))
    }
}

impl Mounted {
    /// Takes room until so many bytes are left; the room comes back when the file is removed.
    pub fn fill_up_to(&self, left: u64) -> PathBuf {
        let filler = self.0.join("filler");
        let mut file = std::fs::File::create(&filler).unwrap();
        let block = [1; 4_096];
        while self.free_bytes() > left {
            if let Err(error) = file.write_all(&block) {
                assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
                break;
            }
        }
        filler
    }

    fn free_bytes(&self) -> u64 {
        let stat = nix::sys::statvfs::statvfs(&self.0).unwrap();
        stat.blocks_available() * stat.fragment_size()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if !run("umount", &[self.0.as_os_str()]) {
            run("umount", &["-l".as_ref(), self.0.as_os_str()]);
        }
    }
}
