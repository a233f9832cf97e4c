//! The report: outputs as a runner and a terminal take them, the summary, and mistyped inputs, which never go unnoticed.

use std::fmt::Write as _;

use serde_json::json;

use crate::support::{Run, Sponsor, Trial};

const RESULT_KEYS: [&str; 10] = [
    "backup_location",
    "backup_sha256",
    "backup_size",
    "deployment_log",
    "duration_seconds",
    "message",
    "outcome",
    "sponsor",
    "stage",
    "state",
];

#[test]
fn outputs_are_heredocs_with_a_new_delimiter_each_time() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let mut delimiters = Vec::new();
    for _ in 0..2 {
        let outcome = trial.run().input("command", "matrix").run();
        outcome.assert_code(0);
        let text = outcome.command_file("OUTPUT");
        let (name, delimiter) = text.lines().next().unwrap().split_once("<<").unwrap();
        assert_eq!(name, "matrix");
        assert!(delimiter.len() > 36, "{delimiter}");
        delimiters.push(delimiter.to_owned());
    }
    assert_ne!(delimiters[0], delimiters[1]);
}

#[test]
fn results_of_each_outcome_have_exactly_their_keys() {
    let trial = Trial::of([
        Sponsor::named("callisto").empty(),
        Sponsor::named("titan").flag(None).empty(),
        Sponsor::named("rhea").secret("DATABASE_URL", None).empty(),
    ]);
    let outcome = trial.run().run();
    outcome.assert_code(12);
    let results = outcome.results();
    let order: Vec<_> = results.iter().map(|result| &result["sponsor"]).collect();
    assert_eq!(order, ["callisto", "titan", "rhea"], "as in the manifest");
    for result in &results {
        assert_eq!(result.as_object().unwrap().keys().collect::<Vec<_>>(), RESULT_KEYS);
        assert!(result["duration_seconds"].as_f64().unwrap() >= 0.0);
    }
    assert_eq!(outcome.result("rhea")["stage"], "secrets");
    assert!(outcome.job_outputs()["results"].contains("callisto"));
    let summary = outcome.summary();
    let row = |sponsor: &str| summary.find(&format!("| {sponsor} |")).unwrap();
    assert!(row("rhea") < row("titan") && row("titan") < row("callisto"), "failures first: {summary}");
    assert!(
        summary.contains("### What failed")
            && summary.contains("missing secrets in hht-diary-rhea/production: DATABASE_URL")
    );
}

