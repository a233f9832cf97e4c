//! `KEY.manifest.json`: what a backup is, in words that outlive this program. The command fills it in.
//!
//! Its form is fixed by `schemas/backup-manifest.v1.json`.

mod changes;
mod contents;
mod held_table;
mod named_value;
mod occasion;
mod partial;
mod retention;

pub use changes::{Amounts, ChangedObjects, ChangedTables, Changes, Named};
pub use contents::{
    Contents, Database, DatabaseSetting, LargeObjectGroup, LargeObjects, Object, Sequence, Table,
};
pub use held_table::HeldTable;
pub use named_value::NamedValue;
pub use occasion::Occasion;
pub use partial::Partial;
pub use retention::{UnknownRetention, retained_until};

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::pending::Sealed;
pub use super::pieces::Piece;
use super::{ArchiveError, SealOptions};
use contents::CONTENTS;

/// The document. Sizes are in bytes, hashes are SHA-256 in hexadecimal, times are UTC.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BackupManifest {
    /// Version of this document's form.
    pub format_version: u32,
    /// Sponsor's name.
    pub sponsor: String,
    /// Sponsor's code.
    pub sponsor_code: String,
    /// `production`, `staging` or `development`.
    pub environment: String,
    /// Key of the dump, in the same bucket as this document.
    pub key: String,
    /// The time in the key.
    pub timestamp: Timestamp,
    /// Before the dump's snapshot was taken; of a standby that lags, when its data is from.
    pub started_at: Timestamp,
    /// When the last byte had been read.
    pub finished_at: Timestamp,
    /// The dump before compression.
    pub dump: Size,
    /// The object that is stored.
    pub stored: StoredSize,
    /// How the one became the other.
    pub encoding: Encoding,
    /// What the dump holds; absent if its text was not understood.
    #[serde(flatten)]
    pub contents: Option<Contents>,
    /// Identity of the database; absent if the server did not show it, and in backups of release 0.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceDatabase>,
    /// What the dump's statements do not carry of its database. Release 0.1 did not write it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<Database>,
    /// What a restore needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore: Option<RestoreNeeds>,
    /// What was left out on purpose; absent if nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partial: Option<Partial>,
    /// The newest backup before this one that held rows; absent if there was none, or if it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_backup: Option<PreviousBackup>,
    /// Comparison with that backup; absent if there was none, and in backups of release 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Changes>,
    /// What exceeded a limit of its run, each as a phrase; absent if nothing did, and in backups of release 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exceeded_limits: Option<Vec<String>>,
    /// State of the standby that was dumped; absent for a primary and in backups of release 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standby: Option<Standby>,
    /// What everybody should know of it, in words without data. Release 0.1 did not write it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<String>>,
    /// Locale of amounts of money: `C`. If absent, as in release 0.1, that of the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lc_monetary: Option<String>,
    /// Connections that read the database at once; absent if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jobs: Option<u64>,
    /// Whether owners and grants are in the dump.
    pub includes_privileges: bool,
    /// Who wrote it.
    pub tool: Tool,
    /// Version of pg_dump.
    pub pg_dump_version: String,
    /// Version of the server.
    pub server_version: String,
    /// Commit that was about to be deployed.
    pub git_sha: Option<String>,
    /// Version that was about to be deployed.
    pub version: Option<String>,
    /// Workflow run.
    pub github_run_id: Option<String>,
    /// Attempt of that run.
    pub github_run_attempt: Option<String>,
    /// What started that run, in GitHub's words. Release 0.1 did not write it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// The dump's tags, without that of its lock, which is known later. Release 0.1 did not write them down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<NamedValue>>,
    /// The dump's metadata. Release 0.1 did not write it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Vec<NamedValue>>,
    /// The pieces of the compressed stream, in order, without gaps. Release 0.1 did not write them down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pieces: Option<Vec<Piece>>,
}

