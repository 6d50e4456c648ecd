//! The socket's file.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// A socket's address holds 108 bytes with the closing zero (unix(7)).
const ADDRESS_BYTES: usize = 107;

/// Listens at `path`, where nobody does. What a dead process left there is replaced; the socket never exists with
/// another mode than 0600.
pub(super) fn listen(path: &Path) -> io::Result<UnixListener> {
    if connect(path)?.is_some() {
        return Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            format!("a running switch listens on {}", path.display()),
        ));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    // Made in a folder that only we can enter, then moved into place, since there is a moment between binding and
    // changing the mode.
    let private = tempfile::Builder::new()
        .prefix(".ctl")
        .rand_bytes(4)
        .tempdir_in(folder)?;
    let made = private.path().join("s");
    let short = Short::of(&made)?;
    let listener = UnixListener::bind(&short.path)?;
    fs::set_permissions(&made, Permissions::from_mode(0o600))?;
    fs::rename(&made, path)?;
    Ok(listener)
}

/// A connection to whoever listens at `path`; none where nobody does.
pub(super) fn connect(path: &Path) -> io::Result<Option<UnixStream>> {
    let short = match Short::of(path) {
        Ok(short) => short,
        // The folder does not exist, so the socket does not either.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match UnixStream::connect(&short.path) {
        Ok(stream) => Ok(Some(stream)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A path that fits into a socket's address: by way of an open folder where the path itself is too long.
struct Short {
    path: PathBuf,
    _folder: Option<File>,
}

impl Short {
    fn of(path: &Path) -> io::Result<Self> {
        if path.as_os_str().len() <= ADDRESS_BYTES {
            return Ok(Short {
                path: path.to_owned(),
                _folder: None,
            });
        }
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::Error::from(io::ErrorKind::InvalidInput));
        };
        let folder = File::open(folder)?;
        let path = Path::new("/proc/self/fd")
            .join(folder.as_raw_fd().to_string())
            .join(name);
        Ok(Short {
            path,
            _folder: Some(folder),
        })
    }
}
