//! A disk that fails or stops at the nth operation, and that can lose what was not synced, as one without power does.

// Each test that includes this file uses a part of it.
#![allow(dead_code)]

use obelus::memo::store::disk::{Disk, DiskFile, DiskReader, Names, OsDisk};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

/// What happens at the chosen operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails with this error, and all later ones work: a full disk, a bad block.
    Once(io::ErrorKind),
    /// It and all later ones fail: the process was killed, or the power went.
    Stop,
    /// From it on there is no room: what needs none, such as renaming, removing and syncing, works.
    Full,
}

/// What of the disk is left after a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Everything that was written: the process was killed, the machine goes on.
    Written,
    /// Only what was synced: the power went.
    Synced,
    /// What was synced, and a part of what was not, its end as zeros: the power went while the disk wrote.
    Torn,
}

/// A file's content, by inode: what was written, and what of it outlives a loss of power.
#[derive(Clone, Default)]
struct Inode {
    written: Vec<u8>,
    synced: Vec<u8>,
}

impl Inode {
    fn torn(&self) -> Vec<u8> {
        let mut content = self.synced.clone();
        if let Some(more) = self.written.get(content.len()..) {
            content.extend_from_slice(&more[..more.len() / 2]);
            let zeros = (more.len() / 8).min(content.len() - self.synced.len());
            let end = content.len();
            content[end - zeros..].fill(0);
        }
        content
    }
}

#[derive(Default)]
struct Model {
    /// Operations until the fault.
    countdown: Option<(usize, Fault)>,
    /// A full disk has refused something.
    struck: bool,
    inodes: Vec<Inode>,
    entries: BTreeMap<PathBuf, usize>,
    synced_entries: BTreeMap<PathBuf, usize>,
    /// The files of the index, whole, as of their last sync.
    synced_index: BTreeMap<PathBuf, Vec<u8>>,
    /// The same as of the stop.
    stopped_index: Option<BTreeMap<PathBuf, Vec<u8>>>,
    index_folder: PathBuf,
    /// Times that anybody waited for the disk.
    syncs: usize,
    /// From that byte on nothing can be read of any file.
    unreadable_from: Option<u64>,
}

impl Model {
    /// The file of that name. One that was there before the model is taken up as it is, whole and synced.
    fn inode(&mut self, path: &Path) -> io::Result<usize> {
        if let Some(inode) = self.entries.get(path) {
            return Ok(*inode);
        }
        let content = std::fs::read(path)?;
        let inode = self.inodes.len();
        self.inodes.push(Inode {
            written: content.clone(),
            synced: content,
        });
        self.entries.insert(path.to_owned(), inode);
        self.synced_entries.insert(path.to_owned(), inode);
        Ok(inode)
    }
}

/// The machine's disk below the model.
#[derive(Clone)]
pub struct FaultDisk {
    model: Arc<Mutex<Model>>,
}

struct FaultFile {
    disk: FaultDisk,
    inode: usize,
    below: Box<dyn DiskFile>,
}

/// A file with a bad block in it.
struct Spoiled {
    below: Box<dyn DiskReader>,
    from: u64,
}

impl io::Read for Spoiled {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.from.saturating_sub(self.below.stream_position()?);
        match buffer.len().min(left as usize) {
            0 if !buffer.is_empty() => Err(io::Error::other("a bad block")),
            most => self.below.read(&mut buffer[..most]),
        }
    }
}

impl io::Seek for Spoiled {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.below.seek(to)
    }
}

impl FaultDisk {
    /// For a store in that folder.
    pub fn new(store: &Path) -> Self {
        let model = Model {
            index_folder: store.join("index"),
            ..Model::default()
        };
        FaultDisk {
            model: Arc::new(Mutex::new(model)),
        }
    }

    /// The fault comes at the `nth` operation from now on (the next is 0).
    pub fn arm(&self, nth: usize, fault: Fault) {
        self.model().countdown = Some((nth, fault));
    }

    /// No fault comes from now on. Whether one came.
    pub fn disarm(&self) -> bool {
        let mut model = self.model();
        model.countdown.take().is_none() || model.struck
    }

    /// Whether a stop came.
    pub fn has_stopped(&self) -> bool {
        self.model().stopped_index.is_some()
    }

    /// Brings the folder to what is left after the stop. To be called when the store is dropped.
    pub fn crash(&self, left: Left) {
        let model = self.model();
        let (entries, index) = match left {
            Left::Written => (
                &model.entries,
                model.stopped_index.as_ref().unwrap_or(&model.synced_index),
            ),
            Left::Synced | Left::Torn => (&model.synced_entries, &model.synced_index),
        };
        for path in model.entries.keys() {
            let _ = std::fs::remove_file(path);
        }
        for (path, inode) in entries {
            let inode = &model.inodes[*inode];
            let content = match left {
                Left::Written => inode.written.clone(),
                Left::Synced => inode.synced.clone(),
                Left::Torn => inode.torn(),
            };
            std::fs::write(path, content).unwrap();
        }
        std::fs::remove_dir_all(&model.index_folder).unwrap();
        for (path, content) in index {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
    }

    /// Of files that are opened from now on, nothing can be read from that byte on; none for all of them can be read.
    pub fn spoil(&self, from: Option<u64>) {
        self.model().unreadable_from = from;
    }

    /// How often anybody waited for the disk so far.
    pub fn syncs(&self) -> usize {
        self.model().syncs
    }

    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap()
    }

