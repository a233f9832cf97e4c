use std::os::unix::fs::symlink;

use bytes::Bytes;

use super::*;
use crate::store::folder::PendingFile;
use crate::store::folder::entry::temporary_name;
use crate::store::folder::tests::{KEY, folder, measured, names, put};

const UUID: &str = "0123456789abcdef0123456789abcdef";

async fn keys(folder: &Folder, prefix: &str) -> Vec<String> {
    folder.list(prefix).await.unwrap().into_iter().map(|entry| entry.key).collect()
}

/// A temporary file as a killed run leaves it. Its lock went with its process.
fn leave_dead(folder: &Folder, key: &str) -> std::path::PathBuf {
    let path = folder.path().join(key);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let temporary = path.with_file_name(temporary_name(path.file_name().unwrap().to_str().unwrap()));
    std::fs::write(&temporary, "half").unwrap();
    temporary
}

#[tokio::test]
async fn a_listing_has_every_key_with_the_prefix_in_order() {
    let (_place, folder) = folder();
    assert_eq!(keys(&folder, "").await, [""; 0]);
    assert_eq!(keys(&folder, "backups/2026/").await, [""; 0]);
    // In the order of bytes: a dot is before a slash, and a slash before a digit.
    let all =
        ["a/2026/11/02/x", "a/2026/11/19/x", "a/2026/11/20/x", "a/2026/11/21/x", "a/2026/12/01/x", "a0", "b"];
    for key in
        ["b", "a0", "a/2026/12/01/x", "a/2026/11/21/x", "a/2026/11/20/x", "a/2026/11/19/x", "a/2026/11/02/x"]
    {
        put(&folder, key, key.as_bytes()).await.unwrap();
    }
    assert_eq!(keys(&folder, "").await, all);
    assert_eq!(keys(&folder, "a").await, all[..6]);
    assert_eq!(keys(&folder, "a/2026/11/2").await, all[2..4]);
    assert_eq!(keys(&folder, "a/2026/11/21/x").await, all[3..4]);
    assert_eq!(keys(&folder, "a/2026/11/3").await, [""; 0]);
    let error = folder.list("b/").await.unwrap_err().to_string();
    assert!(error.ends_with("/b is a file, not a directory"), "{error}");
    assert!(folder.holds("a/2026/1").await.unwrap());
    assert!(!folder.holds("a/2027").await.unwrap());
    let info = folder.examine("b").await.unwrap();
    let entry = FileEntry { key: "b".to_owned(), bytes: 1, modified: info.modified };
    assert_eq!(folder.list("b").await.unwrap(), [entry]);
    assert!(info.modified.is_some());
}

#[tokio::test]
async fn only_what_a_key_leads_to_is_listed() {
    let (place, folder) = folder();
    put(&folder, KEY, b"bytes").await.unwrap();
    let (pending, dead) = (folder.begin("backups/2026/11/22/new").await.unwrap(), "backups/2026/11/22/dead");
    leave_dead(&folder, dead);
    std::fs::create_dir(place.path().join(LOST_AND_FOUND)).unwrap();
    symlink("/etc/passwd", place.path().join("lost+found/link")).unwrap();
    for name in [".hidden", "backups/ü", "backups/.nfs0001", &"x".repeat(230)] {
        std::fs::write(place.path().join(name), "").unwrap();
    }
    assert_eq!(keys(&folder, "").await, [KEY]);
    pending.abandon().await.unwrap();
}

#[tokio::test]
async fn links_and_other_entries_are_named_and_not_followed() {
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("file"), "secret").unwrap();
    let (place, folder) = folder();
    put(&folder, "backups/2026/11/21/x", b"bytes").await.unwrap();
    let link = place.path().join("backups/2026/11/22");
    for (target, as_pipe) in
        [(outside.path().to_owned(), false), ("/missing".into(), false), ("".into(), true)]
    {
        if as_pipe {
            fs::mknodat(fs::CWD, &link, FileType::Fifo, fs::Mode::RUSR, 0).unwrap();
        } else {
            symlink(target, &link).unwrap();
        }
        let found = if as_pipe { "a named pipe" } else { "a symbolic link" };
        let kind = FolderError::Kind { path: link.display().to_string(), found, expected: "a file" };
        for prefix in ["", "backups/2026/11/", "backups/2026/11/2"] {
            assert_eq!(folder.list(prefix).await.unwrap_err(), kind);
            assert_eq!(folder.holds(prefix).await.unwrap_err(), kind);
            assert_eq!(folder.unfinished(prefix).await.unwrap_err(), kind);
            assert_eq!(folder.remove_dead(prefix).await.unwrap_err(), kind);
        }
        let below = format!("{} is {found}, not a directory", link.display());
        assert_eq!(folder.list("backups/2026/11/22/").await.unwrap_err().to_string(), below);
        assert_eq!(keys(&folder, "backups/2026/11/21").await.len(), 1);
        std::fs::remove_file(&link).unwrap();
    }
}

