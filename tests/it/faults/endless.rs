//! Faults of pg_dump, played by a stand-in: it hangs, prints too much, or leaves a process behind that holds its pipes
//! open.
//! In every run, one more sponsor with the real pg_dump gets its complete backup.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::dump::{Fault, HEALTHY, assert_failed, assert_whole, beginning, fault, stage};
use crate::support::{Sponsor, Trial, clients, tools};

/// Pids that scripts have written down, each in a file with its sponsor's name.
struct Pids(TempDir);

impl Pids {
    fn new() -> Self {
        Self(tools::open_folder("pids"))
    }

    /// The line of a script that writes down `$$` or `$!`.
    fn write(&self, sponsor: &str, pid: &str) -> String {
        format!("echo {pid} >{}", self.0.path().join(sponsor).display())
    }

    /// Whether the process runs. A zombie, which has ended and was not waited for, does not count.
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
/// - injected: A stand-in that sleeps
/// - seen: ``timed out after 15s (input `timeout`)``. Exit code 13
/// - left: A record of the failure
/// - fault: pg_dump hangs and ignores SIGTERM
/// - injected: A stand-in that ignores the signal and sleeps
/// - seen: ``timed out after 15s (input `timeout`)``. Exit code 13
/// - left: A record of the failure
/// - fault: pg_dump hangs in the middle of the dump, waiting for a program that it started
/// - injected: A stand-in that passes on 20 MB and runs `sleep`
/// - seen: ``timed out after 15s (input `timeout`)``. Exit code 13
/// - left: A record of the failure. The upload is aborted, and both processes have ended
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
    // The healthy sponsor needs a second or two. The rest is for a busy machine.
    let run = trial.run().path(folder.path()).input("timeout", "15s").input("memory-limit", "128MiB");
    let outcome = run.deadline(Duration::from_secs(60)).run();
    outcome.assert_code(13);
    assert_failed(&trial, &outcome, &faults);
    for Fault { sponsor, .. } in &faults {
        assert!(!pids.is_alive(sponsor), "{sponsor}'s pg_dump goes on");
    }
}

/// - fault: SIGTERM arrives while pg_dump hangs and ignores signals
/// - injected: A stand-in that ignores SIGTERM and sleeps, and the signal
/// - seen: `cancelled by SIGTERM` within 5 s. Exit code 143
/// - left: A record `cancelled`, and the backup of a sponsor that had finished before
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

/// - fault: pg_dump prints 100 MB of warnings and writes a good dump
/// - injected: A stand-in that floods its standard error
/// - seen: `pg_dump printed more than 1 MiB of warnings`. Exit code 13. Memory use stays flat
/// - left: A record of the failure
/// - fault: pg_dump prints 100 MB of errors and fails
/// - injected: A stand-in that floods its standard error and exits with 1
/// - seen: `pg_dump exited with 1: an error that is not shown`. Exit code 13
/// - left: A record of the failure, equally short
#[test]
fn a_flood_of_messages_keeps_memory_flat_and_shows_the_last() {
    let flood = "/usr/bin/yes 'pg_dump: warning: la' | /usr/bin/head -c 100000000 >&2";
    let last = "echo 'pg_dump: error: last words' >&2\nexit 1";
    let well = format!("({flood}) &\n{} \"$@\" || exit\nwait", clients::real("pg_dump"));
    let faults = [
        fault("callisto", format!("{flood}\n{last}"), "pg_dump exited with 1: an error that is not shown"),
        // Among this many warnings, one could report missing content.
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

/// A process that has a pipe open keeps its reader waiting.
/// - fault: pg_dump leaves a program behind that holds its pipes open
/// - injected: A stand-in that starts `sleep` and becomes a real pg_dump
/// - seen: Success. Exit code 0
/// - left: The complete backup. The run ends the program
/// - fault: pg_dump leaves a program behind that holds its pipes open in its own session
/// - injected: A stand-in that starts `setsid sleep` and becomes a real pg_dump
/// - seen: Success. Exit code 0
/// - left: The complete backup. The program continues, and the run does not wait for it
/// - fault: pg_dump fails and leaves such a program behind
/// - injected: A stand-in that starts `setsid sleep` and exits with 1
/// - seen: `pg_dump exited with 1: an error that is not shown`. Exit code 13
/// - left: A record of the failure
#[test]
fn a_process_that_holds_the_pipes_open_is_not_waited_for() {
    let (pids, real) = (Pids::new(), clients::real("pg_dump"));
    // The program must be in its session before pg_dump ends.
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
    // The other two prove that they held the pipes.
    assert_eq!(alive, [false, true, true]);
}
