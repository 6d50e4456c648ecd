//! The file layer: lines, comments, sections, templates, includes. It knows nothing of extensions.
//!
//! The rules are those of Asterisk's configuration files. What Asterisk only warns about is a warning here, and
//! what makes Asterisk refuse a file is an error.

use super::lint;
use super::reader::Reader;
use super::text::Text;
use super::Options;
use crate::diagnostic::{Diagnostic, Source};
use crate::limits;
use std::path::{Path, PathBuf};

/// One `[section]` with its settings, templates applied.
#[derive(Clone, Debug)]
pub struct Section {
    /// The name between the brackets.
    pub name: Text,
    /// `(!)`: only there to be inherited from.
    pub template: bool,
    /// The settings, in order, those of templates first.
    pub entries: Vec<Entry>,
}

/// One `name = value` or `name => value`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Left of the sign.
    pub name: Text,
    /// Right of it.
    pub value: Text,
}

/// What was read.
#[derive(Debug)]
pub struct Read {
    /// The sections, in the order in which they began.
    pub sections: Vec<Section>,
    /// What the comments of the files allow.
    pub(super) allowed: Vec<lint::Allowed>,
    /// Whether a `#tryinclude` found nothing.
    pub incomplete: bool,
}

/// Reads `file` and what it includes. The sections are returned as far as they were understood.
pub fn read(file: &Path, reader: &dyn Reader, options: &Options) -> (Read, Vec<Diagnostic>) {
    let folder = file.parent().map(Path::to_path_buf).unwrap_or_default();
    let mut lexer = Lexer {
        refused: false,
        allowed: Vec::new(),
        incomplete: false,
        reader,
        folder,
        sections: Vec::new(),
        current: None,
        diagnostics: Vec::new(),
        files: 0,
        bytes: 0,
        may_run: options.allow.iter().any(|name| name == "#exec"),
    };
    match reader.read(file) {
        Ok(bytes) => lexer.file(file, bytes, 0),
        Err(e) => {
            let message = format!("cannot read {}: {e}", file.display());
            lexer
                .diagnostics
                .push(Diagnostic::error("unreadable-file", message));
        }
    }
    let read = Read {
        sections: lexer.sections,
        allowed: lexer.allowed,
        incomplete: lexer.incomplete,
    };
    (read, lexer.diagnostics)
}

struct Lexer<'a> {
    /// A section that was refused began: its lines are not told of one by one.
    refused: bool,
    allowed: Vec<lint::Allowed>,
    incomplete: bool,
    reader: &'a dyn Reader,
    /// The folder of the first file: what relative includes are relative to.
    folder: PathBuf,
    sections: Vec<Section>,
    /// Index of the section that lines go to. An included file changes it for the file that included it.
    current: Option<usize>,
    diagnostics: Vec<Diagnostic>,
    files: usize,
    bytes: usize,
    /// Whether `#exec` is allowed.
    may_run: bool,
}