#[test]
fn a_terminal_gets_outputs_on_stdout_and_messages_on_stderr() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let outcome = trial.wire(Run::terminal()).args(["backup", "--sponsors", "callisto", "--outputs"]).run();
    outcome.assert_code(0);
    let value = |name: &str| {
        let line = outcome.stdout.lines().find_map(|line| line.strip_prefix(&format!("{name}=")));
        line.unwrap_or_else(|| panic!("no {name} in {}", outcome.stdout)).to_owned()
    };
    assert_eq!(value("outcome"), "success");
    assert!(value("backup_location").starts_with("s3://"));
    let results: serde_json::Value = serde_json::from_str(&value("results")).unwrap();
    assert_eq!(results[0]["sponsor"], "callisto");
    assert_eq!(outcome.stdout.lines().count(), 8, "outputs alone: {}", outcome.stdout);
    assert!(
        outcome.stderr.contains("callisto: backed up ") && !outcome.stderr.contains("::"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn a_summary_of_many_failures_stays_under_the_runners_limit() {
    let letter = |n: usize| char::from(b'A' + u8::try_from(n % 26).unwrap());
    let manifest = (0..1_500).fold("sponsors:\n".to_owned(), |mut text, n| {
        let code: String = [n / 676, n / 26, n].map(letter).iter().collect();
        writeln!(text, "- {{name: s{n}, code: {code}, enabled: true}}").unwrap();
        text
    });
    let run = Run::workflow().file("m.yml", manifest).file("s.yml", "{}").input("manifest", "m.yml");
    let outcome = run.input("secrets-file", "s.yml").input("environment", "staging").run();
    outcome.assert_code(12);
    assert!(outcome.summary().starts_with("## ❌ Backup, staging: 1500 of 1500 failed"));
    assert_eq!(outcome.results().len(), 1_500);
    assert_eq!(outcome.logs().len(), 1_500, "a record each");
    let errors = outcome.annotations("error");
    assert_eq!(errors.len(), 10);
    assert!(errors[9].contains("1491 more sponsors failed"), "{}", errors[9]);
}

#[test]
fn without_a_place_for_outputs_nothing_is_begun() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let outcomes = [
        trial.run().unset("GITHUB_OUTPUT").run(),
        trial.run().env("GITHUB_OUTPUT", "").run(),
        trial.run().env("GITHUB_OUTPUT", "/nowhere/at/all").run(),
    ];
    for outcome in outcomes {
        outcome.assert_code(2);
        assert!(outcome.transcript().contains("GITHUB_OUTPUT"), "{}", outcome.transcript());
        assert!(outcome.logs().is_empty());
    }
    assert!(trial.doppler.requests().is_empty());
    assert!(trial.store.objects(trial.bucket("callisto")).is_empty());
}

#[test]
fn a_misspelt_input_fails_at_once_with_a_suggestion() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let outcome = trial.run().input("require-backups", "true").run();
    outcome.assert_code(2);
    assert!(outcome.visible().contains("unknown input `require-backups`"), "{}", outcome.visible());
    assert!(outcome.visible().contains("Did you mean `require-backup`?"));
    assert_eq!(outcome.output("outcome"), "failure");
    assert!(outcome.annotations("error")[0].contains("Did you mean `require-backup`?"));
    assert!(trial.doppler.requests().is_empty() && outcome.logs().is_empty());
}

#[test]
fn the_command_is_an_input_a_word_or_backup() {
    let manifest = "sponsors: [{name: io, code: IOX, enabled: true}]";
    let run = || {
        let run = Run::workflow().file("m.yml", manifest).input("manifest", "m.yml");
        run.input("environment", "staging")
    };
    assert_eq!(run().input("command", "matrix").run().assert_code(0).output("count"), "1");
    assert_eq!(run().arg("matrix").run().assert_code(0).output("count"), "1");
    let unknown = run().input("command", "matrxi").run();
    unknown.assert_code(2);
    assert!(
        unknown.visible().contains("`matrxi`") && unknown.visible().contains("Did you mean `matrix`?"),
        "{}",
        unknown.visible()
    );
    for default in [run(), run().input("command", " ")] {
        let outcome = default.run();
        outcome.assert_code(12);
        assert_eq!(outcome.result("io")["stage"], json!("secrets"), "a backup was begun");
    }
}

#[test]
fn no_arguments_on_a_terminal_print_the_help() {
    let outcome = Run::terminal().run();
    outcome.assert_code(2);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.contains("Usage: sponsor-backup"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("error"), "{}", outcome.stderr);
}

/// A failure in the workflow's surroundings has the same form as every other one.
#[test]
fn usage_errors_on_a_terminal_have_one_form() {
    let refused = Run::terminal().args(["backup", "--environment", "production", "--sponsor", "io"]).run();
    refused.assert_reviewed("terminal-usage-error");
    let lost = Run::terminal().env("GITHUB_ACTIONS", "true").arg("backup").run();
    lost.assert_reviewed("workflow-without-output-file");
}

/// Without `--outputs`, standard output holds a command's result and nothing else.
#[test]
fn a_terminal_prints_outputs_only_on_request() {
    let manifest = "sponsors: [{name: io, code: IOX, enabled: true}]";
    let run = |more: &[&str]| {
        let run = Run::terminal().file("m.yml", manifest);
        run.args(["matrix", "--environment", "staging", "--manifest", "m.yml"]).args(more).run()
    };
    let matrix = run(&[]).assert_code(0).stdout.clone();
    let parsed: serde_json::Value = serde_json::from_str(&matrix).unwrap();
    assert_eq!(parsed, json!({"include": [{"name": "io", "sponsors": "io", "code": "IOX"}]}));
    let outputs = run(&["--outputs"]);
    assert_eq!(outputs.assert_code(0).stdout.lines().last(), Some("state="));
    assert!(outputs.stdout.starts_with(&format!("matrix={matrix}")), "{}", outputs.stdout);
    assert_eq!(run(&["--outputs", "false"]).stdout, matrix);

    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let backup = trial.wire(Run::terminal()).args(["backup", "--sponsors", "callisto"]).run();
    assert_eq!(backup.assert_code(0).stdout, "");
    let unknown = trial.wire(Run::terminal()).args(["backup", "--sponsors", "rhea"]).run();
    assert_eq!(unknown.assert_code(11).stdout, "");
}

