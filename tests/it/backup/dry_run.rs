//! A dry run shows what would be done, and does none of it.

use crate::support::{Action, Proxy, Sponsor, Trial, reviewed};

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
        "storage class: STANDARD",
        "previous backup: none",
        "identity: 127.0.0.1:",
        "Backup, production, dry run: nothing was backed up, 2 of 2 planned",
        "callisto: planned only, nothing was done",
        "S3 BACKUP ARCHIVAL NOT YET ENABLED",
    ] {
        assert!(visible.contains(part), "{part} in {visible}");
    }
    let plan = visible.lines().skip_while(|line| *line != "callisto: would be backed up").enumerate();
    let plan = plan.take_while(|(at, line)| *at == 0 || line.contains(": ") && !line.starts_with("callisto"));
    reviewed("backup-plan", &plan.map(|(_, line)| format!("{line}\n")).collect::<String>());
    assert_eq!((outcome.output("outcome"), outcome.output("state")), ("planned".into(), "planned".into()));
    assert_eq!(outcome.output("backup_location"), "", "nobody may take it for a backup");
    assert_eq!(outcome.result("callisto")["outcome"], "planned");
    assert!(outcome.summary().starts_with("## 📝 Backup, production, dry run: nothing was backed up"));
    assert!(!outcome.summary().contains('✅'), "{}", outcome.summary());
    for fact in [
        "### Plan for callisto",
        "- **database:** ",
        "- **object:** ",
        "- **record:** ",
        "- **lock:** ",
        "- **checked:** ",
    ] {
        assert!(outcome.summary().contains(fact), "{fact} in {}", outcome.summary());
    }
}

#[test]
fn a_dry_run_finds_what_would_fail() {
    let trial = Trial::of([Sponsor::named("callisto").empty(), Sponsor::named("rhea").empty()]);
    trial.secret("rhea", "DATABASE_URL", Some("postgresql://nobody:x@127.0.0.1:1/none"));
    let outcome = trial.run().input("dry-run", "true").run();
    outcome.assert_code(13);
    assert!(outcome.visible().contains("error: rhea: 127.0.0.1:1/none"), "{}", outcome.visible());
    assert!(outcome.visible().contains("dry run: nothing was backed up, 1 of 2 would fail"));
    assert_eq!(outcome.output("outcome"), "failure");
    assert!(outcome.logs().is_empty());
}

#[test]
fn a_dry_run_shows_the_previous_backup_or_why_it_is_unknown() {
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 5)]);
    let proxy = Proxy::before(trial.store.endpoint());
    let shown = || {
        let run = trial.run().input("s3-endpoint-url", proxy.endpoint()).input("dry-run", "true").run();
        run.assert_code(0);
        let line = run.stdout.lines().find_map(|line| line.trim().strip_prefix("previous backup:")).unwrap();
        line.trim().to_owned()
    };
    assert_eq!(shown(), "none");
    let first = trial.run().run();
    first.assert_code(0);
    let rows = trial.database("callisto").row_counts().values().sum::<i64>();
    let location = first.output("backup_location");
    assert_eq!(shown(), format!("{location}, {rows} rows"));
    // An older month is found as well, and a damaged newest one is not passed over.
    let bucket = trial.bucket("callisto");
    let key = location.strip_prefix(&format!("s3://{bucket}/")).unwrap();
    let old = "backups/2024/02/29/backup-prod-20240229-000001.sql.gz";
    for part in ["", ".sha256", ".manifest.json"] {
        let bytes = trial.store.get(bucket, &format!("{key}{part}"));
        trial.store.put(bucket, &format!("{old}{part}"), bytes);
        trial.store.delete(bucket, &format!("{key}{part}"));
    }
    let told = shown();
    assert!(
        told.starts_with(&format!("unknown: s3://{bucket}/{old}: its manifest belongs to another")),
        "{told}"
    );
    let denied = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>";
    proxy.rule(move |seen| {
        let is_manifest = seen.path.ends_with(".manifest.json");
        if is_manifest { Action::Status(403, denied.to_owned()) } else { Action::Pass }
    });
    let told = shown();
    assert!(
        told.starts_with("unknown: ")
            && told.contains("S3 rejected the download of s3://")
            && told.contains(": AccessDenied"),
        "{told}"
    );
}