impl Lexer<'_> {
    fn file(&mut self, path: &Path, bytes: Vec<u8>, depth: usize) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.files > limits::DIALPLAN_FILES || self.bytes > limits::DIALPLAN_BYTES {
            // Said once: after the first refusal every other file would repeat it.
            if self.files == limits::DIALPLAN_FILES + 1 || self.bytes - bytes.len() <= limits::DIALPLAN_BYTES
            {
                let message = format!(
                    "the dialplan is more than {} files or {} bytes",
                    limits::DIALPLAN_FILES,
                    limits::DIALPLAN_BYTES
                );
                self.diagnostics
                    .push(Diagnostic::error("dialplan-too-large", message));
            }
            return;
        }
        let bytes = bytes
            .strip_prefix(b"\xEF\xBB\xBF")
            .map(<[u8]>::to_vec)
            .unwrap_or(bytes);
        let name = path.display().to_string();
        let source = match String::from_utf8(bytes) {
            Ok(text) => Source::new(name, text),
            Err(e) => {
                let place = e.utf8_error().valid_up_to();
                let source = Source::new(name, String::from_utf8_lossy(e.as_bytes()));
                let finding =
                    Diagnostic::warning("not-utf-8", "a character here is not UTF-8 and was replaced");
                self.diagnostics.push(
                    finding
                        .at(&source, place..place + char::REPLACEMENT_CHARACTER.len_utf8())
                        .hint("save the file as UTF-8"),
                );
                source
            }
        };
        self.allowed
            .extend(lint::Allowed::read(&source, &mut self.diagnostics));
        let mut comment_depth = 0;
        let mut comment_start = 0;
        let mut offset = 0;
        for line in source.text.split_inclusive('\n') {
            let start = offset;
            offset += line.len();
            let line = line.trim_end_matches(['\n', '\r']);
            if line.len() > limits::DIALPLAN_LINE_BYTES {
                let message = format!(
                    "a line of more than {} bytes is skipped",
                    limits::DIALPLAN_LINE_BYTES
                );
                let finding =
                    Diagnostic::warning("line-too-long", message).at(&source, start..start + line.len());
                self.diagnostics.push(finding);
                continue;
            }
            let was = comment_depth;
            let (text, used) = clean(line, &mut comment_depth);
            if was == 0 && comment_depth > 0 {
                comment_start = start + line.rfind(";--").unwrap_or(0);
            }
            if comment_depth > limits::DIALPLAN_COMMENT_DEPTH {
                let finding = Diagnostic::error("comment-too-deep", "block comments are nested too deep");
                self.diagnostics
                    .push(finding.at(&source, start..start + line.len()));
                return;
            }
            let text = Text::new(&source, start + used.start..start + used.end, text).trimmed();
            if !text.text.is_empty() {
                self.line(text, depth);
            }
        }
        if comment_depth > 0 {
            let finding = Diagnostic::warning(
                "unclosed-comment",
                "a block comment that begins here is not closed",
            );
            self.diagnostics.push(
                finding
                    .at(&source, comment_start..comment_start + 3)
                    .hint("close it with --;"),
            );
        }
    }

    fn line(&mut self, line: Text, depth: usize) {
        match line.text.as_bytes().first() {
            Some(b'[') => self.section(&line),
            Some(b'#') => self.directive(&line, depth),
            _ => self.entry(&line),
        }
    }

    /// `[name]`, `[name](!)`, `[name](+)`, `[name](a,b)`.
    fn section(&mut self, line: &Text) {
        self.current = None;
        self.refused = true;
        let Some(close) = line.text.find(']') else {
            let finding = Diagnostic::error("unclosed-section", "a section's name is not closed");
            self.diagnostics.push(line.mark(finding.hint("write [name]")));
            return;
        };
        let name = line.part(1..close).trimmed();
        let rest = line.part(close + 1..line.text.len()).trimmed();
        let mut section = Section {
            name,
            template: false,
            entries: Vec::new(),
        };
        let mut append = false;
        if let Some(inner) = rest.text.strip_prefix('(') {
            let Some(end) = inner.find(')') else {
                let finding =
                    Diagnostic::error("unclosed-section", "the options of a section are not closed");
                self.diagnostics
                    .push(rest.mark(finding.hint("write [name](options)")));
                return;
            };
            let mut from = 1;
            for option in inner[..end].split(',') {
                let place = rest.part(from..from + option.len()).trimmed();
                from += option.len() + 1;
                match place.text.as_str() {
                    "" => {}
                    "!" => section.template = true,
                    "+" => append = true,
                    base => match self.sections.iter().rfind(|s| s.name.text == base) {
                        Some(base) => {
                            section.entries.extend(base.entries.iter().cloned());
                        }
                        None => {
                            let message = format!("there is no section [{base}] above to inherit from");
                            self.diagnostics
                                .push(place.mark(Diagnostic::error("unknown-template", message)));
                        }
                    },
                }
            }
        } else if !rest.text.is_empty() {
            let finding = Diagnostic::warning("text-after-section", "text after a section's name is ignored");
            self.diagnostics.push(rest.mark(finding));
        }
        if append {
            match self
                .sections
                .iter()
                .position(|s| s.name.text == section.name.text)
            {
                Some(index) => {
                    self.sections[index].entries.extend(section.entries);
                    self.current = Some(index);
                }
                None => {
                    let message = format!("there is no section [{}] above to append to", section.name.text);
                    self.diagnostics
                        .push(section.name.mark(Diagnostic::error("unknown-section", message)));
                }
            }
            return;
        }
        self.current = Some(self.sections.len());
        self.sections.push(section);
    }

    fn directive(&mut self, line: &Text, depth: usize) {
        let end = line.text.find(char::is_whitespace).unwrap_or(line.text.len());
        let argument = line.part(end..line.text.len()).trimmed();
        match &line.text[1..end] {
            "include" => self.include(line, &argument, true, depth),
            "tryinclude" => self.include(line, &argument, false, depth),
            "exec" if self.may_run => self.exec(line, &argument, depth),
            "exec" => {
                let finding =
                    Diagnostic::error("refused-exec", "#exec runs a program at each load and is refused");
                let hint =
                    "#include a file that the program writes, or allow it: [dialplan] allow = [\"#exec\"]";
                self.diagnostics.push(line.mark(finding.hint(hint)));
            }
            other => {
                let message = format!("#{other} is unknown and ignored");
                let finding = Diagnostic::warning("unknown-directive", message);
                self.diagnostics
                    .push(line.mark(finding.hint("a comment begins with ;")));
            }
        }
    }

    fn include(&mut self, line: &Text, argument: &Text, required: bool, depth: usize) {
        let name = argument.text.trim_matches(['"', '<', '>']);
        if name.is_empty() {
            let finding = Diagnostic::error("missing-file-name", "the name of the file is missing");
            self.diagnostics
                .push(line.mark(finding.hint("write #include \"file.conf\"")));
            return;
        }
        if depth + 1 > limits::DIALPLAN_INCLUDE_DEPTH {
            let finding = Diagnostic::error("include-too-deep", "files include one another too deep");
            self.diagnostics
                .push(argument.mark(finding.hint("does a file include itself?")));
            return;
        }
        let path = self.folder.join(name);
        for path in self.expand(&path) {
            match self.reader.read(&path) {
                Ok(bytes) => self.file(&path, bytes, depth + 1),
                Err(_) if !required => self.incomplete = true,
                Err(e) => {
                    let message = format!("cannot read {}: {e}", path.display());
                    let finding = Diagnostic::error("unreadable-file", message);
                    self.diagnostics
                        .push(argument.mark(finding.hint("#tryinclude accepts that a file is missing")));
                }
            }
        }
    }

    /// `#exec command`: what the command prints is read as a file would be.
    fn exec(&mut self, line: &Text, argument: &Text, depth: usize) {
        let command = argument.text.trim_matches(['"', '<', '>']);
        if command.is_empty() || depth + 1 > limits::DIALPLAN_INCLUDE_DEPTH {
            let finding = Diagnostic::error("refused-exec", "#exec has no command, or is nested too deep");
            self.diagnostics.push(line.mark(finding));
            return;
        }
        match self.reader.run(command) {
            Ok(bytes) => self.file(Path::new(&format!("#exec {command}")), bytes, depth + 1),
            Err(e) => {
                let finding = Diagnostic::error("unreadable-file", format!("{command} failed: {e}"));
                self.diagnostics.push(argument.mark(finding));
            }
        }
    }

    /// The files that a path with `*`, `?` or `[ ]` in it names, in order; the path itself where it has none of
    /// those, or names nothing.
    fn expand(&self, path: &Path) -> Vec<PathBuf> {
        let is_glob = |text: &str| text.contains(['*', '?', '[']);
        let mut found = vec![PathBuf::new()];
        for component in path.components() {
            let name = component.as_os_str().to_string_lossy();
            if !is_glob(&name) {
                found.iter_mut().for_each(|folder| folder.push(component));
                continue;
            }
            let mut next = Vec::new();
            for folder in &found {
                let mut names = self.reader.list(folder).unwrap_or_default();
                names.retain(|n| !n.starts_with('.') && glob(name.as_bytes(), n.as_bytes()));
                names.sort();
                next.extend(names.into_iter().map(|n| folder.join(n)));
                next.truncate(limits::DIALPLAN_FILES + 1);
            }
            found = next;
        }
        if found.is_empty() {
            // Nothing fits: that is a missing file, as for a plain name.
            found.push(path.to_path_buf());
        }
        found
    }

    /// `name = value`, `name => value`, `name += value`.
    fn entry(&mut self, line: &Text) {
        if let Some(finding) = lint::missing_same(&line.text) {
            self.diagnostics.push(line.mark(finding));
            return;
        }
        let Some(equals) = line.text.find('=') else {
            let finding = Diagnostic::warning("missing-equals", "a line without = is ignored");
            self.diagnostics
                .push(line.mark(finding.hint("write name => value, or begin a comment with ;")));
            return;
        };
        let Some(current) = self.current else {
            if self.refused {
                return;
            }
            let finding = Diagnostic::error("no-section", "a setting stands before any [section]");
            self.diagnostics.push(line.mark(finding));
            return;
        };
        let append = line.text[..equals].ends_with('+');
        let name = line.part(0..equals - usize::from(append)).trimmed();
        // A backslash protects the first character, so that a name may begin with what is special there.
        let name = match name.text.strip_prefix('\\') {
            Some(_) => name.part(1..name.text.len()),
            None => name,
        };
        let arrow = line.text[equals + 1..].starts_with('>');
        let value = line
            .part(equals + 1 + usize::from(arrow)..line.text.len())
            .trimmed();
        let entries = &mut self.sections[current].entries;
        if append {
            if let Some(last) = entries.iter_mut().rfind(|e| e.name.text == name.text) {
                let joined = format!("{}{}", last.value.text, value.text);
                last.value = last.value.with_text(joined);
                return;
            }
        }
        entries.push(Entry { name, value });
    }
}

