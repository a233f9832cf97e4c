use std::os::unix::fs::symlink;

use super::*;
use crate::store::folder::tests::{KEY, folder, get, measured, names, put};

const FOLDER: &str = "backups/2026/11/21";

async fn begun(folder: &Folder, bytes: &'static [u8]) -> PendingFile {
    let mut pending = folder.begin(KEY).await.unwrap();
    pending.write(Bytes::from_static(bytes)).await.unwrap();
    pending
}

#[tokio::test]
async fn nothing_is_visible_before_it_is_published() {
    let (place, folder) = folder();
    let pending = begun(&folder, b"bytes").await;
    let missing = FolderError::Missing { location: folder.location(KEY) };
    assert_eq!(folder.examine(KEY).await.unwrap_err(), missing);
    assert_eq!(folder.list("").await.unwrap(), []);
    pending.publish(&measured(b"bytes")).await.unwrap();
    assert_eq!(get(&folder, KEY).await, b"bytes");
    assert_eq!(names(&place.path().join(FOLDER)).len(), 1);
}

#[tokio::test]
async fn bytes_that_differ_never_become_visible() {
    let (place, folder) = folder();
    let location = folder.location(KEY);
    let error = begun(&folder, b"bytes").await.publish(&measured(b"byte")).await.unwrap_err();
    let size = format!("{location} was not stored as sent: size 5 instead of 4");
    assert_eq!(error.to_string(), size);
    let pending = begun(&folder, b"bytes").await;
    // As a disk does that loses a write.
    let temporary = place.path().join(FOLDER).join(&pending.file.temporary);
    std::fs::write(temporary, "bytfs").unwrap();
    let error = pending.publish(&measured(b"bytes")).await.unwrap_err();
    let (expected, got) = (measured(b"bytes").sha256, measured(b"bytfs").sha256);
    assert_eq!(error, FolderError::Differs { location, what: "SHA-256", expected, got });
    assert_eq!(names(&place.path().join(FOLDER)), [""; 0]);
}

#[tokio::test]
async fn nothing_is_left_of_what_was_abandoned_or_dropped() {
    let (place, folder) = folder();
    begun(&folder, b"bytes").await.abandon().await.unwrap();
    assert_eq!(names(&place.path().join(FOLDER)), [""; 0]);
    let pending = begun(&folder, b"bytes").await;
    assert_eq!(names(&place.path().join(FOLDER)).len(), 1);
    drop(pending);
    assert_eq!(names(&place.path().join(FOLDER)), [""; 0]);
    put(&folder, KEY, b"later").await.unwrap();
}

#[tokio::test]
async fn an_entry_that_is_in_the_way_is_named_and_stays() {
    let (place, folder) = folder();
    let at = place.path().join(KEY);
    std::fs::create_dir_all(&at).unwrap();
    let refused = begun(&folder, b"bytes").await.publish(&measured(b"bytes")).await.unwrap_err();
    assert_eq!(refused.to_string(), format!("{} is a directory, not a file", at.display()));
    std::fs::remove_dir(&at).unwrap();
    let outside = tempfile::NamedTempFile::new().unwrap();
    for target in [outside.path(), std::path::Path::new("/missing/file")] {
        symlink(target, &at).unwrap();
        let refused = put(&folder, KEY, b"bytes").await.unwrap_err();
        assert_eq!(refused.to_string(), format!("{} is a symbolic link, not a file", at.display()));
        std::fs::remove_file(&at).unwrap();
    }
    assert_eq!(std::fs::read(outside.path()).unwrap(), b"");
    assert_eq!(names(&place.path().join(FOLDER)), [""; 0]);
}

#[tokio::test]
async fn a_link_or_file_on_the_way_is_named_and_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    let (place, folder) = folder();
    for name in ["backups", "backups/2026", "backups/2026/11"] {
        let path = place.path().join(name);
        for (is_link, found) in [(true, "a symbolic link"), (false, "a file")] {
            if is_link {
                symlink(outside.path(), &path).unwrap();
            } else {
                std::fs::write(&path, "").unwrap();
            }
            let error = folder.begin(KEY).await.unwrap_err();
            let path = path.display().to_string();
            assert_eq!(error, FolderError::Kind { path, found, expected: "a directory" });
            std::fs::remove_file(place.path().join(name)).unwrap();
        }
        std::fs::create_dir(path).unwrap();
    }
    assert_eq!(names(outside.path()), [""; 0]);
}

#[tokio::test]
async fn a_temporary_name_that_exists_is_not_written_to() {
    let (place, folder) = folder();
    let outside = tempfile::NamedTempFile::new().unwrap();
    let name = ".object.0123456789abcdef0123456789abcdef.partial";
    symlink(outside.path(), place.path().join(name)).unwrap();
    let key = Key::parse("object").unwrap();
    let error = PendingFile::create(&folder.root, key, name.to_owned(), "").unwrap_err();
    let path = place.path().join(name);
    assert_eq!(error.to_string(), format!("cannot create {}: file exists", path.display()));
    assert_eq!(std::fs::read(outside.path()).unwrap(), b"");
    assert!(path.is_symlink());
}

