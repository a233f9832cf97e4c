//! Each error with its hint, as the log shows it.

use super::*;

const PATH: &str = "/srv/backups/callisto/backups/2026/11/21/backup-prod-20261121-013000.sql.gz";

/// One error of each variant. The matches have no wildcard: a new variant does not compile until it is added here too.
fn one_of_each() -> Vec<FolderError> {
    let location = || format!("file://{PATH}");
    let full = || system("write", Errno::NOSPC);
    let mut errors = vec![
        FolderError::Key { key: "a/../b".to_owned(), what: "a part of it begins with a dot" },
        FolderError::Kind { path: PATH.to_owned(), found: "a symbolic link", expected: "a file" },
        FolderError::AlreadyExists { location: location() },
        FolderError::Differs {
            location: location(),
            what: "size",
            expected: "20".to_owned(),
            got: "10".to_owned(),
        },
        FolderError::Missing { location: location() },
        FolderError::TooLong { location: location(), limit_bytes: 4096 },
        FolderError::Replaced { location: location() },
        FolderError::Vanished { path: "/srv/backups/callisto".to_owned() },
        FolderError::Silent { path: "/srv/backups".to_owned(), within: std::time::Duration::from_secs(20) },
        FolderError::CanOnlyReplace { path: PATH.to_owned() },
        FolderError::Unfinished {
            cause: Box::new(full()),
            left: "its temporary file /srv/backups/.x.partial was not removed: read-only file system"
                .to_owned(),
        },
        FolderError::Stopped,
        full(),
    ];
    errors.extend([
        system("write", Errno::DQUOT),
        system("create", Errno::ROFS),
        system("read", Errno::IO),
        system("open", Errno::STALE),
        system("open", Errno::ACCESS),
        system("write", Errno::FBIG),
        system("open", Errno::MFILE),
        system("publish", Errno::XDEV),
    ]);
    errors.extend(flaws().into_iter().map(|flaw| FolderError::Unsuitable {
        path: if flaw == Flaw::Missing { "/srv/the team's backups" } else { "/srv/backups" }.to_owned(),
        flaw,
    }));
    for error in &errors {
        match error {
            FolderError::Unsuitable { .. }
            | FolderError::Key { .. }
            | FolderError::Kind { .. }
            | FolderError::AlreadyExists { .. }
            | FolderError::Differs { .. }
            | FolderError::Missing { .. }
            | FolderError::TooLong { .. }
            | FolderError::Replaced { .. }
            | FolderError::Vanished { .. }
            | FolderError::Silent { .. }
            | FolderError::CanOnlyReplace { .. }
            | FolderError::System { .. }
            | FolderError::Unfinished { .. }
            | FolderError::Stopped => {}
        }
    }
    errors
}

fn flaws() -> Vec<Flaw> {
    let flaws = vec![
        Flaw::Relative,
        Flaw::FileSystemRoot,
        Flaw::Missing,
        Flaw::NotDirectory,
        Flaw::Link { target: Some("/mnt/disk/backups".to_owned()) },
        Flaw::Link { target: None },
        Flaw::WorldWritable,
        Flaw::Owner { owner: 1001, process: 0 },
        Flaw::NoAccess("readable and searchable"),
        Flaw::NoAccess("writable"),
        Flaw::InContainer { workspace: Some("/github/workspace".to_owned()) },
        Flaw::InContainer { workspace: None },
    ];
    for flaw in &flaws {
        match flaw {
            Flaw::Relative
            | Flaw::FileSystemRoot
            | Flaw::Missing
            | Flaw::NotDirectory
            | Flaw::Link { .. }
            | Flaw::WorldWritable
            | Flaw::Owner { .. }
            | Flaw::NoAccess(_)
            | Flaw::InContainer { .. } => {}
        }
    }
    flaws
}

fn system(action: &'static str, errno: Errno) -> FolderError {
    FolderError::System { action, path: PATH.to_owned(), errno }
}

#[test]
fn every_error_has_a_message_and_a_hint_to_act_on() {
    crate::reviewed::errors(
        "errors-folder",
        one_of_each().iter().map(|error| (error.to_string(), error.hint())),
    );
}

#[test]
fn a_hint_can_be_pasted_into_a_shell() {
    for path in ["/srv/backups", "/srv/the team's backups", "/srv/$(id)", "/srv/a\nb"] {
        let script = format!("printf %s {}", quoted(path));
        let printed = std::process::Command::new("sh").args(["-c", &script]).output().unwrap().stdout;
        assert_eq!(String::from_utf8(printed).unwrap(), path);
    }
}
