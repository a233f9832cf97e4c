//! The ways to name a backup, in every command: the newest, one by its time or place, or one by what happened then.

use std::fmt;
use std::num::NonZeroUsize;

use jiff::Timestamp;

use super::kinds::{FromInput, RunId};
use super::moment::time;
use crate::archive::catalogue::{BackupKey, prefix};
use crate::layout::key::SECOND;
use crate::sponsors::Environment;

/// Which backup to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichBackup {
    /// The newest: `latest`.
    Latest,
    /// The whole backup that is this many before the newest whole one: `latest~1`.
    Older(NonZeroUsize),
    /// The one with this second in its key.
    At(Timestamp),
    /// The one with this key, of any environment.
    Key(String),
    /// The one at this location.
    Location(Location),
    /// The newest whole one that was begun before this time.
    BeforeTime(Timestamp),
    /// The one that was taken before this version was deployed.
    BeforeVersion(String),
    /// The newest of a workflow run, whatever the attempt.
    OfRun(String),
}

impl WhichBackup {
    /// Whether it is found among the backups there are, and not named by its own time or place.
    #[must_use]
    pub fn is_searched(&self) -> bool {
        !matches!(self, Self::At(_) | Self::Key(_) | Self::Location(_))
    }
}

const LATEST: &str = "latest";
const BEFORE: &str = "before:";
const RUN: &str = "run:";

impl FromInput for WhichBackup {
    const EXPECTED: &'static str = "a backup";
    const HINT: &'static str = "Write `latest`, `latest~1`, a UTC time such as `20261120-013000`, a key, a file name, a location (`s3://…` or `file:///…`), `before:TIME`, `before:VERSION` or `run:ID`.";

    fn from_input(text: &str) -> Option<Self> {
        if let Some(back) = text.strip_prefix(LATEST) {
            return latest(back);
        }
        if let Some(limit) = text.strip_prefix(BEFORE) {
            let is_version = |text: &&str| !text.is_empty() && text.chars().all(|one| !one.is_whitespace());
            let version =
                || Some(limit).filter(is_version).map(|limit| Self::BeforeVersion(limit.to_owned()));
            return time(limit).map(Self::BeforeTime).or_else(version);
        }
        if let Some(run) = text.strip_prefix(RUN) {
            return RunId::from_input(run).map(|run| Self::OfRun(run.0));
        }
        if let Some(location) = Location::parse(text) {
            return Some(Self::Location(location));
        }
        // A key has whole seconds.
        let second = |at: Timestamp| Timestamp::from_second(at.as_second()).ok();
        time(text).and_then(second).map(Self::At).or_else(|| key(text).map(Self::Key))
    }
}

/// As it is typed.
impl fmt::Display for WhichBackup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => formatter.write_str(LATEST),
            Self::Older(back) => write!(formatter, "{LATEST}~{back}"),
            Self::At(at) => write!(formatter, "{}", at.strftime(SECOND)),
            Self::Key(key) => formatter.write_str(key),
            Self::Location(location) => location.fmt(formatter),
            Self::BeforeTime(time) => write!(formatter, "{BEFORE}{time}"),
            Self::BeforeVersion(version) => write!(formatter, "{BEFORE}{version}"),
            Self::OfRun(id) => write!(formatter, "{RUN}{id}"),
        }
    }
}

/// What follows `latest`.
fn latest(back: &str) -> Option<WhichBackup> {
    if back.is_empty() {
        return Some(WhichBackup::Latest);
    }
    let digits = back.strip_prefix('~').filter(|back| back.bytes().all(|byte| byte.is_ascii_digit()))?;
    let back: usize = digits.parse().ok()?;
    Some(NonZeroUsize::new(back).map_or(WhichBackup::Latest, WhichBackup::Older))
}

/// The key that a text is, or that its last part is, in any environment.
fn key(text: &str) -> Option<String> {
    let day = day_in(text);
    Environment::ALL.into_iter().find_map(|environment| {
        let named = day.as_ref().map(|day| format!("{}{day}/{text}", prefix(environment)));
        [Some(text.to_owned()), named]
            .into_iter()
            .flatten()
            .find_map(|key| BackupKey::parse(environment, &key).map(|parsed| parsed.key))
    })
}

/// `2026/11/20` of `backup-prod-20261120-013000.sql.gz`.
fn day_in(name: &str) -> Option<String> {
    let day = name.split('-').nth(2)?;
    let is_day = day.len() == "YYYYMMDD".len() && day.bytes().all(|byte| byte.is_ascii_digit());
    is_day.then(|| format!("{}/{}/{}", &day[..4], &day[4..6], &day[6..]))
}

/// An object's location: `s3://bucket/key`, or `file:///folder/key`. Only the store itself knows which part is the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location(String);

impl Location {
    /// A text that may be a location.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_in_bucket = text.strip_prefix("s3://").is_some_and(|rest| rest.contains('/'));
        (is_in_bucket || text.starts_with("file:///")).then(|| Self(text.to_owned()))
    }

    /// The key, in the store whose objects are all below `root`: `s3://bucket/`. `None` if it is in another store.
    #[must_use]
    pub fn key_in(&self, root: &str) -> Option<&str> {
        // Without the slash, `s3://bucket-2/key` would be in `s3://bucket`.
        self.0.strip_prefix(root.trim_end_matches('/'))?.strip_prefix('/')
    }

    /// The backup of this environment that it names, whatever its store is.
    pub(super) fn backup(&self, environment: Environment) -> Option<BackupKey> {
        let starts = self.0.match_indices('/').map(|(at, slash)| at + slash.len());
        starts.into_iter().find_map(|start| BackupKey::parse(environment, self.0.get(start..)?))
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
