//! Object Lock: mode and end of the lock of every object that a run writes. Covers incident F45: seven years means
//! calendar years.

use aws_sdk_s3::types::{
    DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockMode, ObjectLockRetentionMode,
    ObjectLockRule,
};
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};

use crate::support::{Proxy, Run, Sponsor, Trial, runtime};

/// A trial with a sponsor whose buckets have Object Lock.
fn locking(environment: &str) -> (Trial, [String; 2]) {
    let trial = Trial::plan([Sponsor::named("callisto").empty()]).environment(environment).start();
    let buckets =
        [trial.bucket("callisto"), trial.log_bucket("callisto")].map(|name| format!("{name}-locks"));
    for (bucket, name) in buckets.iter().zip(["SPONSOR_BACKUPS_BUCKET", "SPONSOR_AUDIT_LOGS_BUCKET"]) {
        trial.store.bucket_with_object_lock(bucket);
        trial.secret("callisto", name, Some(bucket));
    }
    (trial, buckets)
}

/// Lock mode and lock end of each object: the dump, its checksum file, its manifest, and the record.
fn locks(trial: &Trial, buckets: &[String; 2], run: Run) -> Vec<(Option<ObjectLockMode>, Option<Timestamp>)> {
    run.run().assert_code(0);
    let heads = buckets.iter().flat_map(|bucket| {
        let keys = trial.store.keys_in(bucket);
        keys.into_iter().map(|key| trial.store.head(bucket, &key)).collect::<Vec<_>>()
    });
    let locks = heads.map(|head| {
        let until = head.object_lock_retain_until_date().map(|at| Timestamp::from_second(at.secs()).unwrap());
        (head.object_lock_mode().cloned(), until)
    });
    let locks: Vec<_> = locks.collect();
    assert_eq!(locks.len(), 4);
    locks
}

/// Checks that the lock of each object has this mode and lasts for this number of calendar years.
fn assert_locked(
    locks: &[(Option<ObjectLockMode>, Option<Timestamp>)],
    mode: &ObjectLockMode,
    years: i32,
    earliest: Timestamp,
) {
    let after = |start: Timestamp| {
        let start = Timestamp::from_second(start.as_second()).unwrap().to_zoned(TimeZone::UTC);
        start.checked_add(years.years()).unwrap().timestamp()
    };
    for (seen, until) in locks {
        assert_eq!(seen.as_ref(), Some(mode));
        let until = until.unwrap();
        assert!(until >= after(earliest), "{until} is short of {years} years");
        // A leap day's anniversary can be one day later.
        assert!(until <= after(Timestamp::now()) + 25.hours(), "{until} is long of {years} years");
    }
}

// serves: 11.10(c)/locked, REQ-p00012/retention
/// - fault: A user deletes a production backup too early
/// - injected: moto with Object Lock and without a default retention
/// - seen: Success
/// - left: Dump, checksum file, manifest and record, in governance mode for seven calendar years
#[test]
fn a_locking_bucket_keeps_production_for_seven_years() {
    let (trial, buckets) = locking("production");
    let began = Timestamp::now();
    let locks = locks(&trial, &buckets, trial.run());
    assert_locked(&locks, &ObjectLockMode::Governance, 7, began);
}

/// Sets a default retention in compliance mode on both buckets.
fn lock_strictly(trial: &Trial, buckets: &[String; 2], days: Option<i32>, years: Option<i32>) {
    for bucket in buckets {
        let default = DefaultRetention::builder().mode(ObjectLockRetentionMode::Compliance);
        let default = default.set_days(days).set_years(years).build();
        let rule = ObjectLockRule::builder().default_retention(default).build();
        let lock = ObjectLockConfiguration::builder();
        let lock = lock.object_lock_enabled(ObjectLockEnabled::Enabled).rule(rule).build();
        let put = trial.store.client().put_object_lock_configuration().bucket(bucket);
        runtime().block_on(put.object_lock_configuration(lock).send()).unwrap();
    }
}