#[test]
fn bad_values_of_inputs_are_named_with_what_they_may_be() {
    for (command, name, value, told) in [
        ("backup", "environment", "prod", "`environment` is `prod`, not an environment"),
        ("backup", "compression", "brotli", "`compression` is `brotli`"),
        ("backup", "compression-level", "13", "gzip has levels 1 to 12"),
        (
            "backup",
            "age-recipients",
            "age1nonsense",
            "`age-recipients` is wrong in line 1: not an age public key",
        ),
        ("backup", "dry-run", "yes", "`dry-run` is `yes`, not a boolean"),
        ("backup", "timeout", "soon", "`timeout` is `soon`"),
        ("backup", "memory-limit", "1MiB", "`memory-limit` is too small"),
        ("backup", "storage-class", "COLD", "`storage-class` is `COLD`"),
        ("backup", "object-lock", "maybe", "`object-lock` is `maybe`"),
        ("backup", "max-parallel", "0", "`max-parallel` is `0`"),
        ("backup", "retention-years", "101", "`retention-years` is more than 100"),
        (
            "backup",
            "doppler-api-url",
            "http://api.doppler.com",
            "`doppler-api-url` does not begin with https://",
        ),
        ("backup", "s3-endpoint-url", "minio:9000", "`s3-endpoint-url` is `minio:9000`"),
        ("record", "outcome", "done", "`outcome` is `done`"),
        ("record", "outcome", "", "`outcome` is not set"),
        ("record", "backup-size", "12 MB", "`backup-size` is `12 MB`"),
        ("matrix", "max-jobs", "-1", "`max-jobs` is `-1`"),
    ] {
        let run = Run::workflow().input("environment", "staging").input("outcome", "success");
        let outcome = run.input("command", command).input(name, value).run();
        outcome.assert_code(2);
        assert!(outcome.visible().contains(told), "{told} in {}", outcome.visible());
    }
}

#[test]
fn a_long_dump_shows_its_progress_every_few_seconds() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let migration = trial.database("callisto").hold("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE");
    let running = trial.run().start();
    running.wait_until_printed("callisto: waiting for a lock on public.patients");
    drop(migration);
    running.wait().assert_code(0);
}

/// The disk fills up between the start, when the file could be written, and the end.
#[test]
fn a_summary_that_is_lost_does_not_replace_true_results() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let outcome = trial.run().env("GITHUB_STEP_SUMMARY", "/dev/full").run();
    outcome.assert_code(0);
    assert_eq!((outcome.output("outcome").as_str(), outcome.results().len()), ("success", 1));
    assert!(outcome.annotations("warning").iter().any(|text| text.contains("GITHUB_STEP_SUMMARY")));
}

#[test]
fn outputs_that_are_lost_fail_the_step_with_exit_code_1() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let outcome = trial.run().env("GITHUB_OUTPUT", "/dev/full").run();
    outcome.assert_code(1);
    assert!(outcome.annotations("error").iter().any(|text| text.contains("GITHUB_OUTPUT")));
    // The backup itself is there, and its record too.
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 3);
    assert_eq!(outcome.logs().len(), 1);
}

