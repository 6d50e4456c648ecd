//! Small secrets of the server itself, each a file beside the memos: made once, and durable before they are used.

use super::disk::Disk;
use super::{Inner, Store, StoreError};
use std::io;
use std::path::Path;
use zeroize::Zeroizing;

impl Store {
    /// A small secret of the server itself, kept in a file of that name beside the memos: durable when this returns. It is
    /// what `make` gives, where there is none yet.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn own_file(
        &self,
        name: &str,
        make: impl FnOnce() -> Zeroizing<Vec<u8>>,
    ) -> Result<Zeroizing<Vec<u8>>, StoreError> {
        let Inner { disk, folder, .. } = &*self.inner;
        Ok(read_or_make(&**disk, folder, name, make)?)
    }
}

/// The content of a file, which is made of what `make` gives where there is none yet.
fn read_or_make(
    disk: &dyn Disk,
    folder: &Path,
    name: &str,
    make: impl FnOnce() -> Zeroizing<Vec<u8>>,
) -> io::Result<Zeroizing<Vec<u8>>> {
    let path = folder.join(name);
    match disk.read(&path) {
        Ok(content) => return Ok(Zeroizing::new(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let content = make();
    let temporary = folder.join(format!("{name}.tmp"));
    // What a crash left of an attempt before.
    let _ = disk.remove(&temporary);
    let written = disk.create_new(&temporary).and_then(|mut file| {
        file.write_all(&content)?;
        file.sync_data()
    });
    if let Err(error) = written.and_then(|()| disk.rename(&temporary, &path)) {
        let _ = disk.remove(&temporary);
        return Err(error);
    }
    disk.sync_dir(folder)?;
    Ok(content)
}
