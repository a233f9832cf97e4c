use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::finding::Level;
use crate::sponsors::Environment;
use crate::store::folder::error::Flaw;
use crate::store::folder::preflight::tests::{judged, line};
use crate::store::folder::tests::{KEY, folder, put};

fn access(mode: u32, below: &[u32]) -> Access {
    let permissions =
        |mode: u32| Permissions { owner: 1001, group: 1002, mode: Mode::from_bits_retain(mode) };
    Access {
        folder: permissions(mode),
        below: below.iter().map(|mode| ("/srv/backups/backups".into(), permissions(*mode))).collect(),
        is_writable: Ok(()),
    }
}

/// One of each.
pub(in crate::store::folder::preflight) fn examples(folder: &Checked<'_>) -> Vec<Finding> {
    let refused =
        FolderError::Unsuitable { path: "/srv/backups".to_owned(), flaw: Flaw::NoAccess("writable") };
    let failed = FolderError::System { action: "inspect", path: "/srv/backups".to_owned(), errno: Errno::IO };
    [
        Ok(access(0o755, &[0o700])),
        Ok(access(0o755, &[0o755])),
        Ok(access(0o775, &[])),
        Ok(access(0o777, &[])),
        Ok(Access { is_writable: Err(refused), ..access(0o500, &[]) }),
        Err(failed),
    ]
    .map(|found| judge(folder, found))
    .into()
}

#[test]
fn who_else_can_read_or_write_is_found() {
    for (mode, below, level) in [
        (0o700, vec![], Level::Ok),
        (0o700, vec![0o777], Level::Ok),
        (0o755, vec![0o700], Level::Ok),
        (0o755, vec![0o700, 0o700], Level::Ok),
        // Readable, but without a way through it.
        (0o744, vec![0o755], Level::Ok),
        (0o710, vec![0o705], Level::Ok),
        (0o701, vec![0o750], Level::Ok),
        (0o755, vec![0o755], Level::Warn),
        (0o755, vec![0o700, 0o711], Level::Warn),
        (0o750, vec![0o750], Level::Warn),
        (0o710, vec![0o710], Level::Warn),
        (0o701, vec![0o704], Level::Warn),
        (0o770, vec![], Level::Warn),
        (0o720, vec![], Level::Warn),
        (0o1770, vec![], Level::Warn),
        (0o2775, vec![0o700], Level::Warn),
        (0o702, vec![], Level::Fail),
        (0o1777, vec![], Level::Fail),
    ] {
        let finding = judged(Environment::Production, |folder| judge(folder, Ok(access(mode, &below))));
        assert_eq!(finding.level, level, "{mode:o} {below:?}: {finding:?}");
    }
}

#[test]
fn a_folder_that_this_process_cannot_write_to_is_a_failure() {
    let judged = |error| {
        let found = Access { is_writable: Err(error), ..access(0o700, &[]) };
        judged(Environment::Staging, |folder| judge(folder, Ok(found)))
    };
    let path = "/srv/backups".to_owned();
    let finding = judged(FolderError::Unsuitable { path: path.clone(), flaw: Flaw::NoAccess("writable") });
    assert_eq!(line(&finding), "fail: /srv/backups is not writable for this process");
    assert!(finding.fix.contains("`chmod u+rwx /srv/backups`"), "{}", finding.fix);
    let system = |errno| FolderError::System { action: "write to", path: path.clone(), errno };
    assert_eq!(line(&judged(system(Errno::IO))), "fail: cannot write to /srv/backups: input/output error");
    // The check of the file system fails.
    assert_eq!(judged(system(Errno::ROFS)).level, Level::Ok);
}

#[tokio::test]
async fn what_a_run_creates_is_closed_and_a_copy_may_be_open() {
    let (place, folder) = folder();
    put(&folder, KEY, b"bytes").await.unwrap();
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let prefixes = ["backups/".to_owned(), "drills/".to_owned()];
    let level =
        || judged(Environment::Staging, |checked| judge(checked, look(&folder.root, &prefixes))).level;
    assert_eq!(level(), Level::Ok);
    // As `cp -r` leaves it.
    let backups = place.path().join("backups");
    std::fs::set_permissions(&backups, std::fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(level(), Level::Warn);
    std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(level(), Level::Ok);
}
