//! What a manifest says of the database itself.

use serde::{Deserialize, Serialize};

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
