//! The ways to name a backup: each leads to the same backup in every command and on both kinds of store.

use serde_json::{Value, json};

use super::shelf::{at, checksum, manifest, timestamp};
use crate::support::{Cluster, Outcome, Place, Proxy, Run, Sponsor, Trial, tools};

const KINDS: [fn(Sponsor) -> Sponsor; 2] = [|sponsor| sponsor, Sponsor::in_folders];

/// Time, version of a deployment, run and attempt of each backup, the oldest first.
const HISTORY: [(&str, Option<&str>, &str, &str); 7] = [
    ("20260101-010000", None, "100", "1"),
    ("20260102-010000", Some("v2.3.9"), "101", "1"),
    ("20260103-010000", None, "102", "1"),
    ("20260104-010000", Some("v2.4.0"), "103", "1"),
    ("20260104-020000", Some("v2.4.0"), "103", "2"),
    ("20260105-010000", None, "104", "1"),
    ("20260106-010000", Some("v2.4.1"), "105", "1"),
];

/// A sponsor with that history and a backup of today.
struct Years {
    trial: Trial,
    newest: String,
}

impl Years {
    fn of(trial: Trial) -> Self {
        let outcome = trial.run().input("sponsors", "callisto").input("pre-migration", "false").run();
        outcome.assert_code(0);
        let newest =
            trial.backups("callisto").key(outcome.result("callisto")["backup_location"].as_str().unwrap());
        let years = Self { trial, newest };
        for (second, version, run, attempt) in HISTORY {
            years.copy(second, |document| {
                let mut tags = document["tags"].as_array().unwrap().clone();
                tags.extend(version.map(|_| json!({"name": "pre-migration", "value": "true"})));
                document["tags"] = tags.into();
                document["version"] = json!(version);
                (document["github_run_id"], document["github_run_attempt"]) = (json!(run), json!(attempt));
            });
        }
        years
    }

    fn place(&self) -> &Place {
        self.trial.backups("callisto")
    }

    /// The newest backup as if it had been taken at another time.
    fn copy(&self, second: &str, change: impl FnOnce(&mut Value)) -> String {
        let (place, copy) = (self.place(), at(&self.newest, second));
        let name = |key: &str| key.rsplit('/').next().unwrap().to_owned();
        let line = String::from_utf8(place.get(&checksum(&self.newest))).unwrap();
        let mut document = place.get_json(&manifest(&self.newest));
        document["key"] = copy.clone().into();
        for time in ["timestamp", "started_at"] {
            document[time] = timestamp(second).into();
        }
        change(&mut document);
        place.put(&copy, &place.get(&self.newest));
        place.put(&checksum(&copy), line.replace(&name(&self.newest), &name(&copy)).as_bytes());
        place.put(&manifest(&copy), document.to_string().as_bytes());
        copy
    }

    fn key(&self, second: &str) -> String {
        if second == "newest" { self.newest.clone() } else { at(&self.newest, second) }
    }

    fn run(&self, command: &str, backup: &str) -> Run {
        self.trial.run().input("command", command).input("sponsors", "callisto").input("backup", backup)
    }

    #[track_caller]
    fn assert_found(&self, backup: &str, second: &str) {
        let outcome = self.run("verify", backup).run();
        outcome.assert_code(0);
        let location = self.place().location(&self.key(second));
        assert_eq!(outcome.result("callisto")["backup_location"], location, "{backup}");
    }

    #[track_caller]
    fn refused(&self, backup: &str, code: i32) -> Outcome {
        let outcome = self.run("verify", backup).run();
        outcome.assert_code(code);
        outcome
    }
}

fn message(outcome: &Outcome) -> String {
    outcome.result("callisto")["message"].as_str().unwrap().to_owned()
}

