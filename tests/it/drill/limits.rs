//! The sponsor's own checks, how old a backup may be, how long a drill may take; and where the report goes.

use std::time::Duration;

use super::{assert_nothing_is_left, backed_up, drill};
use crate::support::{Sponsor, Trial};

#[test]
fn checks_must_return_true_and_can_change_nothing() {
    let trial = backed_up();
    let good = "-- as many as were entered\nSELECT count(*) = 300 FROM diary_events;\nSELECT ';' = ';' ;\n";
    let outcome = drill(&trial).file("checks.sql", good).input("drill-checks", "checks.sql").run();
    outcome.assert_code(0);
    let report = outcome.drill_report("callisto");
    assert_eq!(report["checks"].as_array().unwrap().len(), 2);
    assert!(report["checks"].as_array().unwrap().iter().all(|check| check["passed"] == true));
    for (check, answer) in [
        ("SELECT count(*) = 301 FROM diary_events;", "false"),
        ("SELECT count(*) FROM diary_events;", "something else"),
        ("SELECT true WHERE false;", "nothing"),
        ("SELECT true FROM generate_series(1, 2);", "something else"),
        ("SELECT repeat('x', 200000000);", "something else"),
        ("SELECT * FROM no_such_table;", "error 42P01"),
        ("DELETE FROM diary_events;", "error 25006"),
        ("SELECT NULL::boolean;", "nothing"),
        // What an error quotes may be a user's data.
        ("SELECT name::int > 0 FROM sites;", "error 22P02"),
    ] {
        let outcome = drill(&trial).file("checks.sql", check).input("drill-checks", "checks.sql").run();
        outcome.assert_code(17);
        // An answer is not kept in memory beyond what an answer needs.
        assert!(outcome.peak_memory < 120_000_000, "{check}: {}", outcome.peak_memory);
        let report = outcome.drill_report("callisto");
        assert_eq!((&report["status"], &report["verdict"]), (&"failed".into(), &"equal".into()), "{check}");
        let told = report["checks"][0]["answer"].as_str().unwrap();
        assert_eq!(told, answer, "{check}");
        assert!(!outcome.everything().contains("Saint-Luc"), "{}", outcome.everything());
        let finding = report["findings"][0].as_str().unwrap();
        assert!(finding.contains(check.trim_end_matches(';')), "{report:#}");
    }
}

// serves: REQ-o00008/weekly-restores
#[test]
fn an_old_backup_and_a_slow_drill_fail() {
    let trial = backed_up();
    std::thread::sleep(Duration::from_millis(2100));
    let outcome = drill(&trial).input("max-rpo", "1s").input("max-rto", "1h").run();
    outcome.assert_code(17);
    let report = outcome.drill_report("callisto");
    assert_eq!((&report["rpo_compliant"], &report["rto_compliant"]), (&false.into(), &true.into()));
    assert_eq!((&report["status"], &report["verdict"]), (&"failed".into(), &"equal".into()));
    assert_eq!(
        (outcome.output("rpo_compliant"), outcome.output("rto_compliant")),
        ("false".into(), "true".into())
    );
    let outcome = drill(&trial).input("max-rpo", "1h").input("max-rto", "1ms").run();
    outcome.assert_code(17);
    let report = outcome.drill_report("callisto");
    assert_eq!((&report["rpo_compliant"], &report["rto_compliant"]), (&true.into(), &false.into()));
    let outcome = drill(&trial).input("max-rpo", "1h").input("max-rto", "1h").run();
    outcome.assert_code(0);
    assert_eq!(outcome.output("drill_status"), "passed");
}

// serves: 11.10(e)/recorded
#[test]
fn the_drill_report_goes_to_the_audit_bucket() {
    let trial = Trial::plan([Sponsor::named("callisto")]).environment("staging").start();
    trial.run().run().assert_code(0);
    let outcome = drill(&trial).run();
    outcome.assert_code(0);
    let report = outcome.drill_report("callisto");
    let bucket = trial.log_bucket("callisto");
    let keys = trial.store.keys_in(bucket);
    let key = keys.iter().find(|key| key.starts_with("staging/drills/")).unwrap();
    assert_eq!(outcome.output("drill_report"), format!("s3://{bucket}/{key}"));
    assert_eq!(trial.store.get_json(bucket, key), report);
    let second = report["drill_timestamp"].as_str().unwrap().replace(['-', ':', 'Z'], "").replace('T', "-");
    assert!(key.ends_with(&format!("/drill-staging-{second}.json")), "{key}");
    assert_eq!(trial.store.tags(bucket, key)["type"], "drill-report");
    assert_eq!(trial.store.tags(bucket, key)["retention-days"], "30");
    let dump = trial.store.keys_in(trial.bucket("callisto")).into_iter().next().unwrap();
    assert_eq!(report["backup_location"], format!("s3://{}/{dump}", trial.bucket("callisto")));
    assert_eq!(
        (&report["target"]["kind"], &report["target"]["place"]),
        (&"throwaway".into(), &serde_json::Value::Null)
    );
    for phase in ["fetch", "decrypt", "load", "verify", "total"] {
        assert!(report["durations_ms"][phase].is_u64(), "{phase}: {report:#}");
    }
    let phases =
        ["fetch", "decrypt", "load", "verify"].map(|phase| report["durations_ms"][phase].as_u64().unwrap());
    assert!(phases.iter().sum::<u64>() <= report["durations_ms"]["total"].as_u64().unwrap() + 4);
    for name in ["backup_age_minutes", "restore_duration_minutes"] {
        assert_eq!(outcome.output(name).parse().ok(), report[name].as_f64(), "{name}");
    }
    assert!(
        outcome.summary().contains("| public.diary_events | 300 | 300 | ✅ equal |"),
        "{}",
        outcome.summary()
    );
    assert_nothing_is_left(&outcome);
}

// serves: 11.30/encrypted
#[test]
fn zstd_and_age_drill_alike() {
    let identity = age::x25519::Identity::generate();
    let secret = age::secrecy::ExposeSecret::expose_secret(&identity.to_string()).to_owned();
    let trial = Trial::of([Sponsor::named("callisto")]);
    let backup =
        trial.run().input("compression", "zstd").input("age-recipients", identity.to_public().to_string());
    backup.run().assert_code(0);
    let outcome = drill(&trial).env("AGE_IDENTITY", &secret).run();
    outcome.assert_code(0);
    assert_eq!(outcome.drill_report("callisto")["verdict"], "equal");
    assert!(!outcome.everything().contains(&secret));
    let without = drill(&trial).run();
    without.assert_code(14);
    assert!(without.visible().contains("AGE_IDENTITY"), "{}", without.visible());
    assert_eq!(without.drill_report("callisto")["status"], "error");
}

#[test]
fn a_failed_drill_does_not_stop_other_sponsors() {
    let trial = Trial::of(["callisto", "europa", "titan"].map(Sponsor::named));
    trial.run().run().assert_code(0);
    let keys = trial.store.keys_in(trial.bucket("europa"));
    let mut dump = trial.store.get(trial.bucket("europa"), &keys[0]);
    dump.pop();
    trial.store.put(trial.bucket("europa"), &keys[0], dump);
    let outcome = drill(&trial).run();
    outcome.assert_code(17);
    let status = |sponsor: &str| outcome.drill_report(sponsor)["status"].as_str().unwrap().to_owned();
    assert_eq!([status("callisto"), status("europa"), status("titan")], ["passed", "failed", "passed"]);
    assert_eq!(outcome.output("drill_report"), "");
    assert_nothing_is_left(&outcome);
}
