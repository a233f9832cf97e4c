//! Misspelt names: an error if the right one is missing, another tool's name next to it.

use crate::support::{Action, Outcome, Proxy, Run, Sponsor, Trial};

/// A run without Doppler, on a terminal, of the sponsor `callisto`.
fn local(trial: &Trial, manifest: &str, secrets: &str) -> Run {
    at(trial.store.endpoint(), manifest, secrets)
}

fn at(s3: &str, manifest: &str, secrets: &str) -> Run {
    let run = Run::terminal().file("m.yml", manifest).file("s.yml", secrets);
    let run = run.args(["backup", "--environment=production", "--manifest=m.yml", "--secrets-file=s.yml"]);
    run.args(["--s3-force-path-style", "--s3-endpoint-url", s3])
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
    assert_told(
        &run("enabeld: true"),
        10,
        &["(callisto): `enabeld` is not a known field, and `enabled` is missing", "Did you mean `enabled`?"],
    );
    assert_told(&run("Enabled: true"), 10, &["`Enabled` is not a known field"]);
    assert_told(&run("enabled: true, regoin: x"), 10, &["`region` is missing", "Did you mean `region`?"]);
    run("enabled: true, region: eu-west-1, regoin: x, colour: teal").assert_code(0);
    let singular = local(&trial, "sponsor: [{name: callisto, code: CAL}]", &secrets(&trial)).run();
    assert_told(&singular, 10, &["top level: `sponsor` is not a known field", "Did you mean `sponsors`?"]);
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
        &[
            "s.yml, line 5: SPONSER_AWS_REGION is not a known secret, and SPONSOR_AWS_REGION is missing",
            "Did you mean",
        ],
    );
    // Without an error, the sponsor would be taken for one whose archival is off, which is a success.
    let flag = run("ENABLE_S3_BACKUP_ARCHIVAL", "ENABLE_S3_BACKUP_ARCHIVL");
    assert_told(&flag, 12, &["Did you mean ENABLE_S3_BACKUP_ARCHIVAL?"]);
    let sponsor = run("callisto:", "calisto:");
    assert_told(
        &sponsor,
        12,
        &["sponsor `callisto` is missing", "The file has `calisto`. Did you mean `callisto`?"],
    );
    local(&trial, MANIFEST, &format!("{whole}  SPONSER_AWS_REGION: x\n")).run().assert_code(0);
    let twice = local(&trial, MANIFEST, &format!("{whole}  SPONSOR_AWS_REGION: eu-west-1\n")).run();
    assert_told(&twice, 12, &["line 9: SPONSOR_AWS_REGION appears twice, first in line 5"]);
    let sponsor = local(&trial, MANIFEST, &format!("{whole}callisto: {{A: b}}\n")).run();
    assert_told(&sponsor, 12, &["line 9: callisto appears twice, first in line 1"]);
}

