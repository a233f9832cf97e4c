//! What `init` refuses, always before it writes anything.

use super::{CANARY, DATABASE, init, tree};
use crate::support::{Disk, Outcome, Run};

/// Fails if the run was accepted, changed anything or showed the password.
#[track_caller]
fn refused(run: Run, code: i32, expected: &str) -> Outcome {
    let before = tree(&run.workspace());
    let outcome = run.run();
    outcome.assert_code(code);
    assert!(outcome.stderr.contains(expected), "no `{expected}` in {}", outcome.transcript());
    assert_eq!(tree(&outcome.workspace), before, "{}", outcome.transcript());
    assert!(!outcome.transcript().contains(CANARY), "{}", outcome.transcript());
    outcome
}

#[test]
fn nothing_that_exists_is_replaced() {
    let workflow = ".github/workflows/deploy.yml";
    for name in
        ["manifest.yaml", "secrets.yaml", workflow, "backups/callisto/backups", "backups/callisto/audit-logs"]
    {
        let run = init(Run::terminal()).arg("--workflows").file(name, "mine");
        refused(run, 2, &format!("error: {name} exists already, and `init` replaces nothing"));
        let run = init(Run::terminal());
        std::fs::create_dir_all(run.workspace().join(name)).unwrap();
        refused(run.arg("--workflows"), 2, &format!("{name} exists already"));
        let run = init(Run::terminal()).arg("--dry-run=true").arg("--workflows").file(name, "mine");
        refused(run, 2, &format!("{name} exists already"));
    }
    // Another sponsor's folder in the same store does not matter.
    init(Run::terminal()).file("backups/titan/backups/x", "theirs").run().assert_code(0);
}

#[test]
fn the_root_of_the_file_system_is_not_a_store() {
    for root in ["/", "//", "/usr/.."] {
        let run = Run::terminal().env("DATABASE_URL", DATABASE);
        let run = run.args(["init", "--sponsor", "callisto", "--code", "CAL", "--store", root]);
        refused(run, 2, &format!("`store` is `{root}`, the root of the file system"));
    }
    assert!(!std::path::Path::new("/callisto").exists());
}

#[test]
fn a_second_sponsor_is_added_by_hand() {
    let first = init(Run::terminal()).arg("--workflows").run();
    first.assert_code(0);
    let before = tree(&first.workspace);
    let arguments = ["init", "--sponsor", "titan", "--code", "TIT", "--store", "./backups"];
    let second =
        Run::step_after(&first).unset("GITHUB_ACTIONS").env("DATABASE_URL", DATABASE).args(arguments);
    let second = second.run();
    second.assert_code(2).assert_reviewed("init-second");
    assert_eq!(tree(&first.workspace), before);
}

#[test]
fn a_symbolic_link_is_never_followed_to_a_file() {
    for (name, target) in
        [("secrets.yaml", "elsewhere"), ("manifest.yaml", "../elsewhere"), ("secrets.yaml", "/dev/null")]
    {
        let run = init(Run::terminal());
        std::os::unix::fs::symlink(target, run.workspace().join(name)).unwrap();
        refused(run, 2, &format!("{name} exists already"));
    }
    // A store behind a link that leads nowhere cannot be created, and nothing else is.
    let run = init(Run::terminal());
    std::os::unix::fs::symlink("elsewhere", run.workspace().join("backups")).unwrap();
    refused(run, 2, "error: cannot write backups/callisto/backups: No such file or directory");
}

