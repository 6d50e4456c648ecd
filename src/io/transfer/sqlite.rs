//! Memos from and to a SQLite database: a table with the columns of `docs/memo-format.md`, as servers of voice federation
//! keep them.

use super::row::Row;
pub use super::row::Target;
use crate::limits;
use crate::memo::record::{Millis, Record};
use crate::memo::store::staging::Staging;
use crate::memo::store::StoreError;
use base64::engine::general_purpose::URL_SAFE;
use base64::Engine as _;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use std::collections::HashMap;
use std::path::Path;
use thiserror::Error;

/// Why a database was not read or written.
#[derive(Debug, Error)]
pub enum SqliteError {
    /// What the library says.
    #[error("{0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The table is not there.
    #[error("the database has no table {0:?}")]
    NoTable(String),
    /// The file to be written is there already.
    #[error("the file exists already")]
    Exists,
    /// Where memos are taken to.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of the rows of a table.
#[derive(Debug, Default)]
pub struct Report {
    /// Rows that were read.
    pub rows: usize,
    /// Rows that are no memo that could be taken: which, and why.
    pub skipped: Vec<(String, String)>,
    /// Memos whose key was in clear, and is sealed to the owner now, with the caller.
    pub sealed: usize,
    /// Memos of which something that was in clear is left out.
    pub left_out: usize,
    /// Memos that have another id than links of before say.
    pub renamed: usize,
}

/// Stages every row of a table that is a memo. The database is only read.
///
/// # Errors
/// A file that is no database, or has no such table; a disk that fails.
pub fn import(
    file: &Path,
    table: &str,
    target: &Target<'_>,
    staging: &mut Staging,
) -> Result<Report, SqliteError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(file, flags)?;
    // Its schema is a stranger's: no function of it is to be called.
    database.pragma_update(None, "trusted_schema", false)?;
    let is_there: bool = database.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1)",
        [table],
        |row| row.get(0),
    )?;
    if !is_there {
        return Err(SqliteError::NoTable(table.to_owned()));
    }
    let mut statement = database.prepare(&format!("SELECT * FROM \"{}\"", table.replace('"', "\"\"")))?;
    let columns: Vec<String> = statement.column_names().map(str::to_lowercase).collect();
    let mut report = Report::default();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        report.rows += 1;
        let mut values = HashMap::new();
        let mut is_too_long = false;
        for (at, column) in columns.iter().enumerate() {
            let value = row.get_ref(at)?;
            let length = value
                .as_bytes_or_null()
                .map_or(0, |bytes| bytes.map_or(0, <[u8]>::len));
            // Base64 takes a third more than the audio.
            is_too_long |= length > limits::FETCH_BYTES / 3 * 4;
            if length <= limits::FETCH_BYTES / 3 * 4 {
                values.insert(column.clone(), row.get::<_, Value>(at).unwrap_or(Value::Null));
            }
        }
        let row = Row(values);
        let name = row.name(report.rows);
        let read = match is_too_long {
            true => Err("it is too long".to_owned()),
            false => row.read(target),
        };
        match read {
            Ok(memo) if staging.add(&memo.record, &memo.ciphertext)? => {
                report.sealed += usize::from(memo.is_sealed);
                report.left_out += usize::from(memo.is_left_out);
                report.renamed += usize::from(memo.is_renamed);
            }
            Ok(_) => report
                .skipped
                .push((name, "another row has the same id".to_owned())),
            Err(reason) => report.skipped.push((name, reason)),
        }
    }
    Ok(report)
}

const TABLE: &str = "CREATE TABLE voice_memos (
    id TEXT PRIMARY KEY,
    user_id TEXT,
    domain TEXT NOT NULL,
    encrypted_audio BLOB NOT NULL,
    encryption_iv TEXT NOT NULL,
    access_key_hash TEXT NOT NULL,
    access_token_hash TEXT NOT NULL,
    duration_seconds REAL,
    file_size_bytes INTEGER NOT NULL,
    audio_format TEXT NOT NULL,
    access_type TEXT NOT NULL,
    federation_shared INTEGER NOT NULL,
    trusted_domains TEXT NOT NULL,
    access_count INTEGER NOT NULL,
    last_accessed_at TEXT,
    created_at TEXT NOT NULL,
    expires_at TEXT,
    metadata TEXT NOT NULL,
    sealed_envelope TEXT
)";

/// A new database, written in one transaction.
pub struct Writer {
    database: Connection,
}

impl Writer {
    /// Makes the file, for this user alone.
    ///
    /// # Errors
    /// [`SqliteError::Exists`]; a file that cannot be made.
    pub fn new(file: &Path) -> Result<Self, SqliteError> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let made = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file);
        match made {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                return Err(SqliteError::Exists)
            }
            Err(error) => return Err(StoreError::from(error).into()),
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(file, flags)?;
        database.execute_batch("BEGIN")?;
        database.execute_batch(TABLE)?;
        Ok(Writer { database })
    }

    /// Adds a memo.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn add(&self, record: &Record, ciphertext: &[u8]) -> Result<(), SqliteError> {
        let metadata = json!({
            "source": record.metadata.source,
            "trunk": record.metadata.trunk,
            "call_id": record.metadata.call_id,
            "encryption": record.metadata.encryption,
            "share_of": record.metadata.share_of,
            "max_accesses": record.max_accesses,
            "telephone": record.telephone,
            "complete": record.complete,
            "heard": record.heard,
        });
        // The length follows from the size, so that stating it gives nothing away.
        let seconds = record.duration().map(|duration| duration.as_secs_f64());
        let insert =
            "INSERT INTO voice_memos VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let values = rusqlite::params![
            record.id.to_string(),
            record.user_id,
            record.domain,
            ciphertext,
            URL_SAFE.encode(record.encryption_iv),
            hex::encode(record.access_key_hash.as_bytes()),
            hex::encode(record.access_token_hash.as_bytes()),
            seconds,
            ciphertext.len() as i64,
            record.audio_format,
            record.access_type,
            record.federation_shared,
            json!(record.trusted_domains).to_string(),
            i64::try_from(record.access_count).unwrap_or(i64::MAX),
            record.last_accessed_at.map(Millis::to_rfc3339),
            record.created_at.to_rfc3339(),
            record.expires_at.map(Millis::to_rfc3339),
            metadata.to_string(),
            record
                .sealed_envelope
                .as_ref()
                .map(|envelope| json!(envelope).to_string()),
        ];
        self.database.execute(insert, values)?;
        Ok(())
    }

    /// Makes it durable.
    ///
    /// # Errors
    /// A disk that fails.
    pub fn finish(self) -> Result<(), SqliteError> {
        Ok(self.database.execute_batch("COMMIT")?)
    }
}
