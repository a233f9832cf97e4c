use std::time::Duration;

use jiff::ToSpan as _;
use serde_json::{Value, json};

use super::*;
use crate::layout::key::Object;
use crate::record::entries::RecordEntry;
use crate::report::metrics::StoreFacts;
use crate::sponsors::Environment;

const NOW: &str = "2026-11-30T12:00:00Z";
const DAY: u64 = 86_400;
const NO_LIMITS: Limits =
    Limits { max_backup_age_seconds: None, max_drill_age_seconds: None, storage_budget_bytes: None };

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn days_ago(days: i64) -> Timestamp {
    now().checked_sub((24 * days).hours()).unwrap()
}

fn period() -> Period {
    Period { since: days_ago(7), until: now(), now: now() }
}

/// The backup of a day.
fn location(days: i64) -> String {
    format!("s3://b/backup-{days}.sql.gz")
}

fn entry(object: Object<'_>, at: Timestamp, more: Value) -> RecordEntry {
    let name = if object == Object::DrillReport { "drill" } else { "deployment" };
    let mut document = json!({
        "sponsor": "callisto", "environment": "production", "tool_version": "0.2.0", "outcome": "success", "event": "backup",
    });
    document[format!("{name}_timestamp")] = json!(at);
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let key = object.key(Environment::Production, at);
    RecordEntry::parse(Environment::Production, &key, document.to_string().as_bytes()).unwrap()
}

fn backup(days: i64, more: Value) -> RecordEntry {
    let mut document = json!({"backup_location": location(days), "backup_size_bytes": 1_000});
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry(Object::DeploymentLog, days_ago(days), document)
}

/// An hour after the backup of that day.
fn deployment(days: i64, more: Value) -> RecordEntry {
    let mut document =
        json!({"event": "deployment", "version": format!("v1.{days}"), "backup_location": location(days)});
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry(Object::DeploymentLog, days_ago(days).checked_add(1.hour()).unwrap(), document)
}

fn drill(days: i64, more: Value) -> RecordEntry {
    let mut document = json!({
        "status": "passed", "backup_location": location(days), "backup_age_minutes": 60.0, "restore_duration_minutes": 4.5,
        "max_rpo_minutes": 360.0,
    });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry(Object::DrillReport, days_ago(days).checked_add(2.hours()).unwrap(), document)
}

fn facts(entries: Vec<RecordEntry>) -> SponsorFacts {
    SponsorFacts {
        sponsor: "callisto".to_owned(),
        entries,
        unread: Vec::new(),
        events: Vec::new(),
        store: StoreFacts {
            newest: Some((days_ago(1), location(1))),
            stored_bytes: Some(1_000),
            rows: Some(30),
            storage_bytes: 5_000,
            ..StoreFacts::default()
        },
        stored: vec![StoredBackup { location: location(1), timestamp: days_ago(1), size_bytes: 1_000 }],
    }
}

fn of(facts: SponsorFacts, limits: Limits) -> SponsorDigest {
    SponsorDigest::of(facts, period(), &limits)
}

fn kinds(digest: &SponsorDigest) -> Vec<ExceptionKind> {
    digest.exceptions.iter().map(|exception| exception.kind).collect()
}

#[test]
fn a_deployment_had_the_backup_that_its_record_names() {
    let named = |name: &str| json!({ "backup_location": name });
    let entries = vec![
        backup(1, json!({})),
        backup(2, json!({})),
        backup(3, json!({"outcome": "failure"})),
        backup(4, json!({"partial": {"schemas": ["a"]}})),
        drill(1, json!({})),
        drill(2, json!({"status": "failed"})),
        deployment(1, json!({})),
        deployment(2, json!({"outcome": "failure"})),
        deployment(3, json!({})),
        deployment(5, named("s3://b/unknown.sql.gz")),
        deployment(6, json!({"backup_location": null})),
        // Before the period, and one that did not take place.
        deployment(8, json!({})),
        entry(
            Object::DeploymentLog,
            days_ago(2).checked_add(3.hours()).unwrap(),
            json!({"event": "deployment", "outcome": "skipped"}),
        ),
    ];
    let found = of(facts(entries), NO_LIMITS).deployments;
    assert_eq!((found.count, found.with_backup, found.with_proven_backup), (5, 2, 1));
    let names = |deployments: &[Deployment]| {
        deployments.iter().filter_map(|it| it.version.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&found.without_backup), ["v1.3", "v1.5", "v1.6"]);
    assert_eq!(names(&found.without_proven_backup), ["v1.2"]);
    let why: Vec<&str> = found.without_backup.iter().filter_map(|it| it.why.as_deref()).collect();
    let expected = [
        "the backup before it failed (20261127-120000)",
        "neither a record nor the store has s3://b/unknown.sql.gz",
        "its record names none, and its run recorded none before it",
    ];
    assert_eq!(why, expected);
}