/// The line without its comments, and the bytes of it that are left. `depth` counts the open block comments.
fn clean(line: &str, depth: &mut usize) -> (String, std::ops::Range<usize>) {
    let bytes = line.as_bytes();
    let mut text = String::with_capacity(line.len());
    let (mut i, mut copied) = (0, 0);
    let mut used = line.len()..line.len();
    let mut take = |text: &mut String, from: usize, to: usize| {
        if from < to {
            if text.is_empty() {
                used.start = from;
            }
            used.end = to;
            text.push_str(&line[from..to]);
        }
    };
    while i < bytes.len() {
        let rest = &bytes[i..];
        if rest.starts_with(b";--") && rest.get(3) != Some(&b'-') {
            if *depth == 0 {
                take(&mut text, copied, i);
            }
            *depth += 1;
            i += 3;
            copied = i;
        } else if *depth > 0 {
            if rest.starts_with(b"--;") {
                *depth -= 1;
                i += 3;
                copied = i;
            } else {
                i += 1;
            }
        } else if rest.starts_with(b"\\;") {
            take(&mut text, copied, i);
            take(&mut text, i + 1, i + 2);
            i += 2;
            copied = i;
        } else if rest[0] == b';' {
            take(&mut text, copied, i);
            return (text, used);
        } else {
            i += 1;
        }
    }
    if *depth == 0 {
        take(&mut text, copied, bytes.len());
    }
    (text, used)
}

