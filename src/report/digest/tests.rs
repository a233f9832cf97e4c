mod deployments;

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
            storage_bytes: Some(5_000),
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

/// Limits that a sponsor without exceptions just meets.
const STRICT: Limits = Limits {
    max_backup_age_seconds: Some(DAY),
    max_drill_age_seconds: Some(DAY),
    storage_budget_bytes: Some(6_000),
};

fn whole() -> SponsorFacts {
    facts(vec![backup(2, json!({})), backup(1, json!({})), drill(1, json!({}))])
}

/// Asserts that a change of a sponsor without exceptions causes this one, and whether the report fails.
#[track_caller]
fn assert_noticed(
    limits: Limits,
    change: impl FnOnce(&mut SponsorFacts),
    expected: (ExceptionKind, &str, bool),
) {
    let mut changed = whole();
    change(&mut changed);
    let digest = of(changed, limits);
    assert_eq!(digest.state, SponsorState::Attention);
    let [exception] = &digest.exceptions[..] else { panic!("{:?}", digest.exceptions) };
    assert_eq!((exception.kind, &*exception.message, exception.is_failure(&limits)), expected);
}

#[test]
fn a_missing_old_or_failed_backup_is_noticed() {
    assert_eq!(kinds(&of(whole(), STRICT)), []);
    assert_eq!(of(whole(), STRICT).state, SponsorState::Ok);
    let late = Limits { max_backup_age_seconds: Some(DAY - 1), ..STRICT };
    let none = |it: &mut SponsorFacts| {
        it.store.newest = None;
        it.entries.retain(|entry| entry.event.name() != "backup");
    };
    assert_noticed(STRICT, none, (ExceptionKind::NoBackup, "no backup found", true));
    assert_noticed(NO_LIMITS, none, (ExceptionKind::NoBackup, "no backup found", false));
    let message = "the newest backup is 1d old, limit 23h 59m";
    assert_noticed(late, |_| (), (ExceptionKind::BackupTooOld, message, true));
    let failure = json!({"outcome": "failure", "stage": "dump", "message": "no space"});
    let message = "the newest run failed at dump: no space";
    let kind = ExceptionKind::BackupFailed;
    assert_noticed(STRICT, |it| it.entries.push(backup(0, failure)), (kind, message, false));
    let stopped = json!({"outcome": "failure", "stage": "cancelled", "message": "SIGTERM"});
    let message = "the newest run was cancelled: SIGTERM";
    assert_noticed(STRICT, |it| it.entries.push(backup(0, stopped)), (kind, message, false));
    let damaged = |it: &mut SponsorFacts| it.store.passed_over = vec![(location(0), "damaged".to_owned())];
    let kind = ExceptionKind::BackupDamaged;
    assert_noticed(STRICT, damaged, (kind, "s3://b/backup-0.sql.gz is damaged", true));
    let gone = |it: &mut SponsorFacts| it.entries.push(backup(0, json!({})));
    let message = "s3://b/backup-0.sql.gz is recorded as a success and is not in the store";
    assert_noticed(NO_LIMITS, gone, (kind, message, true));
    let partial = |it: &mut SponsorFacts| it.store.partial = Some(true);
    let message = "the newest backup is partial";
    assert_noticed(STRICT, partial, (ExceptionKind::PartialBackup, message, false));
}

#[test]
fn a_failed_or_old_drill_is_noticed() {
    let late = Limits { max_drill_age_seconds: Some(21 * 3600), ..STRICT };
    let failed = |it: &mut SponsorFacts| it.entries.push(drill(0, json!({"status": "incomplete"})));
    assert_noticed(STRICT, failed, (ExceptionKind::DrillFailed, "the newest drill failed", false));
    let message = "the newest passed drill is 22h old, limit 21h";
    assert_noticed(late, |_| (), (ExceptionKind::DrillTooOld, message, true));
    let none = |it: &mut SponsorFacts| it.entries.retain(|entry| entry.event.name() != "drill");
    assert_noticed(STRICT, none, (ExceptionKind::DrillTooOld, "no drill has passed", true));
}

#[test]
fn changed_sizes_and_a_full_store_are_noticed() {
    let sized = |bytes: u64| move |it: &mut SponsorFacts| it.entries[1].backup_bytes = Some(bytes);
    let kind = ExceptionKind::SizeChanged;
    let message = "the newest backup is 50% smaller than the average of the 7 days before";
    assert_noticed(STRICT, sized(499), (kind, message, false));
    let message = "the newest backup is 100% larger than the average of the 7 days before";
    assert_noticed(STRICT, sized(2_000), (kind, message, false));
    let pending = |it: &mut SponsorFacts| it.store.replication_pending = Some(Duration::from_secs(7_200));
    let message = "a backup is not replicated after 2h";
    assert_noticed(STRICT, pending, (ExceptionKind::NotReplicated, message, false));
    let full = Limits { storage_budget_bytes: Some(5_800), ..STRICT };
    let message = "the backups use 4.9 KiB of a budget of 5.7 KiB";
    assert_noticed(full, |_| (), (ExceptionKind::StorageNearBudget, message, false));
}

#[test]
fn what_the_records_lack_is_noticed() {
    let deployed = |it: &mut SponsorFacts| it.entries.push(deployment(5, json!({"backup_location": null})));
    let message =
        "v1.5 (20261125-130000) had no backup: its record names none, and its run recorded none before it";
    assert_noticed(STRICT, deployed, (ExceptionKind::DeploymentWithoutBackup, message, false));
    let unread = |it: &mut SponsorFacts| it.unread.push("s3://logs/x.json".to_owned());
    let message = "s3://logs/x.json could not be read";
    assert_noticed(STRICT, unread, (ExceptionKind::UnreadableRecord, message, true));
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

fn of_callisto() -> SponsorDigest {
    of(facts(vec![backup(1, json!({}))]), NO_LIMITS)
}

#[test]
fn a_disabled_sponsor_fails_a_report_with_limits() {
    let disabled = SponsorDigest::disabled("phobos", "off");
    let fails = |limits: Limits| disabled.exceptions[0].is_failure(&limits);
    assert!(!fails(NO_LIMITS));
    assert!(fails(Limits { max_backup_age_seconds: Some(DAY), ..NO_LIMITS }));
    assert!(fails(Limits { max_drill_age_seconds: Some(DAY), ..NO_LIMITS }));
}

#[test]
fn what_others_wrote_is_cleaned() {
    let entries = vec![
        backup(0, json!({"outcome": "failure", "message": "password\nhunter2"})),
        deployment(1, json!({"version": "hunter2"})),
        deployment(2, json!({"version": "hunter2", "backup_location": "s3://hunter2/x"})),
    ];
    let digest = of(facts(entries), NO_LIMITS).cleaned(|text| text.replace("hunter2", "***"));
    let text = serde_json::to_string(&(&digest.exceptions, &digest.deployments)).unwrap();
    assert!(text.contains("password ***") && !text.contains("hunter2"), "{text}");
}
