//! Secrets from a file, for work without Doppler: YAML, sponsor name → map of secret names to values.

use std::collections::BTreeMap;
use std::path::Path;

use serde_saphyr::Error;

use super::{Place, RawSecrets, Secret, SecretsError, needed};
use crate::manifest::{is_name, spelling};

/// The secrets of several sponsors, as a file holds them.
#[derive(Debug)]
pub struct SecretsFile {
    path: String,
    sponsors: BTreeMap<String, RawSecrets>,
}

const FORM: &str = "It is YAML: sponsor name, below it a map of secret names to values.";

impl SecretsFile {
    /// Reads and parses the file.
    ///
    /// # Errors
    /// It cannot be read, or is not a map of maps of text. Values are never quoted in the message.
    pub fn read(path: &Path) -> Result<Self, SecretsError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| SecretsError::File {
            path: shown.clone(),
            reason: error.to_string(),
            hint: "Check the `secrets-file` input: the path of a YAML file.".to_owned(),
        })?;
        Self::parse(&shown, &text)
    }

    /// Parses the text of the file at `path`.
    ///
    /// # Errors
    /// It is not a map of maps of text. Values are never quoted in the message.
    pub fn parse(path: &str, text: &str) -> Result<Self, SecretsError> {
        let parsed: BTreeMap<String, BTreeMap<String, String>> =
            serde_saphyr::from_str(text).map_err(|error| {
                let (reason, hint) = described(error.without_snippet(), text);
                SecretsError::File { path: path.to_owned(), reason, hint: hint.to_owned() }
            })?;
        let sponsors = parsed
            .into_iter()
            .map(|(sponsor, secrets)| {
                (sponsor, secrets.into_iter().map(|(name, value)| (name, Secret::from(value))).collect())
            })
            .collect();
        Ok(Self { path: path.to_owned(), sponsors })
    }

    /// What the file holds for one sponsor.
    ///
    /// # Errors
    /// It does not name the sponsor.
    pub fn fetch(&self, sponsor: &str) -> Result<RawSecrets, SecretsError> {
        self.sponsors.get(sponsor).cloned().ok_or_else(|| {
            let near = self.sponsors.keys().find(|typed| spelling::meant(typed, [sponsor]).is_some());
            let hint = match near {
                Some(typed) => format!("Did you mean `{sponsor}` where the file has `{typed}`?"),
                None => format!("Add `{sponsor}:` to it, and below that a map of secret names to values."),
            };
            SecretsError::File {
                path: self.path.clone(),
                reason: format!("it has no sponsor `{sponsor}`"),
                hint,
            }
        })
    }

    /// Where the secrets of one sponsor are, for messages.
    #[must_use]
    pub fn place(&self, sponsor: &str) -> Place {
        Place::File { path: self.path.clone(), sponsor: sponsor.to_owned() }
    }
}

/// Whether the file at `path` can be opened by others than its owner. What cannot be looked at is read by nobody.
#[must_use]
pub fn others_can_open(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o077 != 0)
}

/// A YAML error and its remedy, without the parser's words, which may quote a secret.
fn described(error: &Error, text: &str) -> (String, &'static str) {
    let Some(at) = error.location() else { return ("not a map of sponsors to secrets".to_owned(), FORM) };
    let Error::DuplicateMappingKey { key, .. } = error else {
        let place = format!("line {}, column {}", at.line(), at.column());
        return (format!("not a map of sponsors to secrets, {place}"), FORM);
    };
    let line = usize::try_from(at.line()).unwrap_or_default();
    let name = key.as_deref().filter(|key| is_shown(key, at.column()));
    let first = name.and_then(|name| last_before(text, name, line));
    let first = first.map(|first| format!(" (first in line {first})")).unwrap_or_default();
    let name = name.unwrap_or("a name");
    (
        format!("line {line}: {name} is there twice{first}"),
        "Remove one of the two: only you know which one is right.",
    )
}

/// Only a name that is read here, or what can be a sponsor's at the beginning of a line, is shown: of a broken file, anything
/// may be taken for a name.
fn is_shown(key: &str, column: u64) -> bool {
    needed(false).contains(&key) || (column == 1 && key.len() <= 40 && is_name(key))
}

/// The last line before `line` in which the key stands, both counted from one.
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
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SecretsFile, SecretsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.yml");
        std::fs::write(&path, text).unwrap();
        SecretsFile::read(&path)
    }

    #[test]
    fn gives_one_sponsors_secrets_and_nobody_elses() {
        let file = read("callisto: {A: one, FLAG: true}\ntitan: {A: two}\n").unwrap();
        let secrets = file.fetch("callisto").unwrap();
        assert_eq!(secrets.keys().collect::<Vec<_>>(), ["A", "FLAG"]);
        assert!(file.fetch("rhea").unwrap_err().to_string().ends_with("it has no sponsor `rhea`"));
    }

    #[test]
    fn a_sponsor_whose_name_is_misspelt_is_found() {
        let hint = |sponsor: &str| {
            read("calisto: {A: one}\nTitan-2: {A: two}\n").unwrap().fetch(sponsor).unwrap_err().hint()
        };
        assert_eq!(hint("callisto"), "Did you mean `callisto` where the file has `calisto`?");
        assert_eq!(hint("titan-2"), "Did you mean `titan-2` where the file has `Titan-2`?");
        assert!(hint("rhea").starts_with("Add `rhea:`"), "{}", hint("rhea"));
    }

    #[test]
    fn a_broken_file_is_described_without_its_values() {
        for text in
            ["callisto: {A: canary, B: [canary]}", "callisto: {A: canary, A: canary, canary}", "canary"]
        {
            let error = read(text).unwrap_err();
            let told = format!("{error} {}", error.hint());
            assert!(!told.contains("canary"), "{told}");
        }
        let error = read("callisto: {A: canary, B: [canary]}").unwrap_err().to_string();
        assert!(error.contains("not a map of sponsors to secrets"), "{error}");
    }

    #[test]
    fn what_stands_twice_is_named_with_both_lines() {
        for (text, expected) in [
            (
                "callisto:\n  DATABASE_URL: canary\n  B: x\n  DATABASE_URL: canary\n",
                "line 4: DATABASE_URL is there twice (first in line 2)",
            ),
            (
                "callisto:\n  B: x\ntitan:\n  B: x\ncallisto:\n  C: x\n",
                "line 5: callisto is there twice (first in line 1)",
            ),
            (
                "\"callisto\":\n  B: x\n'callisto' :\n  C: x\n",
                "line 3: callisto is there twice (first in line 1)",
            ),
            // What cannot be a name may be a secret.
            ("a:\n  canary: x\n  canary: x\n", "line 3: a name is there twice"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.to_string().ends_with(expected), "{text}\n  gave: {error}");
            assert!(error.hint().starts_with("Remove one of the two"), "{}", error.hint());
        }
    }

    #[test]
    fn whether_others_can_read_it_is_known() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        for (mode, others) in [(0o600, false), (0o400, false), (0o640, true), (0o644, true), (0o604, true)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(others_can_open(file.path()), others, "{mode:o}");
        }
        assert!(!others_can_open(Path::new("/nonexistent/file")));
    }
}
