//! The disk of a drill's own server: one on which the database certainly does not fit is reported before the backup is read.

use super::{drill, folders_in};
use crate::support::{Disk, Proxy, Sponsor, Trial, tools};

/// A trial with a backup of about 36 MB, and a proxy that answers for it.
fn of_noise() -> (Trial, Proxy) {
    let trial = Trial::of([Sponsor::named("callisto").empty()]);
    trial.database("callisto").load_noise(48);
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.tell_the_right_checksum();
    trial.run().input("s3-endpoint-url", proxy.endpoint()).run().assert_code(0);
    (trial, proxy)
}

#[test]
fn a_disk_that_is_too_small_is_reported_before_the_download() {
    let (trial, _) = of_noise();
    let proxy = Proxy::before(trial.store.endpoint());
    let folder = tools::open_folder("small");
    let disk = Disk::over(folder.path(), "40m");
    let run = || drill(&trial).env("TMPDIR", folder.path()).input("s3-endpoint-url", proxy.endpoint());
    let outcomes = [run().run(), run().input("dry-run", "true").run()];
    let left = folders_in(folder.path());
    drop(disk);
    for outcome in outcomes {
        outcome.assert_code(16);
        let message = outcome.result("callisto")["message"].as_str().unwrap().to_owned();
        let free = format!(
            "{} has 40.0 MiB free, but the restored database needs at least ",
            folder.path().display()
        );
        assert!(message.starts_with(&free) && message.ends_with(" MiB (dump: 48.0 MiB)"), "{message}");
        assert!(outcome.visible().contains("TMPDIR"), "{}", outcome.transcript());
    }
    assert_eq!(left, Vec::<std::path::PathBuf>::new());
    let read =
        proxy.requests().into_iter().filter(|seen| seen.method == "GET" && seen.path.ends_with(".sql.gz"));
    assert_eq!(read.count(), 0);
}

#[test]
fn the_plan_shows_the_disk_and_the_dump() {
    let trial = super::backed_up();
    let folder = tools::open_folder("wide");
    let disk = Disk::over(folder.path(), "200m");
    let outcome = drill(&trial).env("TMPDIR", folder.path()).input("dry-run", "true").run();
    drop(disk);
    outcome.assert_code(0);
    let shown = format!(" free in {} (dump: ", folder.path().display());
    assert!(outcome.visible().contains(&shown), "{}", outcome.transcript());
}
