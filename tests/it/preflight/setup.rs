//! Manifest, selection, secrets, flag, tenancy and ages: a broken one is a finding, and hides nothing else.

use std::time::Duration;

use serde_json::json;

use super::{Findings, sound, step, terminal};
use crate::support::{Action, Proxy, Run, Sponsor, Trial, project_of, token_variable, tools};

fn callisto() -> Trial {
    sound([Sponsor::named("callisto").diary(2, 5)])
}

#[test]
fn a_manifest_that_cannot_be_used_is_a_finding() {
    let trial = callisto();
    trial.manifest(Some("sponsors: [{name: callisto, code: callisto, enabled: true}]"));
    let found = Findings::of(&trial, &[], 17);
    assert!(found.one("manifest", "fail").contains("`code`"));
    assert_eq!(found.check("secrets"), Vec::<&serde_json::Value>::new());
    trial.manifest(None);
    assert!(Findings::of(&trial, &[], 17).one("secrets", "fail").contains("SPONSOR_MANIFEST"));
}

#[test]
fn a_selection_that_does_not_fit_is_a_finding() {
    let trial = sound([Sponsor::named("callisto").empty(), Sponsor::named("titan").disabled().empty()]);
    let unknown = Findings::of(&trial, &["--sponsors", "calisto"], 17);
    assert!(unknown.one("sponsors", "fail").contains("calisto"));
    assert_eq!(unknown.one("manifest", "ok"), "2 sponsors, 1 enabled");
    let disabled = Findings::of(&trial, &["--sponsors", "titan"], 17);
    assert!(disabled.one("sponsors", "fail").contains("not enabled"));
}

#[test]
fn usage_stays_usage() {
    let trial = callisto();
    trial.wire(Run::terminal()).args(["preflight", "--environment", "prod"]).run().assert_code(2);
    trial.wire(Run::terminal()).args(["preflight", "--json", "--outputs"]).run().assert_code(2);
    step(&trial).input("workflows", "nowhere").run().assert_code(2);
}

/// Not rolled out yet does not count as an obstacle, and everything else is checked all the same. A wrong value was meant to be `true`.
#[test]
fn the_flag_is_judged_by_what_it_holds() {
    let trial = callisto();
    assert_eq!(Findings::of(&trial, &[], 0).one("flag", "ok"), "ENABLE_S3_BACKUP_ARCHIVAL is `true`");
    for (value, level) in [
        (None, "warn"),
        (Some(""), "warn"),
        (Some("false"), "warn"),
        (Some("yes"), "fail"),
        (Some("True"), "fail"),
        (Some("true "), "fail"),
    ] {
        trial.secret("callisto", "ENABLE_S3_BACKUP_ARCHIVAL", value);
        let found = Findings::of(&trial, &[], if level == "fail" { 17 } else { 0 });
        found.one("flag", level);
        found.one("secrets", "ok");
        found.one("last-backup", "warn");
    }
}

#[test]
fn all_that_is_wrong_with_the_secrets_is_reported_at_once() {
    let trial = callisto();
    trial.secret("callisto", "SPONSOR_AWS_REGION", None);
    trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some("s3://Bucket"));
    trial.secret("callisto", "SPONSOR_AUDIT_LOGS_BUCKET", Some("a/b"));
    let found = Findings::of(&trial, &[], 17);
    let words: Vec<&str> =
        found.check("secrets").iter().map(|finding| finding["what"].as_str().unwrap()).collect();
    assert_eq!(words.len(), 3, "{words:#?}");
    for (words, part) in
        words.iter().zip(["SPONSOR_AWS_REGION", "SPONSOR_BACKUPS_BUCKET", "SPONSOR_AUDIT_LOGS_BUCKET"])
    {
        assert!(words.contains(part), "{words}");
    }
    trial.secret("callisto", "SPONSOR_AWS_REGION_", Some("eu-west-1"));
    let misspelt = Findings::of(&trial, &[], 17);
    assert!(misspelt.check("secrets")[1]["what"].as_str().unwrap().contains("SPONSOR_AWS_REGION_ is not"));
}

#[test]
fn a_malformed_url_is_a_finding_and_hides_no_other() {
    let trial = callisto();
    trial.secret("callisto", "DATABASE_URL", Some("postgresql://u:geheim-canary@/diary"));
    let outcome = terminal(&trial).run();
    let found = Findings::from(&outcome, 17);
    found.one("database-url", "fail");
    found.one("last-backup", "warn");
    assert!(!outcome.everything().contains("geheim-canary"));
}