#[tokio::test]
async fn another_file_under_the_temporary_name_is_not_published() {
    let (place, folder) = folder();
    let pending = begun(&folder, b"bytes").await;
    let temporary = place.path().join(FOLDER).join(&pending.file.temporary);
    std::fs::remove_file(&temporary).unwrap();
    std::fs::write(&temporary, "bytes").unwrap();
    let error = pending.publish(&measured(b"bytes")).await.unwrap_err();
    assert_eq!(error, FolderError::Vanished { path: temporary.display().to_string() });
    assert_eq!(folder.list("").await.unwrap(), []);
}

#[tokio::test]
async fn a_folder_that_is_removed_or_moved_gets_nothing() {
    for (gone, becomes) in [("", None), ("backups/2026", None), ("", Some("moved")), (FOLDER, Some("moved"))]
    {
        let (place, folder) = folder();
        let elsewhere = tempfile::tempdir().unwrap();
        let pending = begun(&folder, b"bytes").await;
        let gone = place.path().join(gone);
        match becomes {
            None => std::fs::remove_dir_all(&gone).unwrap(),
            Some(name) => std::fs::rename(&gone, elsewhere.path().join(name)).unwrap(),
        }
        let error = pending.publish(&measured(b"bytes")).await.unwrap_err();
        assert!(matches!(error, FolderError::Vanished { .. }), "{error}");
        assert!(error.to_string().ends_with("was removed, moved or unmounted during the run"), "{error}");
        if becomes.is_some() {
            let moved = elsewhere.path().join("moved");
            let below = if gone == place.path() { moved.join(FOLDER) } else { moved };
            assert_eq!(names(&below), [""; 0]);
        }
        // The test's own folder may be gone.
        std::fs::create_dir_all(place.path()).unwrap();
    }
}

#[tokio::test]
async fn another_folder_in_the_place_of_the_first_gets_nothing() {
    let (place, folder) = folder();
    let pending = begun(&folder, b"bytes").await;
    let moved = place.path().join("moved");
    std::fs::rename(place.path().join(FOLDER), &moved).unwrap();
    std::fs::create_dir(place.path().join(FOLDER)).unwrap();
    let error = pending.publish(&measured(b"bytes")).await.unwrap_err();
    let path = place.path().join(FOLDER).display().to_string();
    assert_eq!(error, FolderError::Vanished { path });
    assert_eq!(names(&moved), [""; 0]);
    assert_eq!(names(&place.path().join(FOLDER)), [""; 0]);
}

#[tokio::test]
async fn a_rename_whose_answer_was_lost_is_a_success() {
    let (place, folder) = folder();
    let pending = begun(&folder, b"bytes").await;
    let here = place.path().join(FOLDER);
    // The server did it, and the repeated request finds the name taken or the old one gone.
    std::fs::hard_link(here.join(&pending.file.temporary), place.path().join(KEY)).unwrap();
    pending.publish(&measured(b"bytes")).await.unwrap();
    assert_eq!(names(&here).len(), 1);
    std::fs::remove_file(place.path().join(KEY)).unwrap();
    let pending = begun(&folder, b"bytes").await;
    std::fs::rename(here.join(&pending.file.temporary), place.path().join(KEY)).unwrap();
    pending.file.rename().unwrap();
    pending.file.confirm().unwrap();
    assert_eq!(get(&folder, KEY).await, b"bytes");
}

#[tokio::test]
async fn what_cannot_be_removed_is_named() {
    let (place, folder) = folder();
    let pending = begun(&folder, b"bytes").await;
    let temporary = place.path().join(FOLDER).join(&pending.file.temporary);
    std::fs::remove_file(&temporary).unwrap();
    std::fs::create_dir(&temporary).unwrap();
    let cause = FolderError::Stopped;
    let left = format!("its temporary file {} was not removed: is a directory", temporary.display());
    let expected = FolderError::Unfinished { cause: Box::new(cause.clone()), left };
    assert_eq!(pending.file.give_up(cause), expected);
    let error = pending.abandon().await.unwrap_err();
    assert_eq!(error.to_string(), format!("cannot remove {}: is a directory", temporary.display()));
}

#[tokio::test]
async fn a_file_that_was_removed_before_its_lock_is_not_used() {
    let (place, folder) = folder();
    let pending = begun(&folder, b"bytes").await;
    assert!(pending.file.lock().unwrap());
    std::fs::remove_file(place.path().join(FOLDER).join(&pending.file.temporary)).unwrap();
    assert!(!pending.file.lock().unwrap());
    let pending = begun(&folder, b"bytes").await;
    let other = File::open(place.path().join(FOLDER).join(&pending.file.temporary)).unwrap();
    fs::flock(&pending.file.file, FlockOperation::Unlock).unwrap();
    fs::flock(&other, FlockOperation::LockShared).unwrap();
    assert!(!pending.file.lock().unwrap());
}

#[tokio::test]
async fn a_directory_that_others_can_write_to_is_not_written_to() {
    use std::os::unix::fs::PermissionsExt as _;
    let (root, folder) = folder();
    let below = root.path().join("backups");
    std::fs::create_dir(&below).unwrap();
    std::fs::set_permissions(&below, std::fs::Permissions::from_mode(0o777)).unwrap();
    let error = folder.put_new("backups/a", Bytes::from_static(b"x")).await.unwrap_err();
    assert!(
        matches!(error, FolderError::Unsuitable { flaw: crate::store::folder::Flaw::WorldWritable, .. }),
        "{error}"
    );
    assert!(std::fs::read_dir(&below).unwrap().next().is_none());
}
