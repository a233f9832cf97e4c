//! What is in a folder: whether it can be listed, and what runs that were killed left.

use jiff::SignedDuration;

use super::{Checked, fix};
use crate::finding::{Check, Finding};
use crate::layout::key::manifest_key;
use crate::store::folder::error::FolderError;
use crate::store::folder::{FileEntry, Folder, UnfinishedFile};

pub(super) const LINKS: Check =
    Check { name: "folder-links", about: "Objects are regular files in directories, without symbolic links" };
pub(super) const LEFTOVERS: Check =
    Check { name: "folder-leftovers", about: "No temporary file of a run that was killed is left" };

/// No run takes longer.
const OLD: SignedDuration = SignedDuration::from_hours(24);

/// What is below the prefixes.
#[derive(Debug)]
pub(super) struct Content {
    objects: Result<Vec<FileEntry>, FolderError>,
    pub(super) unfinished: Result<Vec<UnfinishedFile>, FolderError>,
}

pub(super) async fn look(folder: &Folder, checked: &Checked<'_>) -> Content {
    let (mut objects, mut unfinished) = (Ok(Vec::new()), Ok(Vec::new()));
    for prefix in checked.prefixes() {
        objects = joined(objects, folder.list(&prefix).await);
        unfinished = joined(unfinished, folder.unfinished(&prefix).await);
    }
    Content { objects, unfinished }
}

fn joined<T>(
    first: Result<Vec<T>, FolderError>,
    next: Result<Vec<T>, FolderError>,
) -> Result<Vec<T>, FolderError> {
    let mut all = first?;
    all.extend(next?);
    Ok(all)
}

impl Content {
    /// Size of the newest backup that has a manifest. Keys are in the order of their times. Records have no manifests.
    pub(super) fn newest_backup(&self) -> Option<u64> {
        let objects = self.objects.as_ref().ok()?;
        let has_manifest = |object: &&FileEntry| {
            let key = manifest_key(&object.key);
            objects.binary_search_by(|other| other.key.cmp(&key)).is_ok()
        };
        objects.iter().rev().find(has_manifest).map(|object| object.bytes)
    }
}

pub(super) fn links(folder: &Checked<'_>, found: &Content) -> Finding {
    let (name, prefixes) = (folder.name(), folder.prefixes().join(", "));
    match &found.objects {
        Ok(objects) => {
            LINKS.ok(format!("{name} has {} below {prefixes}, all regular", count(objects.len(), "file")))
        }
        Err(error) => LINKS.fail(
            error.to_string(),
            "The objects cannot be listed, so no backup can be taken, verified or restored.",
            fix(error.hint()),
        ),
    }
}

pub(super) fn leftovers(folder: &Checked<'_>, found: Result<Vec<UnfinishedFile>, FolderError>) -> Finding {
    let name = folder.name();
    let files = match found {
        Ok(files) => files,
        Err(error) => {
            return LEFTOVERS.unknown(format!("temporary files in {name}: {error}"), fix(error.hint()));
        }
    };
    // A file system without locks shows every writer as alive.
    let now = folder.expected.now;
    let is_old = |file: &UnfinishedFile| file.begun.is_some_and(|begun| now.duration_since(begun) > OLD);
    let (left, alive): (Vec<_>, Vec<_>) =
        files.into_iter().partition(|file| !file.is_being_written || is_old(file));
    let in_progress = alive.iter().map(|file| file.key.as_str()).collect::<Vec<_>>().join(", ");
    let Some(first) = left.first() else {
        let what = format!("{name} has no temporary file of a run that was killed");
        return LEFTOVERS.ok(if alive.is_empty() {
            what
        } else {
            format!("{what} (in progress: {in_progress})")
        });
    };
    // A backup removes nothing that may be another sponsor's.
    let is_cleaned = !folder.is_shared;
    let all_go = is_cleaned && left.iter().all(|file| !file.is_being_written);
    LEFTOVERS.warn(
        format!("{} in {name}, the first one of {}", count(left.len(), "leftover temporary file"), first.key),
        "They take room, and are not backups.",
        if all_go {
            "Run `sponsor-backup backup`, which removes them.".to_owned()
        } else {
            format!(
                "Remove those that are older than a day: `find {} -name '.*.partial' -mmin +1440 -delete`.",
                folder.argument()
            )
        },
    )
}

fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

#[cfg(test)]
pub(super) mod tests;
