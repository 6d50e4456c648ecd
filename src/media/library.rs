//! The library: sounds by name, from folders and from those built in.

use super::prompt::Prompt;
use super::tone;
use crate::codec::g711;
use crate::codec::wav::WavError;
use crate::codec::SAMPLE_RATE;
use crate::limits;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Sounds compiled into the program, sorted by name: language and name without extension, and the WAV file.
pub type Builtin = &'static [(&'static str, &'static [u8])];

/// Why a sound could not be had.
#[derive(Debug, thiserror::Error)]
pub enum SoundError {
    /// Absolute, with `..`, or with characters that no sound's name has.
    #[error(
        "{0:?} is not a sound's name: letters, digits, `-`, `_`, `.` and `/`, relative to the sound folders"
    )]
    Name(String),
    /// Neither in a folder nor built in.
    #[error("no sound {0:?} in the sound folders")]
    Missing(String),
    /// The file is there and cannot be read.
    #[error("{path}: {error}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        error: io::Error,
    },
    /// The file is there and is no WAV file that we understand.
    #[error("{path}: {error}")]
    Wav {
        /// The file, or `built in: name`.
        path: PathBuf,
        /// What is wrong with it.
        error: WavError,
    },
}

/// Sounds by name: `greeting`, `digits/7`, and of a language `fr/digits/7`. A name is looked for in each folder in
/// order, as it stands and below the default language; then among what is made by code (`beep`, `busy`,
/// `silence/3`); then among the built-in sounds, of which the default language lacks none that English has. What was read stays in memory, within
/// [`limits::SOUND_CACHE_SAMPLES`]; a file that changes later is not read again until it has left the memory.
pub struct Library {
    folders: Vec<PathBuf>,
    builtin: Builtin,
    /// The language of names that say none.
    language: String,
    cache: Mutex<Cache>,
}

#[derive(Default)]
struct Cache {
    prompts: HashMap<String, Entry>,
    samples: usize,
    clock: u64,
}

struct Entry {
    prompt: Arc<Prompt>,
    last_use: u64,
}

impl Library {
    /// A library over these folders, with those sounds as its last resort, in English.
    pub fn new(folders: Vec<PathBuf>, builtin: Builtin) -> Self {
        Library {
            folders,
            builtin,
            language: "en".to_owned(),
            cache: Mutex::default(),
        }
    }

    /// The same with another language for names that say none.
    pub fn with_language(self, language: &str) -> Self {
        Library {
            language: language.to_owned(),
            ..self
        }
    }

    /// Whether there is a sound of that name. Looks for the file, does not read it.
    pub fn contains(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The file that a name stands for; `None` where it is a tone, built in or missing.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        match self.find(name)? {
            Place::File(path) => Some(path),
            Place::Tone(_) | Place::Silence(_) | Place::Builtin(_) => None,
        }
    }

    /// The sound of that name, read and decoded where that was not done before.
    ///
    /// # Errors
    /// See [`SoundError`].
    pub fn get(&self, name: &str) -> Result<Arc<Prompt>, SoundError> {
        if !is_name(name) {
            return Err(SoundError::Name(name.to_owned()));
        }
        if let Some(prompt) = self.lock().get(name) {
            return Ok(prompt);
        }
        // Read without the lock: a slow disk delays only those who want this file.
        let prompt = Arc::new(match self.find(name) {
            None => return Err(SoundError::Missing(name.to_owned())),
            Some(Place::Tone(make)) => make(),
            Some(Place::Silence(seconds)) => Prompt::new(vec![0; seconds * SAMPLE_RATE as usize]),
            Some(Place::Builtin(bytes)) => decode(Path::new(&format!("built in: {name}.wav")), bytes)?,
            Some(Place::File(path)) => {
                let bytes = std::fs::read(&path).map_err(|error| SoundError::Read {
                    path: path.clone(),
                    error,
                })?;
                decode(&path, &bytes)?
            }
        });
        prompt.prepare();
        self.lock().insert(name, &prompt);
        Ok(prompt)
    }

    fn find(&self, name: &str) -> Option<Place> {
        if !is_name(name) {
            return None;
        }
        let names = [name.to_owned(), format!("{}/{name}", self.language)];
        let files = self.folders.iter().flat_map(|folder| {
            let named = names.iter().map(move |name| folder.join(name));
            named.flat_map(|path| EXTENSIONS.map(|extension| with_extension(&path, extension)))
        });
        if let Some(path) = files.into_iter().find(|path| path.is_file()) {
            return Some(Place::File(path));
        }
        if let Some(make) = tone::by_name(name) {
            return Some(Place::Tone(make));
        }
        if let Some(seconds) = silence(name) {
            return Some(Place::Silence(seconds));
        }
        let [plain, own] = names;
        [plain, own, format!("en/{name}")]
            .iter()
            .find_map(|name| self.built_in(name))
            .map(Place::Builtin)
    }