/// One sponsor's token opens nothing: it fails, and the other is checked.
#[test]
fn a_token_that_is_not_there_fails_its_sponsor_alone() {
    let trial = sound([Sponsor::named("callisto").empty(), Sponsor::named("titan").empty()]);
    let run = terminal(&trial).unset(&token_variable("titan"));
    let found = Findings::from(&run.run(), 17);
    let [one] = found.check("doppler")[..] else { panic!("{:#?}", found.0) };
    assert_eq!((&one["sponsor"], &one["level"]), (&json!("titan"), &json!("fail")));
    let [secrets] = found.check("secrets")[..] else { panic!("{:#?}", found.0) };
    assert_eq!((&secrets["sponsor"], &secrets["level"]), (&json!("callisto"), &json!("ok")));
    let others = terminal(&trial).env(token_variable("titan"), trial.token("callisto"));
    let wrong = Findings::from(&others.run(), 17);
    let [one] = wrong.check("doppler")[..] else { panic!("{:#?}", wrong.0) };
    assert!(one["what"].as_str().unwrap().contains(&project_of("titan")), "{one:#}");
}

/// The bucket may be another tenant's: it is reported, and no request goes there for the sponsor.
#[test]
fn a_shared_bucket_is_a_finding_for_both_and_is_not_looked_at() {
    let trial = sound([Sponsor::named("callisto").empty(), Sponsor::named("titan").empty()]);
    let proxy = Proxy::before(trial.store.endpoint());
    trial.secret("titan", "SPONSOR_BACKUPS_BUCKET", Some(trial.bucket("callisto")));
    let run = terminal(&trial).input("s3-endpoint-url", proxy.endpoint());
    let found = Findings::from(&run.run(), 17);
    let whose: Vec<_> = found.check("tenancy").iter().map(|one| (&one["sponsor"], &one["level"])).collect();
    // The name says whose it is, so only the other one is at fault.
    assert_eq!(whose, [(&json!("callisto"), &json!("ok")), (&json!("titan"), &json!("fail"))]);
    let logs = format!("/{}", trial.log_bucket("titan"));
    assert!(proxy.requests().iter().all(|request| !request.path.starts_with(&logs)));
}

#[test]
fn a_shared_database_is_a_finding_for_both() {
    let trial = sound([Sponsor::named("callisto").empty(), Sponsor::named("titan").empty()]);
    let url = trial.database("callisto").url();
    trial.secret("titan", "DATABASE_URL", Some(&url));
    let found = Findings::of(&trial, &[], 17);
    let levels: Vec<_> = found.check("tenancy").iter().map(|one| &one["level"]).collect();
    assert_eq!(levels, ["fail", "fail"]);
}

#[test]
fn ages_are_compared_with_their_limits() {
    let trial = callisto();
    let none = Findings::of(&trial, &["--max-backup-age", "8h", "--max-drill-age", "8d"], 17);
    none.one("last-backup", "fail");
    none.one("last-drill", "fail");

    trial.run().run().assert_code(0);
    let report = |sponsor: &str, status: &str, at: &str| {
        let report = json!({"sponsor": sponsor, "environment": "production", "status": status,
            "drill_timestamp": at, "tool_version": "0.1.0"});
        report.to_string().into_bytes()
    };
    let day = "drills/2026/02/0";
    let logs = trial.log_bucket("callisto");
    trial.store.put(
        logs,
        &format!("{day}1/drill-prod-20260201-000000.json"),
        report("callisto", "passed", "2026-02-01T00:00:00Z"),
    );
    trial.store.put(
        logs,
        &format!("{day}2/drill-prod-20260202-000000.json"),
        report("callisto", "failed", "2026-02-02T00:00:00Z"),
    );
    trial.store.put(
        logs,
        &format!("{day}3/drill-prod-20260203-000000.json"),
        report("titan", "passed", "2026-02-03T00:00:00Z"),
    );
    trial.store.put(logs, &format!("{day}4/drill-prod-20260204-000000.json"), b"{".to_vec());
    let old = Findings::of(&trial, &["--max-backup-age", "8h", "--max-drill-age", "8d"], 17);
    old.one("last-backup", "ok");
    assert!(old.one("last-drill", "fail").contains("more than `max-drill-age` (8d)"));
    // The failed one is newer, and another sponsor's does not count.
    let within = Findings::of(&trial, &["--max-backup-age", "8h", "--max-drill-age", "10000d"], 0);
    within.one("last-drill", "ok");
}

/// Doppler counts requests per minute: one for the manifest, one per sponsor, and no more.
#[test]
fn fifty_sponsors_stay_below_dopplers_rate_limit() {
    let names: Vec<String> =
        (0..50_u8).map(|n| format!("s{}{}", char::from(b'a' + n / 26), char::from(b'a' + n % 26))).collect();
    let code = |n: usize| {
        format!(
            "S{}{}",
            char::from(b'A' + u8::try_from(n / 26).unwrap()),
            char::from(b'A' + u8::try_from(n % 26).unwrap())
        )
    };
    let sponsors = names.iter().enumerate().map(|(n, name)| Sponsor::named(name).code(&code(n)).empty());
    let trial = sound(sponsors);
    let found = Findings::of(&trial, &[], 0);
    assert_eq!(trial.doppler.requests().len(), 51);
    assert_eq!(found.one("doppler-rate-limit", "ok"), "a run sends 51 of 240 requests per minute");
    assert_eq!(found.check("last-backup").len(), 50);
}

