//! URLs with several hosts at a restore: a live database is known by each of them, and a target has only one.

use super::{message, restore};
use crate::support::{Cluster, Sponsor, Trial};

#[test]
fn a_live_database_with_several_hosts_is_known_by_each() {
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 5)]);
    trial.run().run().assert_code(0);
    let live = trial.database("callisto");
    let several = live.url().replace("@127.0.0.1:", "@db.example.org:1,127.0.0.1:");
    trial.secret("callisto", "DATABASE_URL", Some(&several));
    let before = live.content_digest();
    let outcome = restore(&trial, live).input("replace", "true").run();
    outcome.assert_code(16);
    assert!(message(&outcome).contains("is the live database of callisto"), "{}", message(&outcome));
    assert_eq!(live.content_digest(), before);
}

#[test]
fn a_target_with_several_hosts_is_refused() {
    let trial = Trial::of([Sponsor::named("callisto").diary(2, 5)]);
    trial.run().run().assert_code(0);
    let target = Cluster::shared().database("target");
    let several = target.url().replace("@127.0.0.1:", "@127.0.0.1:1,127.0.0.1:");
    for command in ["restore", "drill"] {
        let run = trial.run().input("command", command).env("TARGET_DATABASE_URL", &several);
        let outcome = run.run();
        assert_ne!(outcome.code, Some(0));
        let told = "has several hosts, but a restore needs exactly one";
        assert!(outcome.everything().contains(told), "{}", outcome.transcript());
    }
    assert_eq!(target.content_digest(), "");
}
