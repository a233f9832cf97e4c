//! Signals at ten random moments of a run, from its first request to its last: before the dump, in it, while parts are
//! uploaded, and between the requests that make a backup visible. The seed is printed; `FAULTS_SEED` sets it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime};

use crate::support::{Outcome, Proxy, Run, Running, Sponsor, Trial, tools};

const MOMENTS: u64 = 10;
/// A run of this size sends some parts, and lasts a second or two.
const LARGE: &str = "callisto";
const SMALL: &str = "titan";

/// A signal that ends so many of the ten runs too late would show nothing.
const MOST_TOO_LATE: usize = 3;

/// - fault: SIGINT comes at five random moments of a run
/// - injected: the signal, after a random number of requests to Doppler and S3
/// - seen: `cancelled by SIGINT`, less than 5 s later; exit code 130
/// - left: each sponsor has its whole backup or none, and a record that says which
/// - fault: SIGTERM comes at five random moments of a run
/// - injected: the signal, after a random number of requests to Doppler and S3
/// - seen: `cancelled by SIGTERM`, less than 5 s later; exit code 143
/// - left: each sponsor has its whole backup or none, and a record that says which
#[test]
fn a_signal_at_any_moment_leaves_whole_backups_or_none() {
    signal_at_random_moments(|run| run, |running| Some(running.pid()));
}

/// As in a container, whose first process hears only those signals that it asked for.
/// - fault: SIGINT comes at five random moments, and the program is the first process of its container
/// - injected: `unshare --pid --fork`, and the signal
/// - seen: `cancelled by SIGINT`, less than 5 s later; exit code 130
/// - left: each sponsor has its whole backup or none, and a record that says which
/// - fault: SIGTERM comes at five random moments, and the program is the first process of its container
/// - injected: `unshare --pid --fork`, and the signal
/// - seen: `cancelled by SIGTERM`, less than 5 s later; exit code 143
/// - left: each sponsor has its whole backup or none, and a record that says which
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

/// In a namespace of its own. Where nobody is root, sudo makes it, and the program is run by us again.
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

/// The last of a chain of processes of which each waits for the next.
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

/// One trial for all: what a run leaves is what is there more than before it.
fn signal_at_random_moments(wrap: impl Fn(Run) -> Run, pid: impl Fn(&Running) -> Option<u32>) {
    let mut dice = Dice::thrown();
    let trial = Trial::of([Sponsor::named(LARGE).empty(), Sponsor::named(SMALL)]);
    trial.database(LARGE).load_noise(12);
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.tell_the_right_checksum();
    let start = || {
        // Backups of one second would have one name.
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
        // Each tenth of the run has its moment.
        let after = 1 + (moment * whole + dice.below(whole)) / MOMENTS;
        // The dump lies between two of the first requests; the later ones follow each other fast.
        let wait = Duration::from_millis(dice.below(if moment < 4 { 250 } else { 10 }));
        let (before, already) = ([LARGE, SMALL].map(|sponsor| Left::of(&trial, sponsor)), requests());
        let running = start();
        tools::wait_for("the moment", Duration::from_secs(40), || {
            (requests() - already >= after.min(whole - 1)).then_some(())
        });
        std::thread::sleep(wait);
        let signaled = Instant::now();
        if let Some(pid) = pid(&running).and_then(|pid| rustix::process::Pid::from_raw(pid.cast_signed())) {
            // The run may have ended this very moment.
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

/// What of a sponsor is in S3.
struct Left {
    backups: BTreeSet<String>,
    records: BTreeSet<String>,
}

impl Left {
    fn of(trial: &Trial, sponsor: &str) -> Self {
        let keys = |bucket: &str| trial.store.keys_in(bucket).into_iter().collect();
        Self { backups: keys(trial.bucket(sponsor)), records: keys(trial.log_bucket(sponsor)) }
    }

    /// What is there more than before: all three objects of a backup that is said to be one, or nothing of one that is
    /// said to be none. A dump may stand there without a manifest where that is told.
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
        // The vault is known once the sponsor's secrets are; from then on its record is in S3, too.
        let recorded = after.records.difference(&self.records).count();
        let at_s3 = outcome.result(sponsor)["deployment_log"].as_str().unwrap().starts_with("s3://");
        assert_eq!(recorded, usize::from(at_s3), "{}", said());
    }
}

/// A generator of numbers that look random; the same ones for the same seed.
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
