//! The record of a copy as a document, defined by `schemas/copy.v1.json`. Pure.

use jiff::Timestamp;
use serde::Serialize;

use super::head::RecordHead;
use crate::verification::conclusion::CopyProof;

/// The document. Other programs read its keys, so they never change. An absent fact is `null`.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct CopyRecord {
    #[serde(flatten)]
    pub head: RecordHead,
    pub copy_timestamp: Timestamp,
    pub source_location: Option<String>,
    pub source_size_bytes: Option<u64>,
    pub source_sha256: Option<String>,
    pub source_age_recipients: Vec<String>,
    pub target: String,
    pub backup_location: Option<String>,
    pub backup_size_bytes: Option<u64>,
    pub backup_sha256: Option<String>,
    pub dump_sha256: Option<String>,
    pub age_recipients: Vec<String>,
    pub already_copied: bool,
    pub proof: Option<CopyProof>,
    pub object_lock: Option<&'static str>,
    pub locked_until: Option<Timestamp>,
}

impl CopyRecord {
    /// The record of a copy of which nothing is known yet but that it was asked for.
    #[must_use]
    pub fn new(head: RecordHead, at: Timestamp, target: String) -> Self {
        Self {
            head,
            copy_timestamp: at,
            source_location: None,
            source_size_bytes: None,
            source_sha256: None,
            source_age_recipients: Vec::new(),
            target,
            backup_location: None,
            backup_size_bytes: None,
            backup_sha256: None,
            dump_sha256: None,
            age_recipients: Vec::new(),
            already_copied: false,
            proof: None,
            object_lock: None,
            locked_until: None,
        }
    }

    /// The document as it is stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        super::to_bytes(self)
    }
}
