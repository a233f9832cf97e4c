//! What `preflight` finds in folders: each fault is made on a real file system. Needs root, or sudo.

use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use sponsor_backup::finding::{Finding, Level};
use sponsor_backup::layout::key::Bucket;
use sponsor_backup::sponsors::Environment;
use sponsor_backup::store::parts::PartPlan;
use sponsor_backup::store::preflight::{check, check_each, probe_writes, unusable};
use sponsor_backup::store::{LockChoice, ObjectAttributes, StorageExpectations, Store, Upload};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::case::open_folder;
use crate::support::{Disk, runtime, tools};

const KEY: &str = "backups/2026/11/21/backup-prod-20261121-013000.sql.gz";

/// Two folders of one sponsor.
struct Folders {
    base: TempDir,
    stores: [Store; 2],
}

impl Folders {
    fn new() -> Self {
        Self::in_base(tools::open_folder("preflight"))
    }

    /// In a file system in memory of this size.
    fn in_memory(size: &str) -> (Self, Disk) {
        let base = tools::open_folder("preflight");
        let disk = Disk::over(base.path(), size);
        (Self::in_base(base), disk)
    }

    fn in_base(base: TempDir) -> Self {
        let stores = ["backups", "audit-logs"].map(|name| {
            let path = base.path().join(name);
            std::fs::DirBuilder::new().mode(0o700).create(&path).unwrap();
            open_folder(&path).unwrap()
        });
        Self { base, stores }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.base.path().join("backups").join(key)
    }

    fn put(&self, key: &str, bytes: usize) {
        let attributes = ObjectAttributes::default();
        runtime().block_on(self.stores[0].put_new(key, Bytes::from(vec![7; bytes]), &attributes)).unwrap();
    }

    fn findings(&self, environment: Environment) -> Vec<Finding> {
        let [backups, audit_logs] = &self.stores;
        runtime().block_on(check(backups, audit_logs, expected(environment)))
    }

    /// The finding of a check in the folder of the backups.
    fn found(&self, environment: Environment, check: &str) -> Finding {
        self.findings(environment).into_iter().find(|finding| finding.check == check).unwrap()
    }

    fn probed(&self, stop: &CancellationToken) -> Vec<Finding> {
        let [backups, audit_logs] = &self.stores;
        let expected = expected(Environment::Production);
        let findings = runtime().block_on(probe_writes(backups, audit_logs, expected, stop));
        assert!(findings.len() == 2 && findings.iter().all(|finding| finding.check == "write-probe"));
        findings
    }

    fn entries(&self) -> Vec<PathBuf> {
        entries(self.base.path())
    }
}

fn expected(environment: Environment) -> StorageExpectations<'static> {
    StorageExpectations {
        environment,
        sponsor: "callisto",
        region: "",
        lock: LockChoice::Auto,
        retention_years: environment.retention_years(),
        storage_class: "STANDARD",
        max_rto: None,
        now: jiff::Timestamp::now(),
    }
}

/// Files and directories at any depth.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(entries(&path));
        }
        found.push(path);
    }
    found.sort();
    found
}

fn levels(findings: &[Finding]) -> [usize; 3] {
    [Level::Ok, Level::Warn, Level::Fail]
        .map(|level| findings.iter().filter(|finding| finding.level == level).count())
}

#[test]
fn what_is_in_memory_fails_in_production_alone() {
    let (folders, disk) = Folders::in_memory("64m");
    for (environment, level) in [(Environment::Production, Level::Fail), (Environment::Staging, Level::Warn)]
    {
        let finding = folders.found(environment, "folder-file-system");
        assert_eq!(finding.level, level, "{finding:?}");
        assert!(finding.what.ends_with("/backups is in memory (tmpfs)"), "{finding:?}");
    }
    drop(disk);
}

#[test]
fn a_folder_that_turns_read_only_can_be_read_but_fails() {
    let (folders, disk) = Folders::in_memory("64m");
    folders.put(KEY, 5);
    disk.make_read_only();
    let findings = folders.findings(Environment::Staging);
    let failed: Vec<&str> =
        findings.iter().filter(|it| it.level == Level::Fail).map(|finding| finding.check).collect();
    assert_eq!(failed, ["folder-file-system"; 2], "{findings:#?}");
    let links = folders.found(Environment::Production, "folder-links");
    assert!(links.what.ends_with(" has 1 file below backups/, all regular"), "{links:?}");
    for finding in folders.probed(&CancellationToken::new()) {
        assert_eq!(finding.level, Level::Fail);
        assert!(finding.what.ends_with(": read-only file system"), "{finding:?}");
        assert_eq!(finding.fix, "Mount the file system writable, or use a folder on another one.");
    }
    drop(disk);
}

#[test]
fn a_disk_that_the_next_backup_does_not_fit_on_fails() {
    let (folders, disk) = Folders::in_memory("13m");
    let space = || folders.found(Environment::Production, "folder-space");
    let manifest = |key: &str| folders.put(&format!("{key}.manifest.json"), 1);
    // Less than 1 GiB.
    assert_eq!(space().level, Level::Warn);
    folders.put(KEY, 6 << 20);
    // Without a manifest, it is not a backup.
    assert!(!space().what.contains("newest backup"), "{:?}", space());
    manifest(KEY);
    let finding = space();
    assert_eq!(
        (finding.level, finding.why.as_str()),
        (Level::Warn, "Only one more backup of this size fits.")
    );
    assert!(finding.what.ends_with(", whose newest backup has 6.0 MiB"), "{finding:?}");
    let later = KEY.replace("20261121", "20261121-2");
    folders.put(&later, 6 << 20);
    manifest(&later);
    assert_eq!(space().level, Level::Fail);
    assert!(folders.probed(&CancellationToken::new()).iter().all(|finding| finding.level == Level::Ok));
    disk.fill();
    assert_eq!(space().level, Level::Fail);
    let before = folders.entries();
    for finding in folders.probed(&CancellationToken::new()) {
        assert_eq!(finding.level, Level::Fail);
        assert!(finding.what.ends_with(": no space left on device"), "{finding:?}");
    }
    assert_eq!(folders.entries(), before);
    drop(disk);
}

