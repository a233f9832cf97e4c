//! The record of a restore as a document, defined by `schemas/restore.v1.json`. Pure.

use jiff::Timestamp;
use serde::Serialize;

use super::head::RecordHead;
use crate::databases::postgres::restore::TargetState;

/// Where the rows of a restored backup go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestoreWay {
    /// The whole backup into a database.
    Database,
    /// Some tables into a database.
    Tables,
    /// Some tables into a file or a stream of SQL, without a database.
    Sql,
}

/// The document. Other programs read its keys, so they never change. An absent fact is `null`.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct RestoreRecord {
    #[serde(flatten)]
    pub head: RecordHead,
    pub restore_timestamp: Timestamp,
    pub way: RestoreWay,
    pub backup_location: Option<String>,
    pub backup_size_bytes: Option<u64>,
    pub backup_sha256: Option<String>,
    pub restored_into: String,
    pub target: TargetState,
    pub replace: bool,
    pub tables: Vec<String>,
    pub into_schema: Option<String>,
    pub rows_found: Option<u64>,
    pub verdict: Option<&'static str>,
    pub left_out: u64,
    pub findings: Vec<String>,
}

impl RestoreRecord {
    /// The document as it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        super::to_bytes(self)
    }
}
