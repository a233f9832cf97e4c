use std::os::unix::fs::symlink;

use super::*;
use crate::finding::Level;
use crate::layout::key::{Bucket, checksum_key};
use crate::sponsors::Environment;
use crate::store::folder::preflight::tests::{expected, judged, line};
use crate::store::folder::tests::{KEY, folder, put};

const LATER: &str = "backups/2026/11/22/backup-prod-20261122-013000.sql.gz";

fn unfinished(key: &str, begun: &str, is_being_written: bool) -> UnfinishedFile {
    UnfinishedFile { key: key.to_owned(), begun: Some(begun.parse().unwrap()), is_being_written }
}

fn listed(files: usize) -> Content {
    let entry = |at| FileEntry { key: format!("backups/{at}"), bytes: 1, modified: None };
    Content { objects: Ok((0..files).map(entry).collect()), unfinished: Ok(Vec::new()) }
}

fn link() -> FolderError {
    FolderError::Kind { path: format!("/srv/{KEY}"), found: "a symbolic link", expected: "a file" }
}

/// One of each.
pub(in crate::store::folder::preflight) fn examples(folder: &Checked<'_>) -> Vec<Finding> {
    let dead = || unfinished(KEY, "2026-11-21T01:30:00Z", false);
    let alive = unfinished(LATER, "2026-11-29T04:20:00Z", true);
    let old = unfinished(LATER, "2026-11-22T01:30:00Z", true);
    let shared = Checked { is_shared: true, ..*folder };
    vec![
        links(folder, &listed(0)),
        links(folder, &listed(1)),
        links(folder, &Content { objects: Err(link()), ..listed(0) }),
        leftovers(folder, Ok(Vec::new())),
        leftovers(folder, Ok(vec![alive])),
        leftovers(folder, Ok(vec![dead()])),
        leftovers(folder, Ok(vec![dead(), old])),
        leftovers(&shared, Ok(vec![dead()])),
        leftovers(folder, Err(link())),
    ]
}

#[test]
fn a_file_is_a_leftover_if_its_run_is_dead_or_a_day_old() {
    // Now is 2026-11-29T04:30:00Z.
    for (begun, is_being_written, level) in [
        ("2026-11-29T04:29:00Z", true, Level::Ok),
        ("2026-11-28T04:30:00Z", true, Level::Ok),
        ("2026-11-28T04:29:59Z", true, Level::Warn),
        ("2026-11-29T04:29:00Z", false, Level::Warn),
    ] {
        let files = vec![unfinished(KEY, begun, is_being_written)];
        let finding = judged(Environment::Staging, |folder| leftovers(folder, Ok(files)));
        assert_eq!(finding.level, level, "{begun}: {finding:?}");
        assert!(finding.what.contains(KEY), "{finding:?}");
        // A backup removes only what certainly belongs to no run.
        let goes = finding.fix.contains("sponsor-backup backup");
        assert_eq!(goes, !is_being_written, "{finding:?}");
        if level == Level::Warn {
            for (which, is_shared) in [(Bucket::AuditLogs, true), (Bucket::Backups, true)] {
                let files = vec![unfinished(KEY, begun, is_being_written)];
                let finding = judged(Environment::Staging, |folder| {
                    leftovers(&Checked { which, is_shared, ..*folder }, Ok(files))
                });
                assert!(finding.fix.contains("`find /srv/backups -name"), "{finding:?}");
            }
        }
    }
    let undated = UnfinishedFile { key: KEY.to_owned(), begun: None, is_being_written: true };
    assert_eq!(judged(Environment::Staging, |folder| leftovers(folder, Ok(vec![undated]))).level, Level::Ok);
}

#[tokio::test]
async fn the_newest_backup_is_the_last_one_with_a_manifest() {
    let (_place, folder) = folder();
    let newest = async |which| {
        let checked = Checked {
            path: folder.path(),
            which,
            expected: expected(Environment::Production),
            is_shared: false,
        };
        look(&folder, &checked).await.newest_backup()
    };
    assert_eq!(newest(Bucket::Backups).await, None);
    for (key, bytes) in [(KEY, 5), (LATER, 9)] {
        put(&folder, key, &vec![0; bytes]).await.unwrap();
        put(&folder, &checksum_key(key), b"sum").await.unwrap();
        assert_eq!(newest(Bucket::Backups).await, (key == LATER).then_some(5));
        put(&folder, &manifest_key(key), b"manifest").await.unwrap();
        assert_eq!(newest(Bucket::Backups).await, Some(u64::try_from(bytes).unwrap()));
    }
    // Another environment's.
    put(&folder, "staging/backups/2026/11/28/b.sql.gz", &[0; 99]).await.unwrap();
    put(&folder, "staging/backups/2026/11/28/b.sql.gz.manifest.json", b"manifest").await.unwrap();
    assert_eq!(newest(Bucket::Backups).await, Some(9));
    assert_eq!(newest(Bucket::AuditLogs).await, None);
}

#[tokio::test]
async fn what_is_no_file_is_named_with_its_path() {
    let (place, folder) = folder();
    put(&folder, KEY, b"bytes").await.unwrap();
    let checked = Checked {
        path: folder.path(),
        which: Bucket::Backups,
        expected: expected(Environment::Production),
        is_shared: false,
    };
    let found = async || {
        let content = look(&folder, &checked).await;
        (links(&checked, &content), leftovers(&checked, content.unfinished))
    };
    assert_eq!(found().await.0.level, Level::Ok);
    let odd = place.path().join("backups/2026/11/odd");
    symlink(place.path(), &odd).unwrap();
    let (links, leftovers) = found().await;
    assert_eq!(line(&links), format!("fail: {} is a symbolic link, not a file", odd.display()));
    assert!(leftovers.what.starts_with("unknown: "), "{leftovers:?}");
    std::fs::remove_file(&odd).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, &odd, rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    assert_eq!(line(&found().await.0), format!("fail: {} is a named pipe, not a file", odd.display()));
    std::fs::remove_file(&odd).unwrap();
    std::fs::rename(place.path().join("backups"), place.path().join("moved")).unwrap();
    std::fs::write(place.path().join("backups"), "").unwrap();
    let (links, _) = found().await;
    let path = place.path().join("backups");
    assert_eq!(line(&links), format!("fail: {} is a file, not a directory", path.display()));
}
