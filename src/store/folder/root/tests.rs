use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};

use super::*;
use crate::store::folder::tests::{KEY, folder, names, put};
use crate::store::folder::{Folder, FolderError};

fn flaw_of(path: &Path, around: &Surroundings) -> Flaw {
    match Folder::open(path, around).unwrap_err() {
        FolderError::Unsuitable { path: named, flaw } if Path::new(&named) == path => flaw,
        other => panic!("{other}"),
    }
}

fn flaw(path: &Path) -> Flaw {
    flaw_of(path, &Surroundings::default())
}

#[test]
fn what_cannot_be_a_store_is_named() {
    let place = tempfile::tempdir().unwrap();
    let inside = |name: &str| place.path().join(name);
    std::fs::create_dir(inside("folder")).unwrap();
    std::fs::write(inside("file"), "").unwrap();
    symlink(inside("folder"), inside("link")).unwrap();
    symlink(inside("gone"), inside("broken")).unwrap();
    let before = names(place.path());
    assert_eq!(flaw(Path::new("folder")), Flaw::Relative);
    assert_eq!(flaw(Path::new("/")), Flaw::FileSystemRoot);
    assert_eq!(flaw(Path::new("/usr/..")), Flaw::FileSystemRoot);
    assert_eq!(flaw(&inside("missing")), Flaw::Missing);
    assert_eq!(flaw(&inside("missing/below")), Flaw::Missing);
    assert_eq!(flaw(&inside("file")), Flaw::NotDirectory);
    let target = Some(shown(&inside("folder").canonicalize().unwrap()));
    assert_eq!(flaw(&inside("link")), Flaw::Link { target: target.clone() });
    // The system follows a link with a slash at its end.
    assert_eq!(flaw(&inside("link/")), Flaw::Link { target });
    assert_eq!(flaw(&inside("broken")), Flaw::Link { target: None });
    assert_eq!(names(place.path()), before);
    assert_eq!(names(&inside("folder")), [""; 0]);
}

#[test]
fn a_part_of_the_path_that_is_a_file_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let below = file.path().join("below");
    let error = Folder::open(&below, &Surroundings::default()).unwrap_err();
    assert_eq!(error.to_string(), format!("cannot open {}: not a directory", below.display()));
}

#[test]
fn a_folder_that_everyone_can_write_to_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let open = |mode| {
        std::fs::set_permissions(place.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        Folder::open(place.path(), &Surroundings::default()).map(|_| ())
    };
    for mode in [0o777, 0o1777, 0o703, 0o702] {
        let refused = open(mode).unwrap_err().to_string();
        assert_eq!(refused, format!("{} is writable for every user", place.path().display()));
    }
    for mode in [0o700, 0o755, 0o775] {
        open(mode).unwrap();
    }
}

#[test]
fn a_folder_has_one_identity_whatever_its_path() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("folder");
    std::fs::create_dir(&folder).unwrap();
    symlink(place.path(), place.path().join("again")).unwrap();
    let open = |path: &Path| Folder::open(path, &Surroundings::default()).unwrap();
    let (one, other) = (open(&folder), open(&place.path().join("again/folder/")));
    assert_eq!(one.identity(), other.identity());
    assert_ne!(one.identity(), open(place.path()).identity());
    assert_eq!(open(&place.path().join("folder/./")).path(), folder);
}

#[test]
fn only_root_writes_for_another_and_only_in_the_workspace() {
    let refused = |owner, process| Err(Flaw::Owner { owner, process });
    assert_eq!(judge_owner(0, 0, None), Ok(()));
    assert_eq!(judge_owner(1001, 1001, None), Ok(()));
    assert_eq!(judge_owner(1001, 0, Some(1001)), Ok(()));
    assert_eq!(judge_owner(0, 0, Some(1001)), Ok(()));
    assert_eq!(judge_owner(1001, 0, None), refused(1001, 0));
    assert_eq!(judge_owner(1001, 0, Some(1002)), refused(1001, 0));
    assert_eq!(judge_owner(1001, 0, Some(0)), refused(1001, 0));
    assert_eq!(judge_owner(0, 1001, None), refused(0, 1001));
    assert_eq!(judge_owner(0, 1001, Some(0)), refused(0, 1001));
    assert_eq!(judge_owner(1002, 1001, Some(1002)), refused(1002, 1001));
}

