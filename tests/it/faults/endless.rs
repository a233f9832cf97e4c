//! A pg_dump that does not end, says too much, or whose end somebody else holds open; played by a stand-in.
//! In every run a sponsor more, whose pg_dump is the real one, has its whole backup.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::dump::{Fault, HEALTHY, assert_failed, assert_whole, beginning, fault, stage};
use crate::support::{Sponsor, Trial, clients, tools};

/// Pids that scripts have written down, each into a file of its sponsor's name.
struct Pids(TempDir);

impl Pids {
    fn new() -> Self {
        Self(tools::open_folder("pids"))
    }

    /// The line of a script that writes down `$$` or `$!`.
    fn write(&self, sponsor: &str, pid: &str) -> String {
        format!("echo {pid} >{}", self.0.path().join(sponsor).display())
    }

    /// Whether it runs; one that has ended and that nobody has asked for its end does not.
    fn is_alive(&self, sponsor: &str) -> bool {
        let status = std::fs::read_to_string(self.process(sponsor).join("status")).unwrap_or_default();
        status.contains("\nState:") && !status.contains("\nState:\tZ")
    }

    fn process(&self, sponsor: &str) -> PathBuf {
        let pid = std::fs::read_to_string(self.0.path().join(sponsor)).unwrap();
        Path::new("/proc").join(pid.trim())
    }
}

/// - fault: pg_dump hangs before its first byte
/// - injected: a stand-in that sleeps
/// - seen: `timed out after 15s (input 'timeout')`; exit code 13
/// - left: a record of the failure
/// - fault: pg_dump hangs and does not heed SIGTERM
/// - injected: a stand-in that ignores it and sleeps
/// - seen: `timed out after 15s (input 'timeout')`; exit code 13
/// - left: a record of the failure
/// - fault: pg_dump hangs in the middle, and has started the program that hangs
/// - injected: a stand-in that passes on 20 MB and runs `sleep`
/// - seen: `timed out after 15s (input 'timeout')`; exit code 13
/// - left: a record of the failure; the upload is aborted, both processes are gone
#[test]
fn a_pg_dump_that_hangs_is_ended_in_time() {
    let (pids, told) = (Pids::new(), "timed out after 15s (input `timeout`)");
    let sleep = "exec /usr/bin/sleep 600";
    let in_the_background = format!("/usr/bin/sleep 600 &\n{}\nwait", pids.write("rhea", "$!"));
    let faults = [
        fault("callisto", format!("{}\n{sleep}", pids.write("callisto", "$$")), told),
        fault("europa", format!("{}\ntrap '' TERM\n{sleep}", pids.write("europa", "$$")), told),
        fault("rhea", beginning(20_000_000, &in_the_background), told),
    ];
    let (trial, folder) = stage(&faults);
    trial.database("rhea").load_noise(24);
    // The healthy one needs a second or two; the rest is for a busy machine.
    let run = trial.run().path(folder.path()).input("timeout", "15s").input("memory-limit", "128MiB");
    let outcome = run.deadline(Duration::from_secs(60)).run();
    outcome.assert_code(13);
    assert_failed(&trial, &outcome, &faults);
    for Fault { sponsor, .. } in &faults {
        assert!(!pids.is_alive(sponsor), "{sponsor}'s pg_dump goes on");
    }
}

/// - fault: SIGTERM comes while pg_dump hangs and heeds no signal
/// - injected: a stand-in that ignores SIGTERM and sleeps, and the signal
/// - seen: `cancelled by SIGTERM`, less than 5 s later; exit code 143
/// - left: a record `cancelled`; the backup of a sponsor that was done before
#[test]
fn a_signal_ends_a_pg_dump_that_heeds_none() {
    let pids = Pids::new();
    let script = format!("trap '' TERM\n{}\nexec /usr/bin/sleep 600", pids.write("callisto", "$$"));
    let (trial, folder) = stage(&[fault("callisto", script, "")]);
    let running = trial.run().path(folder.path()).deadline(Duration::from_secs(60)).start();
    tools::wait_for("the record of the healthy one", Duration::from_secs(40), || {
        let recorded = !trial.store.keys_in(trial.log_bucket(HEALTHY)).is_empty();
        (recorded && pids.0.path().join("callisto").exists()).then_some(())
    });
    let signaled = Instant::now();
    running.signal("TERM");
    let outcome = running.wait();
    let took = signaled.elapsed();
    outcome.assert_code(143);
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(!pids.is_alive("callisto"), "pg_dump goes on");
    assert_eq!(outcome.result("callisto")["message"], "cancelled by SIGTERM");
    assert_eq!(outcome.log("callisto")["outcome"], "cancelled");
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")), Vec::<String>::new());
    assert_whole(&trial, &outcome, HEALTHY);
}