#[test]
fn the_write_probe_leaves_nothing_even_after_a_stop() {
    let folders = Folders::new();
    for is_stopped in [false, true] {
        let before = folders.entries();
        let stop = CancellationToken::new();
        if is_stopped {
            stop.cancel();
        }
        let findings = folders.probed(&stop);
        assert_eq!(levels(&findings), [2, 0, 0], "{findings:?}");
        assert_eq!(folders.entries(), before);
        // The second time, the directory of the day exists.
        let day = jiff::Timestamp::now().strftime("backups/%Y/%m/%d");
        std::fs::create_dir_all(folders.path(&day.to_string())).unwrap();
    }
}

#[test]
fn the_file_of_a_killed_run_is_a_leftover_until_a_backup() {
    let folders = Folders::new();
    let leftovers = || folders.found(Environment::Production, "folder-leftovers");
    let parts = PartPlan { part_bytes: 5 << 20, parts_in_flight: 2 };
    let upload = runtime().block_on(async {
        let (attributes, stop) = (ObjectAttributes::default(), CancellationToken::new());
        let mut upload = Upload::new(&folders.stores[0], KEY.to_owned(), attributes, parts, stop);
        upload.write(b"half").await.unwrap();
        upload
    });
    let finding = leftovers();
    assert_eq!(finding.level, Level::Ok, "{finding:?}");
    assert!(finding.what.ends_with(&format!("(in progress: {KEY})")), "{finding:?}");
    // The lock of a killed run goes with its process, its file does not.
    let folder = folders.path(KEY).parent().unwrap().to_owned();
    let temporary = entries(&folder).pop().unwrap();
    let name = temporary.file_name().unwrap().to_str().unwrap();
    let uuid = name.trim_end_matches(".partial").rsplit('.').next().unwrap();
    let other = uuid.chars().rev().collect::<String>();
    std::fs::copy(&temporary, temporary.with_file_name(name.replace(uuid, &other))).unwrap();
    runtime().block_on(upload.abandon()).unwrap();
    let finding = leftovers();
    assert_eq!(
        (finding.level, finding.fix.as_str()),
        (Level::Warn, "Run `sponsor-backup backup`, which removes them.")
    );
    let shared = folders.stores[0].clone().shared(true);
    let found = runtime().block_on(check(&shared, &folders.stores[1], expected(Environment::Production)));
    let finding = found.iter().find(|finding| finding.check == "folder-leftovers").unwrap();
    assert!(finding.fix.starts_with("Remove those that are older than a day: `find /"), "{finding:?}");
    runtime().block_on(folders.stores[0].remove_dead_uploads("backups/")).unwrap();
    assert_eq!(leftovers().level, Level::Ok);
}

#[test]
fn a_link_is_found_with_its_path() {
    let folders = Folders::new();
    folders.put(KEY, 5);
    std::os::unix::fs::symlink("/etc", folders.path("backups/2026/12")).unwrap();
    let finding = folders.found(Environment::Production, "folder-links");
    assert_eq!(finding.level, Level::Fail);
    let path = folders.path("backups/2026/12").display().to_string();
    assert_eq!(finding.what, format!("{path} is a symbolic link, not a file"));
    // The other folder is checked all the same.
    let of_logs =
        folders.findings(Environment::Production).into_iter().rfind(|it| it.check == "folder-links");
    assert_eq!(of_logs.unwrap().level, Level::Ok);
}

#[test]
fn one_folder_is_checked_although_the_other_cannot_be_opened() {
    let Folders { base, stores: [backups, _] } = Folders::new();
    let missing = open_folder(&base.path().join("missing")).unwrap_err();
    let findings = |stores| runtime().block_on(check_each(&stores, expected(Environment::Production)));
    let found = findings([Ok(backups.clone()), Err(missing.clone())]);
    let failed: Vec<_> = found.iter().filter(|found| found.level == Level::Fail).collect();
    assert_eq!((failed.len(), failed[0].check), (1, "folder-exists"));
    assert_eq!(failed[0].why, "No record can be stored or read.");
    assert!(found.iter().any(|found| found.check == "folder-space"), "{found:?}");
    let found = findings([Err(missing), Ok(backups)]);
    assert_eq!(found[0].why, "No backup can be stored or read.");
    assert!(found.len() > 3, "{found:?}");
}

#[test]
fn a_folder_that_everyone_can_write_to_is_a_finding() {
    let base = tools::open_folder("preflight");
    std::fs::set_permissions(base.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let error = open_folder(base.path()).unwrap_err();
    let Finding { check, level, what, fix, .. } = unusable(&error, Bucket::Backups);
    let path = base.path().display();
    assert_eq!((check, level), ("folder-access", Level::Fail));
    assert_eq!(what, format!("{path} is writable for every user"));
    assert_eq!(fix, format!("Remove that permission: `chmod o-w {path}`."));
    // A folder that is opened can change later.
    let folders = Folders::new();
    let mode =
        |mode| std::fs::set_permissions(folders.path(""), std::fs::Permissions::from_mode(mode)).unwrap();
    for (bits, level) in [(0o777, Level::Fail), (0o775, Level::Warn), (0o755, Level::Ok)] {
        mode(bits);
        assert_eq!(folders.found(Environment::Production, "folder-access").level, level, "{bits:o}");
    }
}