/// The record of a deployment of several sponsors names no backup. Its workflow run took one for each.
#[test]
fn a_deployment_had_the_backup_of_its_run() {
    let run = |id: &str, more: Value| {
        let mut document = json!({ "github_run_id": id });
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        document
    };
    let none = |id: &str| run(id, json!({"backup_location": null}));
    let mut entries = vec![
        backup(1, run("1", json!({}))),
        deployment(1, none("1")),
        drill(1, json!({})),
        // Of another run, of a run that failed, and one that is later.
        backup(2, run("2", json!({}))),
        deployment(2, none("22")),
        backup(3, run("3", json!({"outcome": "failure", "backup_location": null}))),
        deployment(3, none("3")),
        deployment(5, none("4")),
        backup(4, run("4", json!({}))),
        // On a terminal, where runs have no id.
        backup(6, json!({})),
        deployment(6, json!({"backup_location": null})),
    ];
    let found = of(facts(entries.clone()), NO_LIMITS).deployments;
    assert_eq!((found.count, found.with_backup, found.with_proven_backup), (5, 1, 1));
    // A second attempt that failed took the place of the first.
    let second = days_ago(1).checked_add(30.minutes()).unwrap();
    entries.push(entry(Object::DeploymentLog, second, run("1", json!({"outcome": "failure"}))));
    assert_eq!(of(facts(entries), NO_LIMITS).deployments.with_backup, 0);
}

#[test]
fn a_stored_backup_counts_without_its_record() {
    let found = of(facts(vec![deployment(1, json!({}))]), NO_LIMITS).deployments;
    assert_eq!((found.count, found.with_backup, found.with_proven_backup), (1, 1, 0));
}

#[test]
fn the_attempts_of_one_run_are_one_deployment() {
    let run = |attempt: i64| {
        let at = days_ago(1).checked_add(attempt.hours()).unwrap();
        let document = json!({"event": "deployment", "version": "v2", "github_run_id": "7", "backup_location": location(1)});
        entry(Object::DeploymentLog, at, document)
    };
    assert_eq!(of(facts(vec![run(1), run(2)]), NO_LIMITS).deployments.count, 1);
}

