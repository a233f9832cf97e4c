//! Faults of the machine: full or read-only disks, lost runner files, and a clock that jumps.

use std::time::Duration;

use crate::support::{Disk, Outcome, Proxy, Run, Sponsor, Trial, tools};

/// The backup and its record are in S3, although the run failed.
#[track_caller]
fn assert_backed_up(trial: &Trial, sponsor: &str) {
    assert_eq!(trial.store.keys_in(trial.bucket(sponsor)).len(), 3);
    let records = trial.store.keys_in(trial.log_bucket(sponsor));
    assert_eq!(records.len(), 1);
    let record = trial.store.get_json(trial.log_bucket(sponsor), &records[0]);
    assert_eq!((&record["outcome"], &record["s3_archival_enabled"]), (&"success".into(), &true.into()));
}

/// A run that cannot write the workspace's record still stores backup and record in S3, and reports the missing record.
#[track_caller]
fn assert_record_not_kept(trial: &Trial, outcome: &Outcome, reason: &str) {
    outcome.assert_code(15);
    let result = outcome.result("callisto");
    assert_eq!((&result["outcome"], &result["stage"]), (&"failure".into(), &"record".into()), "{result:#}");
    let message = result["message"].as_str().unwrap();
    assert!(message.contains("record deployment-logs/callisto") && message.contains(reason), "{message}");
    assert!(outcome.output("backup_location").starts_with("s3://"));
    assert_eq!(outcome.logs().len(), 0);
    assert_backed_up(trial, "callisto");
}

/// - fault: The workspace is on a read-only file system
/// - injected: A file system in memory, mounted read-only
/// - seen: `cannot write record …: Read-only file system`. Exit code 15
/// - left: The complete backup, and its record in S3
#[test]
fn a_read_only_workspace_costs_only_the_local_record() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let run = trial.run();
    let disk = Disk::over(&run.workspace(), "1m");
    disk.make_read_only();
    let outcome = run.run();
    assert_record_not_kept(&trial, &outcome, "Read-only file system");
}

/// - fault: The disk of the workspace is full
/// - injected: A full file system in memory of 64 KiB
/// - seen: `cannot write record …: No space left on device`. Exit code 15
/// - left: The complete backup, and its record in S3. No half-written record in the workspace
#[test]
fn a_workspace_that_is_full_costs_the_local_record_alone() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let run = trial.run();
    let disk = Disk::over(&run.workspace(), "64k");
    disk.fill();
    let outcome = run.run();
    assert_record_not_kept(&trial, &outcome, "No space left on device");
    drop(disk);
}

/// - fault: The folder of the GITHUB_OUTPUT file does not exist
/// - injected: A path that does not exist
/// - seen: `GITHUB_OUTPUT (…) cannot be written`, before the run starts. Exit code 2
/// - left: Nothing
/// - fault: The GITHUB_OUTPUT file is on a read-only file system
/// - injected: A file system in memory, mounted read-only
/// - seen: `GITHUB_OUTPUT (…) cannot be written: Read-only file system`, before the run starts. Exit code 2
/// - left: Nothing
#[test]
fn outputs_that_cannot_be_written_fail_the_run_at_its_start() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let folder = tools::open_folder("outputs");
    let disk = Disk::over(folder.path(), "1m");
    std::fs::write(folder.path().join("output"), "").unwrap();
    disk.make_read_only();
    for (path, reason) in [
        (folder.path().join("gone/output"), "No such file or directory"),
        (folder.path().join("output"), "Read-only file system"),
    ] {
        let outcome = trial.run().env("GITHUB_OUTPUT", &path).run();
        outcome.assert_code(2);
        let told = format!("GITHUB_OUTPUT ({}) cannot be written: {reason}", path.display());
        assert!(outcome.stderr.contains(&told), "{}", outcome.transcript());
    }
    assert_eq!(trial.doppler.requests().len(), 0);
    assert_eq!(trial.store.keys_in(trial.bucket("callisto")), Vec::<String>::new());
}

