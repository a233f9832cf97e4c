use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::finding::Level;
use crate::sponsors::Environment;
use crate::store::Surroundings;
use crate::store::folder::tests::{KEY, folder, names, put};
use crate::store::preflight::CHECKS as OF_ALL_STORES;

pub(super) fn expected(environment: Environment) -> StorageExpectations<'static> {
    StorageExpectations {
        environment,
        sponsor: "callisto",
        region: "",
        lock: LockChoice::Auto,
        retention_years: environment.retention_years(),
        storage_class: "STANDARD",
        max_rto: None,
        now: "2026-11-29T04:30:00Z".parse().unwrap(),
    }
}

/// Judges a folder that is not looked at.
pub(super) fn judged<T>(environment: Environment, judge: impl FnOnce(&Checked<'_>) -> T) -> T {
    let (path, expected) = (Path::new("/srv/backups"), expected(environment));
    judge(&Checked { path, which: Bucket::Backups, expected, is_shared: false })
}

/// `fail: what`, for comparisons.
pub(super) fn line(finding: &Finding) -> String {
    format!("{}: {}", finding.level.name(), finding.what)
}

fn of(findings: &[Finding], check: Check) -> &Finding {
    let mut found = findings.iter().filter(|finding| finding.check == check.name);
    let first = found.next().unwrap();
    assert_eq!(found.next(), None);
    first
}

#[test]
fn every_check_of_all_stores_is_listed_once_and_fits_a_table() {
    let mut names: Vec<&str> = OF_ALL_STORES.iter().map(|check| check.name).collect();
    assert!(OF_ALL_STORES.iter().all(|check| check.about.chars().count() <= 80));
    assert!(OF_ALL_STORES.ends_with(CHECKS));
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[tokio::test]
async fn a_new_folder_has_every_finding_and_needs_a_locked_copy() {
    let (place, folder) = folder();
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    for which in [Bucket::Backups, Bucket::AuditLogs] {
        let findings = check(&folder, which, expected(Environment::Production), false).await;
        let checks: Vec<&str> = findings.iter().map(|finding| finding.check).collect();
        assert_eq!(checks, CHECKS.iter().map(|check| check.name).collect::<Vec<_>>());
        for ok in [EXISTS, access::ACCESS, content::LINKS, content::LEFTOVERS] {
            assert_eq!(of(&findings, ok).level, Level::Ok, "{findings:#?}");
        }
        let lock = of(&findings, LOCK);
        assert_eq!(lock.level, Level::Warn);
        assert!(lock.fix.ends_with(" Keep each object here for 7 calendar years."), "{}", lock.fix);
        let name = format!("folder {}", place.path().display());
        assert!(findings.iter().all(|finding| finding.what.contains(&name)), "{findings:#?}");
    }
    assert_eq!(names(place.path()), [""; 0]);
    let findings = check(&folder, Bucket::Backups, expected(Environment::Staging), false).await;
    let what =
        format!("ok: folder {} cannot lock objects, which staging does not need", folder.path().display());
    assert_eq!(line(of(&findings, LOCK)), what);
}

#[test]
fn a_lock_that_is_required_is_a_failure_in_each_environment() {
    for environment in Environment::ALL {
        for choice in [LockChoice::Governance, LockChoice::Compliance] {
            let expected = StorageExpectations { lock: choice, ..expected(environment) };
            let finding = judged(environment, |folder| lock(&Checked { expected, ..*folder }));
            assert_eq!(
                line(&finding),
                "fail: folder /srv/backups cannot lock objects, but `object-lock` requires it"
            );
        }
    }
}

#[tokio::test]
async fn a_folder_that_is_gone_has_one_finding() {
    let (place, folder) = folder();
    put(&folder, KEY, b"bytes").await.unwrap();
    std::fs::rename(place.path(), place.path().with_extension("moved")).unwrap();
    let gone = check(&folder, Bucket::Backups, expected(Environment::Production), false).await;
    std::fs::create_dir(place.path()).unwrap();
    // Another directory under the same path.
    let replaced = check(&folder, Bucket::Backups, expected(Environment::Production), false).await;
    std::fs::remove_dir_all(place.path().with_extension("moved")).unwrap();
    for findings in [gone, replaced] {
        let path = place.path().display();
        let lines: Vec<String> = findings.iter().map(line).collect();
        assert_eq!(lines, [format!("fail: {path} was removed, moved or unmounted during the run")]);
        assert_eq!(findings[0].check, "folder-exists");
        assert!(findings[0].fix.starts_with("Mount or restore this folder"), "{}", findings[0].fix);
    }
}

#[test]
fn a_folder_that_cannot_be_opened_has_a_finding() {
    let place = tempfile::tempdir().unwrap();
    let opened = |path: &Path, around: &Surroundings| {
        let error = Folder::open(path, around).unwrap_err();
        assert_eq!(unusable(&error, Bucket::AuditLogs).why, "No record can be stored or read.");
        let finding = unusable(&error, Bucket::Backups);
        assert_eq!(finding.why, "No backup can be stored or read.");
        assert_eq!((finding.level, &finding.what), (Level::Fail, &error.to_string()));
        assert_eq!(Some(finding.fix), error.hint());
        finding.check
    };
    let around = Surroundings::default();
    std::fs::write(place.path().join("file"), "").unwrap();
    assert_eq!(opened(Path::new("relative"), &around), "folder-exists");
    assert_eq!(opened(Path::new("/"), &around), "folder-exists");
    assert_eq!(opened(&place.path().join("missing"), &around), "folder-exists");
    assert_eq!(opened(&place.path().join("file"), &around), "folder-exists");
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(opened(place.path(), &around), "folder-access");
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    // This machine in the place of a container.
    let container = Surroundings { workspace: None, in_action: true };
    let made = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    if rustix::fs::statat(rustix::fs::CWD, made.path(), rustix::fs::AtFlags::empty()).unwrap().st_dev
        == rustix::fs::stat("/").unwrap().st_dev
    {
        assert_eq!(opened(made.path(), &container), "folder-file-system");
    }
}

#[test]
fn the_texts_are_reviewed() {
    let mut findings = Vec::new();
    for environment in [Environment::Production, Environment::Staging] {
        judged(environment, |folder| {
            findings.extend(access::tests::examples(folder));
            findings.extend(disk::tests::examples(folder));
            findings.extend(content::tests::examples(folder));
            findings.push(lock(folder));
            findings.push(lock(&Checked { which: Bucket::AuditLogs, ..*folder }));
        });
    }
    let required = StorageExpectations { lock: LockChoice::Compliance, ..expected(Environment::Production) };
    findings.push(judged(Environment::Production, |folder| lock(&Checked { expected: required, ..*folder })));
    let mut shown: Vec<String> = Vec::new();
    for Finding { check, level, what, why, fix } in findings {
        let rest = if why.is_empty() { String::new() } else { format!("  why: {why}\n  fix: {fix}\n") };
        let text = format!("{} {check}: {what}\n{rest}", level.name());
        if !shown.contains(&text) {
            shown.push(text);
        }
    }
    crate::reviewed::text("findings-preflight-folder", &shown.concat());
}