#[test]
fn each_kind_of_exception_is_noticed() {
    let whole = || facts(vec![backup(2, json!({})), backup(1, json!({})), drill(1, json!({}))]);
    let strict = Limits {
        max_backup_age_seconds: Some(DAY),
        max_drill_age_seconds: Some(DAY),
        storage_budget_bytes: Some(6_000),
    };
    assert_eq!(kinds(&of(whole(), strict)), []);
    assert_eq!(of(whole(), strict).state, SponsorState::Ok);
    let noticed = |change: &dyn Fn(&mut SponsorFacts), limits: Limits| {
        let mut changed = whole();
        change(&mut changed);
        let digest = of(changed, limits);
        assert_eq!(digest.state, SponsorState::Attention);
        let [exception] = &digest.exceptions[..] else { panic!("{:?}", digest.exceptions) };
        (exception.kind, exception.message.clone(), exception.is_failure(&limits))
    };
    let late = Limits { max_backup_age_seconds: Some(DAY - 1), ..strict };
    let drill_late = Limits { max_drill_age_seconds: Some(21 * 3600), ..strict };
    let full = Limits { storage_budget_bytes: Some(5_800), ..strict };
    let cases: Vec<(&dyn Fn(&mut SponsorFacts), Limits, ExceptionKind, &str, bool)> = vec![
        (&|it| it.store.newest = None, strict, ExceptionKind::NoBackup, "no backup found", true),
        (&|it| it.store.newest = None, NO_LIMITS, ExceptionKind::NoBackup, "no backup found", false),
        (&|_| (), late, ExceptionKind::BackupTooOld, "the newest backup is 1d old, limit 23h 59m", true),
        (
            &|it| {
                it.entries
                    .push(backup(0, json!({"outcome": "failure", "stage": "dump", "message": "no space"})))
            },
            strict,
            ExceptionKind::BackupFailed,
            "the newest run failed at dump: no space",
            false,
        ),
        (
            &|it| {
                it.entries.push(backup(
                    0,
                    json!({"outcome": "failure", "stage": "cancelled", "message": "SIGTERM"}),
                ))
            },
            strict,
            ExceptionKind::BackupFailed,
            "the newest run was cancelled: SIGTERM",
            false,
        ),
        (
            &|it| it.entries.push(deployment(5, json!({"backup_location": null}))),
            strict,
            ExceptionKind::DeploymentWithoutBackup,
            "v1.5 (20261125-130000) had no backup: its record names none, and its run recorded none before it",
            false,
        ),
        (
            &|it| it.unread.push("s3://logs/x.json".to_owned()),
            strict,
            ExceptionKind::UnreadableRecord,
            "s3://logs/x.json could not be read",
            true,
        ),
        (
            &|it| it.entries.push(drill(0, json!({"status": "incomplete"}))),
            strict,
            ExceptionKind::DrillFailed,
            "the newest drill failed",
            false,
        ),
        (
            &|_| (),
            drill_late,
            ExceptionKind::DrillTooOld,
            "the newest passed drill is 22h old, limit 21h",
            true,
        ),
        (
            &|it| it.entries.retain(|entry| entry.event.name() != "drill"),
            strict,
            ExceptionKind::DrillTooOld,
            "no drill has passed",
            true,
        ),
        (
            &|it| it.store.partial = Some(true),
            strict,
            ExceptionKind::PartialBackup,
            "the newest backup is partial",
            false,
        ),
        (
            &|it| it.entries[1].backup_bytes = Some(499),
            strict,
            ExceptionKind::SizeChanged,
            "the newest backup is 50% smaller than the average of the 7 days before",
            false,
        ),
        (
            &|it| it.entries[1].backup_bytes = Some(2_000),
            strict,
            ExceptionKind::SizeChanged,
            "the newest backup is 100% larger than the average of the 7 days before",
            false,
        ),
        (
            &|it| it.store.replication_pending = Some(Duration::from_secs(7_200)),
            strict,
            ExceptionKind::NotReplicated,
            "a backup is not replicated after 2h",
            false,
        ),
        (
            &|_| (),
            full,
            ExceptionKind::StorageNearBudget,
            "the backups use 4.9 KiB of a budget of 5.7 KiB",
            false,
        ),
    ];
    for (change, limits, kind, message, is_failure) in cases {
        assert_eq!(noticed(change, limits), (kind, message.to_owned(), is_failure));
    }
}

#[test]
fn what_is_within_its_limit_is_no_exception() {
    let mut whole = facts(vec![backup(2, json!({})), backup(1, json!({})), drill(1, json!({}))]);
    whole.entries[1].backup_bytes = Some(1_500);
    whole.store.replication_pending = Some(Duration::from_secs(3_600));
    whole.store.partial = Some(false);
    // A failure that a success followed, and a run whose flag was off since.
    whole.entries.push(backup(3, json!({"outcome": "failure"})));
    whole.entries.push(backup(0, json!({"outcome": "disabled", "backup_location": null})));
    let limits = Limits {
        max_backup_age_seconds: Some(DAY),
        max_drill_age_seconds: Some(22 * 3600),
        storage_budget_bytes: Some(5_883),
    };
    assert_eq!(kinds(&of(whole, limits)), []);
}

#[test]
fn nothing_is_judged_without_a_limit() {
    let mut old = facts(Vec::new());
    old.store.newest = Some((days_ago(400), location(400)));
    let digest = of(old, NO_LIMITS);
    assert_eq!(kinds(&digest), []);
    assert_eq!(digest.newest_backup.unwrap().age_seconds, 400 * DAY);
}

#[test]
fn runs_and_days_are_those_of_the_period() {
    let entries = vec![
        backup(9, json!({})),
        backup(6, json!({})),
        backup(5, json!({"outcome": "failure"})),
        backup(4, json!({"outcome": "failure", "stage": "cancelled"})),
        backup(4, json!({})),
        backup(3, json!({"outcome": "disabled"})),
        backup(1, json!({})),
    ];
    let digest = of(facts(entries), NO_LIMITS);
    assert_eq!(digest.backups, Runs { succeeded: 3, failed: 1, cancelled: 1, success_rate: Some(0.6) });
    assert_eq!(digest.runs(), "3 of 5");
    let days: Vec<(String, DayState)> =
        digest.days.iter().map(|day| (day.date.to_string(), day.state)).collect();
    let states: Vec<DayState> = days.iter().map(|(_, state)| *state).collect();
    let (yes, failed, nothing) = (DayState::BackedUp, DayState::Failed, DayState::Nothing);
    assert_eq!(states, [nothing, yes, failed, yes, nothing, nothing, yes, nothing]);
    assert_eq!((&*days[0].0, &*days[7].0), ("2026-11-23", "2026-11-30"));
    assert_eq!(digest.sizes.len(), 3);
    let year = Period { since: days_ago(365), ..period() };
    assert_eq!(SponsorDigest::of(facts(Vec::new()), year, &NO_LIMITS).days.len(), 92);
}