/// Whether a file name fits a shell pattern: `*`, `?`, `[a-z]`, `[!a-z]`.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    // On a mismatch, the last star takes one character more: linear in both for each star.
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        let step = match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
                continue;
            }
            Some(b'?') => Some(1),
            Some(b'[') => glob_set(&pattern[p..], name[n]),
            Some(&c) if c == name[n] => Some(1),
            _ => None,
        };
        match (step, star) {
            (Some(width), _) => {
                p += width;
                n += 1;
            }
            (None, Some((at, from))) => {
                star = Some((at, from + 1));
                p = at + 1;
                n = from + 1;
            }
            (None, None) => return false,
        }
    }
    pattern[p..].iter().all(|&c| c == b'*')
}

/// The width of the set that `pattern` begins with, where `c` is in it. A set that is not closed is a plain `[`.
fn glob_set(pattern: &[u8], c: u8) -> Option<usize> {
    let Some(close) = pattern.iter().skip(2).position(|&b| b == b']').map(|i| i + 2) else {
        return (c == b'[').then_some(1);
    };
    let (negated, set) = match pattern[1] {
        b'!' | b'^' => (true, &pattern[2..close]),
        _ => (false, &pattern[1..close]),
    };
    let mut inside = false;
    let mut i = 0;
    while i < set.len() {
        if i + 2 < set.len() && set[i + 1] == b'-' {
            inside |= (set[i]..=set[i + 2]).contains(&c);
            i += 3;
        } else {
            inside |= set[i] == c;
            i += 1;
        }
    }
    (inside != negated).then_some(close + 1)
}
