//! `from-replica`: the sponsor's own region is gone, and its replica takes its place.

use std::collections::BTreeSet;

use serde_json::json;

use super::shelf::{Shelf, timestamp};
use crate::support::{Cluster, Moto, Outcome, Proxy, Run, Seen, Sponsor, StrictS3, Trial};

const ELSEWHERE: &str = "eu-central-1";

/// A sponsor whose buckets were replicated, and whose own server is off.
struct FailedOver {
    trial: Trial,
    proxy: Proxy,
    replicas: [String; 2],
}

impl FailedOver {
    fn new() -> Self {
        let primary = StrictS3::start();
        let trial = Trial::plan([Sponsor::named("callisto").diary(3, 30)]).store(&primary).start();
        trial.run().run().assert_code(0);
        let replica = Moto::shared();
        let replicas = [trial.bucket("callisto"), trial.log_bucket("callisto")].map(|bucket| {
            let name = format!("{bucket}-replica");
            replica.bucket(&name);
            for key in primary.keys_in(bucket) {
                replica.put(&name, &key, primary.get(bucket, &key));
            }
            name
        });
        drop(primary);
        Self { trial, proxy: Proxy::before(replica.endpoint()), replicas }
    }

    fn name_replicas(&self) {
        let [backups, logs] = &self.replicas;
        self.trial.secret("callisto", "SPONSOR_BACKUPS_REPLICA_BUCKET", Some(backups));
        self.trial.secret("callisto", "SPONSOR_AUDIT_LOGS_REPLICA_BUCKET", Some(logs));
        self.trial.secret("callisto", "SPONSOR_REPLICA_REGION", Some(ELSEWHERE));
    }

    fn run(&self, command: &str) -> Run {
        let run = self.trial.run().input("command", command).input("from-replica", "true");
        run.input("s3-endpoint-url", self.proxy.endpoint())
    }

    fn records(&self, folder: &str) -> usize {
        let keys = Moto::shared().keys_in(&self.replicas[1]);
        keys.iter().filter(|key| key.starts_with(folder)).count()
    }
}

#[track_caller]
fn assert_from(outcome: &Outcome, bucket: &str) {
    outcome.assert_code(0);
    let location = outcome.output("backup_location");
    assert!(location.starts_with(&format!("s3://{bucket}/backups/")), "{location}");
}

// serves: REQ-o00008/disaster-drills
#[test]
fn a_replica_serves_while_the_region_is_gone() {
    let failed_over = FailedOver::new();
    failed_over.name_replicas();
    let backups = &failed_over.replicas[0];
    let listed = failed_over.run("list").run();
    listed.assert_code(0);
    assert!(listed.stdout.contains(&format!("s3://{backups}/")), "{}", listed.transcript());
    assert_from(&failed_over.run("verify").run(), backups);
    let drilled = failed_over.run("drill").input("max-rpo", "1h").run();
    assert_from(&drilled, backups);
    assert_eq!(drilled.output("drill_status"), "passed");
    assert_eq!(drilled.output("rpo_compliant"), "true");
    let target = Cluster::shared().database("fail_over");
    let restored = failed_over.run("restore").env("TARGET_DATABASE_URL", target.url()).run();
    assert_from(&restored, backups);
    assert_eq!(target.psql("SELECT count(*) FROM patients"), "3");
    // The records of these runs are next to the replica.
    assert_eq!(
        ["verifications/", "drills/", "restores/"].map(|folder| failed_over.records(folder)),
        [1, 1, 1]
    );
    // `AWS4-HMAC-SHA256 Credential=ID/DATE/REGION/s3/aws4_request, …`
    let region = |seen: &Seen| seen.header("authorization").split('/').nth(2).unwrap_or_default().to_owned();
    let regions: BTreeSet<String> = failed_over.proxy.requests().iter().map(region).collect();
    assert_eq!(regions, BTreeSet::from([ELSEWHERE.to_owned()]));
}

