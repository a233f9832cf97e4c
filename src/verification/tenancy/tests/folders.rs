//! Folders as the file system shows them.

use std::os::unix::fs::{MetadataExt as _, symlink};

use super::*;
use crate::secrets::{self, AwsFromEnvironment, Place, Secret};
use crate::store::place;

/// The places of a sponsor with these two stores.
fn places(stores: [&str; 2]) -> Vec<PlaceOfObjects> {
    let pairs = [
        ("DATABASE_URL", "postgresql://app@db/app"),
        ("SPONSOR_BACKUPS_BUCKET", stores[0]),
        ("SPONSOR_AUDIT_LOGS_BUCKET", stores[1]),
        ("SPONSOR_AWS_REGION", "eu-west-1"),
        ("SPONSOR_AWS_ACCESS_KEY_ID", "AKIA1"),
        ("SPONSOR_AWS_SECRET_ACCESS_KEY", "x"),
    ];
    let raw = pairs.map(|(name, value)| (name.to_owned(), Secret::from(value))).into_iter().collect();
    let place = Place::Doppler { project: "p".to_owned(), config: "c".to_owned() };
    let secrets = secrets::complete(&place, &raw, AwsFromEnvironment::default()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(place::of(&secrets))
}

/// The errors of callisto and titan, whose backups are in these stores and whose records are apart.
fn two(backups: [&str; 2], partners: [&[&str]; 2]) -> [Result<(), String>; 2] {
    let sponsors = [sponsor("callisto", partners[0]), sponsor("titan", partners[1])];
    let stores = [[backups[0], "logs-of-callisto"], [backups[1], "logs-of-titan"]];
    let all: Vec<SponsorResources<'_>> = (0..2)
        .map(|at| SponsorResources {
            sponsor: &sponsors[at],
            places: places(stores[at]),
            connection: None,
            identity: None,
        })
        .collect();
    let known = ["callisto", "titan"].map(str::to_owned);
    let conflicts = find_conflicts(&all, &known);
    sponsors.each_ref().map(|it| conflicts.places(it).map_err(|error| error.to_string()))
}

const NO_PARTNERS: [&[&str]; 2] = [&[], &[]];
const FINE: [Result<(), String>; 2] = [Ok(()), Ok(())];

#[test]
fn two_paths_of_one_folder_are_one_place() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let url = |name: &str| format!("file://{}", at(name).display());
    std::fs::create_dir_all(at("real/inner")).unwrap();
    std::fs::create_dir_all(at("apart")).unwrap();
    symlink(at("real"), at("link")).unwrap();
    symlink(at("real/inner"), at("deep")).unwrap();
    symlink("/", at("root")).unwrap();
    let shown = |name: &str| format!("folder {}", at(name).display());
    let told = two([&url("real"), &url("link")], NO_PARTNERS);
    let shared = |mine: &str, other: &str, theirs: &str| {
        Err(format!("{} is also used by sponsor {other} as {}", shown(mine), shown(theirs)))
    };
    assert_eq!(told, [shared("real", "titan", "link"), shared("link", "callisto", "real")]);
    // A bind mount has another path even without symbolic links. Device and inode are the same.
    let found = std::fs::metadata(at("real")).unwrap();
    let identity = format!("device {}, inode {}", found.dev(), found.ino());
    let [real, inner] = ["link", "link/inner"].map(|name| places([&url(name), "logs"]).remove(0));
    assert!(real.names.contains(&identity) && !real.above.contains(&identity), "{real:?}");
    assert!(inner.above.contains(&identity) && !inner.names.contains(&identity), "{inner:?}");
    // A folder in the other's, whatever its path is.
    for inner in ["real/inner", "link/inner", "deep"] {
        let told = two([&url("real"), &url(inner)], NO_PARTNERS);
        let [outer, inner] = [shown("real"), shown(inner)];
        assert_eq!(
            told,
            [
                Err(format!("{outer} contains {inner} of sponsor titan")),
                Err(format!("{inner} is inside {outer} of sponsor callisto"))
            ]
        );
    }
    // A link to the root of the file system contains everything.
    assert!(two([&url("root"), &url("apart")], NO_PARTNERS).iter().all(Result::is_err));
    assert_eq!(two([&url("real"), &url("apart")], NO_PARTNERS), FINE);
    assert_eq!(two([&url("real"), "real"], NO_PARTNERS), FINE);
    // By consent.
    assert_eq!(two([&url("real"), &url("link")], [&["titan"], &["callisto"]]), FINE);
    assert_eq!(two([&url("real"), &url("deep")], [&["titan"], &["callisto"]]), FINE);
}

#[test]
fn a_folder_that_is_missing_is_known_by_where_it_would_be() {
    let folder = tempfile::tempdir().unwrap();
    let url = |name: &str| format!("file://{}", folder.path().join(name).display());
    std::fs::create_dir(folder.path().join("real")).unwrap();
    symlink(folder.path().join("real"), folder.path().join("link")).unwrap();
    for (one, other) in [("new", "new"), ("real/new", "link/new"), ("link/new", "real/new/inner")] {
        let told = two([&url(one), &url(other)], NO_PARTNERS);
        assert!(told.iter().all(Result::is_err), "{one} and {other}: {told:?}");
    }
    assert_eq!(two([&url("new"), &url("news")], NO_PARTNERS), FINE);
}

#[test]
fn one_sponsors_folders_are_compared_by_identity_too() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let url = |name: &str| format!("file://{}", at(name).display());
    std::fs::create_dir_all(at("real/inner")).unwrap();
    std::fs::create_dir(at("apart")).unwrap();
    symlink(at("real"), at("link")).unwrap();
    let own = |backups: &str, records: &str| {
        let callisto = sponsor("callisto", &["titan"]);
        let places = places([backups, records]);
        let all = SponsorResources { sponsor: &callisto, places, connection: None, identity: None };
        let told = find_conflicts(&[all], &[]).places(&callisto);
        told.map_err(|error| error.to_string().replace(&folder.path().display().to_string(), ""))
    };
    let told = |text: &str| Err(text.to_owned());
    assert_eq!(own(&url("real"), &url("link")), told("folder /real and folder /link are the same"));
    assert_eq!(own(&url("real"), &url("link/inner")), told("folder /real contains folder /link/inner"));
    assert_eq!(own(&url("link/inner"), &url("real")), told("folder /link/inner is inside folder /real"));
    assert_eq!(own(&url("real"), &url("apart")), Ok(()));
    // One bucket for both is a warning of `preflight`.
    assert_eq!(own("one-bucket", "one-bucket"), Ok(()));
}

#[test]
fn a_folder_that_is_called_after_another_sponsor_is_its_own() {
    let told = two(["file:///srv/titan/backups", "file:///srv/elsewhere"], NO_PARTNERS);
    let error = "folder /srv/titan/backups appears to belong to sponsor titan";
    assert_eq!(told, [Err(error.to_owned()), Ok(())]);
    assert!(two(["file:///srv/titan/audit-logs", "bucket"], NO_PARTNERS)[0].is_err());
    // Also what is inside of it.
    assert!(two(["file:///srv/titan/backups/x", "bucket"], NO_PARTNERS)[0].is_err());
    for fine in ["file:///srv/callisto/backups", "file:///srv/titan/other", "file:///srv/titan/x/y"] {
        assert_eq!(two([fine, "bucket"], NO_PARTNERS), FINE, "{fine}");
    }
    assert_eq!(two(["file:///srv/titan/backups", "bucket"], [&["titan"], &["callisto"]]), FINE);
}