impl BackupManifest {
    /// The document as it is stored: JSON that people can read, with a final line break.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Text, numbers and options cannot fail to become JSON.
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// The finding if the backup holds no tables although an earlier one held rows. Such a backup failed when it was taken.
    #[must_use]
    pub fn lost_everything(&self) -> Option<String> {
        let is_empty = self.contents.as_ref().is_some_and(|contents| contents.tables.is_empty());
        let before = self.previous_backup.as_ref().filter(|before| is_empty && before.rows_total > 0)?;
        Some(format!("it holds no tables, but {} held {} rows", before.location, before.rows_total))
    }

    /// Whether it failed because of a limit of its run.
    #[must_use]
    pub fn exceeded_a_limit(&self) -> bool {
        self.exceeded_limits.as_ref().is_some_and(|findings| !findings.is_empty())
    }

    /// Parses the document from `location`. Unknown fields are ignored, since later versions add some.
    ///
    /// # Errors
    /// It is not JSON, has a form that this version does not know, or lacks something.
    pub fn parse(location: &str, bytes: &[u8]) -> Result<Self, ArchiveError> {
        let malformed = |what: String| malformed(location, &what);
        let document: Value = serde_json::from_slice(bytes)
            .map_err(|error| malformed(format!("is not a JSON document: {error}")))?;
        let version = document.get("format_version").and_then(Value::as_u64);
        if version.is_some_and(|version| version > u64::from(FORMAT_VERSION)) {
            return Err(malformed(later(version.unwrap_or_default())));
        }
        // Else a flaw in one of them would pass for their absence.
        let told = CONTENTS.iter().any(|name| document.get(name).is_some());
        let contents = told.then(|| Contents::deserialize(&document)).transpose();
        let manifest = contents.and_then(|_| Self::deserialize(document));
        manifest.map_err(|error| malformed(format!("is not a backup manifest: {error}")))
    }
}

/// What is wrong may quote the document, which may hold anything of any length.
fn malformed(location: &str, what: &str) -> ArchiveError {
    ArchiveError::Malformed { location: location.to_owned(), what: what.chars().take(300).collect() }
}

fn later(version: u64) -> String {
    format!("has format version {version}, but this sponsor-backup reads versions up to {FORMAT_VERSION}")
}

/// The fields of a manifest that a list shows. The others take no memory, however many tables there are.
#[derive(Debug, Clone, Deserialize)]
pub struct Excerpt {
    /// Sponsor's name.
    pub sponsor: String,
    /// `production`, `staging` or `development`.
    pub environment: String,
    /// Key of the dump.
    pub key: String,
    /// The time in the key.
    pub timestamp: Timestamp,
    /// Before the dump's snapshot was taken.
    pub started_at: Option<Timestamp>,
    /// The object that is stored.
    pub stored: StoredSize,
    /// Rows of all tables; absent if the dump's text was not understood.
    pub rows_total: Option<u64>,
    /// The newest backup before it that held rows.
    pub previous_backup: Option<PreviousBackup>,
    partial: Option<serde::de::IgnoredAny>,
    exceeded_limits: Option<serde::de::IgnoredAny>,
}

impl Excerpt {
    /// Whether it had lost more than its run's limits allow, or could not be compared.
    #[must_use]
    pub fn exceeded_a_limit(&self) -> bool {
        self.exceeded_limits.is_some()
    }

    /// Whether something was left out on purpose.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.partial.is_some()
    }

    /// Parses the document from `location`.
    ///
    /// # Errors
    /// As [`BackupManifest::parse`], as far as these lines go.
    pub fn parse(location: &str, bytes: &[u8]) -> Result<Self, ArchiveError> {
        #[derive(Deserialize)]
        struct Form {
            format_version: u64,
        }
        let malformed = |what: String| malformed(location, &what);
        let no_manifest = |error: serde_json::Error| malformed(format!("is not a backup manifest: {error}"));
        let Form { format_version } = serde_json::from_slice(bytes).map_err(no_manifest)?;
        if format_version > u64::from(FORMAT_VERSION) {
            return Err(malformed(later(format_version)));
        }
        serde_json::from_slice(bytes).map_err(no_manifest)
    }
}

/// A database that replays what another one wrote.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Standby {
    /// Commit time of the last replayed transaction; `None` if there was none since the standby started.
    pub replayed_at: Option<Timestamp>,
    /// Largest possible lag in seconds; 0 if it had replayed everything it received and was still receiving.
    pub lag_seconds: u64,
    /// Tables whose rows it does not have, so that they are not in the dump either.
    pub unlogged_tables: Vec<Name>,
}