// serves: 11.10(c)/retrievable
#[test]
fn each_name_of_a_backup_leads_to_it() {
    for kind in KINDS {
        let years = Years::of(Trial::of([kind(Sponsor::named("callisto").diary(3, 30))]));
        let third = years.key("20260103-010000");
        let (file, location) = (third.rsplit('/').next().unwrap(), years.place().location(&third));
        for (backup, second) in [
            ("latest", "newest"),
            ("latest~1", "20260106-010000"),
            ("latest~7", "20260101-010000"),
            ("20260103_010000", "20260103-010000"),
            ("2026-01-03T02:00:00.5+01:00", "20260103-010000"),
            (&third, "20260103-010000"),
            (file, "20260103-010000"),
            (&location, "20260103-010000"),
            ("before:2026-01-04T02:00:00Z", "20260104-010000"),
            ("before:20260104-020001", "20260104-020000"),
            ("before:v2.4.0", "20260104-010000"),
            ("before:2.4.0", "20260104-010000"),
            ("before:v2.3.9", "20260102-010000"),
            ("run:103", "20260104-020000"),
            ("run:100", "20260101-010000"),
        ] {
            years.assert_found(backup, second);
        }
        for (backup, words) in [
            ("latest~8", "holds no backup for latest~8, only 8 whole ones"),
            ("20260103-010001", "holds no backup of 20260103-010001"),
            ("before:2026-01-01T01:00:00Z", "; the oldest one there is 20260101-010000"),
            ("before:v9", "version v9; versions there, newest first: v2.4.1, v2.4.0, v2.3.9"),
            ("run:7", "holds no backup of run 7; runs there, newest first: "),
        ] {
            let outcome = years.refused(backup, 14);
            assert!(message(&outcome).contains(words), "{}", message(&outcome));
            assert!(outcome.visible().contains("hint: "), "{}", outcome.transcript());
        }
        // Another backup of the same second.
        let other = third.replace(".sql.gz", ".sql.zst");
        for beside in [String::clone, |key: &String| checksum(key), |key: &String| manifest(key)] {
            years.place().put(&beside(&other), &years.place().get(&beside(&third)));
        }
        let outcome = years.refused("20260103-010000", 2);
        assert!(
            message(&outcome).starts_with("20260103-010000 has 2 backups: backup-prod-"),
            "{}",
            message(&outcome)
        );
    }
}

#[test]
fn every_command_reads_the_same_name() {
    let years = Years::of(Trial::of([Sponsor::named("callisto").diary(3, 30)]));
    let target = Cluster::shared().database("target");
    let other = tools::open_folder("copy");
    let location = years.place().location(&years.key("20260104-010000"));
    for command in ["verify", "restore", "drill", "copy"] {
        let run = years.trial.wire(Run::terminal()).arg(command).input("sponsors", "callisto");
        let run = run.input("backup", "before:v2.4.0").input("dry-run", "true");
        let run = if command == "copy" {
            run.input("to", format!("file://{}", other.path().display()))
        } else {
            run
        };
        let run = if command == "restore" { run.env("TARGET_DATABASE_URL", target.url()) } else { run };
        let outcome = run.run();
        outcome.assert_code(0);
        let told = format!("before:v2.4.0 is {location}, before the first of 2 attempts");
        assert!(outcome.stderr.contains(&told), "{}", outcome.transcript());
        assert!(outcome.stderr.matches(&*location).count() > 1, "{}", outcome.transcript());
    }
    let shown = years.run("show", "before:v2.4.0").run();
    shown.assert_code(0);
    assert_eq!(shown.result("callisto")["backup_location"], location);
}

