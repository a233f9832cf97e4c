//! Signals at ten random moments of a run, from its first request to its last: before the dump, during it, during the
//! upload, and between the requests that make a backup visible. The test prints the seed. `FAULTS_SEED` sets it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime};

use crate::support::{Outcome, Proxy, Run, Running, Sponsor, Trial, tools};

const MOMENTS: u64 = 10;
/// The sponsor with the larger database. A run of this size uploads several parts and takes a second or two.
const LARGE: &str = "callisto";
const SMALL: &str = "titan";

/// If more of the ten runs than this end before their signal, the test shows too little and fails.
const MOST_TOO_LATE: usize = 3;

// serves: 11.10(a)/reliable
/// - fault: SIGINT arrives at five random moments of a run
/// - injected: The signal, after a random number of requests to Doppler and S3
/// - seen: `cancelled by SIGINT` within 5 s. Exit code 130
/// - left: For each sponsor, the complete backup or nothing, and a record that shows which
/// - fault: SIGTERM arrives at five random moments of a run
/// - injected: The signal, after a random number of requests to Doppler and S3
/// - seen: `cancelled by SIGTERM` within 5 s. Exit code 143
/// - left: For each sponsor, the complete backup or nothing, and a record that shows which
#[test]
fn a_signal_at_any_moment_leaves_whole_backups_or_none() {
    signal_at_random_moments(|run| run, |running| Some(running.pid()));
}

/// As in a container: the kernel delivers only those signals to the first process for which it has a handler.
/// - fault: SIGINT arrives at five random moments, and the program is the first process of its container
/// - injected: `unshare --pid --fork`, and the signal
/// - seen: `cancelled by SIGINT` within 5 s. Exit code 130
/// - left: For each sponsor, the complete backup or nothing, and a record that shows which
/// - fault: SIGTERM arrives at five random moments, and the program is the first process of its container
/// - injected: `unshare --pid --fork`, and the signal
/// - seen: `cancelled by SIGTERM` within 5 s. Exit code 143
/// - left: For each sponsor, the complete backup or nothing, and a record that shows which
#[test]
fn the_first_process_of_a_container_hears_signals_too() {
    signal_at_random_moments(as_first_process, |running| {
        let pid = innermost(running.children().first().copied()?);
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let pids = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
        assert_eq!(pids.split_whitespace().next_back(), Some("1"), "{status}");
        Some(pid)
    });
}

/// Runs the program in its own PID namespace. If the tests do not run as root, sudo creates the namespace, and the
/// program runs as the test's user again.
fn as_first_process(run: Run) -> Run {
    let namespace = ["unshare", "--pid", "--fork"].map(str::to_owned);
    if tools::is_root() {
        return run.program(&namespace[0]).args(&namespace[1..]).arg(tools::binary());
    }
    let id = |which: &str| tools::run("id", [which]).trim().to_owned();
    let path = format!("PATH={}:/usr/bin:/bin", tools::distribution_bin_dir().display());
    let ourselves = ["setpriv", "--reuid", &id("-u"), "--regid", &id("-g"), "--init-groups", "env", &path];
    let run = run.program("sudo").arg("--preserve-env").args(namespace).args(ourselves.map(str::to_owned));
    run.arg(tools::binary())
}

/// The last process of a chain in which each process waits for the next.
fn innermost(pid: u32) -> u32 {
    let is_ours = |pid: u32| {
        std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "sponsor-backup\n")
    };
    let child = |pid: u32| {
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
        children.split_whitespace().next()?.parse().ok()
    };
    std::iter::successors(Some(pid), |pid| if is_ours(*pid) { None } else { child(*pid) })
        .last()
        .unwrap_or(pid)
}

