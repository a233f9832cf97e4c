//! Time: answers that are missing or late, and a clock that is wrong.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::uncertain::{
    Kind, assert_backed_up, behind_a_proxy, failure, is_completion, is_creation, is_dump, refusal, run,
};
use crate::support::{Action, Proxy, Seen, Sponsor, Trial};

/// - fault: S3 accepts a request and never answers it
/// - injected: A proxy that keeps the connection open without an answer, once for each kind of small request
/// - seen: Success. The run sends the request again after half a minute
/// - left: The complete backup
#[test]
fn a_request_without_an_answer_is_sent_again_within_a_minute() {
    let kinds: [(&str, Kind, u32); 5] = [
        ("alpha", is_creation, 12),
        ("bravo", is_dump, 0),
        ("cargo", |seen| seen.method == "HEAD" && seen.path.ends_with(".sql.gz"), 0),
        ("delta", |seen| seen.has("tagging"), 0),
        ("ember", |seen| seen.method == "PUT" && seen.path.contains("/deployments/"), 0),
    ];
    let trial = Trial::of(kinds.map(|(name, ..)| Sponsor::named(name).empty()));
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.tell_the_right_checksum();
    let stalled = kinds.map(|(name, kind, noise)| {
        if noise > 0 {
            trial.database(name).load_noise(noise);
        }
        (format!("-{name}-"), kind, AtomicUsize::new(0))
    });
    proxy.rule(move |seen| {
        let ours = stalled.iter().find(|(name, ..)| seen.path.contains(name));
        let (_, kind, count) = ours.unwrap();
        let stalls = kind(seen) && count.fetch_add(1, Ordering::Relaxed) == 0;
        if stalls { Action::Stall } else { Action::Pass }
    });
    let run = run(&trial, &proxy).input("max-parallel", "5").input("memory-limit", "120MiB");
    let outcome = run.run();
    outcome.assert_code(0);
    for (name, ..) in kinds {
        assert_eq!(trial.store.keys_in(trial.bucket(name)).len(), 3, "{name}");
        assert_eq!(trial.store.keys_in(trial.log_bucket(name)).len(), 1, "{name}");
        assert_eq!(trial.store.uploads(trial.bucket(name)), Vec::<String>::new(), "{name}");
        let took = outcome.result(name)["duration_seconds"].as_f64().unwrap();
        assert!((25.0..90.0).contains(&took) || name == "ember", "{name}: {took} s");
    }
}

/// A part may take half a minute, and longer the larger it is. The last one of this dump has a few hundred KiB.
/// - fault: S3 accepts a part and never answers
/// - injected: A proxy that keeps the connection of the last part open without an answer, once
/// - seen: Success. The run sends the part again after a time that follows from its size
/// - left: The complete backup
#[test]
fn a_part_that_stalls_is_sent_again_after_its_time() {
    let (trial, proxy) = behind_a_proxy(11);
    let is_last = |seen: &Seen| seen.query.contains("partNumber=2");
    proxy.spoil(1, Action::Stall, is_last);
    let outcome = run(&trial, &proxy).deadline(Duration::from_secs(300)).run();
    assert_backed_up(&trial, &outcome);
    let parts = proxy.requests().into_iter().filter(|seen| seen.has("partNumber"));
    let (last, first): (Vec<Seen>, Vec<Seen>) = parts.partition(is_last);
    assert_eq!((first.len(), last.len()), (1, 2));
    assert!(last[0].body_length < 1 << 20, "{}", last[0].body_length);
}

/// - fault: S3 takes a long time to complete an upload
/// - injected: A proxy that forwards the completion after 40 seconds
/// - seen: Success. The run sent the completion once
/// - left: The complete backup
#[test]
fn a_completion_that_takes_long_is_waited_for() {
    let (trial, proxy) = behind_a_proxy(12);
    proxy.spoil(1, Action::Delay(Duration::from_secs(40)), is_completion);
    assert_backed_up(&trial, &run(&trial, &proxy).run());
    assert_eq!(proxy.requests().iter().filter(|seen| is_completion(seen)).count(), 1);
}

/// - fault: The machine's clock is wrong by 20 minutes
/// - injected: A proxy that answers 403 `RequestTimeTooSkewed` to every request
/// - seen: `RequestTimeTooSkewed`, and the hint to set the machine's clock, within seconds. Exit code 14
/// - left: Empty buckets. The record in the workspace
#[test]
fn a_clock_that_is_off_is_named_at_once() {
    let (trial, proxy) = behind_a_proxy(0);
    proxy.spoil(99, Action::Status(403, refusal("RequestTimeTooSkewed")), |_| true);
    let outcome = run(&trial, &proxy).run();
    let message = failure(&outcome);
    assert!(message.contains("RequestTimeTooSkewed"), "{message}");
    assert!(outcome.stdout.contains("Set the clock of this machine."), "{}", outcome.transcript());
    assert!(proxy.requests().len() <= 6, "{:?}", proxy.requests());
    assert_eq!(outcome.log("callisto")["outcome"], "failure");
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
}
