//! The record of a verification as a document, defined by `schemas/verification.v1.json`. Pure.

use jiff::Timestamp;
use serde::Serialize;

use super::head::RecordHead;

/// What was found about one backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerifiedResult {
    /// Every byte is what the manifest says.
    Verified,
    /// Something is not.
    Damaged,
    /// It is in an archive tier, so it was not read.
    Frozen,
    /// It could not be read, for another reason than itself.
    Unread,
}

/// One backup that was looked at.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct VerifiedBackup {
    pub location: String,
    pub result: VerifiedResult,
    pub size_bytes: Option<u64>,
    pub sha256: Option<String>,
    pub findings: Vec<String>,
}

/// The document. Other programs read its keys, so they never change. An absent fact is `null`.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct VerificationRecord {
    #[serde(flatten)]
    pub head: RecordHead,
    pub verification_timestamp: Timestamp,
    pub all: bool,
    pub backup_location: Option<String>,
    pub backup_size_bytes: Option<u64>,
    pub backup_sha256: Option<String>,
    pub verified: u64,
    pub not_verified: u64,
    pub backups: Vec<VerifiedBackup>,
}

impl VerificationRecord {
    /// The document as it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        super::to_bytes(self)
    }
}
