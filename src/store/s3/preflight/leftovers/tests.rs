use crate::layout::key::Bucket;
use crate::sponsors::Environment;
use crate::store::s3::preflight::tests::{judged, line};

use super::*;

#[test]
fn only_uploads_older_than_a_day_are_left_over() {
    let judge = |uploads: &[(&str, &str)]| {
        let listed = uploads.iter().map(|(key, begun)| ListedUpload {
            key: (*key).to_owned(),
            begun: Some(begun.parse().unwrap()),
            is_being_written: None,
        });
        let listed = listed.collect();
        judged(Bucket::Backups, Environment::Production, |bucket| judge(bucket, listed))
    };
    assert_eq!(line(&judge(&[])), "ok: no incomplete upload in bucket b is older than a day");
    assert_eq!(
        line(&judge(&[("backups/a", "2026-11-28T04:30:00Z")])),
        "ok: no incomplete upload in bucket b is older than a day (younger ones: 1)"
    );
    let old = judge(&[("backups/b", "2026-11-28T04:29:59Z"), ("backups/a", "2026-11-26T04:29:59Z")]);
    assert_eq!(line(&old), "warn: 2 incomplete uploads in bucket b, the oldest 3 days old: backups/a");
    assert!(old.fix.contains("abort-multipart-upload --bucket b --key KEY"), "{}", old.fix);
}
