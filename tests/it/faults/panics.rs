//! A bug that prints a message. It panics in its own process, because a panic hook applies to the whole process.

use std::process::Command;
use std::sync::Arc;

use sponsor_backup::report::sink::{RunnerFiles, Sink};

/// Set for the process that panics.
const PANICS: &str = "SPONSOR_BACKUP_TEST_PANICS_IN";

/// - fault: A bug's message contains a secret
/// - injected: Panics in the main thread and in another thread, with a password in plain and encoded form and a
///   workflow command
/// - seen: `panicked at` with the place, and the message with `***` instead of the secret
/// - left: No secret in either stream, except in the mask command
#[test]
fn a_panic_shows_its_place_and_no_secret() {
    if let Some(output) = std::env::var_os(PANICS) {
        return panic_twice(output.into());
    }
    let folder = tempfile::tempdir().unwrap();
    for workflow in [true, false] {
        let output = if workflow { folder.path().join("output") } else { "".into() };
        let mut itself = Command::new(std::env::current_exe().unwrap());
        let name = "faults::panics::a_panic_shows_its_place_and_no_secret";
        let ended = itself.args(["--exact", name, "--nocapture"]).env(PANICS, output).output().unwrap();
        let printed = String::from_utf8(ended.stdout).unwrap() + &String::from_utf8(ended.stderr).unwrap();
        let shown: Vec<&str> = printed.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
        let shown = shown.join("\n");
        assert!(!shown.contains("canary"), "{shown}");
        assert!(!shown.lines().any(|line| line.starts_with("::")), "{shown}");
        assert_eq!(shown.matches("panicked at tests/it/faults/panics.rs:").count(), 2, "{shown}");
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
    sink.report_panics();
    sink.mask("p@ss:canary/word");
    let bug = || {
        panic!("the URL is postgres://app:p%40ss%3Acanary%2Fword@db, p@ss:canary/word in full\n::error::x")
    };
    let _caught = std::panic::catch_unwind(bug);
    let _joined = std::thread::spawn(bug).join();
}

/// - fault: A step does not remove a secret from an output, the summary or an annotation
/// - injected: A token and an AWS key in each of them, passed to the only writer
/// - seen: `***` instead of them
/// - left: The bucket and the sponsor next to them, unchanged, although a password equals the sponsor's name
#[test]
fn what_is_written_has_no_secret_even_where_a_step_forgets() {
    let folder = tempfile::tempdir().unwrap();
    let [output, summary] = ["output", "summary"].map(|name| folder.path().join(name));
    let sink =
        Sink::workflow(RunnerFiles { output: output.clone(), summary: Some(summary.clone()) }).unwrap();
    let secrets =
        ["dp.st.production.CanaryCanaryCanary0123456789", "wJalrXUtnFEMI/canary/bPxRfiCYEXAMPLEKEY"];
    secrets.iter().chain(&["callisto"]).for_each(|secret| sink.mask(secret));
    let text = format!("s3://hht-diary-backups-callisto/{} {}", secrets[0], secrets[1]);
    sink.outputs(&[("message", text.clone())]).unwrap();
    sink.summary(&format!("{text}\u{1b}\u{202e}")).unwrap();
    for path in [output, summary] {
        let written = std::fs::read_to_string(path).unwrap();
        assert!(written.contains("s3://hht-diary-backups-callisto/*** ***\n"), "{written}");
    }
}