#[tokio::test]
async fn what_is_written_belongs_to_the_folders_owner() {
    let workspace = tempfile::tempdir().unwrap();
    let root = workspace.path().join("store");
    std::fs::create_dir(&root).unwrap();
    if !rustix::process::geteuid().is_root() {
        // Another user's folder that every machine has.
        let process = rustix::process::geteuid().as_raw();
        assert_eq!(flaw(Path::new("/usr")), Flaw::Owner { owner: 0, process });
        return;
    }
    let (user, group) = (4_001, 4_002);
    chown(&root, Some(user), Some(group)).unwrap();
    let around = |workspace: &Path| Surroundings { workspace: Some(workspace.to_owned()), in_action: false };
    let foreign = Flaw::Owner { owner: user, process: 0 };
    assert_eq!(flaw(&root), foreign);
    assert_eq!(flaw_of(&root, &around(workspace.path())), foreign);
    assert_eq!(flaw_of(&root, &around(Path::new("/missing"))), foreign);
    chown(workspace.path(), Some(user), Some(group)).unwrap();
    // A killed run left it, before it could change the owner.
    std::fs::create_dir(root.join("backups")).unwrap();
    let folder = Folder::open(&root, &around(workspace.path())).unwrap();
    put(&folder, KEY, b"bytes").await.unwrap();
    for path in root.join(KEY).ancestors().take_while(|path| *path != workspace.path()) {
        let found = std::fs::symlink_metadata(path).unwrap();
        assert_eq!((found.uid(), found.gid()), (user, group), "{}", path.display());
    }
}

#[test]
fn what_vanishes_with_the_container_is_refused() {
    let workspace = tempfile::tempdir().unwrap();
    let (inside, outside) = (workspace.path().join("store"), tempfile::tempdir().unwrap());
    std::fs::create_dir(&inside).unwrap();
    symlink(outside.path(), workspace.path().join("link")).unwrap();
    let in_action =
        |workspace: Option<&Path>| Surroundings { workspace: workspace.map(Path::to_owned), in_action: true };
    let around = in_action(Some(workspace.path()));
    Folder::open(&inside, &around).unwrap();
    Folder::open(workspace.path(), &around).unwrap();
    let beneath = outside.path().join("store");
    std::fs::create_dir(&beneath).unwrap();
    // If the system's temporary files have a file system of their own, they are in memory or on a volume.
    let mount = |path: &Path| fs::statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID).unwrap().stx_mnt_id;
    let is_volume = mount(outside.path()) != mount(Path::new("/"));
    let linked = workspace.path().join("link/store");
    for path in [outside.path(), &beneath, &linked] {
        let opened = Folder::open(path, &around).map(|_| ()).map_err(|error| error.to_string());
        let vanishes =
            format!("{} is inside the action's container and would vanish with it", path.display());
        assert!(opened == Err(vanishes) || (is_volume && opened == Ok(())), "{opened:?}");
    }
    assert!(is_volume || flaw_of(&inside, &in_action(None)) == Flaw::InContainer { workspace: None });
}

#[test]
fn a_mount_in_memory_vanishes_too() {
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    let in_action = Surroundings { workspace: None, in_action: true };
    assert_eq!(flaw_of(memory.path(), &in_action), Flaw::InContainer { workspace: None });
    Folder::open(memory.path(), &Surroundings::default()).unwrap();
}

#[tokio::test]
async fn a_root_that_is_gone_or_another_one_is_noticed() {
    let vanished = |folder: &Folder| FolderError::Vanished { path: shown(folder.path()) };
    let (place, folder) = folder();
    put(&folder, KEY, b"bytes").await.unwrap();
    let moved = place.path().with_extension("moved");
    std::fs::rename(place.path(), &moved).unwrap();
    for another in [false, true] {
        if another {
            std::fs::create_dir(place.path()).unwrap();
        }
        assert_eq!(folder.list("").await.unwrap_err(), vanished(&folder));
        assert_eq!(folder.list("other/").await.unwrap_err(), vanished(&folder));
        for key in ["missing", "missing/object", KEY] {
            let is_there = key == KEY;
            let found = folder.examine(key).await.map(|_| ());
            assert_eq!(found, if is_there { Ok(()) } else { Err(vanished(&folder)) }, "{key}");
        }
        assert_eq!(folder.begin("new").await.unwrap_err(), vanished(&folder));
        assert_eq!(folder.root.check_writable().unwrap_err(), vanished(&folder));
    }
    assert_eq!(names(place.path()), [""; 0]);
    assert_eq!(names(&moved), ["backups"]);
    std::fs::remove_dir_all(moved).unwrap();
}
