//! A bug that speaks: in a process of its own, since the hook is the process's.

use std::process::Command;
use std::sync::Arc;

use sponsor_backup::report::sink::{RunnerFiles, Sink};

/// Set for the process that panics.
const PANICS: &str = "SPONSOR_BACKUP_TEST_PANICS_IN";

/// - fault: a bug whose words hold a secret
/// - injected: panics in the main thread and in another one that quote a password, raw and encoded, and a workflow command
/// - seen: `panicked at` with the place, and the words with `***` in place of the secret
/// - left: no canary in either stream, but for the announcement of the mask
#[test]
fn a_panic_tells_its_place_and_no_secret() {
    if let Some(output) = std::env::var_os(PANICS) {
        return panic_twice(output.into());
    }
    let folder = tempfile::tempdir().unwrap();
    for workflow in [true, false] {
        let output = if workflow { folder.path().join("output") } else { "".into() };
        let mut itself = Command::new(std::env::current_exe().unwrap());
        let name = "faults::leaks::panics::a_panic_tells_its_place_and_no_secret";
        let ended = itself.args(["--exact", name, "--nocapture"]).env(PANICS, output).output().unwrap();
        let printed = String::from_utf8(ended.stdout).unwrap() + &String::from_utf8(ended.stderr).unwrap();
        let shown: Vec<&str> = printed.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
        let shown = shown.join("\n");
        assert!(!shown.contains("canary"), "{shown}");
        assert!(!shown.lines().any(|line| line.starts_with("::")), "{shown}");
        assert_eq!(shown.matches("panicked at tests/it/faults/leaks/panics.rs:").count(), 2, "{shown}");
        assert!(shown.contains(": the URL is postgres://app:***@db, *** in full"), "{shown}");
    }
}

fn panic_twice(output: std::path::PathBuf) {
    let terminal = output.as_os_str().is_empty();
    let sink = if terminal {
        Sink::terminal()
    } else {
        Sink::workflow(RunnerFiles { output, summary: None }).unwrap()
    };
    let sink = Arc::new(sink);
    sink.tell_of_panics();
    sink.mask("p@ss:canary/word");
    let bug = || {
        panic!("the URL is postgres://app:p%40ss%3Acanary%2Fword@db, p@ss:canary/word in full\n::error::x")
    };
    let _caught = std::panic::catch_unwind(bug);
    let _joined = std::thread::spawn(bug).join();
}
