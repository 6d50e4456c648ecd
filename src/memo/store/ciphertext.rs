//! A memo's ciphertext that is read as it is wanted: an open file, and a piece of it in memory.
//!
//! The file was opened once, so what is read is the memo as it was then: a deletion takes the name, and who reads already
//! reads on to the end.

use super::disk::DiskReader;
use crate::limits;
use std::fmt;
use std::io::{self, Read as _, Seek as _, SeekFrom};

/// Ciphertext with its tag, or frames, from an open file. Every read blocks on the disk.
pub struct Ciphertext {
    file: Box<dyn DiskReader>,
    start: u64,
    bytes: u64,
    left: u64,
}

impl Ciphertext {
    /// What stands in a file from there on.
    pub(super) fn new(mut file: Box<dyn DiskReader>, start: u64) -> io::Result<Self> {
        let end = file.seek(SeekFrom::End(0))?;
        let bytes = end.checked_sub(start).ok_or(io::ErrorKind::UnexpectedEof)?;
        file.seek(SeekFrom::Start(start))?;
        Ok(Ciphertext {
            file,
            start,
            bytes,
            left: bytes,
        })
    }

    /// How long it is, whatever was read of it already.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next piece: [`limits::MEMO_PIECE_BYTES`], or what is left where that is less; none at the end.
    ///
    /// # Errors
    /// A disk that fails, or a file that has become shorter.
    pub fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        let length = self.left.min(limits::MEMO_PIECE_BYTES as u64);
        if length == 0 {
            return Ok(None);
        }
        let mut piece = vec![0; length as usize];
        self.file.read_exact(&mut piece)?;
        self.left -= length;
        Ok(Some(piece))
    }

    /// Reads all of it for nothing, so that what the disk refuses is known before anything is promised.
    ///
    /// # Errors
    /// What a piece would fail with.
    pub fn try_whole(&mut self) -> io::Result<()> {
        while self.piece()?.is_some() {}
        self.file.seek(SeekFrom::Start(self.start))?;
        self.left = self.bytes;
        Ok(())
    }

    /// What is left of it, at once.
    pub(super) fn whole(mut self) -> io::Result<Vec<u8>> {
        let length = usize::try_from(self.left).map_err(io::Error::other)?;
        let mut whole = vec![0; length];
        self.file.read_exact(&mut whole)?;
        Ok(whole)
    }
}

impl fmt::Debug for Ciphertext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ciphertext({} of {} bytes left)", self.left, self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn of(bytes: &[u8], start: u64) -> io::Result<Ciphertext> {
        Ciphertext::new(Box::new(Cursor::new(bytes.to_vec())), start)
    }

    #[test]
    fn a_file_is_read_in_pieces_of_one_length_and_a_last_one() {
        let file: Vec<u8> = (0..2 * limits::MEMO_PIECE_BYTES + 12).map(|n| n as u8).collect();
        let mut ciphertext = of(&file, 5).unwrap();
        assert_eq!(ciphertext.bytes(), file.len() as u64 - 5);
        ciphertext.try_whole().unwrap();
        let mut pieces = Vec::new();
        while let Some(piece) = ciphertext.piece().unwrap() {
            pieces.push(piece);
        }
        let lengths: Vec<usize> = pieces.iter().map(Vec::len).collect();
        assert_eq!(lengths, [limits::MEMO_PIECE_BYTES, limits::MEMO_PIECE_BYTES, 7]);
        assert!(pieces.concat() == file[5..]);
        assert!(of(&file, 5).unwrap().whole().unwrap() == file[5..]);
        // Nothing behind the head, and less than nothing.
        assert_eq!(of(b"head", 4).unwrap().piece().unwrap(), None);
        assert!(of(b"head", 5).is_err());
    }

    #[test]
    fn a_file_that_becomes_shorter_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, vec![7; 3 * limits::MEMO_PIECE_BYTES]).unwrap();
        let open = || Ciphertext::new(Box::new(std::fs::File::open(&path).unwrap()), 0).unwrap();
        let (mut reading, mut tried) = (open(), open());
        assert!(reading.piece().unwrap().is_some());
        let shortened = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        shortened
            .set_len(2 * limits::MEMO_PIECE_BYTES as u64 - 1)
            .unwrap();
        assert!(tried.try_whole().is_err());
        assert_eq!(reading.piece().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