/// The name of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// Schema, without quotes.
    pub schema: String,
    /// Name, without quotes.
    pub name: String,
}

/// The database that was dumped, so that it is known again whatever address leads to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceDatabase {
    /// `host:port/database`, as it was reached.
    pub place: String,
    /// PostgreSQL's system identifier of the server. Digits.
    pub system_identifier: String,
    /// The database's OID.
    pub database_oid: u32,
    /// The database's name in its server.
    pub database: String,
    /// When the server was started.
    pub server_started_at: Timestamp,
    /// Whether the server is a standby.
    pub in_recovery: bool,
}

/// What must be there for the dump to be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreNeeds {
    /// Smallest major version of psql.
    pub client_major: u32,
    /// Smallest major version of the server.
    pub server_major: u32,
    /// Whether psql must know `\restrict`: releases before August 2025 do not.
    pub restricted: bool,
    /// Encoding of the text.
    pub encoding: Option<String>,
    /// Extensions that are created.
    pub extensions: Vec<String>,
    /// Roles that are named.
    pub roles: Vec<String>,
    /// Whether a table has FORCE ROW LEVEL SECURITY; absent in documents of release 0.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forces_row_security: Option<bool>,
    /// Locks that a restore takes at least, all in one transaction; absent in documents of release 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locks: Option<u64>,
}

/// Length and hash.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Size {
    /// Length.
    pub bytes: u64,
    /// Hash.
    pub sha256: String,
}

/// Length and hashes of what is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredSize {
    /// Length.
    pub bytes: u64,
    /// Hash.
    pub sha256: String,
    /// S3's checksum of the whole object, base64.
    pub crc64nvme: String,
}

/// How a dump became an object.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Encoding {
    /// `gzip` or `zstd`.
    pub codec: String,
    /// Its level, or the one of most members.
    pub level: i32,
    /// Members of each level; absent if all have the same, and in backups of release 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub levels: Option<Vec<UsedLevel>>,
    /// Independent members.
    pub members: u64,
    /// age public keys of its recipients; empty if it is not encrypted.
    pub age_recipients: Vec<String>,
}

/// A level of compression.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UsedLevel {
    /// The level.
    pub level: i32,
    /// Members that have it.
    pub members: u64,
}

/// A backup that another one is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousBackup {
    /// `s3://…`
    pub location: String,
    /// Rows of all tables.
    pub rows_total: u64,
    /// Bytes of the dump before compression.
    pub dump_size_bytes: u64,
}

/// The program that wrote a document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tool {
    /// `sponsor-backup`.
    pub name: Cow<'static, str>,
    /// Its version.
    pub version: Cow<'static, str>,
}

impl Tool {
    /// This program.
    pub const THIS: Self = Self {
        name: Cow::Borrowed(env!("CARGO_PKG_NAME")),
        version: Cow::Borrowed(env!("CARGO_PKG_VERSION")),
    };
}

/// The current form of [`BackupManifest`].
pub const FORMAT_VERSION: u32 = 1;

/// The parts of the document that the archive knows itself.
#[must_use]
pub fn manifest_sizes(sealed: &Sealed, options: &SealOptions) -> (Size, StoredSize, Encoding) {
    let levels = sealed.levels.iter().map(|(level, members)| UsedLevel { level: *level, members: *members });
    let levels: Vec<UsedLevel> = levels.collect();
    let level = levels.iter().max_by_key(|used| used.members).map(|used| used.level);
    (
        Size { bytes: sealed.plain.bytes, sha256: sealed.plain.sha256.clone() },
        StoredSize {
            bytes: sealed.stored.bytes,
            sha256: sealed.stored.sha256.clone(),
            crc64nvme: sealed.crc64.clone(),
        },
        Encoding {
            codec: options.codec.format.name().to_owned(),
            level: level.unwrap_or_default(),
            levels: (levels.len() > 1).then_some(levels),
            members: sealed.members,
            age_recipients: options.recipients.public_keys(),
        },
    )
}

#[cfg(test)]
mod tests;