#[test]
fn where_keys_belong_depends_on_the_place() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let whole = secrets(&trial);
    let without: String =
        whole.lines().filter(|line| !line.contains("ACCESS_KEY")).map(|line| format!("{line}\n")).collect();
    let run = || local(&trial, MANIFEST, &without);
    let told = [
        "missing secrets in s.yml: SPONSOR_AWS_ACCESS_KEY_ID, SPONSOR_AWS_SECRET_ACCESS_KEY",
        "Add SPONSOR_AWS_ACCESS_KEY_ID, SPONSOR_AWS_SECRET_ACCESS_KEY to s.yml below `callisto:`",
        "or set the environment variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (for temporary keys also AWS_SESSION_TOKEN).",
    ];
    assert_told(&run().run(), 12, &told);
    // What the hint says works.
    let general = run().env("AWS_ACCESS_KEY_ID", trial.store.access_key());
    general.env("AWS_SECRET_ACCESS_KEY", trial.store.secret_key()).run().assert_code(0);
    let profile = run().env("AWS_PROFILE", "ops").run();
    assert_told(&profile, 12, &["AWS_PROFILE is not read", "aws configure export-credentials --format env"]);
    let near = run().env("AWS_ACCESS_KEY_ID_CALISTO", "AKIA1").run();
    assert_told(&near, 12, &["AWS_ACCESS_KEY_ID_CALISTO is set. Did you mean AWS_ACCESS_KEY_ID_CALLISTO?"]);
    let temporary =
        run().env("AWS_ACCESS_KEY_ID_CALLISTO", "ASIA1").env("AWS_SECRET_ACCESS_KEY_CALLISTO", "x");
    let told = ["AWS_ACCESS_KEY_ID_CALLISTO begins with ASIA", "Set AWS_SESSION_TOKEN_CALLISTO too."];
    assert_told(&temporary.run(), 12, &told);
    // Half a pair in the file is never completed from general variables.
    let half = format!("{without}  SPONSOR_AWS_ACCESS_KEY_ID: AKIA1\n");
    let half = local(&trial, MANIFEST, &half).run();
    assert_told(&half, 12, &["or set the environment variables AWS_ACCESS_KEY_ID_CALLISTO and"]);
    let in_the_file = without + "  SPONSOR_AWS_ACCESS_KEY_ID: ASIA1\n  SPONSOR_AWS_SECRET_ACCESS_KEY: x\n";
    let told = ["s.yml, line 7: SPONSOR_AWS_ACCESS_KEY_ID begins with ASIA", "AWS_SESSION_TOKEN_CALLISTO"];
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
        let told = outcome.stderr.contains("Run `chmod 600 s.yml`");
        assert_eq!(told, warned, "{mode:o}: {}", outcome.stderr);
    }
}

/// Doppler returns only what is requested, so its names are listed when something is missing.
#[test]
fn a_misspelt_secret_in_doppler_is_an_error() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let rename = |from: &str, to: &str, value: &str| {
        trial.secret("callisto", from, None);
        trial.secret("callisto", to, Some(value));
    };
    rename("ENABLE_S3_BACKUP_ARCHIVAL", "ENABLE_S3_BACKUP_ARCHIVL", "true");
    let flag = trial.run().run();
    flag.assert_code(12);
    assert_eq!(
        flag.result("callisto")["message"],
        "hht-diary-callisto/production: ENABLE_S3_BACKUP_ARCHIVL is not a known secret, and ENABLE_S3_BACKUP_ARCHIVAL is missing"
    );
    // A service account that must not list names leaves the error as it is.
    trial.doppler.hide_names();
    let hidden = trial.run().run();
    hidden.assert_code(0);
    assert_eq!(hidden.output("outcome"), "disabled");
    let warnings = hidden.annotations("warning").concat();
    assert!(warnings.contains("names of secrets were not checked"), "{warnings}");

    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let rename = |from: &str, to: &str, value: &str| {
        trial.secret("callisto", from, None);
        trial.secret("callisto", to, Some(value));
    };
    rename("SPONSOR_AWS_REGION", "SPONSER_AWS_REGION", "eu-west-1");
    let region = trial.run().run();
    region.assert_code(12);
    assert!(region.visible().contains("Did you mean SPONSOR_AWS_REGION?"), "{}", region.visible());
    assert!(
        trial.doppler.requests().iter().all(|asked| !asked.over_broad),
        "values were requested by no name"
    );
    trial.doppler.set("hht-diary-core", "production", "SPONSORS_MANIFEST", Some("sponsors: []"));
    trial.manifest(None);
    let manifest = trial.run().run();
    manifest.assert_code(12);
    assert!(manifest.visible().contains("SPONSORS_MANIFEST is not a known secret"), "{}", manifest.visible());
}

