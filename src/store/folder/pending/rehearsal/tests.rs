use std::os::unix::fs::symlink;

use super::*;
use crate::store::folder::tests::{KEY, folder, names, put};

#[tokio::test]
async fn a_rehearsal_creates_no_directory_and_leaves_nothing() {
    let (place, folder) = folder();
    assert_eq!(folder.rehearse(KEY).await.unwrap(), place.path());
    assert_eq!(names(place.path()), [""; 0]);
    std::fs::create_dir_all(place.path().join("backups/2026")).unwrap();
    assert_eq!(folder.rehearse(KEY).await.unwrap(), place.path().join("backups/2026"));
    assert_eq!(names(&place.path().join("backups/2026")), [""; 0]);
    put(&folder, KEY, b"bytes").await.unwrap();
    let day = place.path().join(KEY);
    let day = day.parent().unwrap();
    // A key that is taken is not touched.
    assert_eq!(folder.rehearse(KEY).await.unwrap(), day);
    assert_eq!(std::fs::read(place.path().join(KEY)).unwrap(), b"bytes");
    assert_eq!(names(day).len(), 1);
}

#[tokio::test]
async fn a_rehearsal_goes_no_other_way_than_a_backup() {
    let (place, folder) = folder();
    let outside = tempfile::tempdir().unwrap();
    symlink(outside.path(), place.path().join("backups")).unwrap();
    let error = folder.rehearse(KEY).await.unwrap_err();
    let path = place.path().join("backups").display().to_string();
    assert_eq!(error, FolderError::Kind { path, found: "a symbolic link", expected: "a directory" });
    assert_eq!(names(outside.path()), [""; 0]);
    std::fs::remove_file(place.path().join("backups")).unwrap();
    std::fs::rename(place.path(), outside.path().join("moved")).unwrap();
    let error = folder.rehearse(KEY).await.unwrap_err();
    assert_eq!(error, FolderError::Vanished { path: place.path().display().to_string() });
    assert_eq!(names(&outside.path().join("moved")), [""; 0]);
    // The test's own folder is gone.
    std::fs::create_dir(place.path()).unwrap();
}

#[test]
fn a_file_that_cannot_be_proven_does_not_pass() {
    let (place, folder) = folder();
    let begin = || PendingFile::begin(&folder.root, Key::parse("object").unwrap(), "").unwrap();
    let (one, other) = (begin(), begin());
    std::fs::remove_file(one.file.path()).unwrap();
    let error = try_out(&one.file, &other.file).unwrap_err();
    assert_eq!(error, FolderError::Vanished { path: shown(&one.file.path()) });
    drop((one, other));
    let (one, other) = (begin(), begin());
    // As a disk does that returns other bytes.
    one.file.write(b"more", CONTENT.len() as u64).unwrap();
    let error = try_out(&one.file, &other.file).unwrap_err();
    assert!(matches!(&error, FolderError::Differs { got, .. } if got == "4100"), "{error}");
    drop((one, other));
    assert_eq!(names(place.path()), [""; 0]);
}

/// As on a file system whose rename replaces: the other name does not keep it from succeeding.
#[test]
fn a_rename_that_succeeds_onto_a_taken_name_does_not_pass() {
    let (place, folder) = folder();
    let begin = || PendingFile::begin(&folder.root, Key::parse("object").unwrap(), "").unwrap();
    let (one, other) = (begin(), begin());
    std::fs::remove_file(other.file.path()).unwrap();
    let error = try_out(&one.file, &other.file).unwrap_err();
    let path = place.path().join("object").display().to_string();
    assert_eq!(error, FolderError::CanOnlyReplace { path });
    other.file.remove().unwrap();
    assert_eq!(names(place.path()), [""; 0]);
}
