//! Names with a slip in them: an error where the right one is missing, and nobody's business beside it.

use crate::support::{Outcome, Run, Sponsor, Trial};

/// A run without Doppler, on a terminal, of the sponsor `callisto`.
fn local(trial: &Trial, manifest: &str, secrets: &str) -> Run {
    let run = Run::terminal().file("m.yml", manifest).file("s.yml", secrets);
    let run = run.args(["backup", "--environment=production", "--manifest=m.yml", "--secrets-file=s.yml"]);
    run.args(["--s3-force-path-style", "--s3-endpoint-url", trial.store.endpoint()])
}

const MANIFEST: &str = "sponsors: [{name: callisto, code: CAL, enabled: true}]";

fn secrets(trial: &Trial) -> String {
    format!(
        "callisto:\n  DATABASE_URL: '{}'\n  SPONSOR_BACKUPS_BUCKET: {}\n  SPONSOR_AUDIT_LOGS_BUCKET: {}\n  \
         SPONSOR_AWS_REGION: eu-west-1\n  ENABLE_S3_BACKUP_ARCHIVAL: 'true'\n  SPONSOR_AWS_ACCESS_KEY_ID: {}\n  \
         SPONSOR_AWS_SECRET_ACCESS_KEY: {}\n",
        trial.database("callisto").url(),
        trial.bucket("callisto"),
        trial.log_bucket("callisto"),
        trial.store.access_key(),
        trial.store.secret_key()
    )
}

#[track_caller]
fn assert_told(outcome: &Outcome, code: i32, told: &[&str]) {
    outcome.assert_code(code);
    for words in told {
        assert!(outcome.stderr.contains(words), "{words} in {}", outcome.stderr);
    }
}

#[test]
fn a_misspelt_manifest_field_fails_if_the_right_one_is_missing() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let run = |entry: &str| {
        local(&trial, &format!("sponsors: [{{name: callisto, code: CAL, {entry}}}]"), &secrets(&trial)).run()
    };
    assert_told(&run("enabeld: true"), 10, &["(callisto): `enabled` is missing", "Did you mean `enabled`?"]);
    assert_told(&run("Enabled: true"), 10, &["`enabled` is missing, and `Enabled` is not"]);
    assert_told(&run("enabled: true, regoin: x"), 10, &["`region` is missing", "Did you mean `region`?"]);
    run("enabled: true, region: eu-west-1, regoin: x, colour: teal").assert_code(0);
    let singular = local(&trial, "sponsor: [{name: callisto, code: CAL}]", &secrets(&trial)).run();
    assert_told(&singular, 10, &["it has `sponsor`; did you mean `sponsors`?"]);
}

#[test]
fn a_misspelt_secret_fails_if_the_right_one_is_missing() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let whole = secrets(&trial);
    let run = |from: &str, to: &str| local(&trial, MANIFEST, &whole.replace(from, to)).run();
    let region = run("SPONSOR_AWS_REGION", "SPONSER_AWS_REGION");
    assert_told(
        &region,
        12,
        &["SPONSOR_AWS_REGION is missing, and SPONSER_AWS_REGION is not", "Did you mean"],
    );
    // Without an error, the sponsor would be taken for one whose archival is off, which is a success.
    let flag = run("ENABLE_S3_BACKUP_ARCHIVAL", "ENABLE_S3_BACKUP_ARCHIVL");
    assert_told(&flag, 12, &["Did you mean ENABLE_S3_BACKUP_ARCHIVAL?"]);
    let sponsor = run("callisto:", "calisto:");
    assert_told(&sponsor, 12, &["it has no sponsor `callisto`", "where the file has `calisto`?"]);
    local(&trial, MANIFEST, &format!("{whole}  SPONSER_AWS_REGION: x\n")).run().assert_code(0);
    let twice = local(&trial, MANIFEST, &format!("{whole}  SPONSOR_AWS_REGION: eu-west-1\n")).run();
    assert_told(&twice, 12, &["line 9: SPONSOR_AWS_REGION is there twice (first in line 5)"]);
    let sponsor = local(&trial, MANIFEST, &format!("{whole}callisto: {{A: b}}\n")).run();
    assert_told(&sponsor, 12, &["line 9: callisto is there twice (first in line 1)"]);
}

#[test]
fn where_keys_belong_is_told_by_the_place() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let whole = secrets(&trial);
    let without: String =
        whole.lines().filter(|line| !line.contains("ACCESS_KEY")).map(|line| format!("{line}\n")).collect();
    let run = || local(&trial, MANIFEST, &without);
    let told = [
        "lacks SPONSOR_AWS_ACCESS_KEY_ID, SPONSOR_AWS_SECRET_ACCESS_KEY",
        "Add SPONSOR_AWS_ACCESS_KEY_ID, SPONSOR_AWS_SECRET_ACCESS_KEY to s.yml, below `callisto:`",
        "or set AWS_ACCESS_KEY_ID_CALLISTO and AWS_SECRET_ACCESS_KEY_CALLISTO",
    ];
    assert_told(&run().run(), 12, &told);
    let profile = run().env("AWS_PROFILE", "ops").run();
    assert_told(&profile, 12, &["AWS_PROFILE is not read", "aws configure export-credentials --format env"]);
    let near = run().env("AWS_ACCESS_KEY_ID_CALISTO", "AKIA1").run();
    assert_told(&near, 12, &["AWS_ACCESS_KEY_ID_CALISTO is set, did you mean AWS_ACCESS_KEY_ID_CALLISTO?"]);
    let temporary =
        run().env("AWS_ACCESS_KEY_ID_CALLISTO", "ASIA1").env("AWS_SECRET_ACCESS_KEY_CALLISTO", "x");
    let told = ["AWS_ACCESS_KEY_ID_CALLISTO begins with ASIA", "Set AWS_SESSION_TOKEN_CALLISTO, too."];
    assert_told(&temporary.run(), 12, &told);
    let in_the_file = without + "  SPONSOR_AWS_ACCESS_KEY_ID: ASIA1\n  SPONSOR_AWS_SECRET_ACCESS_KEY: x\n";
    let told =
        ["SPONSOR_AWS_ACCESS_KEY_ID in s.yml, `callisto` begins with ASIA", "AWS_SESSION_TOKEN_CALLISTO"];
    assert_told(&local(&trial, MANIFEST, &in_the_file).run(), 12, &told);
}

#[test]
fn a_secrets_file_that_others_can_read_gets_a_warning() {
    use std::os::unix::fs::PermissionsExt as _;
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    for (mode, warned) in [(0o644, true), (0o640, true), (0o600, false)] {
        let run = local(&trial, MANIFEST, &secrets(&trial)).arg("--dry-run");
        let file = run.workspace().join("s.yml");
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
        let outcome = run.run();
        outcome.assert_code(0);
        let told = outcome.stderr.contains("run `chmod 600 s.yml`");
        assert_eq!(told, warned, "{mode:o}: {}", outcome.stderr);
    }
}

#[test]
fn a_boolean_may_be_the_word_behind_its_flag() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let dry =
        local(&trial, MANIFEST, &secrets(&trial)).args(["--pre-migration", "false", "--dry-run", "true"]);
    let dry = dry.run();
    dry.assert_code(0);
    assert!(!dry.stderr.contains("pre-migration=true"), "{}", dry.stderr);
    let other = local(&trial, MANIFEST, &secrets(&trial)).args(["--dry-run", "yes"]).run();
    assert_told(&other, 2, &["unexpected argument `yes`", "See `sponsor-backup backup --help`."]);
}
