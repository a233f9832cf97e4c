//! Each error with its hint, as the log shows it. Those of stores are in `store`.

use super::*;

const PLACE: &str = "s3://callisto-backups/backups/2026/11/21/backup-prod-20261121-013000.sql.gz";

fn place() -> String {
    PLACE.to_owned()
}

/// One error of each variant. The match has no wildcard: a new variant does not compile until it is added here too.
fn one_of_each() -> Vec<ArchiveError> {
    let none = |which: &str, elsewhere: Option<&str>| ArchiveError::NoBackup {
        place: "s3://callisto-backups/backups/".to_owned(),
        which: which.to_owned(),
        elsewhere: elsewhere.map(str::to_owned),
    };
    let exists = || ArchiveError::from(StoreError::AlreadyExists { location: place() });
    let recipients = || vec!["age1first".to_owned(), "age1second".to_owned()];
    let errors = vec![
        exists(),
        ArchiveError::MemoryLimit {
            database_bytes: 4 << 40,
            needed_bytes: 420 << 20,
            source_bytes: 0,
            limit_bytes: 96 << 20,
        },
        ArchiveError::MemoryLimit {
            database_bytes: 1 << 30,
            needed_bytes: 46 << 20,
            source_bytes: 26 << 20,
            limit_bytes: 24 << 20,
        },
        ArchiveError::Stream("read: Input/output error (os error 5)".to_owned()),
        ArchiveError::Transform { what: "compressed", reason: "out of memory".to_owned() },
        ArchiveError::Unfinished { cause: Box::new(exists()), left: format!("{PLACE} was uploaded") },
        ArchiveError::Malformed {
            location: format!("{PLACE}.manifest.json"),
            what: "EOF while parsing".to_owned(),
        },
        ArchiveError::Corrupt { location: place(), what: "the last member is cut off".to_owned() },
        ArchiveError::Stopped,
        ArchiveError::Unversioned { place: "s3://b/".to_owned(), suspended: false },
        ArchiveError::Unversioned { place: "s3://b/".to_owned(), suspended: true },
        ArchiveError::NoRecords { place: "s3://b/deployments/".to_owned() },
        ArchiveError::NotHidden { location: place() },
        ArchiveError::NotUndone {
            location: "s3://b/prunes/x.json".to_owned(),
            why: "is not a record".to_owned(),
        },
        none("", None),
        none(" of 20261121-013000", None),
        none("", Some("development holds 9 backups")),
        ArchiveError::IdentityMissing { location: place(), recipients: Vec::new() },
        ArchiveError::IdentityMissing { location: place(), recipients: recipients() },
        ArchiveError::IdentityWrong { location: place(), recipients: recipients() },
    ];
    for error in &errors {
        match error {
            ArchiveError::Store(_)
            | ArchiveError::MemoryLimit { .. }
            | ArchiveError::Stream(_)
            | ArchiveError::Transform { .. }
            | ArchiveError::Unfinished { .. }
            | ArchiveError::NoBackup { .. }
            | ArchiveError::Malformed { .. }
            | ArchiveError::Corrupt { .. }
            | ArchiveError::IdentityMissing { .. }
            | ArchiveError::IdentityWrong { .. }
            | ArchiveError::Unversioned { .. }
            | ArchiveError::NoRecords { .. }
            | ArchiveError::NotHidden { .. }
            | ArchiveError::NotUndone { .. }
            | ArchiveError::Stopped => {}
        }
    }
    errors
}

#[test]
fn every_error_reads_as_reviewed() {
    crate::reviewed::errors(
        "errors-archive",
        one_of_each().iter().map(|error| (error.to_string(), error.hint())),
    );
}
