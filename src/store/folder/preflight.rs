//! What `preflight` finds out about a folder. Reads only, unless the write probe is asked for.

use std::path::Path;
use std::sync::Arc;

use super::error::{Flaw, FolderError, quoted, shown};
use super::{Folder, blocking};
use crate::finding::{Check, Finding};
use crate::layout::key::Bucket;
use crate::store::s3::lifecycle::ObjectFamily;
use crate::store::{LockChoice, StorageExpectations};

mod access;
mod content;
mod disk;
mod probe;

pub(in crate::store) use probe::probe_writes;

const EXISTS: Check =
    Check { name: "folder-exists", about: "Folder exists, and nothing takes its place during the run" };
const LOCK: Check =
    Check { name: "folder-lock", about: "The environment needs no locks, which a folder cannot have" };

/// What this module checks.
pub(in crate::store) const CHECKS: &[Check] =
    &[EXISTS, access::ACCESS, disk::FILE_SYSTEM, content::LINKS, disk::SPACE, LOCK, content::LEFTOVERS];

const NOTHING_STORED: &str = "Neither a backup nor its record can be stored.";

/// A folder that is checked.
#[derive(Debug, Clone, Copy)]
struct Checked<'a> {
    path: &'a Path,
    which: Bucket,
    expected: StorageExpectations<'a>,
    /// Whether other sponsors may write to it. A backup then removes nothing there.
    is_shared: bool,
}

impl Checked<'_> {
    /// `folder /srv/backups`
    fn name(&self) -> String {
        format!("folder {}", shown(self.path))
    }

    /// Its path as a shell takes it.
    fn argument(&self) -> String {
        quoted(&shown(self.path))
    }

    /// `backups/`, or the prefixes of all kinds of records.
    fn prefixes(&self) -> Vec<String> {
        self.expected.families(self.which).iter().map(ObjectFamily::prefix).collect()
    }
}

/// The finding for a folder that cannot be opened.
pub(in crate::store) fn unusable(error: &FolderError, which: Bucket) -> Finding {
    let check = match error {
        FolderError::Unsuitable { flaw, .. } => match flaw {
            Flaw::WorldWritable | Flaw::Owner { .. } | Flaw::NoAccess(_) => access::ACCESS,
            Flaw::InContainer { .. } => disk::FILE_SYSTEM,
            Flaw::Relative
            | Flaw::FileSystemRoot
            | Flaw::Missing
            | Flaw::NotDirectory
            | Flaw::Link { .. } => EXISTS,
        },
        _ => EXISTS,
    };
    let why = match which {
        Bucket::Backups => "No backup can be stored or read.",
        Bucket::AuditLogs => "No record can be stored or read.",
    };
    check.fail(error.to_string(), why, fix(error.hint()))
}

/// Checks one folder.
pub(in crate::store) async fn check(
    folder: &Folder,
    which: Bucket,
    expected: StorageExpectations<'_>,
    is_shared: bool,
) -> Vec<Finding> {
    let checked = Checked { path: folder.path(), which, expected, is_shared };
    let (root, prefixes) = (Arc::clone(&folder.root), checked.prefixes());
    let looked_at = blocking(move || {
        root.check_there()?;
        Ok((access::look(&root, &prefixes), disk::look(&root)))
    });
    let (access, disk) = match looked_at.await {
        Ok(found) => found,
        // Every other question would get the same answer.
        Err(error) => return vec![unusable(&error, which)],
    };
    let content = content::look(folder, &checked).await;
    vec![
        EXISTS.ok(format!("{} exists", checked.name())),
        access::judge(&checked, access),
        disk::file_system(&checked, &disk),
        content::links(&checked, &content),
        disk::space(&checked, &disk, content.newest_backup()),
        lock(&checked),
        content::leftovers(&checked, content.unfinished),
    ]
}

/// Who can write to a folder can delete from it. Only the owner of a bucket can promise more.
fn lock(folder: &Checked<'_>) -> Finding {
    let StorageExpectations { environment, lock, retention_years, .. } = folder.expected;
    let what = format!("{} cannot lock objects", folder.name());
    match lock {
        LockChoice::Governance | LockChoice::Compliance => LOCK.fail(
            format!("{what}, but `object-lock` requires it"),
            "Neither a backup nor its record is stored.",
            "Use a bucket with Object Lock, or set `object-lock` to `auto` or `off`.",
        ),
        LockChoice::Auto | LockChoice::Off if folder.expected.in_production() => {
            let families = folder.expected.families(folder.which).into_iter();
            let kept = families.map(|family| family.object.retention(environment, retention_years));
            let kept = kept.max_by_key(|retention| retention.days());
            let kept = kept.map(|time| format!(" Keep each object here for {time}.")).unwrap_or_default();
            let copy = match folder.which {
                Bucket::Backups => format!(
                    "`sponsor-backup copy --environment {environment} --backup latest --to s3://BUCKET` after each backup"
                ),
                Bucket::AuditLogs => format!("`aws s3 sync {} s3://BUCKET`", folder.argument()),
            };
            LOCK.warn(
                what,
                "Each user and program that can write to it can delete objects before their retention ends.",
                format!("Keep a second copy in a bucket with Object Lock: {copy}.{kept}"),
            )
        }
        LockChoice::Auto | LockChoice::Off => LOCK.ok(format!("{what}, which {environment} does not need")),
    }
}

/// What to do about an error.
fn fix(hint: Option<String>) -> String {
    hint.unwrap_or_else(|| "Run again.".to_owned())
}

#[cfg(test)]
mod tests;
