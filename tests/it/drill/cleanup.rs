//! A temporary server is private while it lives and gone afterwards, whichever way the drill ends.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::time::Duration;

use super::{assert_nothing_is_left, backed_up, drill, folders_in, processes_of, programs, scratch};
use crate::support::{Cluster, Disk, Running, Trial, tools};

/// A drill that waits with its server up: its pg_dump has an hour to spare.
fn waiting(trial: &Trial) -> (tempfile::TempDir, Running) {
    let programs = programs("/usr/bin/sleep 3600", "");
    let running = drill(trial).path(programs.path()).deadline(Duration::from_secs(60)).start();
    tools::wait_for("pg_dump", Duration::from_secs(50), || {
        running
            .children()
            .iter()
            .find(|pid| {
                std::fs::read(format!("/proc/{pid}/cmdline"))
                    .is_ok_and(|line| String::from_utf8_lossy(&line).contains("--format=plain"))
            })
            .copied()
    });
    (programs, running)
}

#[test]
fn a_server_is_private_and_does_not_run_as_root() {
    let trial = backed_up();
    let (_programs, running) = waiting(&trial);
    let scratch = scratch(&running.workspace());
    let folders = folders_in(&scratch);
    assert_eq!(folders.len(), 1);
    let metadata = std::fs::metadata(&folders[0]).unwrap();
    assert_eq!(metadata.permissions().mode() & 0o777, 0o700);
    let servers = processes_of(&folders[0]);
    assert!(!servers.is_empty());
    for pid in &servers {
        // One that was just started for a connection may be gone again.
        let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { continue };
        let owner: u32 = status
            .lines()
            .find_map(|line| line.strip_prefix("Uid:"))
            .unwrap()
            .split_whitespace()
            .next()
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(owner, metadata.uid());
        assert_ne!(owner, 0, "PostgreSQL would refuse, and so do we");
        // Reachable through its socket alone: it holds no socket of the network.
        assert_eq!(network_sockets(*pid), Vec::<String>::new());
    }
    running.signal("TERM");
    let outcome = running.wait();
    outcome.assert_code(143);
    assert_nothing_is_left(&outcome);
}

/// Addresses of TCP and UDP sockets that a process has open.
fn network_sockets(pid: u32) -> Vec<String> {
    let inodes: Vec<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let target = std::fs::read_link(entry.path()).ok()?.display().to_string();
            Some(target.strip_prefix("socket:[")?.trim_end_matches(']').to_owned())
        })
        .collect();
    ["tcp", "tcp6", "udp", "udp6"]
        .iter()
        .flat_map(|kind| {
            let table = std::fs::read_to_string(format!("/proc/{pid}/net/{kind}")).unwrap();
            let rows = table
                .lines()
                .skip(1)
                .map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
            let ours = rows.filter(|fields| inodes.contains(&fields[9])).map(|fields| fields[1].clone());
            ours.collect::<Vec<_>>()
        })
        .collect()
}

// serves: 11.10(e)/recorded
#[test]
fn a_signal_in_the_middle_leaves_nothing_but_a_report() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let trial = backed_up();
        let (_programs, running) = waiting(&trial);
        running.signal(signal);
        let stopped = std::time::Instant::now();
        let outcome = running.wait();
        outcome.assert_code(code);
        println!("ended after {:?}", stopped.elapsed());
        assert_nothing_is_left(&outcome);
        let report = outcome.drill_report("callisto");
        assert_eq!((&report["status"], &report["verdict"]), (&"cancelled".into(), &serde_json::Value::Null));
        assert_eq!(report["target"]["removed"], true);
        // The report reached S3 too.
        let keys = trial.store.keys_in(trial.log_bucket("callisto"));
        let reports = keys.iter().filter(|key| key.starts_with("drills/")).count();
        assert_eq!(reports, 1, "{keys:?}");
    }
}

/// Some runners keep their folder for temporary files to themselves. If we are root, another user runs the server.
#[test]
fn a_folder_that_the_servers_account_may_not_enter_is_not_used() {
    let trial = backed_up();
    let run = drill(&trial);
    let closed = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(scratch(&run.workspace()), closed).unwrap();
    let outcome = run.run();
    outcome.assert_code(0);
    assert_nothing_is_left(&outcome);
}

/// At whatever moment: while it is read, while the cluster is made, while it is loaded.
#[test]
fn a_signal_at_any_moment_leaves_nothing() {
    let trial = backed_up();
    for after in [0, 60, 120, 200, 300, 400, 500, 650, 800] {
        let running = drill(&trial).start();
        std::thread::sleep(Duration::from_millis(after));
        running.signal("TERM");
        let outcome = running.wait();
        assert!(
            [Some(143), Some(0)].contains(&outcome.code) || outcome.signal == Some(15),
            "{}",
            outcome.transcript()
        );
        assert_nothing_is_left(&outcome);
    }
}

/// A run that is killed cannot tidy up; the next one does.
#[test]
fn the_next_drill_removes_what_a_killed_one_left() {
    let trial = backed_up();
    let (_programs, running) = waiting(&trial);
    let scratch = scratch(&running.workspace());
    running.signal("KILL");
    tools::wait_for("its end", Duration::from_secs(10), || {
        (!std::path::Path::new(&format!("/proc/{}/exe", running.pid())).exists()
            || std::fs::read_link(format!("/proc/{}/exe", running.pid())).is_err())
        .then_some(())
    });
    let left = folders_in(&scratch);
    assert_eq!(left.len(), 1, "a killed run leaves its folder");
    assert!(!processes_of(&left[0]).is_empty(), "and its server");
    let outcome = drill(&trial).env("TMPDIR", &scratch).run();
    outcome.assert_code(0);
    assert_eq!(folders_in(&scratch), Vec::<std::path::PathBuf>::new());
    tools::wait_for("its server's end", Duration::from_secs(10), || {
        processes_of(&left[0]).is_empty().then_some(())
    });
}

/// The disk is full while it is loaded.
#[test]
fn a_full_disk_is_reported_and_nothing_stays() {
    let trial = Trial::of([crate::support::Sponsor::named("callisto").empty()]);
    trial.database("callisto").load_noise(48);
    let proxy = crate::support::Proxy::before(trial.store.endpoint());
    proxy.tell_the_right_checksum();
    trial.run().input("s3-endpoint-url", proxy.endpoint()).run().assert_code(0);
    let folder = tools::open_folder("full");
    let disk = Disk::over(folder.path(), "72m");
    let outcome = drill(&trial).env("TMPDIR", folder.path()).run();
    let left = folders_in(folder.path());
    drop(disk);
    outcome.assert_code(16);
    assert_eq!(left, Vec::<std::path::PathBuf>::new());
    let report = outcome.drill_report("callisto");
    let told = report["message"].as_str().unwrap();
    assert!(told.contains("No space left on device") || told.contains("wrote only"), "{report:#}");
    assert!(told.contains(" the temporary server: "), "{told}");
    assert_eq!((&report["status"], &report["target"]["removed"]), (&"error".into(), &true.into()));
    assert!(outcome.visible().contains("The disk is full"), "{}", outcome.transcript());
    assert_eq!(Cluster::shared().psql("postgres", "SELECT 1"), "1");
}
