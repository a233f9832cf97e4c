//! Signals and time limits: a stopped run leaves nothing half-finished, and a record. Covers incidents F11, F28, F31
//! and F34. A run that ignores the signal exceeds its deadline and fails its test.

use std::time::Duration;

use crate::support::{Action, Outcome, Proxy, Run, Sponsor, Trial, Trouble, tools};

/// Longer than any run in these tests.
const FOR_EVER: Duration = Duration::from_secs(600);

/// A run that reacts only to the signal: without it, the run waits far longer than its deadline.
fn patient(run: Run) -> Run {
    run.input("lock-wait-timeout", "500s").deadline(Duration::from_secs(60))
}

/// Holds after every stop: no object, no upload, no session on the server, and a record with the outcome.
fn assert_clean(trial: &Trial, outcome: &Outcome, sponsor: &str, recorded: &str) {
    assert_eq!(trial.store.keys_in(trial.bucket(sponsor)), Vec::<String>::new());
    assert_eq!(trial.store.uploads(trial.bucket(sponsor)), Vec::<String>::new());
    let database = trial.database(sponsor);
    tools::wait_for("the product's sessions to end", Duration::from_secs(10), || {
        (database.sessions() == 0).then_some(())
    });
    let logs = outcome.logs();
    let mine = logs.iter().filter(|(_, log)| log["sponsor"] == sponsor).map(|(_, log)| log);
    let mine: Vec<_> = mine.collect();
    assert_eq!(mine.len(), 1, "{logs:?}");
    assert_eq!(mine[0]["outcome"], recorded);
    assert!(mine[0]["backup_location"].is_null());
    assert_eq!(outcome.result(sponsor)["outcome"], "failure");
}

/// - fault: SIGTERM arrives while pg_dump waits for a lock
/// - injected: The signal, and an open transaction
/// - seen: `cancelled by SIGTERM`. Exit code 143
/// - left: A record `cancelled`, also in S3. No pg_dump, no session
/// - fault: SIGINT arrives while pg_dump waits for a lock
/// - injected: The signal, and an open transaction
/// - seen: `cancelled by SIGINT`. Exit code 130
/// - left: A record `cancelled`, also in S3. No pg_dump, no session
#[test]
fn a_signal_ends_a_dump_that_waits_for_a_lock() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let trial = Trial::of([Sponsor::named("callisto")]);
        let _migration = trial.database("callisto").hold("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE");
        let running = patient(trial.run()).start();
        trial.database("callisto").wait_until_a_dump_waits();
        let children = running.children();
        assert_eq!(children.len(), 1);
        running.signal(signal);
        let outcome = running.wait();
        outcome.assert_code(code);
        assert!(!std::path::Path::new(&format!("/proc/{}", children[0])).exists(), "pg_dump goes on");
        assert_clean(&trial, &outcome, "callisto", "cancelled");
        let result = outcome.result("callisto");
        assert_eq!((&result["stage"], outcome.output("outcome")), (&"cancelled".into(), "failure".into()));
        assert_eq!(result["message"], format!("cancelled by SIG{signal}"));
        // The record is in S3, too.
        let keys = trial.store.keys_in(trial.log_bucket("callisto"));
        assert_eq!(trial.store.get_json(trial.log_bucket("callisto"), &keys[0])["outcome"], "cancelled");
    }
}

/// F34: some parts are already at S3, one is on its way, and pg_dump is in the middle of a table.
/// - fault: SIGTERM arrives during the upload of a part, while S3 does not answer
/// - injected: A proxy that holds back the second part, and the signal
/// - seen: `cancelled by SIGTERM`. Exit code 143
/// - left: A record `cancelled`. The upload is aborted
#[test]
fn a_signal_during_an_upload_takes_it_back() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").load_noise(48);
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.spoil(1, Action::Delay(FOR_EVER), |seen| seen.query.contains("partNumber=2"));
    let run = patient(trial.run()).input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "24MiB");
    let running = run.start();
    tools::wait_for("the second part", Duration::from_secs(60), || {
        proxy.requests().iter().any(|seen| seen.query.contains("partNumber=2")).then_some(())
    });
    assert_eq!(trial.store.uploads(trial.bucket("callisto")).len(), 1);
    running.signal("TERM");
    let outcome = running.wait();
    outcome.assert_code(143);
    assert_clean(&trial, &outcome, "callisto", "cancelled");
}

/// S3 accepts the connection and never answers the first request of an upload.
/// - fault: SIGTERM arrives while S3 does not answer the first request of an upload
/// - injected: A proxy that holds it back, and the signal
/// - seen: `cancelled by SIGTERM`. Exit code 143
/// - left: A record `cancelled`
#[test]
fn a_signal_is_heard_while_the_upload_is_being_created() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").load_noise(16);
    let proxy = Proxy::before(trial.store.endpoint());
    let creates = |seen: &crate::support::Seen| seen.method == "POST" && seen.query.starts_with("uploads");
    proxy.spoil(9, Action::Delay(FOR_EVER), creates);
    let run = patient(trial.run()).input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "24MiB");
    let running = run.start();
    tools::wait_for("the creation", Duration::from_secs(60), || {
        proxy.requests().iter().any(creates).then_some(())
    });
    running.signal("TERM");
    let outcome = running.wait();
    outcome.assert_code(143);
    assert_clean(&trial, &outcome, "callisto", "cancelled");
}

