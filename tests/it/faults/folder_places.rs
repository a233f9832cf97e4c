//! Folders that cannot be a sponsor's stores, and inputs that a folder cannot honor.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use crate::support::{Disk, Outcome, Sponsor, Trial, tools};

/// What makes a folder useless.
type Spoil<'a> = &'a dyn Fn(&Path);

fn of(names: &[&str]) -> Trial {
    Trial::of(names.iter().map(|name| Sponsor::named(name).in_folders()))
}

/// Another place for callisto's backups.
fn move_to(trial: &Trial, url: &str) {
    trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some(url));
}

fn url(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// A directory next to this one.
fn elsewhere(path: &Path) -> std::path::PathBuf {
    let elsewhere = path.with_file_name("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    elsewhere
}

#[track_caller]
fn assert_refused(outcome: &Outcome, codes: &[i32], words: &str) {
    assert!(codes.contains(&outcome.code.unwrap()), "{}", outcome.transcript());
    let told = outcome.visible();
    assert!(told.contains(words), "{words}: {}", outcome.transcript());
}

/// - fault: The folder of a sponsor is writable for every user, missing, a file, a symbolic link, or another user's
/// - injected: The same
/// - seen: The path, and what is wrong with it. Exit code 14
/// - left: Nothing in that folder, and no new folder. The other sponsor's backup
#[test]
fn a_folder_that_cannot_be_a_store_fails_its_sponsor_alone() {
    assert!(tools::is_root(), "this test gives a folder to another user: run it as root");
    let world_writable = |path: &Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
    };
    let replace = |path: &Path| std::fs::remove_dir(path).unwrap();
    let cases: [(Spoil<'_>, &str); 5] = [
        (&world_writable, "is writable for every user"),
        (&replace, "does not exist"),
        (
            &|path| {
                replace(path);
                std::fs::write(path, "").unwrap()
            },
            "is not a directory",
        ),
        (
            &|path| {
                replace(path);
                symlink(elsewhere(path), path).unwrap()
            },
            "is a symbolic link",
        ),
        (&|path| std::os::unix::fs::chown(path, Some(12345), Some(12345)).unwrap(), "belongs to user 12345"),
    ];
    for (spoil, words) in cases {
        let trial = of(&["callisto", "rhea"]);
        let folder = trial.folder("callisto");
        spoil(folder);
        let outcome = trial.run().run();
        assert_refused(&outcome, &[14], words);
        assert!(outcome.visible().contains(folder.to_str().unwrap()));
        assert_eq!(outcome.result("rhea")["outcome"], "success");
        assert_eq!(outcome.result("callisto")["outcome"], "failure");
        if folder.is_dir() && !folder.is_symlink() {
            assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
        }
        assert!(words != "does not exist" || !folder.exists());
    }
}

/// - fault: A directory below a sponsor's folder belongs to another user, or is writable for every user
/// - injected: `chown` or `chmod` of the directories above a backup and a record
/// - seen: The path, and what is wrong with it. Exit code 14
/// - left: Nothing new in that directory
#[test]
fn a_directory_of_another_user_below_a_folder_is_refused() {
    assert!(tools::is_root(), "this test gives a directory to another user: run it as root");
    let trial = of(&["callisto"]);
    trial.run().run().assert_code(0);
    let before = [trial.backups("callisto").keys(), trial.records("callisto").keys()];
    let above = |folder: &Path, key: &str| {
        let path = folder.join(key);
        path.ancestors().skip(1).take_while(|path| *path != folder).map(Path::to_owned).collect::<Vec<_>>()
    };
    let backups = above(trial.folder("callisto"), &before[0][0]);
    let records = above(trial.log_folder("callisto"), &before[1][0]);
    assert!(backups.len() > 2 && records.len() > 2, "{backups:?} {records:?}");
    for directory in backups.iter().chain(&records) {
        for words in ["belongs to user 12345, but this process runs as user 0", "is writable for every user"]
        {
            let chown = |owner| std::os::unix::fs::chown(directory, Some(owner), Some(owner)).unwrap();
            let chmod =
                |mode| std::fs::set_permissions(directory, std::fs::Permissions::from_mode(mode)).unwrap();
            if words.starts_with("belongs") {
                chown(12345)
            } else {
                chmod(0o777)
            }
            let outcome = trial.run().run();
            let told = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
            assert!(told.contains(&format!("{} {words}", directory.display())), "{told}");
            assert_ne!(outcome.code, Some(0));
            chown(0);
            chmod(0o700);
        }
        if backups.contains(directory) {
            assert_eq!(trial.backups("callisto").keys(), before[0]);
        }
    }
    assert_eq!(trial.records("callisto").keys().iter().filter(|key| before[1].contains(key)).count(), 1);
    trial.run().run().assert_code(0);
}

/// - fault: In the action, the workspace belongs to the runner's user and the program runs as root
/// - injected: A workspace and folders of user 1001
/// - seen: Success. Exit code 0
/// - left: The complete backup and its record. Each of their files and directories belongs to user 1001
#[test]
fn what_root_writes_belongs_to_the_workspaces_owner() {
    assert!(tools::is_root(), "this test gives folders to another user: run it as root");
    let trial = of(&["callisto"]);
    let workspace = trial.run().workspace();
    tools::run("chown", ["-R", "1001:1001", workspace.to_str().unwrap()]);
    trial.run().run().assert_code(0);
    for place in [trial.backups("callisto"), trial.records("callisto")] {
        let keys = place.keys();
        assert!(!keys.is_empty());
        for key in keys {
            for path in place.folder().join(key).ancestors().take_while(|path| *path != place.folder()) {
                let found = std::fs::symlink_metadata(path).unwrap();
                let mode = if found.is_dir() { 0o700 } else { 0o600 };
                assert_eq!((found.uid(), found.gid(), found.mode() & 0o7777), (1001, 1001, mode), "{path:?}");
            }
        }
    }
}

/// - fault: In the action, a folder is outside the workspace
/// - injected: A folder that is not mounted into the container
/// - seen: `is inside the action's container and would vanish with it`, with the path. Exit code 14
/// - left: Nothing in that folder
#[test]
fn a_folder_that_vanishes_with_the_container_is_refused() {
    let trial = of(&["callisto"]);
    let outside = tools::open_folder("outside");
    move_to(&trial, &url(outside.path()));
    let outcome = trial.run().run();
    assert_refused(&outcome, &[14], "is inside the action's container and would vanish with it");
    assert!(outcome.visible().contains(outside.path().to_str().unwrap()));
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
}

/// - fault: The URL of a folder names a host, is relative, or is the root of the file system
/// - injected: `file://host/srv`, `file:relative`, `file:///`
/// - seen: The secret's name, and what is wrong with it. Exit code 12
/// - left: Nothing
/// - fault: A name in the URL of a folder is longer than the file system allows
/// - injected: A name of 256 bytes
/// - seen: The path, and that the file name is too long. Exit code 14
/// - left: Nothing
#[test]
fn a_url_that_names_no_folder_is_refused() {
    let long = format!("file:///srv/{}", "x".repeat(256));
    for (url, code, words) in [
        ("file://host/srv", 12, "it names a host"),
        ("file:relative", 12, "it does not begin with file:///"),
        ("file:///", 12, "it is the root of the file system"),
        (&long, 14, "file name too long"),
    ] {
        let trial = of(&["callisto"]);
        move_to(&trial, url);
        let outcome = trial.run().run();
        assert_refused(&outcome, &[code], words);
        assert_eq!(trial.backups("callisto").keys(), [""; 0]);
        let made: Vec<_> =
            std::fs::read_dir(&outcome.workspace).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(made.iter().all(|name| name == "stores" || name == "deployment-logs"), "{made:?}");
    }
}

/// - fault: An input is set that a folder cannot honor
/// - injected: `object-lock: governance`, `storage-class`, `expected-bucket-owner` for a backup, `thaw` for a restore
/// - seen: The input's name, and what a folder does not have. Exit code 2
/// - left: Nothing
#[test]
fn an_input_that_a_folder_cannot_honor_is_refused() {
    for (command, input, value) in [
        ("backup", "object-lock", "governance"),
        ("backup", "storage-class", "GLACIER_IR"),
        ("backup", "expected-bucket-owner", "123456789012"),
        ("restore", "thaw", "true"),
    ] {
        let trial = of(&["callisto"]);
        let target = trial.database("callisto").url();
        let run =
            trial.run().input("command", command).input(input, value).env("TARGET_DATABASE_URL", target);
        assert_refused(&run.run(), &[2], &format!("`{input}`"));
        assert_eq!(trial.backups("callisto").keys(), [""; 0]);
        assert_eq!(trial.records("callisto").keys(), [""; 0]);
    }
}

/// - fault: Two sponsors of a run have one folder
/// - injected: The same path, a path through a symbolic link, a folder inside the other, a bind mount of a folder inside the other
/// - seen: Both sponsors are refused. Exit code 12
/// - left: Nothing in the shared folder. The third sponsor's backup
#[test]
fn two_sponsors_with_one_folder_are_refused() {
    for kind in ["same", "link", "nested", "bound"] {
        let trial = of(&["callisto", "rhea", "titan"]);
        // A neutral name: a sponsor's name in the path would decide whose it is.
        let stores = trial.folder("titan").ancestors().nth(2).unwrap();
        let shared = stores.join("shared/backups");
        let path = match kind {
            "same" => shared.clone(),
            "link" => stores.join("link/backups"),
            "bound" => stores.join("bound"),
            _ => shared.join("nested"),
        };
        std::fs::create_dir_all(&shared).unwrap();
        symlink(stores.join("shared"), stores.join("link")).unwrap();
        std::fs::create_dir_all(&path).unwrap();
        let _mount = (kind == "bound").then(|| {
            let inner = shared.join("inner");
            std::fs::create_dir(&inner).unwrap();
            Disk::bind(&inner, &path)
        });
        trial.secret("rhea", "SPONSOR_BACKUPS_BUCKET", Some(&url(&shared)));
        move_to(&trial, &url(&path));
        let outcome = trial.run().run();
        outcome.assert_code(12);
        for (sponsor, result) in [("callisto", "failure"), ("rhea", "failure"), ("titan", "success")] {
            assert_eq!(outcome.result(sponsor)["outcome"], result, "{kind}: {}", outcome.transcript());
        }
        let left = tools::run("find", [shared.to_str().unwrap(), "-type", "f"]);
        assert_eq!(left, "", "{kind}");
    }
}

/// - fault: A sponsor has one folder for backups and records
/// - injected: The same URL in both secrets
/// - seen: `it is the folder of SPONSOR_BACKUPS_BUCKET`. Exit code 12
/// - left: Nothing
#[test]
fn one_folder_for_backups_and_records_is_refused() {
    let trial = of(&["callisto"]);
    move_to(&trial, &url(trial.log_folder("callisto")));
    assert_refused(&trial.run().run(), &[12], "it is the folder of SPONSOR_BACKUPS_BUCKET");
    assert_eq!(trial.records("callisto").keys(), [""; 0]);
}