#[test]
fn a_rate_is_never_rounded_up_to_all() {
    let mut runs = Runs { succeeded: 99_999, ..Runs::default() };
    runs.add(&Runs { failed: 1, ..Runs::default() });
    assert_eq!(runs.success_rate, Some(0.9999));
    assert_eq!(Runs::default().success_rate, None);
}

fn sample() -> Digest {
    let entries = vec![
        backup(2, json!({})),
        backup(1, json!({})),
        drill(2, json!({})),
        deployment(1, json!({})),
        deployment(2, json!({})),
    ];
    let limits = Limits { max_backup_age_seconds: Some(DAY), ..NO_LIMITS };
    let all = vec![
        of(facts(entries), limits),
        SponsorDigest::disabled("phobos", "`SPONSOR_BACKUPS_ENABLED` is `false`"),
        SponsorDigest::unknown("titan", "the token was rejected | <b>"),
    ];
    Digest::new("production", period(), limits, all)
}

#[test]
fn a_digest_reads_as_reviewed() {
    let digest = sample();
    let text = format!("{}\n{}\n---\n{}", digest.headline(), digest.lines().join("\n"), digest.markdown());
    crate::reviewed::text("report", &text);
}

#[test]
fn headline_and_totals_count_all_sponsors() {
    let digest = sample();
    assert_eq!(digest.total.sponsors_with_exceptions, 2);
    let order: Vec<&str> = digest.sponsors.iter().map(|one| &*one.sponsor).collect();
    assert_eq!(order, ["phobos", "titan", "callisto"]);
    assert_eq!(digest.headline(), "2 of 3 sponsors of production need attention");
    let of = |sponsors: Vec<SponsorDigest>| Digest::new("staging", period(), NO_LIMITS, sponsors).headline();
    let (well, unwell) = (of_callisto(), SponsorDigest::unknown("titan", "x"));
    assert_eq!(of(vec![]), "no sponsors of staging were looked at");
    assert_eq!(of(vec![well.clone()]), "1 sponsor of staging: nothing needs attention");
    assert_eq!(of(vec![unwell.clone()]), "1 sponsor of staging: it needs attention");
    assert_eq!(of(vec![well, unwell.clone()]), "1 of 2 sponsors of staging needs attention");
    assert_eq!(of(vec![unwell.clone(), unwell]), "2 sponsors of staging: all need attention");
}

#[test]
fn the_sentence_about_deployments_fits_its_numbers() {
    let line = |deployments: usize, with_backup: usize, proven: usize| {
        let mut digest = sample();
        (digest.total.deployments, digest.total.deployments_with_backup) = (deployments, with_backup);
        digest.total.deployments_with_proven_backup = proven;
        digest.deployments_line().unwrap_or_default()
    };
    assert_eq!(line(0, 0, 0), "");
    assert_eq!(line(1, 0, 0), "the only deployment had no backup");
    assert_eq!(line(1, 1, 0), "the only deployment had a backup, no proven one");
    assert_eq!(line(1, 1, 1), "the only deployment had a backup, a proven one");
    assert_eq!(line(9, 0, 0), "none of 9 deployments had a backup");
    assert_eq!(line(61, 61, 59), "each of 61 deployments had a backup, 59 a proven one");
    assert_eq!(line(61, 61, 61), "each of 61 deployments had a backup, a proven one");
    assert_eq!(line(61, 60, 2), "60 of 61 deployments had a backup, 2 a proven one");
}

fn of_callisto() -> SponsorDigest {
    of(facts(vec![backup(1, json!({}))]), NO_LIMITS)
}

#[test]
fn what_others_wrote_is_cleaned() {
    let entries = vec![
        backup(0, json!({"outcome": "failure", "message": "password hunter2"})),
        deployment(1, json!({"version": "hunter2"})),
        deployment(2, json!({"version": "hunter2", "backup_location": "s3://hunter2/x"})),
    ];
    let digest = of(facts(entries), NO_LIMITS).cleaned(|text| text.replace("hunter2", "***"));
    let text = serde_json::to_string(&(&digest.exceptions, &digest.deployments)).unwrap();
    assert!(text.contains("***") && !text.contains("hunter2"), "{text}");
}
