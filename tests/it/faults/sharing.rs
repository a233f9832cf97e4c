//! Two sponsors use the same bucket or database. The run rejects this, unless the manifest allows it for both.

use aws_sdk_s3::types::{Tag, Tagging};

use super::tenancy::message;
use super::uncertain::{is_creation, run};
use crate::support::{Action, Cluster, Proxy, Sponsor, Trial, runtime};

/// A manifest with these additions to the entries of callisto and titan.
fn manifest(callisto: &str, titan: &str) -> String {
    format!(
        "sponsors:\n  - {{name: callisto, code: CAL, enabled: true{callisto}}}\n  \
         - {{name: titan, code: TIT, enabled: true{titan}}}\n"
    )
}

const BOTH: [&str; 2] = [", may_share_with: [titan]", ", may_share_with: [callisto]"];

fn two(callisto: &str, titan: &str) -> Trial {
    let sponsors = [Sponsor::named("callisto"), Sponsor::named("titan").diary(3, 7)];
    Trial::plan(sponsors).manifest(&manifest(callisto, titan)).start()
}

/// - fault: Two sponsors use the same database under two names, and the manifest does not allow it
/// - injected: titan's `DATABASE_URL` with another host name and another user for callisto's database
/// - seen: `database … is also used by sponsor …` for both. Exit code 12
/// - left: Nothing in either bucket
///
/// - fault: The manifest allows sharing for only one of the two sponsors
/// - injected: `may_share_with` in callisto's entry only, or in titan's only
/// - seen: The same. Exit code 12
/// - left: Nothing in either bucket
#[test]
fn one_database_by_another_name_is_refused_unless_both_agree() {
    for [callisto, titan] in [["", ""], [BOTH[0], ""], ["", BOTH[1]]] {
        let trial = two(callisto, titan);
        let [mine, theirs] = ["callisto", "titan"].map(|name| trial.database(name));
        mine.psql(&format!("GRANT CONNECT ON DATABASE \"{}\" TO \"{}\"", mine.name, theirs.user));
        let url = theirs.url().replace("127.0.0.1", "localhost");
        let url = format!("{}/{}", url.rsplit_once('/').unwrap().0, mine.name);
        trial.secret("titan", "DATABASE_URL", Some(&url));
        let outcome = trial.run().input("max-parallel", "1").run();
        outcome.assert_code(12);
        for (sponsor, other) in [("callisto", "titan"), ("titan", "callisto")] {
            let told = message(&outcome, sponsor);
            assert!(told.contains(&format!("is also used by sponsor {other} as ")), "{told}");
            assert!(trial.store.keys_in(trial.bucket(sponsor)).is_empty());
        }
    }
}

/// - fault: Two sponsors use the same database, and the manifest allows it
/// - injected: callisto's `DATABASE_URL` for titan, and `may_share_with` in both entries
/// - seen: Success for both. Exit code 0
/// - left: A backup in each bucket
#[test]
fn one_database_by_consent_is_backed_up_for_both() {
    let trial = two(BOTH[0], BOTH[1]);
    trial.secret("titan", "DATABASE_URL", Some(&trial.database("callisto").url()));
    trial.run().run().assert_code(0);
    for sponsor in ["callisto", "titan"] {
        assert_eq!(trial.store.keys_in(trial.bucket(sponsor)).len(), 3);
    }
}

/// - fault: The manifest allows sharing with an unknown sponsor
/// - injected: `may_share_with: [tritan]`
/// - seen: `` `may_share_with` names tritan, which is not in the manifest ``. Exit code 10
/// - left: Nothing, because no work had started
#[test]
fn a_partner_must_be_in_the_manifest() {
    let trial = two(", may_share_with: [tritan]", "");
    let outcome = trial.run().run();
    outcome.assert_code(10);
    let told = "manifest, sponsor 1 (callisto): `may_share_with` names tritan, which is not in the manifest";
    assert!(outcome.stdout.contains(told), "{}", outcome.transcript());
    assert!(trial.store.keys_in(trial.bucket("callisto")).is_empty());
}

/// Both sponsors' backups are in callisto's bucket, and titan's is the newest.
fn one_bucket() -> Trial {
    let trial = two(BOTH[0], BOTH[1]);
    let bucket = trial.bucket("callisto").to_owned();
    trial.secret("titan", "SPONSOR_BACKUPS_BUCKET", Some(&bucket));
    for sponsor in ["callisto", "titan"] {
        trial.run().input("sponsors", sponsor).run().assert_code(0);
    }
    trial
}

