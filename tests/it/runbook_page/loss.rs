//! The database's server is gone, or the region with its buckets.

use std::time::Duration;

use super::{PAGE, assert_diary, assert_writable};
use crate::support::{OnCall, Play, Store, StrictS3, project_of, squeezed, tools};

pub(super) const DATABASE: Play = Play {
    page: PAGE,
    blocks: &["Loss of the database 1", "Loss of the database 2", "Loss of the database 3"],
    inline: &[],
};
pub(super) const REGION: Play = Play {
    page: PAGE,
    blocks: &[
        "Loss of the database 1",
        "Loss of the region 1",
        "Loss of the region 2",
        "Loss of the region 3",
    ],
    inline: &["history --check"],
};

const BACK_UP: &str =
    "sponsor-backup backup --environment production --sponsors callisto --pre-migration=false";
pub(super) const REPLICA: &str = "hht-diary-backups-callisto-eu-central-1";
pub(super) const REPLICA_LOGS: &str = "hht-diary-audit-logs-callisto-eu-central-1";
const NEW_URL: &str = "postgresql://sponsor_backup:PASSWORD@new.example.org:5432/diary";

/// What S3's replication has done so far.
pub(super) fn replicate(from: &Store, to: &Store) {
    for (bucket, replica) in [(OnCall::BACKUPS, REPLICA), (OnCall::LOGS, REPLICA_LOGS)] {
        to.bucket(replica);
        for key in from.keys_in(bucket) {
            to.put(replica, &key, from.get(bucket, &key));
        }
    }
}

// serves: REQ-o00008/disaster-drills
#[test]
fn a_lost_database_comes_back_on_a_new_server() {
    let store = StrictS3::start();
    let mut on_call = OnCall::at(&store, &DATABASE);
    on_call.also(BACK_UP);
    let good = on_call.diary();
    // Written since the last backup began: the loss that the page names.
    on_call.write_visits(4);
    on_call.lose_the_server();

    on_call.run("Loss of the database 1");
    let restored = on_call.run("Loss of the database 2");
    assert!(restored.contains("equal: 3 tables, 820 rows"), "{restored}");
    on_call.answer(NEW_URL);
    let switched = on_call.run_failing("Loss of the database 3", &[(17, "sponsor-backup preflight")]);
    // The expected one, as the page says.
    assert!(squeezed(&switched).contains("fail same-database"), "{switched}");
    assert!(switched.contains("callisto: 1 failed, "), "{switched}");
    assert!(switched.contains("new source database, as accepted"), "{switched}");
    assert_diary(&on_call, &good);
    assert_writable(&on_call);
    on_call.end("Loss of the database, with the tool");
}

// serves: REQ-o00008/disaster-drills
#[test]
fn a_lost_region_comes_back_from_the_replica() {
    let store = StrictS3::start();
    let replica = store.elsewhere();
    let mut on_call = OnCall::at(&store, &REGION);
    for (name, value) in [
        ("SPONSOR_BACKUPS_REPLICA_BUCKET", REPLICA),
        ("SPONSOR_AUDIT_LOGS_REPLICA_BUCKET", REPLICA_LOGS),
        ("SPONSOR_REPLICA_REGION", "eu-central-1"),
    ] {
        on_call.doppler.set(&project_of("callisto"), "production", name, Some(value));
    }
    on_call.also(BACK_UP);
    let good = on_call.diary();
    replicate(&store, &replica);
    // The next backup did not arrive before the region was lost.
    on_call.write_visits(4);
    on_call.also(BACK_UP);
    on_call.lose_the_server();
    let gone = store.endpoint().strip_prefix("http://").unwrap().to_owned();
    drop(store);
    tools::wait_for("the store to end", Duration::from_secs(60), || {
        std::net::TcpStream::connect(&gone).err()
    });
    let moved = on_call.newcomer.moves_to(&on_call.doppler, &replica);
    on_call.also(&moved);

    on_call.run("Loss of the database 1");
    let restored = on_call.run("Loss of the region 1");
    assert!(restored.contains("equal: 3 tables, 820 rows"), "{restored}");
    assert!(restored.contains(&format!("s3://{REPLICA}/")), "{restored}");
    on_call.run("Loss of the region 2");
    on_call.answer(NEW_URL);
    let switched = on_call.run_failing("Loss of the region 3", &[(17, "sponsor-backup preflight")]);
    assert!(squeezed(&switched).contains("fail same-database"), "{switched}");
    assert!(switched.contains("callisto: 1 failed, "), "{switched}");
    // What the page says that preflight warns of.
    assert!(switched.contains("but the manifest's `region` is eu-west-1"), "{switched}");
    assert!(switched.contains("new source database, as accepted"), "{switched}");
    assert_diary(&on_call, &good);
    assert_writable(&on_call);
    let orphans = on_call.run_inline("history --check", &[(17, "sponsor-backup history")]);
    assert_eq!(orphans.lines().filter(|line| line.starts_with("orphan ")).count(), 1, "{orphans}");
    let backups = replica.keys_in(REPLICA);
    assert_eq!(backups.iter().filter(|key| key.ends_with(".sql.gz")).count(), 2, "{backups:#?}");
    on_call.end("Loss of the region, with the tool");
}