#[tokio::test]
async fn a_temporary_name_that_is_a_link_is_named() {
    let outside = tempfile::NamedTempFile::new().unwrap();
    let (place, folder) = folder();
    let name = format!(".x.{UUID}.partial");
    symlink(outside.path(), place.path().join(&name)).unwrap();
    for error in [
        folder.unfinished("").await.map(|_| ()).unwrap_err(),
        folder.remove_dead("").await.map(|_| ()).unwrap_err(),
    ] {
        let path = place.path().join(&name);
        assert_eq!(error.to_string(), format!("{} is a symbolic link, not a file", path.display()));
    }
    assert!(outside.path().exists());
}

#[tokio::test]
async fn an_unfinished_file_shows_whether_its_writer_lives() {
    let (_place, folder) = folder();
    put(&folder, KEY, b"bytes").await.unwrap();
    assert_eq!(folder.unfinished("").await.unwrap(), []);
    let before = folder.examine(KEY).await.unwrap().modified.unwrap();
    let mut live = folder.begin("backups/2026/11/22/live").await.unwrap();
    live.write(Bytes::from_static(b"half")).await.unwrap();
    leave_dead(&folder, "backups/2026/11/22/dead");
    let mut found = folder.unfinished("backups/2026/11/2").await.unwrap();
    found.sort_by(|one, other| one.key.cmp(&other.key));
    let shown: Vec<_> = found.iter().map(|file| (file.key.as_str(), file.is_being_written)).collect();
    assert_eq!(shown, [("backups/2026/11/22/dead", false), ("backups/2026/11/22/live", true)]);
    assert!(found.iter().all(|file| file.begun.is_some_and(|begun| begun >= before)));
    assert_eq!(folder.unfinished("backups/2026/11/22/l").await.unwrap(), found[1..]);
    assert_eq!(folder.unfinished("backups/2026/11/1").await.unwrap(), []);
    live.publish(&measured(b"half")).await.unwrap();
    assert_eq!(folder.unfinished("").await.unwrap().len(), 1);
}

#[tokio::test]
async fn only_files_of_dead_writers_are_removed() {
    let (place, folder) = folder();
    put(&folder, "at/object", b"bytes").await.unwrap();
    let mut live = folder.begin("at/live").await.unwrap();
    live.write(Bytes::from_static(b"live")).await.unwrap();
    let elsewhere = leave_dead(&folder, "elsewhere/dead");
    leave_dead(&folder, "at/dead");
    std::fs::write(place.path().join("at/.foreign.partial"), "").unwrap();
    assert_eq!(folder.remove_dead("at/l").await.unwrap(), [""; 0]);
    assert_eq!(folder.remove_dead("at/").await.unwrap(), ["at/dead"]);
    assert_eq!(folder.remove_dead("at/").await.unwrap(), [""; 0]);
    assert!(elsewhere.exists());
    live.publish(&measured(b"live")).await.unwrap();
    assert_eq!(names(&place.path().join("at")), [".foreign.partial", "live", "object"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn runs_that_clean_up_never_hinder_one_that_writes() {
    let (place, folder) = folder();
    let cleaner = |folder: Folder| async move {
        let mut removed = 0;
        for _ in 0..200 {
            removed += folder.remove_dead("at/").await.unwrap().len();
            folder.unfinished("at/").await.unwrap();
        }
        removed
    };
    let cleaners = [tokio::spawn(cleaner(folder.clone())), tokio::spawn(cleaner(folder.clone()))];
    for number in 0..100_u32 {
        put(&folder, &format!("at/{number:03}"), b"bytes").await.unwrap();
    }
    for cleaner in cleaners {
        // A file that exists but is not locked yet counts as dead. Its writer creates another.
        cleaner.await.unwrap();
    }
    assert_eq!(names(&place.path().join("at")).len(), 100);
}

#[tokio::test]
async fn a_file_that_was_published_in_the_meantime_stays() {
    let (place, folder) = folder();
    let live: PendingFile = folder.begin("at/x").await.unwrap();
    let root = &folder.root;
    let here = root.directory("at").unwrap().unwrap();
    let name = root.names(&here).unwrap().pop().unwrap();
    let opened = root.open_file(&here, &name, OFlags::RDWR).unwrap().unwrap();
    live.publish(&measured(b"")).await.unwrap();
    assert!(!root.remove_if_dead(&here, &name, &opened).unwrap());
    assert_eq!(keys(&folder, "").await, ["at/x"]);
    // Nor another file that has the name by now.
    std::fs::write(place.path().join("at").join(&name), "other").unwrap();
    assert!(!root.remove_if_dead(&here, &name, &opened).unwrap());
    assert_eq!(names(&place.path().join("at")), [name.as_str(), "x"]);
}