// serves: REQ-p00012/retention
/// The run extends a shorter default. It keeps a longer one, although S3 would prefer the date in a request.
/// - fault: The bucket's default retention is shorter than seven years
/// - injected: moto with a default of one day in compliance mode
/// - seen: Success
/// - left: Every object locked in compliance mode for seven calendar years
/// - fault: The bucket's default retention is longer than seven years
/// - injected: moto with a default of ten years, and with one of 4018 days
/// - seen: Success
/// - left: Every object locked for the ten years, or for the 4018 days
#[test]
fn a_strict_default_lock_is_kept_and_never_shortened() {
    for (days, years, kept_years) in [(Some(1), None, 7), (None, Some(10), 10), (Some(4018), None, 11)] {
        let (trial, buckets) = locking("production");
        lock_strictly(&trial, &buckets, days, years);
        let began = Timestamp::now();
        let locks = locks(&trial, &buckets, trial.run());
        assert_locked(&locks, &ObjectLockMode::Compliance, kept_years, began);
    }
}

/// - fault: The inputs request a certain mode and retention
/// - injected: moto with Object Lock, and the inputs `object-lock` and `retention-years`
/// - seen: Success
/// - left: Every object locked in that mode for nine calendar years
#[test]
fn a_mode_that_was_asked_for_is_used() {
    for (input, mode) in
        [("governance", ObjectLockMode::Governance), ("compliance", ObjectLockMode::Compliance)]
    {
        let (trial, buckets) = locking("production");
        let began = Timestamp::now();
        let run = trial.run().input("object-lock", input).input("retention-years", "9");
        assert_locked(&locks(&trial, &buckets, run), &mode, 9, began);
    }
}

/// - fault: The inputs disable the lock for a bucket with Object Lock
/// - injected: moto with Object Lock, and `object-lock` set to `off`
/// - seen: Success
/// - left: The complete backup, not locked
#[test]
fn off_is_off() {
    let (trial, buckets) = locking("production");
    let locks = locks(&trial, &buckets, trial.run().input("object-lock", "off"));
    assert!(locks.iter().all(|lock| *lock == (None, None)), "{locks:?}");
}

/// - fault: A lock could keep staging backups for too long
/// - injected: moto with Object Lock, staging, with and without `retention-years`
/// - seen: Success
/// - left: Every object unlocked, or locked for the requested year
#[test]
fn staging_is_locked_only_where_years_were_asked_for() {
    let (trial, buckets) = locking("staging");
    let without = locks(&trial, &buckets, trial.run());
    assert!(without.iter().all(|lock| *lock == (None, None)), "{without:?}");
    let (trial, buckets) = locking("staging");
    let began = Timestamp::now();
    let with = locks(&trial, &buckets, trial.run().input("retention-years", "1"));
    assert_locked(&with, &ObjectLockMode::Governance, 1, began);
}

/// - fault: The bucket does not have Object Lock
/// - injected: moto without Object Lock
/// - seen: Success
/// - left: The complete backup, not locked
#[test]
fn a_bucket_that_does_not_lock_is_left_as_it_is() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let buckets = [trial.bucket("callisto").to_owned(), trial.log_bucket("callisto").to_owned()];
    let locks = locks(&trial, &buckets, trial.run());
    assert!(locks.iter().all(|lock| *lock == (None, None)), "{locks:?}");
}

/// The request that creates a multipart upload sets its lock. Moto forgets this lock, so the test checks the request.
/// - fault: A multipart upload could lose its lock
/// - injected: moto with Object Lock behind a recording proxy
/// - seen: Success. The request that creates the upload contains mode and date
/// - left: The complete backup, locked for seven calendar years
#[test]
fn a_dump_in_parts_is_locked_too() {
    let (trial, _) = locking("production");
    trial.database("callisto").load_noise(24);
    let proxy = Proxy::before(trial.store.endpoint());
    let began = Timestamp::now();
    let run = trial.run().input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "24MiB");
    proxy.tell_the_right_checksum();
    run.run().assert_code(0);
    let creation = proxy.requests().into_iter().find(|seen| seen.has("uploads")).unwrap();
    let mode = ObjectLockMode::from(creation.header("x-amz-object-lock-mode"));
    let until = creation.header("x-amz-object-lock-retain-until-date").parse().unwrap();
    assert_locked(&[(Some(mode), Some(until))], &ObjectLockMode::Governance, 7, began);
}
