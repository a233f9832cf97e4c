//! The place of one sponsor's secrets, and what to do there: all errors and hints that depend on it. Pure.

use std::collections::BTreeMap;
use std::fmt;

use super::SecretsError;

/// Where one sponsor's secrets are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A Doppler config.
    Doppler {
        /// Doppler project.
        project: String,
        /// Config name.
        config: String,
    },
    /// A secrets file.
    File {
        /// As typed.
        path: String,
        /// The name above the secrets.
        sponsor: String,
        /// Line of each secret, from 1.
        lines: BTreeMap<String, u64>,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Doppler { project, config } => write!(formatter, "{project}/{config}"),
            Self::File { path, .. } => formatter.write_str(path),
        }
    }
}

/// What a secret must hold, for errors and hints.
pub(super) struct Form {
    /// `is not a valid bucket name`.
    pub(super) kind: &'static str,
    /// What to write in its place.
    pub(super) example: &'static str,
}

pub(super) const BUCKET: Form = Form {
    kind: "is not a valid bucket name",
    example: "the bare bucket name (3 to 63 characters of a-z, 0-9, - and .)",
};
pub(super) const FOLDER: Form =
    Form { kind: "is not a valid folder URL", example: "an absolute URL such as `file:///srv/backups`" };
pub(super) const OWN_FOLDER: Form =
    Form { kind: "is not a folder of its own", example: "a folder next to that of SPONSOR_BACKUPS_BUCKET" };
pub(super) const REGION: Form =
    Form { kind: "is not an AWS region", example: "a region such as `eu-west-1`" };
pub(super) const ROLE: Form =
    Form { kind: "is not an IAM role ARN", example: "an ARN such as `arn:aws:iam::123456789012:role/name`" };

impl Place {
    /// The same for a log line, with its kind.
    #[must_use]
    pub fn source(&self) -> String {
        match self {
            Self::Doppler { .. } => format!("Doppler {self}"),
            Self::File { .. } => self.to_string(),
        }
    }

    /// Where a name is: `secrets.yaml, line 6`.
    fn at(&self, name: &str) -> String {
        match self.line(name) {
            Some(line) => format!("{self}, line {line}"),
            None => self.to_string(),
        }
    }

    fn line(&self, name: &str) -> Option<u64> {
        match self {
            Self::Doppler { .. } => None,
            Self::File { lines, .. } => lines.get(name).copied().filter(|line| *line > 0),
        }
    }

    /// Two secrets that belong together: `A and B in secrets.yaml, line 6`.
    pub(super) fn pair(&self, one: &str, other: &str) -> String {
        format!("{one} and {other} in {}", self.at(one))
    }

    /// How to set secrets: an imperative without a full stop. A name may have a value: `NAME=true`.
    fn set(&self, names: &[&str]) -> String {
        match self {
            Self::Doppler { project, config } => {
                format!("Run `doppler secrets set {} --project {project} --config {config}`", names.join(" "))
            }
            Self::File { path, sponsor, .. } => {
                let empty: Vec<String> = names.iter().filter_map(|name| self.to_fill_in(name)).collect();
                let absent: Vec<&str> =
                    names.iter().copied().filter(|name| self.line(name).is_none()).collect();
                let add = (!absent.is_empty())
                    .then(|| format!("Add {} to {path} below `{sponsor}:`", absent.join(", ")));
                empty.into_iter().chain(add).collect::<Vec<_>>().join(". ")
            }
        }
    }

    fn to_fill_in(&self, name: &str) -> Option<String> {
        self.line(name).map(|line| format!("Fill in {name} in {self}, line {line}"))
    }

    /// How to give one secret another value: a sentence.
    fn correct(&self, name: &str, value: &str) -> String {
        match self {
            Self::Doppler { .. } => {
                let run = self.set(&[name]);
                format!("{run}, and enter {value}.")
            }
            Self::File { .. } => format!("In {}, write {value}.", self.at(name)),
        }
    }

    /// How to enable the flag: a sentence.
    pub(super) fn enable(&self, flag: &str) -> String {
        match (self, self.line(flag)) {
            (Self::Doppler { .. }, _) => self.set(&[&format!("{flag}=true")]) + ".",
            (Self::File { .. }, Some(_)) => self.correct(flag, "`true`"),
            (Self::File { path, sponsor, .. }, None) => {
                format!("Add `{flag}: true` to {path} below `{sponsor}:`.")
            }
        }
    }

    /// Names that are missing, or empty. `or` is another way to provide them: a sentence without its capital.
    #[must_use]
    pub fn lacks(&self, names: Vec<String>, or: Option<String>) -> SecretsError {
        let bare: Vec<&str> = names.iter().map(|name| name.trim_end_matches(" (empty)")).collect();
        let here = self.set(&bare);
        let hint = or.map_or_else(|| format!("{here}."), |or| format!("{here}, or {or}"));
        SecretsError::Missing { place: self.to_string(), names, hint }
    }

    /// A name that is not read here, almost like one that is missing.
    pub(super) fn misspelt(&self, typed: &str, name: &'static str) -> SecretsError {
        let (at, typed) = (self.at(typed), typed.trim().to_owned());
        let hint = format!("Did you mean {name}? Correct the name in {at}.");
        SecretsError::Misspelt { at, typed, name, hint }
    }

    /// A secret that does not have its form. `problem` must not show its value: it may be another secret.
    pub(super) fn malformed(&self, name: &str, form: &Form, problem: &str) -> SecretsError {
        SecretsError::Malformed {
            at: self.at(name),
            name: name.to_owned(),
            problem: format!("{}: {problem}", form.kind),
            hint: self.correct(name, form.example),
        }
    }

    /// Temporary keys without their session token, which only the environment can hold.
    pub(super) fn no_session_token(&self, id: &str, how_to_pass_keys: &str) -> SecretsError {
        let hint = format!(
            "Store AWS keys that do not expire in {self}, or pass temporary ones: {how_to_pass_keys}"
        );
        SecretsError::NoSessionToken { id: format!("{}: {id}", self.at(id)), hint }
    }
}

#[cfg(test)]
mod tests;