/// All runs share one trial, so each run's result is the difference to the state before it.
fn signal_at_random_moments(wrap: impl Fn(Run) -> Run, pid: impl Fn(&Running) -> Option<u32>) {
    let mut dice = Dice::thrown();
    let trial = Trial::of([Sponsor::named(LARGE).empty(), Sponsor::named(SMALL)]);
    trial.database(LARGE).load_noise(12);
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.tell_the_right_checksum();
    let start = || {
        // Backups in the same second would get the same name.
        let second = || jiff::Timestamp::now().as_second();
        let last = second();
        tools::wait_for("the next second", Duration::from_secs(10), || (second() > last).then_some(()));
        let run = trial.run().input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "48MiB");
        wrap(run).deadline(Duration::from_secs(60)).start()
    };
    let requests = || (trial.doppler.requests().len() + proxy.requests().len()) as u64;
    start().wait().assert_code(0);
    let whole = requests();
    let mut too_late = 0;
    for moment in 0..MOMENTS {
        let (name, code) = if moment % 2 == 0 { ("INT", 130) } else { ("TERM", 143) };
        // One moment in each tenth of the run.
        let after = 1 + (moment * whole + dice.below(whole)) / MOMENTS;
        // The dump falls between two of the first requests. The later requests follow each other quickly.
        let wait = Duration::from_millis(dice.below(if moment < 4 { 250 } else { 10 }));
        let (before, already) = ([LARGE, SMALL].map(|sponsor| Left::of(&trial, sponsor)), requests());
        let running = start();
        tools::wait_for("the moment", Duration::from_secs(40), || {
            (requests() - already >= after.min(whole - 1)).then_some(())
        });
        std::thread::sleep(wait);
        let signaled = Instant::now();
        if let Some(pid) = pid(&running).and_then(|pid| rustix::process::Pid::from_raw(pid.cast_signed())) {
            // The run can end at this very moment.
            let signal =
                if code == 130 { rustix::process::Signal::INT } else { rustix::process::Signal::TERM };
            let _sent = rustix::process::kill_process(pid, signal);
        }
        let outcome = running.wait();
        let took = signaled.elapsed();
        println!("SIG{name} after {after} of {whole} requests and {wait:?}: {:?} in {took:?}", outcome.code);
        if outcome.code == Some(0) {
            too_late += 1;
        } else {
            outcome.assert_code(code);
        }
        assert!(took < Duration::from_secs(5), "{took:?}\n{}", outcome.transcript());
        for (sponsor, before) in [LARGE, SMALL].into_iter().zip(before) {
            before.assert_whole_or_none(&trial, &outcome, sponsor, &format!("cancelled by SIG{name}"));
        }
    }
    assert!(too_late <= MOST_TOO_LATE, "{too_late} runs had ended before their signal");
}

/// A sponsor's objects in S3.
struct Left {
    backups: BTreeSet<String>,
    records: BTreeSet<String>,
}

impl Left {
    fn of(trial: &Trial, sponsor: &str) -> Self {
        let keys = |bucket: &str| trial.store.keys_in(bucket).into_iter().collect();
        Self { backups: keys(trial.bucket(sponsor)), records: keys(trial.log_bucket(sponsor)) }
    }

    /// Compares with the state before the run. A reported backup has all three objects, and a failed one has none. A
    /// dump without a manifest can remain if the output reports it.
    fn assert_whole_or_none(self, trial: &Trial, outcome: &Outcome, sponsor: &str, stopped: &str) {
        let after = Self::of(trial, sponsor);
        let new: Vec<_> = after.backups.difference(&self.backups).collect();
        let said = || format!("{sponsor}: {new:?}\n{}", outcome.transcript());
        assert_eq!(trial.store.uploads(trial.bucket(sponsor)), Vec::<String>::new(), "{}", said());
        let database = trial.database(sponsor);
        tools::wait_for("the sessions' end", Duration::from_secs(5), || {
            (database.sessions() == 0).then_some(())
        });
        if outcome.results().is_empty() {
            assert_eq!((new.len(), outcome.logs().len()), (0, 0), "{}", said());
            assert!(outcome.stdout.contains(stopped), "{}", said());
            return;
        }
        let (result, log) = (outcome.result(sponsor), outcome.log(sponsor));
        if result["outcome"] == "success" {
            assert_eq!((new.len(), &log["outcome"]), (3, &"success".into()), "{}", said());
            let location = result["backup_location"].as_str().unwrap();
            assert!(new.iter().any(|key| location.ends_with(*key)), "{}", said());
        } else {
            assert_eq!((&result["message"], &log["outcome"]), (&stopped.into(), &"cancelled".into()));
            assert!(new.iter().all(|key| !key.ends_with(".json")), "{}", said());
            assert!(
                new.is_empty()
                    || outcome.stdout.contains("a backup only if")
                    || outcome.stdout.contains("does not count as a backup"),
                "{}",
                said()
            );
            assert_eq!(result["stage"], "cancelled", "{}", said());
        }
        // The run knows the sponsor's log bucket once it has the secrets. From then on, its record is also in S3.
        let recorded = after.records.difference(&self.records).count();
        let at_s3 = outcome.result(sponsor)["deployment_log"].as_str().unwrap().starts_with("s3://");
        assert_eq!(recorded, usize::from(at_s3), "{}", said());
    }
}

/// A pseudo-random number generator. The same seed gives the same numbers.
struct Dice(u64);

impl Dice {
    fn thrown() -> Self {
        let clock = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos();
        let seed = std::env::var("FAULTS_SEED").map_or_else(|_| clock().into(), |seed| seed.parse().unwrap());
        println!("FAULTS_SEED={seed}");
        Self(seed)
    }

    /// SplitMix64.
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}
