//! A run that is stopped while nothing around it answers: it is over five seconds after the signal all the same, and its
//! record says so. The runner kills ten seconds after its first signal.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Action, Cluster, Outcome, Proxy, Running, Seen, Sponsor, Trial, tools};

const FOR_EVER: Duration = Duration::from_secs(600);

/// What is promised.
const OVER: Duration = Duration::from_secs(5);

/// From `first` on, S3 answers nothing any more.
fn silent_from(proxy: &Proxy, first: impl Fn(&Seen) -> bool + Send + Sync + 'static) {
    let silent = Arc::new(AtomicBool::new(false));
    proxy.rule(move |seen| {
        if first(seen) {
            silent.store(true, Ordering::Relaxed);
        }
        if silent.load(Ordering::Relaxed) { Action::Delay(FOR_EVER) } else { Action::Pass }
    });
}

fn wait_for(proxy: &Proxy, request: impl Fn(&Seen) -> bool) {
    tools::wait_for("the request", Duration::from_secs(60), || {
        proxy.requests().iter().any(&request).then_some(())
    });
}

/// Stops it; it must be over in time, and say so.
fn stopped(running: Running) -> Outcome {
    let at = Instant::now();
    running.signal("TERM");
    let outcome = running.wait();
    let took = at.elapsed();
    assert!(took < OVER, "{took:?} after the signal; {}", outcome.transcript());
    outcome.assert_code(143);
    assert_eq!(outcome.logs()[0].1["outcome"], "cancelled");
    assert_eq!(outcome.result("callisto")["stage"], "cancelled");
    assert_eq!(outcome.output("backup_location"), "");
    outcome
}

/// - fault: S3 falls silent in the middle of an upload, then SIGTERM comes
/// - injected: a proxy that answers nothing from the second part on
/// - seen: over within 5 s, exit 143, `cancelled by SIGTERM`, and that parts stay until the lifecycle removes them
/// - left: the parts of the upload, which nobody can take back; a local record `cancelled`
#[test]
fn a_stop_in_the_middle_of_a_silent_upload_is_over_in_time() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").load_noise(48);
    let proxy = Proxy::before(trial.store.endpoint());
    let second = |seen: &Seen| seen.query.contains("partNumber=2");
    silent_from(&proxy, second);
    let run = trial.run().input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "24MiB");
    let running = run.start();
    wait_for(&proxy, second);
    let outcome = stopped(running);
    assert!(outcome.stdout.contains("its uploaded parts stay"), "{}", outcome.transcript());
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
}

/// - fault: S3 falls silent at the commit, then SIGTERM comes
/// - injected: a proxy that answers nothing from the completion on
/// - seen: over within 5 s, exit 143, `cancelled by SIGTERM`
/// - left: no object; the parts of the upload; a local record `cancelled`
#[test]
fn a_stop_during_a_silent_commit_is_over_in_time() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").load_noise(24);
    let proxy = Proxy::before(trial.store.endpoint());
    let completion = |seen: &Seen| seen.method == "POST" && seen.query.contains("uploadId=");
    silent_from(&proxy, completion);
    let run = trial.run().input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "24MiB");
    let running = run.start();
    wait_for(&proxy, completion);
    stopped(running);
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
}

/// - fault: S3 falls silent at the manifest, or at a dump that goes there in one request, then SIGTERM comes
/// - injected: a proxy that answers nothing from that request on
/// - seen: over within 5 s, exit 143, `cancelled by SIGTERM`, and that it is not known whether that request was done
/// - left: what S3 did before it fell silent; a local record `cancelled`
#[test]
fn what_a_stop_leaves_open_is_said_to_be_open() {
    for (last, told) in [
        (".manifest.json", "was uploaded; it counts as a backup only if its manifest was uploaded too"),
        (".sql.gz", "may or may not have completed; without a manifest it does not count as a backup"),
    ] {
        let trial = Trial::of([Sponsor::named("callisto").empty()]);
        let proxy = Proxy::before(trial.store.endpoint());
        let write = move |seen: &Seen| seen.method == "PUT" && seen.path.ends_with(last);
        silent_from(&proxy, write);
        let running = trial.run().input("s3-endpoint-url", proxy.endpoint()).start();
        wait_for(&proxy, write);
        let outcome = stopped(running);
        assert!(outcome.stdout.contains(told), "{}", outcome.transcript());
    }
}

/// - fault: pg_dump hears nothing, and somebody else holds the other end of its pipes
/// - injected: a stand-in for pg_dump that ignores SIGTERM and leaves a child behind; then SIGTERM comes
/// - seen: over within 5 s, exit 143, `cancelled by SIGTERM`
/// - left: nothing; a record `cancelled` in S3 too
#[test]
fn a_pg_dump_that_ignores_the_signal_is_killed_in_time() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    let real = Cluster::shared().bin_dir();
    let clients = tools::open_folder("deaf");
    let deaf = format!(
        "#!/bin/sh\nif [ \"$1\" = --version ]; then exec {}/pg_dump --version; fi\ntrap '' TERM\n\
         /bin/sleep 20 &\necho started >&2\nwait\n",
        real.display()
    );
    let path = clients.path().join("pg_dump");
    std::fs::write(&path, deaf).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink(real.join("psql"), clients.path().join("psql")).unwrap();
    let running = trial.run().path(clients.path()).start();
    let deaf = tools::wait_for("the stand-in", Duration::from_secs(60), || {
        let of = |pid: &u32| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        running.children().into_iter().find(|pid| of(pid).contains("--format=plain"))
    });
    let outcome = stopped(running);
    assert!(!std::path::Path::new(&format!("/proc/{deaf}")).exists(), "{}", outcome.transcript());
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
    assert_eq!(trial.store.keys_in(trial.log_bucket("callisto")).len(), 1);
}