/// S3 replicates later than it stores: here, the newest backup in the replica is two hours older.
// serves: REQ-o00008/disaster-drills
#[test]
fn a_drill_from_the_replica_measures_how_far_it_lags() {
    let primary = StrictS3::start();
    let trial = Trial::plan([Sponsor::named("callisto").diary(3, 30)]).store(&primary).start();
    let shelf = Shelf::of(trial, "callisto");
    let newest = shelf.backup(&[]);
    let second = newest.rsplit("prod-").next().unwrap().trim_end_matches(".sql.gz");
    let taken: jiff::Timestamp = timestamp(second).parse().unwrap();
    let lag = jiff::SignedDuration::from_hours(2);
    let then = (taken - lag).strftime("%Y%m%d-%H%M%S").to_string();
    let older = shelf.copy(&newest, &then);
    shelf.edit(&older, |manifest| manifest["started_at"] = timestamp(&then).into());
    let replica = Moto::shared();
    let [backups, logs] =
        [&shelf.bucket, shelf.trial.log_bucket("callisto")].map(|bucket| format!("{bucket}-replica"));
    for (name, value) in [
        ("SPONSOR_BACKUPS_REPLICA_BUCKET", &*backups),
        ("SPONSOR_AUDIT_LOGS_REPLICA_BUCKET", &logs),
        ("SPONSOR_REPLICA_REGION", ELSEWHERE),
    ] {
        shelf.trial.secret("callisto", name, Some(value));
    }
    replica.bucket(&backups);
    replica.bucket(&logs);
    for key in primary.keys_in(&shelf.bucket).iter().filter(|key| !key.starts_with(&newest)) {
        replica.put(&backups, key, primary.get(&shelf.bucket, key));
    }

    let drill = |from_replica: &str, endpoint: &str| {
        let run = shelf.run("drill").input("max-rpo", "1h").input("from-replica", from_replica);
        run.input("s3-endpoint-url", endpoint).run()
    };
    let (own, other) = (drill("false", primary.endpoint()), drill("true", replica.endpoint()));
    own.assert_code(0);
    other.assert_code(17);
    assert_eq!(own.output("rpo_compliant"), "true");
    assert_eq!(other.output("rpo_compliant"), "false");
    assert_eq!(other.output("backup_location"), format!("s3://{backups}/{older}"));
    let [(own_age, own_begin), (age, begin)] = [own, other].map(|outcome| {
        let report = outcome.drill_report("callisto");
        let begin: jiff::Timestamp = report["drill_timestamp"].as_str().unwrap().parse().unwrap();
        (report["backup_age_minutes"].as_f64().unwrap(), begin)
    });
    let between = begin.duration_since(own_begin).as_secs_f64() / 60.0;
    let measured = age - own_age - between;
    // Each age is rounded.
    assert!((measured - 120.0).abs() < 0.1, "a lag of {measured} min, {age} and {own_age} after {between}");
}

#[test]
fn without_the_flag_the_own_region_is_asked() {
    let failed_over = FailedOver::new();
    failed_over.name_replicas();
    let own = failed_over.run("list").input("from-replica", "false").run();
    // This server has only the replica.
    own.assert_code(14);
    assert!(own.transcript().contains(failed_over.trial.bucket("callisto")), "{}", own.transcript());
}

#[test]
fn a_replica_that_is_not_named_is_an_error() {
    let failed_over = FailedOver::new();
    let missing = failed_over.run("list").run();
    missing.assert_code(12);
    for name in
        ["SPONSOR_BACKUPS_REPLICA_BUCKET", "SPONSOR_AUDIT_LOGS_REPLICA_BUCKET", "SPONSOR_REPLICA_REGION"]
    {
        assert!(missing.transcript().contains(name), "{}", missing.transcript());
    }
    failed_over.name_replicas();
    let wrong = |name: &str, value: &str, words: &str| {
        failed_over.trial.secret("callisto", name, Some(value));
        let refused = failed_over.run("verify").run();
        refused.assert_code(12);
        assert!(refused.transcript().contains(words), "{}", refused.transcript());
        failed_over.name_replicas();
    };
    wrong("SPONSOR_BACKUPS_REPLICA_BUCKET", "file:///srv/backups", "it is a folder");
    wrong("SPONSOR_AUDIT_LOGS_REPLICA_BUCKET", "s3://x", "SPONSOR_AUDIT_LOGS_REPLICA_BUCKET");
    wrong("SPONSOR_REPLICA_REGION", "EU-central-1", "an upper-case letter");
}

/// A replica is neither another sponsor's bucket nor the sponsor's own.
#[test]
fn a_replica_that_belongs_to_others_is_refused() {
    let store = StrictS3::start();
    let sponsors = ["callisto", "titan"].map(|name| Sponsor::named(name).diary(1, 3));
    let trial = Trial::plan(sponsors).store(&store).start();
    trial.run().run().assert_code(0);
    for name in ["callisto", "titan"] {
        for (secret, value) in [
            ("SPONSOR_BACKUPS_REPLICA_BUCKET", format!("{name}-backups-replica")),
            ("SPONSOR_AUDIT_LOGS_REPLICA_BUCKET", format!("{name}-logs-replica")),
            ("SPONSOR_REPLICA_REGION", ELSEWHERE.to_owned()),
        ] {
            trial.secret(name, secret, Some(&value));
        }
    }
    let records = store.keys_in(trial.log_bucket("titan"));
    let refused = |bucket: &str, words: &str| {
        trial.secret("callisto", "SPONSOR_AUDIT_LOGS_REPLICA_BUCKET", Some(bucket));
        let outcome = trial.run().input("command", "verify").input("from-replica", "true").run();
        assert!(outcome.transcript().contains(words), "{}", outcome.transcript());
        let callisto = outcome.result("callisto");
        assert_eq!((&callisto["outcome"], &callisto["stage"]), (&json!("failure"), &json!("secrets")));
    };
    refused(trial.log_bucket("titan"), "titan");
    refused(trial.log_bucket("callisto"), "it is a bucket of the sponsor itself");
    assert_eq!(store.keys_in(trial.log_bucket("titan")), records);
}

#[test]
fn nothing_is_backed_up_to_a_replica() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let refused = trial.wire(Run::terminal()).arg("backup").arg("--from-replica").run();
    refused.assert_code(2);
}
