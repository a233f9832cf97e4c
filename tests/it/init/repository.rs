//! `init` in a git work tree: no secret may be committed later.

use std::path::{Path, PathBuf};

use super::init;
use crate::support::{Outcome, Run, tools};

fn git(folder: &Path, arguments: &[&str]) {
    let mut git = std::process::Command::new("git");
    tools::succeed(git.current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").args(arguments));
}

/// A run in a new work tree.
fn in_a_repository() -> Run {
    let run = Run::terminal();
    git(&run.workspace(), &["init", "--quiet"]);
    init(run)
}

fn warnings(outcome: &Outcome) -> Vec<&str> {
    outcome.stderr.lines().filter_map(|line| line.strip_prefix("warning: ")).collect()
}

const SECRETS: &str = "git does not ignore secrets.yaml: add the line /secrets.yaml to .gitignore";
const STORE: &str = "git does not ignore backups: add the line /backups/ to .gitignore";

#[test]
fn what_git_would_commit_is_named_with_its_line() {
    let outcome = in_a_repository().run();
    outcome.assert_code(0);
    assert_eq!(warnings(&outcome), [SECRETS, STORE]);
    assert!(!outcome.workspace.join(".gitignore").exists(), "init changed it without a question");
    // The lines do what they promise.
    std::fs::write(outcome.workspace.join(".gitignore"), "/secrets.yaml\n/backups/\n").unwrap();
    for ignored in ["secrets.yaml", "backups/callisto/backups/x"] {
        git(&outcome.workspace, &["check-ignore", ignored]);
    }
    assert_eq!(warnings(&in_a_repository().arg("--dry-run").run()), [SECRETS, STORE]);
}

#[test]
fn what_git_ignores_needs_no_warning() {
    for lines in ["/secrets.yaml\n/backups/\n", "*.yaml\nbackups\n", "*"] {
        let outcome = in_a_repository().file(".gitignore", lines).run();
        outcome.assert_code(0);
        assert_eq!(warnings(&outcome), [""; 0], "{lines}");
    }
    // An exception after the line counts, as for git.
    let outcome = in_a_repository().file(".gitignore", "*\n!/secrets.yaml\n").run();
    assert_eq!(warnings(&outcome), [SECRETS]);
}

#[test]
fn a_store_outside_needs_no_line_and_an_old_one_only_its_part() {
    let outside = Run::terminal();
    git(&outside.workspace(), &["init", "--quiet"]);
    let store = outside.workspace().with_file_name("temp").join("store");
    let arguments = ["init", "--sponsor", "callisto", "--code", "CAL", "--store"];
    let outside = outside.env("DATABASE_URL", super::DATABASE).args(arguments).arg(store).run();
    assert_eq!(warnings(outside.assert_code(0)), [SECRETS]);
    let old = in_a_repository().file("backups/theirs", "").run();
    let expected = "git does not ignore backups/callisto: add the line /backups/callisto/ to .gitignore";
    assert_eq!(warnings(old.assert_code(0)), [SECRETS, expected]);
}

#[test]
fn below_the_topmost_folder_the_lines_begin_there() {
    let run = Run::terminal();
    let root = run.workspace().canonicalize().unwrap();
    git(&root, &["init", "--quiet"]);
    std::fs::create_dir_all(root.join("tools/our [1]")).unwrap();
    let script = "cd 'tools/our [1]' && exec \"$0\" \"$@\"";
    let run = run.program("/bin/sh").args(["-c", script]).arg(tools::binary());
    let outcome = init(run).arg("--workflows").run();
    let line = |name: &str, path: &str| {
        let file = root.join(".gitignore");
        format!("git does not ignore {name}: add the line /tools/our\\ \\[1]/{path} to {}", file.display())
    };
    let folder = root.join(".github/workflows");
    let folder = format!("GitHub reads workflows only from {}: move them there", folder.display());
    let expected = [line("secrets.yaml", "secrets.yaml"), line("backups", "backups/"), folder];
    assert_eq!(warnings(outcome.assert_code(0)), expected);
    // The lines do what they promise.
    std::fs::write(root.join(".gitignore"), "/tools/our\\ \\[1]/secrets.yaml\n").unwrap();
    git(&root, &["check-ignore", "tools/our [1]/secrets.yaml"]);
}

#[test]
fn secrets_that_git_tracks_are_refused() {
    let run = in_a_repository().file("secrets.yaml", "");
    git(&run.workspace(), &["add", "secrets.yaml"]);
    std::fs::remove_file(run.workspace().join("secrets.yaml")).unwrap();
    let outcome = run.run();
    outcome.assert_code(2).assert_reviewed("init-tracked");
    let left: Vec<PathBuf> =
        ["secrets.yaml", "manifest.yaml", "backups"].map(|name| outcome.workspace.join(name)).into();
    assert!(left.iter().all(|path| !path.exists()), "{left:?}");
}

#[test]
fn without_git_the_lines_are_looked_up_in_the_file() {
    let bin = tools::distribution_bin_dir();
    let outcome = in_a_repository().only_path(&[&bin]).run();
    assert_eq!(warnings(outcome.assert_code(0)), [SECRETS, STORE]);
    let run = in_a_repository().file(".gitignore", "/secrets.yaml\n/backups/\n").only_path(&[&bin]);
    assert_eq!(warnings(run.run().assert_code(0)), [""; 0]);
    // Outside of any work tree, with and without git.
    assert_eq!(warnings(init(Run::terminal()).run().assert_code(0)), [""; 0]);
    assert_eq!(warnings(init(Run::terminal()).only_path(&[&bin]).run().assert_code(0)), [""; 0]);
}
