//! What a comparison of records and store came to, in words. Pure.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use crate::record::audit::{Audit, AuditFinding, AuditKind};
use crate::report::lines::count;

/// What a comparison of records and store came to.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct CheckedRecords {
    pub compared: u64,
    pub pruned: u64,
    pub expired: u64,
    pub elsewhere: u64,
    pub vanished: Vec<CheckFinding>,
    pub orphans: Vec<CheckFinding>,
    pub unknown: Vec<CheckFinding>,
}

/// One backup that is not as its record says.
#[derive(Debug, Clone, Serialize)]
#[expect(missing_docs, reason = "the schema describes each key, once")]
pub struct CheckFinding {
    pub timestamp: Timestamp,
    pub backup_location: String,
    pub record_location: Option<String>,
    pub what: String,
}

impl CheckedRecords {
    /// With the locations of both stores. `clean` removes secrets.
    #[must_use]
    pub fn new(audit: &Audit, (backups, records): (&str, &str), clean: impl Fn(&str) -> String) -> Self {
        let of = |kind: AuditKind| {
            let finding = |found: &AuditFinding| CheckFinding {
                timestamp: found.at,
                backup_location: format!("{backups}{}", found.key),
                record_location: found.record.as_ref().map(|key| format!("{records}{key}")),
                what: clean(&found.what),
            };
            audit.findings.iter().filter(|found| found.kind == kind).map(finding).collect()
        };
        Self {
            compared: audit.compared,
            pruned: audit.pruned,
            expired: audit.expired,
            elsewhere: audit.elsewhere,
            vanished: of(AuditKind::Vanished),
            orphans: of(AuditKind::Orphan),
            unknown: of(AuditKind::Unknown),
        }
    }

    /// `12 backups of production compared with their records: all there, 1 pruned, 2 older than their retention`
    #[must_use]
    pub fn words(&self, environment: &str) -> String {
        let mut words =
            format!("{} of {environment} compared with their records", count(self.compared, "backup"));
        let is_well = self.findings().is_empty();
        words.push_str(match (is_well, self.compared) {
            (true, 0) => ": nothing to compare",
            (true, _) => ": all there",
            (false, _) => "",
        });
        let also = [
            (self.vanished.len() as u64, "vanished"),
            (self.orphans.len() as u64, "without a record"),
            (self.unknown.len() as u64, "not comparable"),
            (self.pruned, "pruned"),
            (self.expired, "older than their retention"),
            (self.elsewhere, "in another store"),
        ];
        for (number, what) in also.into_iter().filter(|(number, _)| *number > 0) {
            // Writing to a String cannot fail.
            write!(words, ", {number} {what}").ok();
        }
        words
    }

    /// What the reader can do about the findings.
    #[must_use]
    pub fn hint(&self) -> String {
        let vanished = "Find out who removed or replaced the objects. A versioned bucket has their older versions. In a folder, put them back from a copy.";
        let orphans = "Find out who removed the records, or who put the backups there.";
        let unknown = "Grant the permission that is missing.";
        let hints = [(&self.vanished, vanished), (&self.orphans, orphans), (&self.unknown, unknown)];
        let hints: Vec<&str> =
            hints.into_iter().filter(|(found, _)| !found.is_empty()).map(|(_, hint)| hint).collect();
        hints.join(" ")
    }

    /// Each finding: `vanished s3://…: it is gone`.
    #[must_use]
    pub fn findings(&self) -> Vec<String> {
        let of = |kind: AuditKind, all: &[CheckFinding]| -> Vec<String> {
            all.iter().map(|one| format!("{} {}: {}", kind.name(), one.backup_location, one.what)).collect()
        };
        [
            of(AuditKind::Vanished, &self.vanished),
            of(AuditKind::Orphan, &self.orphans),
            of(AuditKind::Unknown, &self.unknown),
        ]
        .concat()
    }
}
