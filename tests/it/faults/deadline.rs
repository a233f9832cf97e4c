//! A signal arrives while S3 or pg_dump does not respond. The run still ends within five seconds, and its record shows
//! the cancellation. The runner kills a job ten seconds after its first signal.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Action, Cluster, Outcome, Proxy, Running, Seen, Sponsor, Trial, tools};

const FOR_EVER: Duration = Duration::from_secs(600);

/// The documented limit.
const OVER: Duration = Duration::from_secs(5);

/// From `first` on, S3 answers no further request.
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

/// Stops the run, which must end in time and report the cancellation.
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

/// - fault: S3 stops responding in the middle of an upload, then SIGTERM arrives
/// - injected: A proxy that stops answering from the second part on
/// - seen: `cancelled by SIGTERM` within 5 s, and `its uploaded parts stay until a lifecycle rule of the bucket removes
///   them`. Exit code 143
/// - left: The parts of the upload, which the run cannot abort. A local record `cancelled`
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

/// - fault: S3 stops responding at the commit, then SIGTERM arrives
/// - injected: A proxy that stops answering from the completion on
/// - seen: `cancelled by SIGTERM` within 5 s. Exit code 143
/// - left: No object. The parts of the upload. A local record `cancelled`
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

/// - fault: S3 stops responding at the manifest, or at a dump in a single request, then SIGTERM arrives
/// - injected: A proxy that stops answering from that request on
/// - seen: `cancelled by SIGTERM` within 5 s. For the manifest, `counts as a backup only if its manifest was
///   uploaded too`. For the dump, `the outcome of the upload to`. Exit code 143
/// - left: What S3 stored before it stopped responding. A local record `cancelled`
#[test]
fn what_a_stop_leaves_open_is_said_to_be_open() {
    for (last, told) in [
        (".manifest.json", "was uploaded, and counts as a backup only if its manifest was uploaded too"),
        (".sql.gz", "is unknown, but without a manifest it does not count as a backup"),
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

/// - fault: pg_dump ignores signals, and another process holds the other end of its pipes
/// - injected: A stand-in for pg_dump that ignores SIGTERM and leaves a child process behind, then SIGTERM
/// - seen: `cancelled by SIGTERM` within 5 s. Exit code 143
/// - left: Nothing but a record `cancelled`, also in S3
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