/// S3 hangs at the last step. The runner kills the job ten seconds after its signal, so the record must exist by then.
/// - fault: SIGTERM arrives while S3 does not answer the single request of a small backup
/// - injected: A proxy that holds it back, and the signal
/// - seen: `cancelled by SIGTERM`. Exit code 143
/// - left: A record `cancelled`
/// - fault: SIGTERM arrives while S3 does not answer the completion of an upload
/// - injected: A proxy that holds it back, and the signal
/// - seen: `cancelled by SIGTERM`. Exit code 143
/// - left: A record `cancelled`. The upload is aborted
#[test]
fn a_signal_during_the_commit_is_heard() {
    for (megabytes, step) in [(1, ".sql.gz"), (24, "uploadId=")] {
        let trial = Trial::of([Sponsor::named("callisto").empty()]);
        trial.database("callisto").load_noise(megabytes);
        let proxy = Proxy::before(trial.store.endpoint());
        let last = move |seen: &crate::support::Seen| {
            let one_put = seen.method == "PUT" && seen.path.ends_with(step) && seen.query == "x-id=PutObject";
            one_put || (seen.method == "POST" && seen.query.contains(step))
        };
        proxy.spoil(1, Action::Delay(FOR_EVER), last);
        let run = patient(trial.run()).input("s3-endpoint-url", proxy.endpoint());
        let running = run.input("memory-limit", "24MiB").start();
        tools::wait_for("the last step", Duration::from_secs(60), || {
            proxy.requests().iter().any(last).then_some(())
        });
        running.signal("TERM");
        let outcome = running.wait();
        outcome.assert_code(143);
        assert_clean(&trial, &outcome, "callisto", "cancelled");
    }
}

/// - fault: SIGTERM arrives while Doppler does not answer the request for the manifest
/// - injected: A slow Doppler, and the signal
/// - seen: `cancelled by SIGTERM`. Exit code 143
/// - left: Nothing. No record, because the run does not know the sponsors yet
#[test]
fn a_signal_is_heard_while_the_core_project_is_slow() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let outcome = stopped_while_slow(&trial, &trial.core_token);
    assert_eq!(outcome.output("outcome"), "failure");
    // The run does not know the sponsors yet, so it cannot record anything.
    assert_eq!((outcome.logs().len(), outcome.output("results")), (0, "[]".to_owned()));
}

/// - fault: SIGTERM arrives while Doppler does not answer the request for a sponsor
/// - injected: A slow Doppler, and the signal
/// - seen: `cancelled by SIGTERM`. Exit code 143
/// - left: A record `cancelled` in the workspace
#[test]
fn a_signal_is_heard_while_a_sponsors_project_is_slow() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let outcome = stopped_while_slow(&trial, trial.token("callisto"));
    assert_clean(&trial, &outcome, "callisto", "cancelled");
}

/// A run that is stopped while it waits for the answer to a request with this token.
fn stopped_while_slow(trial: &Trial, token: &str) -> Outcome {
    trial.doppler.trouble_for(token, &Trouble::Slow(FOR_EVER), 9);
    let running = patient(trial.run()).start();
    tools::wait_for("the request", Duration::from_secs(30), || {
        trial.doppler.requests().iter().any(|asked| asked.token == token).then_some(())
    });
    running.signal("TERM");
    let outcome = running.wait();
    outcome.assert_code(143);
    outcome
}

// serves: 11.10(e)/recorded
/// Two sponsors wait for locks, and the third has not started.
/// - fault: SIGTERM arrives while two sponsors wait for locks and a third has not started
/// - injected: The signal, and open transactions
/// - seen: `cancelled by SIGTERM` for each. Exit code 143
/// - left: Three records `cancelled`
#[test]
fn each_sponsor_of_a_stopped_run_has_its_record() {
    let names = ["callisto", "europa", "titan"];
    let trial = Trial::of(names.map(Sponsor::named));
    let lock = |name: &str| trial.database(name).hold("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE");
    let _migrations = names.map(lock);
    let running = patient(trial.run()).input("max-parallel", "2").start();
    trial.database("callisto").wait_until_a_dump_waits();
    trial.database("europa").wait_until_a_dump_waits();
    running.signal("TERM");
    let outcome = running.wait();
    outcome.assert_code(143);
    for name in names {
        assert_clean(&trial, &outcome, name, "cancelled");
    }
    assert_eq!(outcome.results().len(), 3);
}

/// F28: a sponsor that takes too long does not affect the other one.
/// - fault: One sponsor takes longer than `timeout`
/// - injected: An open transaction that holds a lock
/// - seen: ``timed out after 20s (input `timeout`)``. Exit code 13
/// - left: A record of the failure. The backup of the other sponsor
#[test]
fn a_sponsor_that_takes_too_long_is_stopped_alone() {
    let trial = Trial::of(["callisto", "titan"].map(Sponsor::named));
    let _migration = trial.database("titan").hold("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE");
    // Callisto needs a second or two. The rest is for a busy machine.
    let outcome = patient(trial.run()).input("timeout", "20s").run();
    outcome.assert_code(13);
    assert_eq!(outcome.result("callisto")["outcome"], "success");
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")).len(), 3);
    assert_eq!(outcome.result("titan")["message"], "timed out after 20s (input `timeout`)");
    assert_clean(&trial, &outcome, "titan", "failure");
}