    fn step(&self) -> io::Result<MutexGuard<'_, Model>> {
        self.step_with(false)
    }

    /// A step that needs room on the disk.
    fn step_into_room(&self) -> io::Result<MutexGuard<'_, Model>> {
        self.step_with(true)
    }

    fn step_with(&self, needs_room: bool) -> io::Result<MutexGuard<'_, Model>> {
        let mut model = self.model();
        match model.countdown {
            Some((0, Fault::Full)) if needs_room => {
                model.struck = true;
                Err(io::ErrorKind::StorageFull.into())
            }
            Some((0, Fault::Full)) => Ok(model),
            Some((0, Fault::Once(kind))) => {
                model.countdown = None;
                Err(kind.into())
            }
            Some((0, Fault::Stop)) => {
                if model.stopped_index.is_none() {
                    model.stopped_index = Some(files_below(&model.index_folder));
                }
                Err(io::Error::other("stopped"))
            }
            Some((nth, fault)) => {
                model.countdown = Some((nth - 1, fault));
                Ok(model)
            }
            None => Ok(model),
        }
    }
}

fn files_below(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(files_below(&path)),
            false => drop(files.insert(path.clone(), std::fs::read(&path).unwrap())),
        }
    }
    files
}

impl DiskFile for FaultFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut model = self.disk.step_into_room()?;
        model.inodes[self.inode].written.extend_from_slice(bytes);
        self.below.write_all(bytes)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        let mut model = self.disk.step()?;
        model.syncs += 1;
        let inode = &mut model.inodes[self.inode];
        inode.synced = inode.written.clone();
        Ok(())
    }
}

impl Disk for FaultDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        OsDisk.create_dir(path)
    }

    fn create_new(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut model = self.step_into_room()?;
        let below = OsDisk.create_new(path)?;
        let inode = model.inodes.len();
        model.inodes.push(Inode::default());
        model.entries.insert(path.to_owned(), inode);
        Ok(Box::new(FaultFile {
            disk: self.clone(),
            inode,
            below,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut model = self.step()?;
        OsDisk.rename(from, to)?;
        if let Some(inode) = model.entries.remove(from) {
            model.entries.insert(to.to_owned(), inode);
        }
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut model = self.step()?;
        OsDisk.remove(path)?;
        model.entries.remove(path);
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let mut model = self.step()?;
        model.syncs += 1;
        let inside = |entry: &Path| entry.parent() == Some(path);
        model.synced_entries.retain(|entry, _| !inside(entry));
        let now: Vec<_> = model.entries.iter().filter(|(entry, _)| inside(entry)).collect();
        let now: Vec<_> = now
            .into_iter()
            .map(|(entry, inode)| (entry.clone(), *inode))
            .collect();
        model.synced_entries.extend(now);
        Ok(())
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut model = match self.step_into_room() {
            Ok(model) => model,
            // A full disk takes a part.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                let part = &bytes[..bytes.len() / 2];
                let mut model = self.model();
                let inode = model.inode(path)?;
                model.inodes[inode].written.extend_from_slice(part);
                OsDisk.append(path, part)?;
                return Err(error);
            }
            Err(error) => return Err(error),
        };
        let inode = model.inode(path)?;
        model.inodes[inode].written.extend_from_slice(bytes);
        OsDisk.append(path, bytes)
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        let mut model = self.step()?;
        let inode = model.inode(path)?;
        model.inodes[inode].written.truncate(length as usize);
        OsDisk.truncate(path, length)
    }

    fn sync_content(&self, path: &Path) -> io::Result<()> {
        let mut model = self.step()?;
        model.syncs += 1;
        let inode = model.inode(path)?;
        let inode = &mut model.inodes[inode];
        inode.synced = inode.written.clone();
        Ok(())
    }

    fn sync_file_system(&self, _path: &Path) -> io::Result<()> {
        let mut model = self.step()?;
        model.syncs += 1;
        for inode in &mut model.inodes {
            inode.synced = inode.written.clone();
        }
        model.synced_entries = model.entries.clone();
        model.synced_index = files_below(&model.index_folder);
        Ok(())
    }

    /// As on a quota, which shows only when something is refused.
    fn free_bytes(&self, _path: &Path) -> io::Result<u64> {
        Ok(u64::MAX)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskReader>> {
        let below = OsDisk.open(path)?;
        Ok(match self.model().unreadable_from {
            Some(from) => Box::new(Spoiled { below, from }),
            None => below,
        })
    }

    fn sync_file(&self, _path: &Path) -> io::Result<()> {
        let mut model = self.step()?;
        model.syncs += 1;
        model.synced_index = files_below(&model.index_folder);
        Ok(())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        OsDisk.read(path)
    }

    fn read_head(&self, path: &Path, most: usize) -> io::Result<(Vec<u8>, u64)> {
        OsDisk.read_head(path, most)
    }

    fn list(&self, path: &Path) -> io::Result<Names> {
        OsDisk.list(path)
    }

    fn is_dir(&self, path: &Path) -> bool {
        OsDisk.is_dir(path)
    }

    fn restrict(&self, path: &Path) -> io::Result<()> {
        OsDisk.restrict(path)
    }
}