/// The keys of the two dumps: callisto's, then titan's.
fn dumps(trial: &Trial) -> [String; 2] {
    let keys = trial.store.keys_in(trial.bucket("callisto")).into_iter();
    let dumps: Vec<String> = keys.filter(|key| key.ends_with(".sql.gz")).collect();
    dumps.try_into().unwrap()
}

/// - fault: In a bucket that two sponsors are allowed to share, the newest backup belongs to the other sponsor
/// - injected: `list`, `verify`, `verify` with `all`, `restore` and `drill` of callisto's newest backup
/// - seen: callisto's own backup each time. Exit code 0
/// - left: A restored database that equals callisto's
#[test]
fn in_a_bucket_by_consent_each_sees_its_own_backups() {
    let trial = one_bucket();
    let [mine, theirs] = dumps(&trial);
    let at = |key: &str| format!("s3://{}/{key}", trial.bucket("callisto"));
    let run = |command: &str| trial.run().input("command", command).input("sponsors", "callisto");
    let listed = run("list").input("json", "true").run();
    listed.assert_code(0);
    assert!(listed.stdout.contains(&mine) && !listed.stdout.contains(&theirs), "{}", listed.stdout);
    assert_eq!(listed.result("callisto")["message"], "1 backup");
    let titans = trial.run().input("command", "list").input("sponsors", "titan").input("json", "true").run();
    assert!(titans.stdout.contains(&theirs) && !titans.stdout.contains(&mine), "{}", titans.stdout);
    let verified = run("verify").run();
    verified.assert_code(0);
    assert_eq!(verified.output("backup_location"), at(&mine));
    let all = run("verify").input("all", "true").run();
    all.assert_code(0);
    assert_eq!(all.result("callisto")["message"], "1 backup verified");
    let target = Cluster::shared().database("target");
    let restored = run("restore").env("TARGET_DATABASE_URL", target.url()).run();
    restored.assert_code(0);
    assert_eq!(restored.output("backup_location"), at(&mine));
    assert_eq!(target.content_digest(), trial.database("callisto").content_digest());
    let drilled = run("drill").run();
    drilled.assert_code(0);
    assert_eq!(drilled.output("backup_location"), at(&mine));
}

/// - fault: In a bucket that two sponsors are allowed to share, S3 never answers the creation of an upload
/// - injected: A proxy that forwards the request and closes the connection, once
/// - seen: Success, and `may be left behind` with `another sponsor uses this bucket, too`
/// - left: The complete backup, and the upload: it could be the other sponsor's
#[test]
fn in_a_shared_bucket_no_upload_of_unknown_origin_is_aborted() {
    let trial = one_bucket();
    trial.database("callisto").load_noise(12);
    let proxy = Proxy::before(trial.store.endpoint());
    proxy.tell_the_right_checksum();
    proxy.spoil(1, Action::CloseAfter, is_creation);
    let outcome = run(&trial, &proxy).input("sponsors", "callisto").run();
    outcome.assert_code(0);
    let told = &outcome.stdout;
    assert!(
        told.contains("may be left behind") && told.contains("another sponsor uses this bucket, too"),
        "{told}"
    );
    assert_eq!(trial.store.uploads(trial.bucket("callisto")).len(), 1);
}

/// - fault: In a bucket that two sponsors are allowed to share, an incomplete backup of the other sponsor is the newest
/// - injected: titan's manifest is deleted, or its checksum file as well. Then `list`, `verify` and `verify` with `all` of
///   callisto
/// - seen: callisto's own backup each time. `verify` of the newest backup names what it passed over. Exit code 0
/// - left: titan's own `list` shows what is left
#[test]
fn what_another_sponsor_left_in_a_bucket_is_not_ones_own() {
    let trial = one_bucket();
    let bucket = trial.bucket("callisto").to_owned();
    let [mine, theirs] = dumps(&trial);
    let run = |command: &str, sponsor: &str| trial.run().input("command", command).input("sponsors", sponsor);
    let of_staging = format!("staging/{}", mine.replace("backup-prod-", "backup-staging-"));
    let upload = trial.store.client().create_multipart_upload().bucket(&bucket).key(of_staging).send();
    runtime().block_on(upload).unwrap();
    let assert_only_mine = |status: &str| {
        let listed = run("list", "callisto").input("json", "true").run();
        listed.assert_code(0);
        assert!(listed.stdout.contains(&mine), "{}", listed.stdout);
        assert_eq!(listed.result("callisto")["message"], "1 backup");
        let verified = run("verify", "callisto").run();
        verified.assert_code(0);
        assert_eq!(verified.output("backup_location"), format!("s3://{bucket}/{mine}"));
        let all = run("verify", "callisto").input("all", "true").run();
        all.assert_code(0);
        assert_eq!(all.result("callisto")["message"], "1 backup verified");
        let titans = run("list", "titan").input("json", "true").run();
        assert!(titans.stdout.contains(&theirs) && titans.stdout.contains(status), "{}", titans.stdout);
        assert!(
            verified.visible().contains(&format!("{theirs}: it belongs to another sponsor")),
            "{}",
            verified.transcript()
        );
        for outcome in [&listed, &all] {
            assert!(!outcome.visible().contains(&theirs), "{}", outcome.transcript());
        }
    };
    trial.store.delete(&bucket, &format!("{theirs}.manifest.json"));
    assert_only_mine("missing manifest");
    trial.store.delete(&bucket, &format!("{theirs}.sha256"));
    assert_only_mine("unfinished");
}

