use super::*;
use crate::finding::Level;
use crate::sponsors::Environment::{self, Production, Staging};
use crate::store::folder::preflight::tests::{judged, line};

const GIB: u64 = 1 << 30;

fn disk(file_system: FileSystem) -> Disk {
    let (bytes, files) = (Room { free: 70 * GIB, total: 100 * GIB }, Room { free: 900, total: 1000 });
    Disk { file_system, is_read_only: false, bytes, files: Some(files) }
}

fn with_room(free: u64, total: u64) -> Disk {
    Disk { bytes: Room { free, total }, ..disk(FileSystem::Disk("XFS")) }
}

fn with_inodes(files: Option<(u64, u64)>) -> Disk {
    let files = files.map(|(free, total)| Room { free, total });
    Disk { files, ..disk(FileSystem::Disk("XFS")) }
}

/// One of each.
pub(in crate::store::folder::preflight) fn examples(folder: &Checked<'_>) -> Vec<Finding> {
    let failed = || FolderError::System {
        action: "inspect the file system of",
        path: "/srv/backups".to_owned(),
        errno: Errno::STALE,
    };
    let kinds = [
        FileSystem::Disk("XFS"),
        FileSystem::Memory("tmpfs"),
        FileSystem::Layers("overlayfs"),
        FileSystem::Remote("NFS"),
        FileSystem::Unlisted(0x4d44),
    ];
    let mut findings: Vec<Finding> = kinds.map(|kind| file_system(folder, &Ok(disk(kind)))).into();
    let read_only = Disk { is_read_only: true, ..disk(FileSystem::Disk("XFS")) };
    findings.extend([file_system(folder, &Ok(read_only)), file_system(folder, &Err(failed()))]);
    findings.extend([
        space(folder, &Ok(with_room(70 * GIB, 100 * GIB)), Some(3 * GIB)),
        space(folder, &Ok(with_room(70 * GIB, 100 * GIB)), None),
        space(folder, &Ok(with_room(4 * GIB, 100 * GIB)), None),
        space(folder, &Ok(with_room(4 * GIB, 100 * GIB)), Some(3 * GIB)),
        space(folder, &Ok(with_room(2 * GIB, 100 * GIB)), Some(3 * GIB)),
        space(folder, &Ok(with_inodes(Some((0, 1000)))), None),
        space(folder, &Ok(with_inodes(Some((49, 1000)))), None),
        space(folder, &Err(failed()), None),
    ]);
    findings
}

#[test]
fn what_does_not_last_fails_in_production_alone() {
    let level = |environment: Environment, kind| {
        judged(environment, |folder| file_system(folder, &Ok(disk(kind)))).level
    };
    for (kind, in_production, elsewhere) in [
        (FileSystem::Disk("XFS"), Level::Ok, Level::Ok),
        (FileSystem::Memory("tmpfs"), Level::Fail, Level::Warn),
        (FileSystem::Memory("ramfs"), Level::Fail, Level::Warn),
        (FileSystem::Layers("overlayfs"), Level::Fail, Level::Warn),
        (FileSystem::Remote("NFS"), Level::Warn, Level::Warn),
        (FileSystem::Unlisted(7), Level::Warn, Level::Warn),
    ] {
        assert_eq!(level(Production, kind), in_production, "{kind:?}");
        assert_eq!(level(Staging, kind), elsewhere, "{kind:?}");
        assert_eq!(level(Environment::Development, kind), elsewhere, "{kind:?}");
        let read_only = Disk { is_read_only: true, ..disk(kind) };
        assert_eq!(judged(Staging, |folder| file_system(folder, &Ok(read_only))).level, Level::Fail);
    }
}

#[test]
fn room_is_judged_by_the_newest_backup_and_the_disk() {
    for (free, total, newest, level) in [
        (70 * GIB, 100 * GIB, None, Level::Ok),
        (0, 100 * GIB, None, Level::Fail),
        (0, 0, None, Level::Fail),
        // At least 1 GiB and 5 %.
        (GIB, 10 * GIB, None, Level::Ok),
        (GIB - 1, 10 * GIB, None, Level::Warn),
        (5 * GIB, 100 * GIB, None, Level::Ok),
        (5 * GIB - 1, 100 * GIB, None, Level::Warn),
        // At least twice the newest backup.
        (70 * GIB, 100 * GIB, Some(35 * GIB), Level::Ok),
        (70 * GIB - 1, 100 * GIB, Some(35 * GIB), Level::Warn),
        (35 * GIB, 100 * GIB, Some(35 * GIB), Level::Warn),
        (35 * GIB - 1, 100 * GIB, Some(35 * GIB), Level::Fail),
        (70 * GIB, 100 * GIB, Some(0), Level::Ok),
        (70 * GIB, 100 * GIB, Some(u64::MAX), Level::Fail),
    ] {
        let finding = judged(Staging, |folder| space(folder, &Ok(with_room(free, total)), newest));
        assert_eq!(finding.level, level, "{free} of {total}, newest {newest:?}: {finding:?}");
    }
}

#[test]
fn a_disk_without_inodes_takes_no_backup() {
    for (files, level) in [
        (None, Level::Ok),
        (Some((50, 1000)), Level::Ok),
        (Some((49, 1000)), Level::Warn),
        (Some((0, 1000)), Level::Fail),
    ] {
        let finding = judged(Staging, |folder| space(folder, &Ok(with_inodes(files)), None));
        assert_eq!(finding.level, level, "{files:?}: {finding:?}");
    }
}

#[test]
fn the_disk_of_a_folder_is_the_one_that_df_shows() {
    let (place, folder) = crate::store::folder::tests::folder();
    let disk = look(&folder.root).unwrap();
    let shown = |args: &[&str]| {
        let output = std::process::Command::new("df").args(args).arg(place.path()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().last().unwrap().trim().parse::<u64>().unwrap()
    };
    assert_eq!(disk.bytes.total, shown(&["-B1", "--output=size"]));
    assert_eq!(disk.files.map_or(0, |files| files.total), shown(&["--output=itotal"]));
    // Other tests use the disk, too.
    assert!(disk.bytes.free.abs_diff(shown(&["-B1", "--output=avail"])) < disk.bytes.total / 2);
    assert!(disk.bytes.free <= disk.bytes.total && !disk.is_read_only);
    let failed = judged(Production, |folder| {
        let errno = Errno::IO;
        let error =
            FolderError::System { action: "inspect the file system of", path: "/srv".to_owned(), errno };
        space(folder, &Err(error), None)
    });
    assert_eq!(
        line(&failed),
        "warn: unknown: file system of folder /srv/backups: cannot inspect the file system of /srv: input/output error"
    );
}