    fn built_in(&self, name: &str) -> Option<&'static [u8]> {
        let index = self
            .builtin
            .binary_search_by_key(&name, |(builtin, _)| builtin)
            .ok()?;
        self.builtin.get(index).map(|(_, bytes)| *bytes)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Cache> {
        // The cache is whole between any two statements, so a panic elsewhere leaves nothing half done.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").field("folders", &self.folders).finish()
    }
}

enum Place {
    File(PathBuf),
    Tone(fn() -> Prompt),
    /// So many seconds of it.
    Silence(usize),
    Builtin(&'static [u8]),
}

impl Cache {
    fn get(&mut self, name: &str) -> Option<Arc<Prompt>> {
        self.clock += 1;
        let entry = self.prompts.get_mut(name)?;
        entry.last_use = self.clock;
        Some(entry.prompt.clone())
    }

    fn insert(&mut self, name: &str, prompt: &Arc<Prompt>) {
        self.clock += 1;
        let entry = Entry {
            prompt: prompt.clone(),
            last_use: self.clock,
        };
        self.samples += prompt.samples().len();
        if let Some(replaced) = self.prompts.insert(name.to_owned(), entry) {
            self.samples -= replaced.prompt.samples().len();
        }
        while self.samples > limits::SOUND_CACHE_SAMPLES && self.prompts.len() > 1 {
            let oldest = self.prompts.iter().min_by_key(|(_, entry)| entry.last_use);
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else {
                break;
            };
            if let Some(entry) = self.prompts.remove(&oldest) {
                self.samples -= entry.prompt.samples().len();
            }
        }
    }
}

/// What files of sounds may be called: WAV, and those without a head that Asterisk's authors have: 16 bits, G.711. All
/// of these are 8 kHz, mono.
pub const EXTENSIONS: [&str; 4] = ["wav", "sln", "ulaw", "alaw"];

/// A name may have a dot of its own, so that this is not `Path::with_extension`.
fn with_extension(path: &Path, extension: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(".");
    path.push(extension);
    path.into()
}

/// The seconds of `silence/1` to `silence/10`.
fn silence(name: &str) -> Option<usize> {
    let seconds = name.strip_prefix("silence/")?.parse().ok()?;
    (1..=10).contains(&seconds).then_some(seconds)
}

fn decode(path: &Path, bytes: &[u8]) -> Result<Prompt, SoundError> {
    let samples: Option<Vec<i16>> = match path.extension().and_then(|extension| extension.to_str()) {
        Some("sln") => {
            let pairs = bytes.chunks_exact(2);
            Some(pairs.map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
        }
        Some("ulaw") => Some(bytes.iter().map(|&code| g711::mulaw_decode(code)).collect()),
        Some("alaw") => Some(bytes.iter().map(|&code| g711::alaw_decode(code)).collect()),
        _ => None,
    };
    let prompt = match samples {
        None => Prompt::from_wav(bytes),
        Some(samples) if samples.len() as u64 > limits::SOUND_SECS * u64::from(SAMPLE_RATE) => {
            Err(WavError::TooLong)
        }
        Some(samples) => Ok(Prompt::new(samples)),
    };
    prompt.map_err(|error| SoundError::Wav {
        path: path.to_owned(),
        error,
    })
}

/// A dialplan may build a name from what a caller typed or a header said, so a name never leaves the folders.
fn is_name(name: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | ' '))
    };
    name.len() <= 255 && name.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::wav;

    const BUILTIN: Builtin = &[
        ("en/beep", b"never reached"),
        ("en/broken", b"not a sound"),
        ("en/only-english", b"not a sound"),
        ("fr/broken", b"not a sound either"),
    ];

    fn library(folder: &Path) -> Library {
        Library::new(vec![folder.join("first"), folder.join("second")], BUILTIN)
    }

    fn write(path: PathBuf, samples: &[i16]) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &*wav::encode(samples)).unwrap();
    }

    #[test]
    fn the_first_folder_wins_and_what_was_read_stays() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path().join("first/digits/7.wav"), &[1; 10]);
        write(folder.path().join("second/digits/7.wav"), &[2; 10]);
        write(folder.path().join("second/only.wav"), &[3; 10]);
        let library = library(folder.path());
        assert_eq!(library.get("digits/7").unwrap().samples(), &[1; 10]);
        assert_eq!(library.get("only").unwrap().samples(), &[3; 10]);
        assert_eq!(library.path("only"), Some(folder.path().join("second/only.wav")));
        std::fs::remove_file(folder.path().join("second/only.wav")).unwrap();
        assert!(!library.contains("only"));
        assert!(library.get("only").is_ok());
    }

    #[test]
    fn tones_and_built_in_sounds_come_last() {
        let folder = tempfile::tempdir().unwrap();
        let library = library(folder.path());
        assert!(library.get("beep").is_ok());
        assert_eq!(library.path("beep"), None);
        assert!(library.contains("broken"));
        assert!(matches!(library.get("broken"), Err(SoundError::Wav { .. })));
        assert!(matches!(library.get("none"), Err(SoundError::Missing(_))));
    }

    #[test]
    fn a_language_is_a_folder_and_the_default_one_need_not_be_named() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path().join("first/fr/hello.wav"), &[1; 10]);
        write(folder.path().join("first/en/hello.wav"), &[2; 10]);
        write(folder.path().join("second/hello.wav"), &[3; 10]);
        write(folder.path().join("second/fr/plain.wav"), &[4; 10]);
        let english = library(folder.path());
        assert_eq!(english.get("fr/hello").unwrap().samples(), &[1; 10]);
        assert_eq!(english.get("hello").unwrap().samples(), &[2; 10]);
        assert!(!english.contains("plain"));
        assert!(!english.contains("fr/beep"));
        assert!(english.contains("fr/broken") && !english.contains("fr/only-english"));
        let french = library(folder.path()).with_language("fr");
        assert_eq!(french.get("hello").unwrap().samples(), &[1; 10]);
        assert_eq!(french.get("plain").unwrap().samples(), &[4; 10]);
        assert!(french.contains("broken") && french.contains("only-english"));
    }

    #[test]
    fn silence_is_made_and_files_without_a_head_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let library = library(folder.path());
        assert_eq!(library.get("silence/3").unwrap().samples(), vec![0; 24_000]);
        for name in ["silence/0", "silence/11", "silence/x", "silence/-1"] {
            assert!(!library.contains(name), "{name}");
        }
        std::fs::create_dir_all(folder.path().join("first")).unwrap();
        let put =
            |name: &str, bytes: &[u8]| std::fs::write(folder.path().join("first").join(name), bytes).unwrap();
        put("a.b.sln", &[1, 0, 0xff, 0xff, 9]);
        put("u.ulaw", &[0xff, 0x80]);
        put("x.alaw", &[0xd5]);
        assert_eq!(library.get("a.b").unwrap().samples(), &[1, -1]);
        assert_eq!(library.get("u").unwrap().samples(), &[0, 32_124]);
        assert_eq!(library.get("x").unwrap().samples(), &[8]);
        put("long.ulaw", &vec![0; 900 * 8_000 + 1]);
        assert!(matches!(
            library.get("long"),
            Err(SoundError::Wav {
                error: WavError::TooLong,
                ..
            })
        ));
    }

    #[test]
    fn a_name_never_leaves_the_folders() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path().join("secret.wav"), &[1; 10]);
        write(folder.path().join("first/x.wav"), &[1; 10]);
        let library = library(folder.path());
        for name in [
            "../secret",
            "/etc/passwd",
            "a/../../secret",
            "",
            "a//b",
            ".",
            "x\0",
            "x\\y",
        ] {
            assert!(!library.contains(name), "{name:?}");
            assert!(matches!(library.get(name), Err(SoundError::Name(_))), "{name:?}");
        }
    }

    #[test]
    fn the_memory_is_bounded_and_drops_what_was_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let library = library(folder.path());
        let mut cache = library.lock();
        let big = || Arc::new(Prompt::new(vec![0; limits::SOUND_CACHE_SAMPLES / 2]));
        cache.insert("a", &big());
        cache.insert("b", &big());
        assert!(cache.get("a").is_some());
        cache.insert("c", &big());
        assert!(cache.get("b").is_none());
        assert!(cache.get("a").is_some() && cache.get("c").is_some());
        assert_eq!(cache.samples, limits::SOUND_CACHE_SAMPLES);
    }
}
