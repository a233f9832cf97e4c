//! What a dump holds and what its database was, as the manifest says: in numbers that a restored database can be compared
//! with.

use serde::{Deserialize, Serialize};

/// The fields of [`Contents`]: all or none.
pub(super) const CONTENTS: [&str; 4] = ["tables", "rows_total", "statements", "statements_digest"];

/// What a dump holds, in numbers that a restored database can be compared with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Contents {
    /// Each table that has a block of rows.
    pub tables: Vec<Table>,
    /// Rows of all of them.
    pub rows_total: u64,
    /// Statements that are not rows.
    pub statements: u64,
    /// Their digest.
    pub statements_digest: String,
    /// Each sequence; release 0.1 did not write them down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequences: Option<Vec<Sequence>>,
    /// The large objects; release 0.1 did not write them down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large_objects: Option<LargeObjects>,
    /// The objects that the statements define; absent if there are too many, and in backups of release 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<Vec<Object>>,
}

/// An object of the schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// `table`, `function`, `trigger`, …
    pub kind: String,
    /// Schema, without quotes. Empty if the kind has none.
    pub schema: String,
    /// Name, without quotes: of a routine with its arguments' types, of a part of a table behind it.
    pub name: String,
    /// Digest of all statements about it.
    pub digest: String,
}

impl Object {
    /// `function diary.total(integer)`, on one line.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { kind, schema, name, .. } = self;
        let dot = if schema.is_empty() { "" } else { "." };
        format!("{kind} {schema}{dot}{name}").replace(char::is_control, " ")
    }
}

/// One sequence.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sequence {
    /// Schema, without quotes.
    pub schema: String,
    /// Name, without quotes.
    pub name: String,
    /// Where it is.
    pub value: i64,
    /// Whether that value was handed out already.
    pub is_called: bool,
}

/// All large objects.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LargeObjects {
    /// Number of large objects.
    pub count: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Digest of all of them.
    pub digest: String,
    /// Number of neighboring OIDs in one group: 1 up to 10,000 large objects.
    pub oids_per_group: u32,
    /// The groups.
    pub groups: Vec<LargeObjectGroup>,
}

/// A large object, or several neighbors.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LargeObjectGroup {
    /// The smallest OID that may be in it.
    pub oid: u32,
    /// Large objects in it.
    pub count: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Digest of contents, owner, grants and comment of all of them.
    pub digest: String,
}

/// One table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Table {
    /// Schema, without quotes.
    pub schema: String,
    /// Name, without quotes.
    pub name: String,
    /// Rows.
    pub rows: u64,
    /// Digest of the rows in any order.
    pub digest: String,
    /// Digest of the values in stored generated columns, which a dump does not contain; absent if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated_digest: Option<String>,
}

/// What the statements of a dump do not carry of its database (PostgreSQL documentation, `pg_database`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// `UTF8`.
    pub encoding: String,
    /// `libc`, `icu` or `builtin`; `None` before PostgreSQL 15.
    pub locale_provider: Option<String>,
    /// `LC_COLLATE`.
    pub collate: String,
    /// `LC_CTYPE`.
    pub ctype: String,
    /// The locale of ICU or of PostgreSQL itself.
    pub locale: Option<String>,
    /// Additional rules of ICU.
    pub icu_rules: Option<String>,
    /// Version of the collation.
    pub collation_version: Option<String>,
    /// Settings of the database, and of roles in it.
    pub settings: Vec<DatabaseSetting>,
    /// Digest of the comment on the database.
    pub comment_digest: Option<String>,
}

/// One setting. Its value is in the first lines of the dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseSetting {
    /// The role that it is set for; all roles if `None`.
    pub role: Option<String>,
    /// Its name.
    pub name: String,
    /// Its value; `None` if it may be secret.
    pub value: Option<String>,
    /// SHA-256 over role, name and value, with a salt that is in the first lines of the dump.
    pub digest: String,
}