/// - fault: The newest backup in the sponsor's own bucket has no manifest, and tags of another sponsor and environment
/// - injected: callisto's manifest is deleted and its tags are replaced, without another sponsor in the bucket
/// - seen: `verify` names the missing manifest. Exit code 17
/// - left: Nothing is hidden by a tag
#[test]
fn a_tag_does_not_hide_a_damaged_backup_in_ones_own_bucket() {
    let trial = Trial::plan([Sponsor::named("callisto").diary(2, 5)]).start();
    let bucket = trial.bucket("callisto");
    trial.run().run().assert_code(0);
    let newest = trial.run().run();
    newest.assert_code(0);
    let location = newest.output("backup_location");
    let key = location.strip_prefix(&format!("s3://{bucket}/")).unwrap();
    trial.store.delete(bucket, &format!("{key}.manifest.json"));
    for object in [key.to_owned(), format!("{key}.sha256")] {
        let tag = |name: &str, value: &str| Tag::builder().key(name).value(value).build().unwrap();
        let tags = Tagging::builder().tag_set(tag("sponsor", "titan")).tag_set(tag("environment", "staging"));
        let sent = trial.store.client().put_object_tagging().bucket(bucket).key(object);
        runtime().block_on(sent.tagging(tags.build().unwrap()).send()).unwrap();
    }
    let outcome = trial.run().input("command", "verify").run();
    outcome.assert_code(17);
    assert!(message(&outcome, "callisto").contains("its manifest is missing"), "{}", outcome.transcript());
}

/// - fault: In a bucket that two sponsors are allowed to share, an input names the other sponsor's backup
/// - injected: `verify`, `restore` and `drill` of callisto with the location of titan's backup
/// - seen: `its manifest belongs to another backup: sponsor titan, expected callisto`. Exit code 17
/// - left: The target, unchanged
///
/// - fault: A shared bucket contains only the other sponsor's backups
/// - injected: callisto's backup is deleted, then `verify` with `all` and `verify` of the newest backup
/// - seen: `holds no backup`. Exit code 14
/// - left: No backup is reported as verified
#[test]
fn another_sponsors_backup_is_never_ones_own() {
    let trial = one_bucket();
    let [mine, theirs] = dumps(&trial);
    let at = format!("s3://{}/{theirs}", trial.bucket("callisto"));
    let run = |command: &str| trial.run().input("command", command).input("sponsors", "callisto");
    let target = Cluster::shared().database("target");
    for command in ["verify", "restore", "drill"] {
        let run = run(command).input("backup", &at).env("TARGET_DATABASE_URL", target.url());
        let outcome = run.unset(if command == "restore" { "" } else { "TARGET_DATABASE_URL" }).run();
        outcome.assert_code(17);
        let told = message(&outcome, "callisto");
        let another = "its manifest belongs to another backup: sponsor titan, expected callisto";
        assert!(told.contains(another), "{command}: {told}");
    }
    assert_eq!(target.content_digest(), "");
    for key in [mine.clone(), format!("{mine}.sha256"), format!("{mine}.manifest.json")] {
        trial.store.delete(trial.bucket("callisto"), &key);
    }
    for all in ["true", "false"] {
        let outcome = run("verify").input("all", all).run();
        outcome.assert_code(14);
        assert!(message(&outcome, "callisto").contains("holds no backup"), "{}", outcome.transcript());
    }
}
