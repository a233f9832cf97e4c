//! The findings as a step shows them: annotations, outputs, summary, and the table of a terminal.

use serde_json::json;

use super::{sound, step};
use crate::support::{Run, Sponsor, tools};

#[test]
fn a_sound_setup_ends_well_and_has_no_error() {
    let trial = sound([Sponsor::named("callisto").diary(2, 5)]);
    let outcome = step(&trial).run();
    outcome.assert_code(0);
    assert_eq!(outcome.annotations("error"), Vec::<String>::new());
    assert_eq!(outcome.output("outcome"), "success");
    assert_eq!(outcome.output("state"), "");
    assert_eq!(outcome.result("callisto")["outcome"], "success");
    assert!(outcome.summary().starts_with("## "), "{}", outcome.summary());
    assert!(outcome.summary().contains("| ✅ | secrets |"), "{}", outcome.summary());
}

#[test]
fn an_obstacle_is_an_error_of_its_sponsor_with_its_remedy() {
    let trial = sound([Sponsor::named("callisto").empty(), Sponsor::named("titan").flag(Some("on")).empty()]);
    let outcome = step(&trial).run();
    outcome.assert_code(17);
    let errors = outcome.annotations("error");
    let [error] = errors.as_slice() else { panic!("{errors:#?}") };
    assert!(error.starts_with("titan: proof failed"), "{error}");
    assert!(error.contains("ENABLE_S3_BACKUP_ARCHIVAL is `on`, not `true`"), "{error}");
    assert!(error.contains("doppler secrets set ENABLE_S3_BACKUP_ARCHIVAL=true"), "{error}");
    assert_eq!(outcome.output("outcome"), "failure");
    assert_eq!(outcome.output("sponsors"), r#"["callisto","titan"]"#);
    assert_eq!(outcome.result("callisto")["outcome"], "success");
    assert_eq!(outcome.result("titan")["outcome"], "failure");
    assert_eq!(outcome.result("titan")["stage"], json!("proof"));
    assert!(outcome.summary().contains("1 of 2 failed, 1 without obstacles"), "{}", outcome.summary());
}

/// Nothing is known of any sponsor, and the step must not be green.
#[test]
fn an_obstacle_for_all_sponsors_is_an_error_of_the_run() {
    let trial = sound([Sponsor::named("callisto").empty()]);
    trial.manifest(Some("sponsors: []"));
    let outcome = step(&trial).run();
    outcome.assert_code(17);
    assert_eq!(outcome.annotations("error").len(), 1);
    assert_eq!(outcome.output("outcome"), "failure");
    assert!(outcome.summary().starts_with("## ❌ Preflight, production: failed"), "{}", outcome.summary());
    assert!(
        outcome.stderr.trim_end().ends_with("Preflight, production: failed (1 failed, 0 ok)")
            || outcome.stdout.contains("Preflight, production: failed"),
        "{}",
        outcome.transcript()
    );
}

#[test]
fn a_terminal_gets_a_table_with_why_and_fix() {
    let trial = sound([Sponsor::named("callisto").flag(Some("on")).empty()]);
    let outcome = trial.wire(Run::terminal()).arg("preflight").run();
    outcome.assert_code(17);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let at = lines.iter().position(|line| line.starts_with("callisto: 1 failed")).unwrap();
    assert!(lines[at + 1].starts_with("  fail  flag "), "{}", outcome.stdout);
    assert_eq!(lines[at + 2].trim(), "why: Only the exact value `true` enables backups.");
    assert!(lines[at + 3].trim().starts_with("fix: Run `doppler secrets set"), "{}", outcome.stdout);
}

/// A program must not take an empty file for a result.
#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    let trial = sound([Sponsor::named("callisto").empty()]);
    let shell = "exec \"$@\" >/dev/full";
    let run = trial.wire(Run::terminal());
    let outcome = run
        .program("bash")
        .args(["-c", shell, "bash"])
        .arg(tools::binary())
        .args(["preflight", "--json"])
        .run();
    outcome.assert_code(1);
    assert!(
        outcome.stderr.contains("standard output (/dev/stdout) cannot be written"),
        "{}",
        outcome.transcript()
    );
}