/// - fault: The GITHUB_OUTPUT file is lost in the middle of a run
/// - injected: A folder in its place, while the dump waits for a lock
/// - seen: `GITHUB_OUTPUT (…) cannot be written`. Exit code 1
/// - left: The complete backup and its record
/// - fault: The disk of the GITHUB_OUTPUT file is full
/// - injected: `/dev/full`, which can be opened but not written to
/// - seen: `GITHUB_OUTPUT (…) cannot be written: No space left on device`. Exit code 1
/// - left: The complete backup and its record
#[test]
fn outputs_that_are_lost_meanwhile_fail_the_step() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let migration = trial.database("callisto").hold("LOCK TABLE patients IN ACCESS EXCLUSIVE MODE");
    let folder = tools::open_folder("outputs");
    let output = folder.path().join("output");
    let running = trial.run().env("GITHUB_OUTPUT", &output).start();
    trial.database("callisto").wait_until_a_dump_waits();
    std::fs::remove_file(&output).unwrap();
    std::fs::create_dir(&output).unwrap();
    drop(migration);
    assert_outputs_lost(&trial, &running.wait(), "Is a directory");
    let trial = Trial::of([Sponsor::named("callisto")]);
    let outcome = trial.run().env("GITHUB_OUTPUT", "/dev/full").run();
    assert_outputs_lost(&trial, &outcome, "No space left on device");
}

#[track_caller]
fn assert_outputs_lost(trial: &Trial, outcome: &Outcome, reason: &str) {
    outcome.assert_code(1);
    let told = format!("cannot be written: {reason}");
    assert!(outcome.stdout.contains("GITHUB_OUTPUT (") && outcome.stdout.contains(&told));
    assert!(outcome.annotations("error").iter().any(|error| error.contains(&told)));
    assert!(outcome.summary().contains(&told), "{}", outcome.summary());
    assert_eq!(outcome.log("callisto")["outcome"], "success");
    assert_backed_up(trial, "callisto");
}

/// - fault: The disk of the job summary is full
/// - injected: `/dev/full`, which can be opened but not written to
/// - seen: Success, with a warning that the summary is lost. Exit code 0
/// - left: The complete backup and its record
#[test]
fn a_summary_that_is_lost_is_a_warning() {
    let trial = Trial::of([Sponsor::named("callisto")]);
    let outcome = trial.run().env("GITHUB_STEP_SUMMARY", "/dev/full").run();
    outcome.assert_code(0);
    let warnings = outcome.annotations("warning");
    assert!(warnings.iter().any(|warning| warning.starts_with("the summary is lost: ")), "{warnings:?}");
    assert_eq!(outcome.output("outcome"), "success");
    assert_backed_up(&trial, "callisto");
}

/// F3: a backup writes nothing to disk.
/// - fault: A backup has 16 MiB for temporary files
/// - injected: A file system in memory as TMPDIR and RUNNER_TEMP, and a dump of 48 MiB
/// - seen: Success. Exit code 0
/// - left: The complete backup, and no file in that folder
/// - fault: A drill has 16 MiB for temporary files and needs more
/// - injected: The same with `drill`
/// - seen: The free space, and the least space that the restored database needs. Exit code 16
/// - left: A drill report with the error, and no file in that folder
#[test]
fn a_backup_needs_no_disk_and_a_drill_says_what_it_lacks() {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").load_noise(48);
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.tell_the_right_checksum();
    let folder = tools::open_folder("small");
    let disk = Disk::over(folder.path(), "16m");
    let small = |run: Run| {
        let run = run.input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "24MiB");
        run.env("TMPDIR", folder.path()).env("RUNNER_TEMP", folder.path())
    };
    let left = || std::fs::read_dir(folder.path()).unwrap().count();
    small(trial.run()).run().assert_code(0);
    assert_eq!((trial.store.keys_in(trial.bucket("callisto")).len(), left()), (3, 0));
    let outcome = small(trial.run().input("command", "drill")).run();
    let left = left();
    drop(disk);
    outcome.assert_code(16);
    let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
    assert!(message.contains(" has 16.0 MiB free"), "{message}");
    assert!(outcome.visible().contains("TMPDIR"), "{}", outcome.transcript());
    assert_eq!((&outcome.drill_report("callisto")["status"], left), (&"error".into(), 0));
}

