//! The target's address and password: taken from the environment or an input, and never shown.

use std::time::Duration;

use super::{empty, into, message, restore, visits, with_a_backup};
use crate::support::{Action, Cluster, Database, Outcome, Proxy, Run, Trial, tools};

const PASSWORD: &str = "p@ss/w:rd%?#&'\" canary";

/// A target whose password needs care, and everything that must not be seen of it.
fn target() -> (Database, Vec<String>) {
    let target = Cluster::shared().database_with_password("target", PASSWORD);
    let encoded = target.url().split(['@', ':']).nth(2).unwrap().to_owned();
    assert!(encoded.contains("canary") && encoded != PASSWORD, "{encoded}");
    let canaries = vec![PASSWORD.to_owned(), encoded, target.url(), "canary".to_owned()];
    (target, canaries)
}

#[track_caller]
fn assert_unseen(outcome: &Outcome, canaries: &[String]) {
    // Not even for the runner to mask: only the announcements of masks hold a secret.
    let printed = format!("{}{}", outcome.stdout, outcome.stderr);
    let unmasked: String = printed.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
    let everything = outcome.everything();
    for canary in canaries {
        assert!(!unmasked.contains(canary), "{canary} was printed: {}", outcome.transcript());
        assert!(!everything.contains(canary), "{canary} is seen in {everything}");
    }
}

/// As a person at a terminal, where nothing is masked.
fn terminal(trial: &Trial) -> Run {
    trial.wire(Run::terminal().args(["restore", "--outputs"]))
}

#[test]
fn the_target_is_named_in_either_way_and_never_shown() {
    let trial = with_a_backup();
    type Named = fn(Run, &str) -> Run;
    let ways: [Named; 2] = [
        |run, url| run.env("TARGET_DATABASE_URL", url),
        |run, url| {
            run.input("target-database-url", url)
                .env("TARGET_DATABASE_URL", "postgresql://no:where@127.0.0.1:1/x")
        },
    ];
    for named in ways {
        for run in [trial.run().input("command", "restore"), terminal(&trial)] {
            let (target, canaries) = target();
            let outcome = named(run, &target.url()).run();
            outcome.assert_code(0);
            assert_eq!(target.content_digest(), trial.database("callisto").content_digest());
            assert_unseen(&outcome, &canaries);
        }
    }
    let (target, canaries) = target();
    let masks = restore(&trial, &target).run().masks();
    for canary in &canaries[..3] {
        assert!(masks.contains(canary), "{canary} is not masked: {masks:?}");
    }
}

#[test]
fn no_failure_shows_the_target() {
    let trial = with_a_backup();
    let (target, canaries) = target();
    target.psql_as_owner("CREATE TABLE mine (id int)");
    let url = target.url();
    let elsewhere = url.replace(&format!(":{}/", target.port), ":1/");
    let stranger = url.replace("//target_", "//stranger_");
    // Its own statement is what the server complains of.
    let quoted =
        format!("{url}&").replace(&format!("/{}&", target.name), &format!("/{}_{}", target.name, "absent"));
    for (code, url) in [
        (16, &url),
        (16, &elsewhere),
        (16, &stranger),
        (16, &quoted),
        (16, &format!("{url}?sslmod=require")),
        (16, &format!("{url}?sslmode=canary")),
        (16, &format!("{url}#canary")),
        (16, &url.replace("postgresql://", "mysql://")),
        (16, &url.replace("127.0.0.1", "[canary]")),
        (16, &url.replace(&format!(":{}/", target.port), ":canary/")),
        (16, &url.replace("://", ":")),
        (16, &"canary".to_owned()),
    ] {
        for run in [trial.run().input("command", "restore"), terminal(&trial)] {
            let outcome = run.env("TARGET_DATABASE_URL", url).run();
            outcome.assert_code(code);
            assert_unseen(&outcome, &canaries);
        }
    }
    assert_eq!(target.row_counts().into_iter().collect::<Vec<_>>(), [("public.mine".to_owned(), 0)]);
}

#[test]
fn a_restore_without_a_target_asks_for_one() {
    let trial = with_a_backup();
    for run in [trial.run().input("command", "restore"), into(&trial, " ")] {
        let outcome = run.run();
        outcome.assert_code(2);
        let told = "`target-database-url` is not set";
        assert!(outcome.transcript().contains(told), "{}", outcome.transcript());
    }
}

#[test]
fn a_restore_takes_one_sponsor() {
    let trial = Trial::of(["callisto", "titan"].map(crate::support::Sponsor::named));
    let target = empty();
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(2);
    let told = "`restore` takes one sponsor, but 2 are selected";
    assert!(outcome.transcript().contains(told), "{}", outcome.transcript());
    assert_eq!(visits(&target), 0);
}

/// A sponsor whose flag is off has no say in where its backups are.
#[test]
fn a_disabled_sponsor_is_reported_and_nothing_is_restored() {
    let trial = with_a_backup();
    trial.secret("callisto", "ENABLE_S3_BACKUP_ARCHIVAL", Some("false"));
    let target = empty();
    let outcome = restore(&trial, &target).run();
    outcome.assert_code(0);
    assert_eq!((outcome.output("outcome").as_str(), visits(&target)), ("disabled", 0));
    assert!(!message(&outcome).contains("restored into"), "{}", message(&outcome));
}

fn read(pid: u32, file: &str) -> String {
    let bytes = std::fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    String::from_utf8_lossy(&bytes).replace('\0', " ")
}

#[test]
fn no_command_line_holds_the_target() {
    let trial = with_a_backup();
    let (target, canaries) = target();
    let proxy = Proxy::before(trial.store.endpoint());
    super::spoil_the_second(&proxy, Action::Delay(Duration::from_secs(2)));
    let running = restore(&trial, &target).input("s3-endpoint-url", proxy.endpoint()).start();
    // Whatever starts meanwhile is looked at: questions, the load, and the dump that reads it back.
    let mut seen = std::collections::BTreeMap::new();
    tools::wait_for("the end", Duration::from_secs(60), || {
        for pid in running.children().into_iter().chain([running.pid()]) {
            seen.insert(read(pid, "cmdline"), read(pid, "environ"));
        }
        running.printed().contains("restored into").then_some(())
    });
    running.wait().assert_code(0);
    let load = seen.iter().find(|(command, _)| command.contains("--file=-"));
    let (_, environment) = load.expect("the load was under way for two seconds");
    for variable in ["PGPASSWORD=", "PGAPPNAME=sponsor-backup", "PGPASSFILE=/nonexistent"] {
        assert!(environment.contains(variable), "{variable}");
    }
    for inherited in ["GITHUB_", "INPUT_", "DOPPLER", "AWS_", "HOME=", "TARGET_"] {
        assert!(!environment.contains(inherited), "{inherited} in psql's environment");
    }
    for command in seen.keys() {
        assert!(!canaries.iter().any(|canary| command.contains(canary)), "{command}");
        assert!(!command.contains(&target.user), "the connection stands in the environment: {command}");
    }
}
