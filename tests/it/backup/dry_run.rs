//! A dry run tells what would be done, and does none of it.

use crate::support::{Proxy, Sponsor, Trial};

#[test]
fn a_dry_run_prints_the_plan_and_changes_nothing() {
    let trial = Trial::of([Sponsor::named("callisto"), Sponsor::named("titan").flag(None).empty()]);
    let proxy = Proxy::before(trial.store.endpoint());
    let run = trial.run().input("s3-endpoint-url", proxy.endpoint()).input("dry-run", "true");
    let outcome = run.run();
    outcome.assert_code(0);
    let writes: Vec<_> = proxy.requests().into_iter().filter(|seen| seen.method != "GET").collect();
    assert!(writes.is_empty(), "{:?}", writes.iter().map(|seen| &seen.path).collect::<Vec<_>>());
    for sponsor in ["callisto", "titan"] {
        assert!(trial.store.objects(trial.bucket(sponsor)).is_empty());
        assert!(trial.store.objects(trial.log_bucket(sponsor)).is_empty());
    }
    assert_eq!(std::fs::read_dir(&outcome.workspace).unwrap().count(), 0, "no file in the workspace");
    let visible = outcome.visible();
    let object = format!("s3://{}/backups/", trial.bucket("callisto"));
    for part in [
        "callisto: would be backed up",
        &object,
        "--format=plain --clean --if-exists --no-password --no-owner --no-acl --lock-wait-timeout=30000",
        "retention-years=7",
        "storage class  STANDARD",
        "Dry run: nothing was backed up. 2 sponsors planned, 0 would fail.",
        "S3 BACKUP ARCHIVAL NOT YET ENABLED",
    ] {
        assert!(visible.contains(part), "{part} in {visible}");
    }
    let outputs = outcome.outputs();
    assert_eq!(
        outputs.keys().collect::<Vec<_>>(),
        ["sponsors"],
        "no outcome: nobody may take it for a backup"
    );
    assert!(outcome.summary().starts_with("## Backup, dry run · production"));
}

#[test]
fn a_dry_run_finds_what_would_fail() {
    let trial = Trial::of([Sponsor::named("callisto").empty(), Sponsor::named("rhea").empty()]);
    trial.secret("rhea", "DATABASE_URL", Some("postgresql://nobody:x@127.0.0.1:1/none"));
    let outcome = trial.run().input("dry-run", "true").run();
    outcome.assert_code(13);
    assert!(outcome.visible().contains("rhea: dump failed: 127.0.0.1:1/none"), "{}", outcome.visible());
    assert!(outcome.visible().contains("2 sponsors planned, 1 would fail."));
    assert!(outcome.logs().is_empty());
}