/// Only names and documents contain the time of day. A monotonic clock, which cannot be set, measures durations.
/// - fault: The clock is set back two hours in the middle of a run
/// - injected: libfaketime, during the upload of a part
/// - seen: Success with durations of seconds. Exit code 0
/// - left: The complete backup under its start time. `verify` succeeds
/// - fault: The clock is set forward forty days in the middle of a run
/// - injected: libfaketime, during the upload of a part
/// - seen: Success with durations of seconds, and no time limit expires. Exit code 0
/// - left: The complete backup under its start time. `verify` succeeds
#[test]
fn a_clock_that_jumps_changes_names_alone() {
    for jump in ["-2h", "+40d"] {
        let trial = Trial::of([Sponsor::named("callisto").empty()]);
        trial.database("callisto").load_noise(24);
        let folder = tools::open_folder("clock");
        let clock = folder.path().join("offset");
        std::fs::write(&clock, "+0").unwrap();
        let proxy = Proxy::before(trial.store.endpoint());
        proxy.tell_the_right_checksum();
        let run = trial.run().input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "24MiB");
        let run = run.env("LD_PRELOAD", tools::libfaketime()).env("FAKETIME_NO_CACHE", "1");
        let run = run.env("FAKETIME_TIMESTAMP_FILE", &clock).env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let begun = std::time::SystemTime::now();
        let running = run.input("timeout", "30m").start();
        tools::wait_for("a part", Duration::from_secs(60), || {
            proxy.requests().iter().any(|seen| seen.has("partNumber")).then_some(())
        });
        std::fs::write(&clock, jump).unwrap();
        let outcome = running.wait();
        outcome.assert_code(0);
        let log = outcome.log("callisto");
        let took = log["duration_seconds"].as_f64().unwrap();
        assert!(took > 0.0 && took < outcome.took.as_secs_f64() + 1.0, "{log:#}");
        let keys = trial.store.keys_in(trial.bucket("callisto"));
        let manifest = trial.store.get_json(trial.bucket("callisto"), &keys[1]);
        let seconds = |name: &str| {
            let at: jiff::Timestamp = manifest[name].as_str().unwrap().parse().unwrap();
            at.as_second() - jiff::Timestamp::try_from(begun).unwrap().as_second()
        };
        assert!((0..60).contains(&seconds("timestamp")), "{manifest:#}");
        // The clock did jump: the dump's end has the new time.
        assert!(seconds("finished_at").abs() > 3600, "{manifest:#}");
        let verify = trial.run().input("command", "verify").input("s3-endpoint-url", proxy.endpoint());
        verify.run().assert_code(0);
    }
}

/// - fault: The system does not grant the program its threads
/// - injected: `prlimit --nproc`, for a user without other processes: no thread, workers alone, all but one
/// - seen: `error: cannot start: the system does not grant … threads: Resource temporarily unavailable`. Exit code 1
/// - left: Nothing, because no work had started
#[test]
fn a_system_without_threads_is_an_error_before_the_start() {
    let folder = tools::open_folder("threads");
    let program = folder.path().join("sponsor-backup");
    std::fs::copy(tools::binary(), &program).unwrap();
    let user = ["setpriv", "--reuid", "61234", "--regid", "61234", "--clear-groups", "prlimit"];
    let words = if tools::is_root() { user.to_vec() } else { [&["sudo"][..], &user].concat() };
    let workers = std::thread::available_parallelism().unwrap().get();
    let run = |granted: usize| {
        let run = Run::terminal().program(words[0]).args(&words[1..]).arg(format!("--nproc={granted}"));
        run.arg(&program).args(["matrix", "--environment", "production", "--manifest", "none"]).run()
    };
    // The main thread, one worker per core, and four threads for work that blocks.
    let needed = workers + 4;
    for granted in [1, 2, 1 + workers, needed] {
        let outcome = run(granted);
        outcome.assert_code(1);
        let reason = "Resource temporarily unavailable (os error 11)";
        let error =
            format!("error: cannot start: the system does not grant {needed} threads: {reason}\nhint: ");
        assert!(outcome.stderr.starts_with(&error), "{granted}: {}", outcome.stderr);
        assert!(!outcome.stderr.contains("panicked"), "{granted}: {}", outcome.stderr);
    }
    // With all of them, the work begins: this one lacks only its manifest.
    run(1 + needed).assert_code(10);
}
