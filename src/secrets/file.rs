//! A secrets file, for use without Doppler. YAML: sponsor name → map of secret names to values.

use std::collections::BTreeMap;
use std::path::Path;

use serde_saphyr::{Error, ExternalMessageSource, Spanned};

use super::{Place, RawSecrets, Secret, SecretsError, needed};
use crate::manifest::{self, is_name};

/// The secrets of several sponsors.
#[derive(Debug)]
pub struct SecretsFile {
    path: String,
    sponsors: BTreeMap<String, Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    secrets: RawSecrets,
    /// Line of each secret, from 1.
    lines: BTreeMap<String, u64>,
}

const FORM: &str =
    "Write YAML: each sponsor's name, and below it one indented `NAME: value` line for each secret.";

impl SecretsFile {
    /// Reads and parses the file.
    ///
    /// # Errors
    /// It cannot be read, or is not a map of maps of text. Values are never quoted in the message.
    pub fn read(path: &Path) -> Result<Self, SecretsError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| SecretsError::Unreadable { path: shown.clone(), reason: reason(&error) })?;
        Self::parse(&shown, &text)
    }

    /// Parses the text of the file at `path`.
    ///
    /// # Errors
    /// It is not a map of maps of text. Values are never quoted in the message.
    pub fn parse(path: &str, text: &str) -> Result<Self, SecretsError> {
        let parsed: BTreeMap<String, BTreeMap<String, Spanned<Option<String>>>> =
            serde_saphyr::from_str(text).map_err(|error| unusable(path, error.without_snippet(), text))?;
        let entry = |secrets: BTreeMap<String, Spanned<Option<String>>>| {
            let mut entry = Entry::default();
            for (name, value) in secrets {
                entry.lines.insert(name.clone(), value.defined.line());
                // `NAME:` without a value is an empty secret, to be filled in.
                entry.secrets.insert(name, Secret::from(value.value.unwrap_or_default()));
            }
            entry
        };
        let sponsors = parsed.into_iter().map(|(sponsor, secrets)| (sponsor, entry(secrets))).collect();
        Ok(Self { path: path.to_owned(), sponsors })
    }

    /// One sponsor's secrets.
    ///
    /// # Errors
    /// The file does not name the sponsor.
    pub fn fetch(&self, sponsor: &str) -> Result<RawSecrets, SecretsError> {
        if let Some(entry) = self.sponsors.get(sponsor) {
            return Ok(entry.secrets.clone());
        }
        let near = self.sponsors.keys().find(|typed| manifest::suggest(typed, [sponsor]).is_some());
        let hint = match near {
            Some(typed) => format!("The file has `{typed}`. Did you mean `{sponsor}`?"),
            None => {
                format!("Add `{sponsor}:`, and below it one indented `NAME: value` line for each secret.")
            }
        };
        let reason = format!("sponsor `{sponsor}` is missing");
        Err(SecretsError::File { at: self.path.clone(), reason, hint })
    }

    /// Where the secrets of one sponsor are.
    #[must_use]
    pub fn place(&self, sponsor: &str) -> Place {
        let lines = self.sponsors.get(sponsor).map(|entry| entry.lines.clone()).unwrap_or_default();
        Place::File { path: self.path.clone(), sponsor: sponsor.to_owned(), lines }
    }
}

/// The system's reason without its number: `No such file or directory`.
#[must_use]
pub fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Whether users other than the owner can open the file at `path`. `false` if it cannot be looked at.
#[must_use]
pub fn others_can_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o077 != 0)
}

const SYNTAX: &str =
    "Check that line: indent with spaces, and put values that contain special characters in quotes.";

/// What the parser says about a text that is not YAML. `None` if it is YAML of another form. The messages of other errors
/// may quote a secret. Those of the parser may do so only behind a colon, as in "unexpected character: `x'".
fn syntax(error: &Error) -> Option<&str> {
    match error {
        Error::ExternalMessage { source, msg, .. }
            if matches!(**source, ExternalMessageSource::Parser(_)) =>
        {
            msg.split(": ").next()
        }
        Error::UnknownAnchor { .. } => Some("unknown anchor"),
        Error::MultipleDocuments { .. } => Some("more than one document"),
        _ => None,
    }
}

/// A YAML error without values.
fn unusable(path: &str, error: &Error, text: &str) -> SecretsError {
    let file =
        |at: String, reason: String, hint: &str| SecretsError::File { at, reason, hint: hint.to_owned() };
    let no_map = "not a map of sponsors to secrets".to_owned();
    let Some(at) = error.location() else { return file(path.to_owned(), no_map, FORM) };
    let Error::DuplicateMappingKey { key, .. } = error else {
        let (reason, hint) = match syntax(error) {
            Some(reason) => (format!("not YAML: {reason}"), SYNTAX),
            None => (no_map, FORM),
        };
        return file(format!("{path}, line {}, column {}", at.line(), at.column()), reason, hint);
    };
    let line = usize::try_from(at.line()).unwrap_or_default();
    let name = key.as_deref().filter(|key| is_shown(key, at.column()));
    let first = name.and_then(|name| last_before(text, name, line));
    let first = first.map(|first| format!(", first in line {first}")).unwrap_or_default();
    let reason = format!("{} appears twice{first}", name.unwrap_or("a name"));
    file(
        format!("{path}, line {line}"),
        reason,
        "Remove one of the two. They may differ, so check which one is right.",
    )
}

/// Only a known name is shown, or a possible sponsor name at the beginning of a line: in a broken file, the parser may take
/// a value for a name.
fn is_shown(key: &str, column: u64) -> bool {
    needed(false).contains(&key) || (column == 1 && key.len() <= 40 && is_name(key))
}

/// The last line before `line` that begins with the key, both from 1.
fn last_before(text: &str, key: &str, line: usize) -> Option<usize> {
    let is_it = |text: &str| {
        let text = text.trim_start().trim_start_matches(['"', '\'']);
        let rest = text.strip_prefix(key).map(|rest| rest.trim_start_matches(['"', '\'']).trim_start());
        rest.is_some_and(|rest| rest.starts_with(':'))
    };
    let before: Vec<&str> = text.lines().take(line.saturating_sub(1)).collect();
    before.iter().rposition(|text| is_it(text)).map(|at| at + 1)
}

#[cfg(test)]
mod tests;
