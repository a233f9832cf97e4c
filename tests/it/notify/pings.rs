//! What a ping service is sent, and in which order.

use std::time::Duration;

use super::{CANARY, Sinks, callisto, lose_database};
use crate::support::{Sponsor, Trial};

/// The `rid` of each ping.
fn rids(sinks: &Sinks, name: &str) -> Vec<String> {
    let rid = |target: String| target.split_once("?rid=").unwrap().1.to_owned();
    sinks.seen(name).into_iter().map(|one| rid(one.target)).collect()
}

#[test]
fn a_run_signals_its_start_and_its_end() {
    let trial = callisto();
    let sinks = Sinks::start();
    let run = || trial.run().env("PING_URL", sinks.url("ping"));
    run().run().assert_code(0);
    run().input("dry-run", "true").run().assert_code(0);
    run().input("command", "list").run().assert_code(0);
    assert_eq!(sinks.signals("ping"), ["/start", ""]);
    let ids = rids(&sinks, "ping");
    assert_eq!(ids[0], ids[1]);
    assert!(uuid::Uuid::try_parse(&ids[0]).is_ok(), "{ids:?}");

    lose_database(&trial, "callisto");
    run().run().assert_code(13);
    assert_eq!(sinks.signals("ping")[2..], ["/start", "/13"]);
    let ids = rids(&sinks, "ping");
    assert!(ids[2] == ids[3] && ids[1] != ids[2], "{ids:?}");
    let last = sinks.seen("ping").remove(3).body;
    assert!(last.starts_with("Backup, production: 1 of 1 failed\ncallisto: failure (dump): "), "{last}");
}

#[test]
fn each_sponsor_has_a_check_of_its_own() {
    let names = ["callisto", "titan-2"].map(|name| Sponsor::named(name).empty());
    let off = Sponsor::named("rhea").empty().flag(None);
    let trial = Trial::of(names.into_iter().chain([off]));
    let sinks = Sinks::start();
    lose_database(&trial, "titan-2");
    let run = ["callisto", "titan-2", "rhea"].into_iter().fold(trial.run(), |run, name| {
        let variable = format!("PING_URL_{}", name.to_uppercase().replace('-', "_"));
        run.env(variable, sinks.url(name))
    });
    // Of no sponsor of this run.
    run.env("PING_URL_EUROPA", sinks.url("europa")).run().assert_code(13);
    assert_eq!(sinks.signals("callisto"), ["/start", ""]);
    assert_eq!(sinks.signals("titan-2"), ["/start", "/13"]);
    assert_eq!(sinks.signals("rhea"), ["/start", "/log"]);
    assert!(sinks.seen("europa").is_empty());
    assert_ne!(rids(&sinks, "callisto")[0], rids(&sinks, "titan-2")[0]);
    let body = sinks.seen("callisto").remove(1).body;
    assert!(body.starts_with("callisto: success") && !body.contains("titan"), "{body}");
}

/// The order holds although the start is still under way when the signal comes.
#[test]
fn a_stopped_run_signals_its_failure_after_its_start() {
    let trial = callisto();
    let slowly = |target: &str| Duration::from_millis(if target.contains("/start") { 1500 } else { 0 });
    let sinks = Sinks::answering_each(200, slowly);
    let lock = trial.database("callisto").hold("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE");
    let run =
        sinks.wire(trial.run()).input("notify", "failure").env("PING_URL_CALLISTO", sinks.url("callisto"));
    let running = run.start();
    crate::support::tools::wait_for("the start", Duration::from_secs(60), || {
        (!sinks.seen("callisto").is_empty()).then_some(())
    });
    running.signal("TERM");
    let outcome = running.wait();
    drop(lock);
    outcome.assert_code(143);
    assert!(!outcome.everything().contains(CANARY));
    assert_eq!(sinks.signals("ping"), ["/start", "/fail"]);
    assert_eq!(sinks.signals("callisto"), ["/start", "/fail"]);
    let answered = sinks.answered.lock().unwrap().clone();
    let at = |signal: &str| {
        answered.iter().position(|target| target.starts_with(&format!("/ping/{CANARY}/{signal}?")))
    };
    assert!(at("start").is_some() && at("start") < at("fail"), "{answered:?}");
    let ids = rids(&sinks, "ping");
    assert_eq!(ids[0], ids[1]);
    assert_eq!(sinks.documents()[0]["outcome"], "cancelled");
    assert!(sinks.messages()[0]["text"].as_str().unwrap().starts_with("⚠️ Backup, production: cancelled"));
}