#[test]
fn hints_for_a_secrets_file_never_name_doppler() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let whole = secrets(&trial);
    for (from, to, hint) in [
        ("  SPONSOR_AWS_REGION: eu-west-1\n", "", "Add SPONSOR_AWS_REGION to s.yml below `callisto:`."),
        (
            "SPONSOR_AWS_REGION: eu-west-1",
            "SPONSOR_AWS_REGION:",
            "Fill in SPONSOR_AWS_REGION in s.yml, line 5.",
        ),
        ("eu-west-1\n", "Europe\n", "In s.yml, line 5, write a region such as `eu-west-1`."),
        (
            "SPONSOR_BACKUPS_BUCKET: ",
            "SPONSOR_BACKUPS_BUCKET: s3://",
            "In s.yml, line 3, write the bare bucket name",
        ),
        ("'true'", "'yes'", "In s.yml, line 6, write `true`."),
    ] {
        let run = local(&trial, MANIFEST, &whole.replacen(from, to, 1)).arg("--require-backup");
        let outcome = run.run();
        assert_told(&outcome, 12, &[hint]);
        let lines = outcome.stderr.lines().filter(|line| !line.starts_with('║'));
        assert!(lines.clone().all(|line| !line.to_lowercase().contains("doppler")), "{}", outcome.stderr);
    }
}

#[test]
fn keys_that_s3_rejects_are_named_by_where_they_came_from() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.rule(|_| Action::Status(403, "<Error><Code>InvalidAccessKeyId</Code></Error>".to_owned()));
    let run = || at(&proxy.endpoint(), MANIFEST, &secrets(&trial));
    let pair = "SPONSOR_AWS_ACCESS_KEY_ID and SPONSOR_AWS_SECRET_ACCESS_KEY in s.yml, line 7";
    assert_told(&run().run(), 14, &[pair]);
    let in_the_environment =
        run().env("AWS_ACCESS_KEY_ID_CALLISTO", "AKIA1").env("AWS_SECRET_ACCESS_KEY_CALLISTO", "x").run();
    let variables = "AWS_ACCESS_KEY_ID_CALLISTO and AWS_SECRET_ACCESS_KEY_CALLISTO";
    assert_told(&in_the_environment, 14, &[variables, "callisto: secrets from s.yml and the environment"]);
}

#[test]
fn the_log_names_where_each_sponsors_secrets_come_from() {
    let trial = Trial::of([Sponsor::named("titan").flag(None).empty(), Sponsor::named("callisto").empty()]);
    let outcome = trial.run().input("dry-run", "true").run();
    let lines: Vec<&str> = outcome.stdout.lines().filter(|line| line.contains(": secrets from ")).collect();
    assert_eq!(
        lines,
        [
            "titan: secrets from Doppler hht-diary-titan/production",
            "callisto: secrets from Doppler hht-diary-callisto/production"
        ],
        "in the order of the manifest"
    );
    let local = local(&trial, MANIFEST, &secrets(&trial)).arg("--dry-run").run();
    assert_told(&local, 0, &["callisto: secrets from s.yml\n"]);
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
    assert_told(&other, 2, &["`dry-run` is `yes`, not a boolean", "Write `true` or `false`."]);
}

/// Each mistake has its own error and hint, and in a workflow its own annotation.
#[test]
fn all_mistakes_of_a_command_line_are_shown_at_once() {
    let wrong = [
        "`environment` is `prod`, not an environment",
        "`backup` is `newest`, not a backup",
        "`target-database-url` is not set",
    ];
    let arguments = ["restore", "--environment", "prod", "--backup", "newest", "--sponsors", "callisto"];
    let outcome = Run::terminal().args(arguments).run();
    outcome.assert_code(2);
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    let errors: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("error: ")).collect();
    assert_eq!(errors, wrong, "{}", outcome.transcript());
    let hints = lines.iter().filter(|line| line.starts_with("hint: ")).count();
    assert_eq!(hints, 3, "{}", outcome.transcript());
    let step =
        Run::workflow().input("command", "restore").input("environment", "prod").input("backup", "newest");
    let step = step.run();
    step.assert_code(2);
    let annotations = step.annotations("error");
    assert_eq!(annotations.len(), 3, "{}", step.transcript());
    assert!(annotations.iter().zip(wrong).all(|(shown, told)| shown.contains(told)), "{annotations:?}");
    assert_eq!(step.output("outcome"), "failure");
}