/// What is not whole never replaces what is.
#[test]
fn only_whole_backups_count_and_others_are_named() {
    let years = Years::of(Trial::of([Sponsor::named("callisto").diary(3, 30)]));
    let lost = years.key("20260104-020000");
    years.place().delete(&manifest(&lost));
    let outcome = years.run("verify", "before:2026-01-05T00:00:00Z").run();
    outcome.assert_code(0);
    let location = years.place().location(&years.key("20260104-010000"));
    assert_eq!(outcome.result("callisto")["backup_location"], location);
    let told = format!("passed over {}: its manifest is missing", years.place().location(&lost));
    assert!(outcome.visible().contains(&told), "{}", outcome.transcript());
    years.assert_found("latest~2", "20260105-010000");
    years.assert_found("latest~3", "20260104-010000");
    // One from the future would push all others back by one.
    years.copy("20990101-000000", |_| {});
    years.assert_found("latest~2", "20260105-010000");
    // Begun before, but its data is from after it.
    let late = years.key("20260105-010000");
    let mut document = years.place().get_json(&manifest(&late));
    document["started_at"] = "2026-01-05T01:00:30Z".into();
    years.place().put(&manifest(&late), document.to_string().as_bytes());
    years.assert_found("before:2026-01-05T01:00:30Z", "20260104-010000");
    years.assert_found("before:2026-01-05T01:00:31Z", "20260105-010000");
    // A manifest that cannot be read is not passed over in silence.
    years.place().put(&manifest(&late), b"nonsense");
    let outcome = years.run("verify", "run:103").run();
    outcome.assert_code(0);
    assert!(outcome.visible().contains("a backup was passed over"), "{}", outcome.transcript());
}

#[test]
fn a_partners_backups_never_count() {
    let shared = "sponsors:\n  - {name: callisto, code: CAL, enabled: true, may_share_with: [titan]}\n  \
                  - {name: titan, code: TIT, enabled: true, may_share_with: [callisto]}\n";
    let sponsors = [Sponsor::named("callisto").diary(3, 30), Sponsor::named("titan").empty()];
    let years = Years::of(Trial::plan(sponsors).manifest(shared).start());
    for second in ["20260106-010000", "20260104-020000", "20260103-010000"] {
        let key = manifest(&years.key(second));
        let mut document = years.place().get_json(&key);
        document["sponsor"] = "titan".into();
        years.place().put(&key, document.to_string().as_bytes());
    }
    for (backup, second) in [
        ("latest~1", "20260105-010000"),
        ("latest~2", "20260104-010000"),
        ("before:2026-01-04T00:00:00Z", "20260102-010000"),
        ("before:v2.4.0", "20260104-010000"),
        ("run:103", "20260104-010000"),
    ] {
        years.assert_found(backup, second);
    }
    let outcome = years.refused("before:v2.4.1", 14);
    assert!(message(&outcome).ends_with("newest first: v2.4.0, v2.3.9"), "{}", message(&outcome));
    assert!(message(&years.refused("20260103-010000", 14)).contains("holds no backup of"));
    assert!(message(&years.refused("run:105", 14)).contains("holds no backup of run 105"));
}

/// Of many backups, only as many manifests are read as the answer needs.
#[test]
fn few_manifests_are_read() {
    let years = Years::of(Trial::of([Sponsor::named("callisto").diary(3, 30)]));
    for day in 1..=28 {
        years.copy(&format!("202502{day:02}-010000"), |_| {});
    }
    let read = |backup: &str| {
        let proxy = Proxy::before(years.trial.store.endpoint());
        let run = years.run("verify", backup).input("dry-run", "true");
        run.input("s3-endpoint-url", proxy.endpoint()).run().assert_code(0);
        let requests = proxy.requests();
        requests.iter().filter(|seen| seen.method == "GET" && seen.path.ends_with(".manifest.json")).count()
    };
    // The last one is read again, and compared with its dump.
    assert_eq!(read("latest~7"), 1);
    assert_eq!(read("before:2026-01-04T02:00:00Z"), 2);
    // Back to the deployment before it, and what was asked for meanwhile.
    let back_to_v2_3_9 = 7;
    assert!((back_to_v2_3_9 + 1..=back_to_v2_3_9 + 1 + 16).contains(&read("before:v2.4.0")));
    assert!((4..=4 + 16).contains(&read("run:104")));
}
