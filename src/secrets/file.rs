//! Secrets from a file, for work without Doppler: YAML, sponsor name → map of secret names to values.

use std::collections::BTreeMap;
use std::path::Path;

use super::{RawSecrets, Secret, SecretsError};

/// The secrets of several sponsors, as a file holds them.
#[derive(Debug)]
pub struct SecretsFile {
    path: String,
    sponsors: BTreeMap<String, RawSecrets>,
}

impl SecretsFile {
    /// Reads and parses the file.
    ///
    /// # Errors
    /// It cannot be read, or is not a map of maps of text. Values are never quoted in the message.
    pub fn read(path: &Path) -> Result<Self, SecretsError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| SecretsError::File { path: shown.clone(), reason: error.to_string() })?;
        Self::parse(&shown, &text)
    }

    /// Parses the text of the file at `path`.
    ///
    /// # Errors
    /// It is not a map of maps of text. Values are never quoted in the message.
    pub fn parse(path: &str, text: &str) -> Result<Self, SecretsError> {
        let parsed: BTreeMap<String, BTreeMap<String, String>> =
            serde_saphyr::from_str(text).map_err(|error| {
                let reason = format!("not a map of sponsors to secrets{}", position(&error));
                SecretsError::File { path: path.to_owned(), reason }
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
        self.sponsors.get(sponsor).cloned().ok_or_else(|| SecretsError::File {
            path: self.path.clone(),
            reason: format!("it has no sponsor `{sponsor}`"),
        })
    }

    /// Where messages say that a secret is missing.
    #[must_use]
    pub fn place(&self, sponsor: &str) -> String {
        format!("{}, `{sponsor}`", self.path)
    }
}

/// The place of a YAML error without its words, which may quote a secret.
fn position(error: &serde_saphyr::Error) -> String {
    error.location().map(|at| format!(", line {}, column {}", at.line(), at.column())).unwrap_or_default()
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
    fn a_broken_file_is_described_without_its_values() {
        let error = read("callisto: {A: canary, B: [canary]}").unwrap_err().to_string();
        assert!(error.contains("not a map of sponsors to secrets"), "{error}");
        assert!(!error.contains("canary"), "{error}");
    }
}