/// Standard error is a pipe here, as it is for cron.
#[test]
fn each_line_has_its_time_outside_of_workflow_and_terminal() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let log = tempfile::tempdir().unwrap();
    let file = log.path().join("backup.log");
    let run = trial.wire(Run::terminal()).args(["backup", "--sponsors", "callisto", "--log-file"]);
    let outcome = run.arg(&file).run();
    outcome.assert_code(0);
    let kept = std::fs::read_to_string(&file).unwrap();
    for lines in [&outcome.stderr_with_times, &kept] {
        assert!(lines.contains("Z callisto: backed up ") && lines.contains("Z record: s3://"), "{lines}");
        for line in lines.lines() {
            let time = line.split(' ').next().unwrap();
            assert!(time.len() == 20 && time.parse::<jiff::Timestamp>().is_ok(), "{line}");
        }
    }
    assert!(kept.trim_end().contains("Z Backup, production: 1 of 1 backed up"), "{kept}");
}

#[test]
fn help_in_a_pipe_has_no_times_and_errors_have() {
    let help = Run::terminal().run();
    help.assert_code(2);
    assert!(help.stderr_with_times.contains("\nUsage: sponsor-backup "), "{}", help.stderr_with_times);
    assert!(help.stderr_with_times.lines().all(|line| !line.starts_with("20")), "{}", help.stderr_with_times);
    let error = Run::terminal().args(["backup", "--force"]).run();
    error.assert_code(2);
    assert!(
        error.stderr_with_times.contains("Z error: unknown flag `--force`"),
        "{}",
        error.stderr_with_times
    );
}

#[test]
fn files_that_cannot_be_written_or_read_get_a_hint() {
    let gone = ["list", "--environment=production", "--log-file=/nonexistent/log"];
    let folder = ["list", "--environment=production", "--log-file=/tmp"];
    for (arguments, hint) in [
        (gone, "hint: Check that the folder exists and is writable."),
        (folder, "hint: Write the path of a file, not of a folder."),
    ] {
        let outcome = Run::terminal().args(arguments).run();
        outcome.assert_code(2);
        assert!(
            outcome.stderr.contains("`log-file` (/") && outcome.stderr.contains(hint),
            "{}",
            outcome.stderr
        );
    }
    let output = Run::workflow().env("GITHUB_OUTPUT", "/nonexistent/output").run();
    output.assert_code(2);
    assert!(
        output.stderr.contains("hint: Check that the folder exists and is writable."),
        "{}",
        output.stderr
    );
}

#[test]
fn a_log_file_in_a_workflow_holds_lines_but_no_mask() {
    let trial = Trial::of([Sponsor::named("callisto").password("a-canary-of-a-log-file").empty()]);
    let log = tempfile::tempdir().unwrap();
    let file = log.path().join("backup.log");
    trial.run().input("log-file", &file).env("RUNNER_DEBUG", "1").run().assert_code(0);
    let kept = std::fs::read_to_string(&file).unwrap();
    assert!(
        kept.contains("Z callisto: backed up ") && kept.contains("Z Deployment record: callisto"),
        "{kept}"
    );
    assert!(!kept.contains("canary") && !kept.contains("::"), "{kept}");
}

#[test]
fn an_unwritable_log_file_is_a_usage_error_before_anything() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let outcome = trial.run().input("log-file", "/nowhere/at/all").run();
    outcome.assert_code(2);
    assert!(outcome.visible().contains("/nowhere/at/all"), "{}", outcome.visible());
    assert!(trial.doppler.requests().is_empty() && outcome.logs().is_empty());
}

#[test]
fn runner_debug_shows_detail_and_no_secret() {
    let trial = Trial::of([Sponsor::named("callisto").password("a-canary-of-detail").empty()]);
    let detailed = || trial.run().env("RUNNER_DEBUG", "1");
    let well = detailed().run();
    well.assert_code(0);
    let lines = well.visible();
    for detail in ["debug: callisto: parts of ", "pg_dump (", "debug: callisto: dump, upload and check took "]
    {
        assert!(lines.contains(detail), "no {detail} in {lines}");
    }
    assert!(!trial.run().run().visible().contains("debug: "));
    trial.secret("callisto", "DATABASE_URL", Some("postgresql://app:another-canary@127.0.0.1:1/app"));
    let failed = detailed().run();
    failed.assert_code(13);
    for outcome in [well, failed] {
        assert!(!outcome.visible().contains("canary"), "{}", outcome.visible());
    }
}
