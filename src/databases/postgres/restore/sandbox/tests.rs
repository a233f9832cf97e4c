use std::os::unix::fs::PermissionsExt as _;

use super::*;

#[test]
fn an_account_is_read_by_its_whole_name() {
    let accounts = "root:x:0:0:root:/root:/bin/sh\npostgres-exporter:x:7:7::/:/bin/false\npostgres:x:104:106::/:/bin/sh\n";
    assert_eq!(Account::named("postgres", accounts), Some(Account { user: 104, group: 106 }));
    assert_eq!(Account::named("missing", accounts), None);
}

#[test]
fn a_folder_is_entered_through_all_above_it() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let owner = std::fs::metadata(&folder).unwrap();
    let somebody = Account { user: owner.uid() + 1, group: owner.gid() + 1 };
    let one_of_us = Account { group: owner.gid(), ..somebody };
    for (modes, enters) in [
        ((0o755, 0o755), (true, true)),
        ((0o711, 0o711), (true, true)),
        ((0o700, 0o755), (false, false)),
        ((0o755, 0o700), (false, false)),
        ((0o755, 0o750), (false, true)),
    ] {
        mode(above.path(), modes.0);
        mode(&folder, modes.1);
        assert_eq!((somebody.enters(&folder), one_of_us.enters(&folder)), enters, "{modes:?}");
    }
}

#[test]
fn a_folder_is_private_held_and_gone() {
    let scratch = tempfile::tempdir().unwrap();
    let first = Folder::make(scratch.path(), None).unwrap();
    assert_eq!(std::fs::metadata(first.path()).unwrap().permissions().mode() & 0o777, 0o700);
    // A second run leaves the first run's folder alone.
    let second = Folder::make(scratch.path(), None).unwrap();
    assert!(first.path().exists() && second.path().exists());
    // A killed run only drops its lock.
    let orphan = scratch.path().join(format!("{PREFIX}orphan"));
    std::fs::create_dir_all(orphan.join("data")).unwrap();
    drop(locked(&orphan).unwrap());
    // Another user puts traps there.
    let trap = scratch.path().join(format!("{PREFIX}trap"));
    std::fs::create_dir_all(trap.join("data")).unwrap();
    let fifo = std::process::Command::new("mkfifo").arg(trap.join("owner")).status().unwrap();
    assert!(fifo.success());
    let link = scratch.path().join(format!("{PREFIX}link"));
    std::os::unix::fs::symlink("/", &link).unwrap();
    let third = Folder::make(scratch.path(), None).unwrap();
    assert!(!orphan.exists() && first.path().exists() && trap.exists() && link.is_symlink());
    let gone = [first.path().to_owned(), second.path().to_owned(), third.path().to_owned()];
    drop((first, second, third));
    assert!(gone.iter().all(|path| !path.exists()));
}
