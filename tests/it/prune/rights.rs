//! Which keys may do what, enforced by the server: the keys that back up cannot remove, those of `prune` hide and cannot destroy.

use serde_json::json;

use super::{aged, last_record, objects, on, prune, versioned};
use crate::shelf::{Shelf, manifest};
use crate::support::{Keys, Moto, Run, Sponsor, Trial, runtime};

fn allow(actions: &[&str]) -> serde_json::Value {
    let allow = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [allow]})
}

fn as_user(run: Run, purpose: &str, keys: &Keys) -> Run {
    run.env(format!("AWS_ACCESS_KEY_ID_CALLISTO_{purpose}"), &keys.id)
        .env(format!("AWS_SECRET_ACCESS_KEY_CALLISTO_{purpose}"), &keys.secret)
}

// serves: 11.10(d)/least-permissions, REQ-p00012/no-early-deletion
#[test]
fn the_server_lets_each_key_do_its_own_part_alone() {
    // Moto asks for s3:GetObject… by the names of its own operations, so reading and writing is all but deleting.
    let action = allow(&["s3:Get*", "s3:List*", "s3:Put*", "s3:AbortMultipartUpload"]);
    let hide = allow(&["s3:DeleteObject"]);
    let undo = allow(&["s3:DeleteObject", "s3:DeleteObjectVersion"]);
    let (moto, users) = Moto::with_users(&[&action, &hide, &undo]);
    let shelf = on(&moto);
    let keys = aged(&shelf, &[8, 9, 40]);
    let policy = ["--keep-last", "1", "--apply"];
    let run =
        |arguments: &[&str]| shelf.trial.wire(Run::terminal()).arg("prune").args(arguments.iter().copied());

    let none = run(&policy).run();
    none.assert_code(12);
    assert!(none.visible().contains("AWS_ACCESS_KEY_ID_CALLISTO_PRUNE"), "{}", none.transcript());
    let own = as_user(run(&policy), "PRUNE", &users[0]).run();
    own.assert_code(14);
    assert!(own.visible().contains("s3:DeleteObject"), "{}", own.transcript());
    assert_eq!(moto.keys_in(&shelf.bucket), objects(&keys));

    let hidden = as_user(run(&policy), "PRUNE", &users[1]).run();
    hidden.assert_code(0);
    assert!(!hidden.everything().contains(&users[1].secret));
    assert_eq!(moto.keys_in(&shelf.bucket), objects(&keys[..3]));

    let record = last_record(&shelf.trial);
    let back = ["--undo", &record, "--apply"];
    let refused = as_user(run(&back), "PRUNE", &users[1]).run();
    refused.assert_code(14);
    assert!(refused.visible().contains("s3:DeleteObjectVersion"), "{}", refused.transcript());
    let undone = as_user(as_user(run(&back), "PRUNE", &users[1]), "UNDO", &users[2]).run();
    undone.assert_code(0);
    assert_eq!(moto.keys_in(&shelf.bucket), objects(&keys));
}

// serves: REQ-p00012/no-early-deletion
/// S3 puts a delete marker over them without a word, so `prune` has to ask first.
#[test]
fn held_and_locked_backups_stay_visible() {
    use aws_sdk_s3::primitives::DateTime;
    use aws_sdk_s3::types::{
        ObjectLockLegalHold, ObjectLockLegalHoldStatus, ObjectLockRetention, ObjectLockRetentionMode,
    };
    let moto = Moto::shared();
    let bucket = format!("locked-{}", crate::support::tools::unique());
    moto.bucket_with_object_lock(&bucket);
    versioned(moto, &bucket);
    let sponsor = Sponsor::named("callisto").diary(3, 30).secret("SPONSOR_BACKUPS_BUCKET", Some(&bucket));
    let trial = Trial::plan([sponsor]).environment("staging").start();
    let shelf = Shelf::with_bucket(trial, bucket, "callisto");
    let keys = aged(&shelf, &[8, 9, 40, 50, 60]);
    let client = moto.client();
    let hold = ObjectLockLegalHold::builder().status(ObjectLockLegalHoldStatus::On).build();
    let request = client.put_object_legal_hold().bucket(&shelf.bucket).key(&keys[3]).legal_hold(hold);
    runtime().block_on(request.send()).unwrap();
    let until = jiff::Timestamp::now().as_second() + 86_400;
    let lock = ObjectLockRetention::builder()
        .mode(ObjectLockRetentionMode::Governance)
        .retain_until_date(DateTime::from_secs(until))
        .build();
    let request = client.put_object_retention().bucket(&shelf.bucket).key(&keys[4]).retention(lock);
    runtime().block_on(request.send()).unwrap();
    let done = prune(&shelf.trial, &["--keep-last", "1", "--apply"]).run();
    done.assert_code(0);
    assert!(super::reason(&done, &keys[3]).contains("held"), "{}", done.stdout);
    assert!(super::reason(&done, &keys[4]).contains("locked until"), "{}", done.stdout);
    assert_eq!(moto.keys_in(&shelf.bucket), objects(&keys[..5]));
    assert!(!moto.keys_in(&shelf.bucket).contains(&manifest(&keys[5])));
}
