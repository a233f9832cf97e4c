use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;
use crate::store::folder::tests::{KEY, folder, get, put};

#[tokio::test]
async fn what_is_missing_is_missing() {
    let (_place, folder) = folder();
    put(&folder, KEY, b"bytes").await.unwrap();
    for key in ["backups/2026/11/21/other", "other/a", "backups/2027/01/01/a"] {
        let missing = FolderError::Missing { location: folder.location(key) };
        assert_eq!(folder.examine(key).await.unwrap_err(), missing);
        assert_eq!(folder.open_file(key, None).await.unwrap_err(), missing);
        assert_eq!(folder.read_small(key, 10).await.unwrap_err(), missing);
    }
    let error = folder.examine(&format!("{KEY}/below")).await.unwrap_err();
    assert!(error.to_string().ends_with(".sql.gz is a file, not a directory"), "{error}");
    let error = folder.examine("../a").await.unwrap_err();
    assert!(matches!(error, FolderError::Key { .. }), "{error}");
}

#[tokio::test]
async fn only_regular_files_are_read_and_links_are_not_followed() {
    let (place, folder) = folder();
    let secret = tempfile::tempdir().unwrap();
    std::fs::write(secret.path().join("file"), "secret").unwrap();
    let at = |name: &str| place.path().join(name);
    symlink(secret.path().join("file"), at("link")).unwrap();
    symlink(secret.path(), at("folder")).unwrap();
    std::fs::create_dir(at("directory")).unwrap();
    // Opening a pipe would wait for a writer.
    rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), FileType::Fifo, rustix::fs::Mode::RUSR, 0).unwrap();
    let _socket = UnixListener::bind(at("socket")).unwrap();
    for (key, name, found, expected) in [
        ("link", "link", "a symbolic link", "a file"),
        ("folder", "folder", "a symbolic link", "a file"),
        ("folder/file", "folder", "a symbolic link", "a directory"),
        ("directory", "directory", "a directory", "a file"),
        ("pipe", "pipe", "a named pipe", "a file"),
        ("pipe/a", "pipe", "a named pipe", "a directory"),
        ("socket", "socket", "a socket", "a file"),
    ] {
        let kind = FolderError::Kind { path: at(name).display().to_string(), found, expected };
        assert_eq!(folder.examine(key).await.unwrap_err(), kind, "{key}");
        assert_eq!(folder.open_file(key, None).await.unwrap_err(), kind, "{key}");
        assert_eq!(folder.read_small(key, 100).await.unwrap_err(), kind, "{key}");
    }
}

#[tokio::test]
async fn an_object_that_was_replaced_is_not_read() {
    let (place, folder) = folder();
    put(&folder, KEY, b"bytes").await.unwrap();
    let info = folder.examine(KEY).await.unwrap();
    assert_eq!(folder.open_file(KEY, Some(&info.mark)).await.unwrap().info(), &info);
    std::fs::remove_file(place.path().join(KEY)).unwrap();
    put(&folder, KEY, b"other").await.unwrap();
    let replaced = FolderError::Replaced { location: folder.location(KEY) };
    assert_eq!(folder.open_file(KEY, Some(&info.mark)).await.unwrap_err(), replaced);
    assert_eq!(get(&folder, KEY).await, b"other");
}

#[tokio::test]
async fn an_object_that_changes_while_it_is_read_is_an_error() {
    let (place, folder) = folder();
    let whole = vec![7; 3 * PIECE_BYTES];
    for length in [PIECE_BYTES, 2 * PIECE_BYTES, 3 * PIECE_BYTES + 1] {
        let key = format!("of/{length}");
        put(&folder, &key, &whole).await.unwrap();
        let mut file = folder.open_file(&key, None).await.unwrap();
        assert_eq!(file.next().await.unwrap().unwrap().len(), PIECE_BYTES);
        let changed = File::options().write(true).open(place.path().join(&key)).unwrap();
        changed.set_len(u64::try_from(length).unwrap()).unwrap();
        let error = loop {
            match file.next().await {
                Ok(piece) => assert!(piece.is_some(), "{length}"),
                Err(error) => break error,
            }
        };
        assert_eq!(error, FolderError::Replaced { location: folder.location(&key) });
    }
}

#[tokio::test]
async fn an_object_that_changes_but_not_in_size_is_an_error() {
    let (place, folder) = folder();
    put(&folder, KEY, &vec![7; 2 * PIECE_BYTES]).await.unwrap();
    let mut file = folder.open_file(KEY, None).await.unwrap();
    assert_eq!(file.next().await.unwrap().unwrap().len(), PIECE_BYTES);
    let changed = File::options().write(true).open(place.path().join(KEY)).unwrap();
    // The clock of a file system can be too coarse for two changes at once.
    changed.set_modified(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(file.next().await.unwrap_err(), FolderError::Replaced { location: folder.location(KEY) });
}

#[tokio::test]
async fn a_link_in_the_last_moment_is_not_followed_either() {
    let (place, folder) = folder();
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "secret").unwrap();
    let at = |name: &str| place.path().join(name);
    std::fs::write(at("x"), "object").unwrap();
    std::fs::hard_link(at("x"), at("file")).unwrap();
    symlink(secret.path(), at("link")).unwrap();
    let swap = |from: &str| {
        let flags = rustix::fs::RenameFlags::EXCHANGE;
        rustix::fs::renameat_with(rustix::fs::CWD, at(from), rustix::fs::CWD, at("x"), flags).unwrap();
    };
    let here = folder.root.itself().unwrap();
    std::thread::scope(|scope| {
        let swapping = scope.spawn(|| (0..20_000).for_each(|_| swap("link")));
        let mut met = [0, 0];
        while !swapping.is_finished() {
            match folder.root.open_file(&here, "x", OFlags::RDONLY) {
                Ok(Some((mut file, _))) => {
                    assert_eq!(std::io::read_to_string(&mut file).unwrap(), "object");
                    met[0] += 1;
                }
                Ok(None) => panic!("an exchange leaves no gap"),
                Err(_) => met[1] += 1,
            }
        }
        assert!(met.iter().all(|times| *times > 20), "{met:?}");
    });
}

#[tokio::test]
async fn an_object_that_is_removed_is_read_to_its_end() {
    let (place, folder) = folder();
    put(&folder, KEY, &vec![7; 2 * PIECE_BYTES]).await.unwrap();
    let mut file = folder.open_file(KEY, None).await.unwrap();
    std::fs::remove_file(place.path().join(KEY)).unwrap();
    let mut read = 0;
    while let Some(piece) = file.next().await.unwrap() {
        read += piece.len();
    }
    assert_eq!(read, 2 * PIECE_BYTES);
}