#[test]
fn bad_answers_are_refused_with_what_to_write() {
    let with = |arguments: &[&str]| {
        Run::terminal().env("DATABASE_URL", DATABASE).arg("init").args(arguments.to_vec())
    };
    let whole = ["--sponsor", "callisto", "--code", "CAL", "--store", "b"];
    let but = |at: usize, value: &'static str| {
        let mut arguments = whole;
        arguments[at] = value;
        with(&arguments)
    };
    for (name, expected) in [("Callisto", "`Callisto`"), ("1a", "`1a`"), ("a_b", "`a_b`"), ("../x", "`../x`")]
    {
        refused(but(1, name), 2, &format!("error: `sponsor` is {expected}, not a sponsor name"));
    }
    for code in ["cal", "CA", "CALL", "C1L", "CÄL"] {
        refused(but(3, code), 2, &format!("error: `code` is `{code}`, not a sponsor code"));
    }
    for (store, expected) in [
        ("s3://bucket", "`store` is `s3://bucket`, a URL, not a folder"),
        ("~/backups", "`store` is `~/backups`, and only a shell replaces `~`"),
        ("new/../b", "and `..` follows a folder that does not exist"),
        ("a\nb", "which no file:// URL can name"),
        ("/dev/null/b", "`store` is `/dev/null/b`, which cannot be used: Not a directory"),
    ] {
        refused(but(5, store), 2, expected);
    }
    refused(
        with(&["--sponsor", "core", "--code", "COR", "--store", "b", "--workflows"]),
        2,
        "DOPPLER_TOKEN_CORE",
    );
    let long = format!("a{}", "b".repeat(255));
    let run = with(&["--sponsor", &long, "--code", "CAL", "--store", "b"]);
    refused(run, 2, "File name too long");
}

#[test]
fn a_database_url_with_a_typo_is_found_now() {
    for (url, expected) in [
        ("mysql://app:hunter2-canary@db/x", "DATABASE_URL has the scheme `mysql`, not postgresql"),
        ("postgresql://app:hunter2-canary@db", "DATABASE_URL has no database"),
        ("postgresql://app:hunter2-canary#@db/x", "DATABASE_URL has an unencoded"),
        ("hunter2-canary", "DATABASE_URL"),
    ] {
        refused(init(Run::terminal()).env("DATABASE_URL", url), 13, expected);
    }
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let nothing = refused(Run::terminal().arg("init"), 2, "");
    nothing.assert_reviewed("init-nothing");
    let run = Run::terminal().env("DATABASE_URL", DATABASE).args(["init", "--code", "CAL"]);
    refused(run, 2, "error: `sponsor`, `store` are not set");
    refused(init(Run::terminal()).env("DATABASE_URL", "  "), 2, "error: DATABASE_URL is not set");
}

#[test]
fn a_folder_that_can_only_be_read_is_left_as_it_was() {
    let run = init(Run::terminal());
    let disk = Disk::over(&run.workspace(), "1m");
    disk.make_read_only();
    refused(run, 2, "error: cannot write backups/callisto/backups: Read-only file system");
    // The store elsewhere could be written, but the files here could not.
    let run = Run::terminal().env("DATABASE_URL", DATABASE);
    let store = run.workspace().with_file_name("temp").join("store");
    let disk = Disk::over(&run.workspace(), "1m");
    disk.make_read_only();
    let run = run.args(["init", "--sponsor", "callisto", "--code", "CAL", "--store"]).arg(&store);
    refused(run, 2, "error: cannot write manifest.yaml: Read-only file system");
    assert!(!store.exists());
}

#[test]
fn a_disk_that_is_full_leaves_no_half_file() {
    let run = init(Run::terminal());
    let disk = Disk::over(&run.workspace(), "64k");
    disk.fill();
    let outcome = run.run();
    outcome.assert_code(2);
    let expected = "error: cannot write manifest.yaml: No space left on device\n\
                    hint: Remove what was written before, then run `init` again: \
                    backups, backups/callisto, backups/callisto/backups, backups/callisto/audit-logs.\n";
    assert!(outcome.stderr.ends_with(expected), "{}", outcome.transcript());
    let left = ["manifest.yaml", "secrets.yaml"].map(|name| outcome.workspace.join(name).exists());
    assert_eq!((left, outcome.stdout.as_str()), ([false, false], ""));
}