/// - fault: pg_dump writes 100 MB of warnings beside a good dump
/// - injected: a stand-in that floods its standard error
/// - seen: `pg_dump printed more than 1 MiB of warnings`; exit code 13; memory stays flat
/// - left: a record of the failure
/// - fault: pg_dump writes 100 MB of complaints and fails
/// - injected: a stand-in that floods its standard error and exits with 1
/// - seen: `pg_dump exited with 1: an error that is not shown`; exit code 13
/// - left: a record of the failure, as short
#[test]
fn a_flood_of_messages_keeps_memory_flat_and_shows_the_last() {
    let flood = "/usr/bin/yes 'pg_dump: warning: la' | /usr/bin/head -c 100000000 >&2";
    let last = "echo 'pg_dump: error: last words' >&2\nexit 1";
    let well = format!("({flood}) &\n{} \"$@\" || exit\nwait", clients::real("pg_dump"));
    let faults = [
        fault("callisto", format!("{flood}\n{last}"), "pg_dump exited with 1: an error that is not shown"),
        // Among so many warnings one may say that something is missing.
        fault("europa", well, "pg_dump printed more than 1 MiB of warnings"),
    ];
    let (trial, folder) = stage(&faults);
    let outcome = trial.run().path(folder.path()).run();
    outcome.assert_code(13);
    assert_failed(&trial, &outcome, &faults);
    assert!(outcome.peak_memory < 80_000_000, "{}", outcome.peak_memory);
    let said = outcome.everything().len();
    assert!(said < 200_000, "{said} bytes");
}

/// Whoever has a pipe open keeps its reader waiting.
/// - fault: pg_dump leaves a program behind that holds its pipes open
/// - injected: a stand-in that starts `sleep` and becomes a real pg_dump
/// - seen: success, exit code 0
/// - left: the whole backup; the program is ended
/// - fault: pg_dump leaves a program behind that holds its pipes open in a session of its own
/// - injected: a stand-in that starts `setsid sleep` and becomes a real pg_dump
/// - seen: success, exit code 0
/// - left: the whole backup; the program goes on and is not waited for
/// - fault: pg_dump fails and leaves such a program behind
/// - injected: a stand-in that starts `setsid sleep` and exits with 1
/// - seen: `pg_dump exited with 1: an error that is not shown`; exit code 13
/// - left: a record of the failure
#[test]
fn a_process_that_holds_the_pipes_open_is_not_waited_for() {
    let (pids, real) = (Pids::new(), clients::real("pg_dump"));
    // It has to be where it wants to be before pg_dump ends.
    let start = |sponsor: &str, session: &str| {
        let file = pids.0.path().join(sponsor).display().to_string();
        let sleep = format!("/bin/sh -c '{}; exec /usr/bin/sleep 600'", pids.write(sponsor, "$$"));
        format!("{session} {sleep} &\nuntil [ -s {file} ]; do /usr/bin/sleep 0.05; done")
    };
    let (near, away) = ("", "/usr/bin/setsid");
    let dump = |sponsor: &str, sleep: &str| format!("{}\nexec {real} \"$@\"", start(sponsor, sleep));
    let fails = format!("{}\necho 'pg_dump: error: last words' >&2\nexit 1", start("rhea", away));
    let faults = [fault("rhea", fails, "pg_dump exited with 1: an error that is not shown")];
    let scripts = [dump("callisto", near), dump("europa", away)];
    let trial = Trial::of(["callisto", "europa", "rhea", HEALTHY].map(Sponsor::named));
    let folder = clients::misbehaving_for([
        ("callisto", scripts[0].as_str()),
        ("europa", &scripts[1]),
        ("rhea", &faults[0].script),
    ]);
    let outcome = trial.run().path(folder.path()).deadline(Duration::from_secs(60)).run();
    let alive = ["callisto", "europa", "rhea"].map(|sponsor| pids.is_alive(sponsor));
    for (sponsor, alive) in ["callisto", "europa", "rhea"].into_iter().zip(alive) {
        if alive {
            let pid = pids.process(sponsor).file_name().unwrap().to_str().unwrap().parse().unwrap();
            tools::signal("KILL", pid);
        }
    }
    outcome.assert_code(13);
    assert_failed(&trial, &outcome, &faults);
    assert_whole(&trial, &outcome, "callisto");
    assert_whole(&trial, &outcome, "europa");
    // The other two prove that they did hold the pipes.
    assert_eq!(alive, [false, true, true]);
}