/// Only questions: every request to S3 is a GET or a HEAD.
#[test]
fn nothing_is_changed() {
    let trial = callisto();
    trial.run().run().assert_code(0);
    let before = trial.store.keys_in(trial.bucket("callisto"));
    let proxy = Proxy::before(trial.store.endpoint());
    terminal(&trial).input("s3-endpoint-url", proxy.endpoint()).run().assert_code(0);
    let methods: Vec<String> = proxy.requests().into_iter().map(|request| request.method).collect();
    assert!(methods.len() > 3, "{methods:?}");
    assert!(methods.iter().all(|method| method == "GET" || method == "HEAD"), "{methods:?}");
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")), before);
}

#[test]
fn a_signal_ends_it_at_once() {
    let trial = callisto();
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.rule(|_| Action::Stall);
    let running = terminal(&trial).input("s3-endpoint-url", proxy.endpoint()).start();
    tools::wait_for("a request", Duration::from_secs(60), || (!proxy.requests().is_empty()).then_some(()));
    running.signal("TERM");
    running.wait().assert_code(143);
}

/// A restored copy, staging or another sponsor's database: a backup of it would be refused.
#[test]
fn another_database_than_the_previous_backups_is_an_obstacle() {
    let trial =
        sound([Sponsor::named("callisto").diary(2, 5), Sponsor::named("titan").disabled().diary(2, 5)]);
    assert!(Findings::of(&trial, &[], 0).one("same-database", "ok").contains("no previous backup"));
    trial.run().run().assert_code(0);
    assert!(Findings::of(&trial, &[], 0).one("same-database", "ok").contains("the same database"));
    let url = trial.database("titan").url();
    trial.secret("callisto", "DATABASE_URL", Some(&url));
    let found = Findings::of(&trial, &[], 17);
    assert!(found.one("same-database", "fail").contains("the previous backup is of"));
    trial.run().run().assert_code(12);
}

/// A limit that cannot be checked counts as exceeded.
#[test]
fn a_backup_that_cannot_be_read_does_not_meet_its_limit() {
    let trial = callisto();
    trial.run().run().assert_code(0);
    let proxy = Proxy::before(trial.store.endpoint());
    let bucket = format!("/{}/backups/", trial.bucket("callisto"));
    let refusal = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>".to_owned();
    proxy.rule(move |seen| {
        if seen.path.starts_with(&bucket) { Action::Status(403, refusal.clone()) } else { Action::Pass }
    });
    let run = || terminal(&trial).input("s3-endpoint-url", proxy.endpoint());
    let found = Findings::from(&run().args(["--max-backup-age", "8h"]).run(), 17);
    assert!(found.one("last-backup", "fail").starts_with("unknown: "));
    let unlimited = Findings::from(&run().run(), 17);
    assert!(unlimited.one("last-backup", "warn").starts_with("unknown: "));
    let denied = unlimited.check("bucket-permissions");
    assert!(denied.iter().any(|finding| finding["level"] == "fail"), "{denied:#?}");
}

/// The names show it, and the rules of the wrong bucket would apply.
#[test]
fn exchanged_and_equal_buckets_are_found() {
    let trial = callisto();
    let (backups, logs) = (trial.bucket("callisto"), trial.log_bucket("callisto"));
    assert!(Findings::of(&trial, &[], 0).one("bucket-names", "ok").contains(backups));
    trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some(logs));
    trial.secret("callisto", "SPONSOR_AUDIT_LOGS_BUCKET", Some(backups));
    assert!(Findings::of(&trial, &[], 0).one("bucket-names", "warn").contains("SPONSOR_BACKUPS_BUCKET is"));
    trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some(backups));
    assert!(Findings::of(&trial, &[], 0).one("bucket-names", "warn").contains("both name bucket"));
}

/// The manifest's region is read by other programs.
#[test]
fn another_region_in_the_manifest_is_a_warning() {
    let trial = callisto();
    trial.manifest(Some("sponsors: [{name: callisto, code: CAL, enabled: true, region: us-east-2}]"));
    let found = Findings::of(&trial, &[], 0);
    let words: Vec<&str> = found.check("secrets").iter().filter_map(|it| it["what"].as_str()).collect();
    assert!(words.iter().any(|words| words.contains("us-east-2")), "{words:#?}");
}
