//! The builder of runs: the environment is cleared and a runner's, and what comes of a run is reported truly.
//! Drives a shell in place of the product.

use std::time::Duration;

use crate::support::{Run, tools};

fn shell(run: Run, script: &str) -> Run {
    run.program("/bin/sh").args(["-c", script])
}

#[test]
fn a_workflow_has_the_runners_variables_and_nothing_of_ours() {
    let run = Run::workflow().input("s3-force-path-style", "true").env("EXTRA", "1").unset("CI");
    let workspace = run.workspace();
    // `env` of coreutils shows names with hyphens too, which a shell would drop.
    let outcome = run.program("/usr/bin/env").run();
    outcome.assert_code(0);
    let has = |line: &str| outcome.stdout.lines().any(|other| other == line);
    assert!(
        has("GITHUB_ACTIONS=true") && has("INPUT_S3-FORCE-PATH-STYLE=true") && has("EXTRA=1"),
        "{}",
        outcome.stdout
    );
    assert!(has(&format!("GITHUB_WORKSPACE={}", workspace.display())));
    for absent in ["CI=", "CARGO", "SPONSOR_BACKUP", "USER=", "RUST", "http_proxy", "DOPPLER"] {
        assert!(
            !outcome.stdout.lines().any(|line| line.starts_with(absent)),
            "{absent} in {}",
            outcome.stdout
        );
    }
}

#[test]
fn a_terminal_has_none_of_them() {
    let outcome = Run::terminal().program("/usr/bin/env").run();
    let strangers = outcome
        .stdout
        .lines()
        .filter(|line| ["GITHUB_", "RUNNER_", "INPUT_", "CI="].iter().any(|name| line.starts_with(name)));
    assert_eq!(strangers.count(), 0, "{}", outcome.stdout);
}

#[test]
fn code_streams_outputs_summary_and_records_are_returned() {
    let script = r#"
        pwd; cat manifest.yml; echo "to stderr" >&2
        printf 'results<<X\n[{"sponsor":"callisto","outcome":"success"}]\nX\n' >>"$GITHUB_OUTPUT"
        echo '# Verdict' >>"$GITHUB_STEP_SUMMARY"
        mkdir -p deployment-logs/callisto && echo '{"outcome":"success"}' >deployment-logs/callisto/a.json
        exit 13"#;
    let outcome = shell(Run::workflow().file("manifest.yml", "sponsors: []\n"), script).run();
    outcome.assert_code(13);
    assert_eq!(outcome.stdout, format!("{}\nsponsors: []\n", outcome.workspace.display()));
    assert_eq!(outcome.stderr, "to stderr\n");
    assert_eq!(outcome.result("callisto")["outcome"], "success");
    assert_eq!(outcome.summary(), "# Verdict\n");
    let logs = outcome.documents();
    assert_eq!((logs[0].0.as_str(), &logs[0].1["outcome"]), ("callisto/a.json", &"success".into()));
    let next = shell(Run::step_after(&outcome), "ls; cat $GITHUB_OUTPUT").run();
    assert_eq!(next.stdout, "deployment-logs\nmanifest.yml\n", "the workspace stays, the output file is new");
}

#[test]
#[should_panic(expected = "exit code Some(3) (signal None) in place of 0")]
fn a_wrong_exit_code_fails_the_test() {
    shell(Run::terminal(), "exit 3").run().assert_code(0);
}

#[test]
#[should_panic(expected = "the runner would refuse GITHUB_OUTPUT")]
fn outputs_that_the_runner_refuses_fail_the_test() {
    shell(Run::workflow(), "echo forged >>$GITHUB_OUTPUT").run().outputs();
}

#[test]
#[should_panic(expected = "callisto/a.json breaks its schema")]
fn a_drill_report_that_breaks_its_schema_fails_the_test() {
    let report = r#"{"status":"passed"}"#;
    shell(Run::workflow().file("drill-reports/callisto/a.json", report), "true")
        .run()
        .drill_report("callisto");
}

#[test]
#[should_panic(expected = "the runner drops a summary of 1048577 bytes")]
fn a_summary_that_is_too_large_fails_the_test() {
    shell(Run::workflow(), "head -c 1048577 /dev/zero >>$GITHUB_STEP_SUMMARY").run().summary();
}

#[test]
#[should_panic(expected = "not done after 300ms; it had printed:\nhanging")]
fn a_run_that_hangs_is_killed_and_fails_the_test() {
    shell(Run::terminal(), "echo hanging; exec sleep 60").deadline(Duration::from_millis(300)).run();
}

#[test]
fn masks_hide_values_from_readers_and_drop_outputs() {
    let script = r#"
        echo 'before hunter2'; echo '::add-mask::hunter2'; echo 'after hunter2'
        sleep 0.1; echo 'error hunter2' >&2
        printf '::error title=Dump::callisto%%0Afailed\n::warning::careful\n'
        printf 'kept=fine\ndropped=has hunter2\nempty=\n' >>$GITHUB_OUTPUT"#;
    let outcome = shell(Run::workflow(), script).run();
    assert_eq!(outcome.masks(), ["hunter2"]);
    let visible = outcome.visible();
    assert!(visible.starts_with("before hunter2\nafter ***\n"), "{visible}");
    assert!(visible.contains("\nerror ***\n") && !visible.contains("add-mask"), "{visible}");
    assert_eq!(outcome.annotations("error"), ["Dump: callisto\nfailed"]);
    assert_eq!(outcome.annotations("warning"), ["careful"]);
    assert_eq!(outcome.job_outputs().into_keys().collect::<Vec<_>>(), ["kept"]);
    assert!(outcome.everything().contains("dropped=has hunter2"));
}

#[test]
fn a_running_process_is_watched_signaled_and_ended() {
    let running =
        shell(Run::terminal(), "trap 'echo caught; exit 143' TERM; echo ready; sleep 60 & wait").start();
    running.wait_until_printed("ready");
    tools::wait_for("the child", Duration::from_secs(5), || (running.children().len() == 1).then_some(()));
    // The sleep outlives its shell and holds the pipes open: it is ended by hand.
    let sleep = running.children()[0];
    running.signal("TERM");
    running.wait_until_printed("caught");
    tools::signal("TERM", sleep);
    let outcome = running.wait();
    outcome.assert_code(143);
    assert_eq!(outcome.stdout, "ready\ncaught\n");
    assert!(outcome.peak_memory > 100_000);
}

#[test]
#[should_panic(expected = "a child outlives the run; it had printed:\nleaving")]
fn a_run_that_leaves_a_child_behind_fails_the_test() {
    shell(Run::terminal(), "sleep 7 & echo leaving").run();
}

#[test]
fn a_process_without_a_waiter_is_killed() {
    let running = shell(Run::terminal(), "exec sleep 60").start();
    let process = std::path::PathBuf::from(format!("/proc/{}", running.pid()));
    assert!(process.exists());
    drop(running);
    assert!(!process.exists());
}
