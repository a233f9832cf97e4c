//! Multipart uploads that no run continues any more.

use jiff::{SignedDuration, Timestamp};

use super::Checked;
use super::question::Question;
use crate::finding::{Check, Finding};
use crate::store::{ListedUpload, StoreError};

pub(super) const LEFTOVERS: Check =
    Check { name: "bucket-leftover-uploads", about: "No incomplete multipart upload is older than a day" };

const QUESTION: Question =
    Question { check: LEFTOVERS, subject: "incomplete uploads", permission: "s3:ListBucketMultipartUploads" };
/// No run takes longer.
const OLD: SignedDuration = SignedDuration::from_hours(24);

pub(super) async fn check(bucket: &Checked<'_>) -> Finding {
    match ask(bucket).await {
        Ok(uploads) => judge(bucket, uploads),
        Err(error) => QUESTION.unknown(bucket, &error),
    }
}

async fn ask(bucket: &Checked<'_>) -> Result<Vec<ListedUpload>, StoreError> {
    let mut uploads = Vec::new();
    for prefix in bucket.prefixes() {
        uploads.extend(bucket.store.open_uploads(&prefix).await?);
    }
    Ok(uploads)
}

fn judge(bucket: &Checked<'_>, uploads: Vec<ListedUpload>) -> Finding {
    let name = bucket.name();
    let running = uploads.len();
    let begun = uploads.into_iter().filter_map(|upload| Some((upload.begun?, upload.key)));
    let old: Vec<(Timestamp, String)> =
        begun.filter(|(begun, _)| bucket.expected.now.duration_since(*begun) > OLD).collect();
    let Some((begun, key)) = old.iter().min() else {
        let what = format!("no incomplete upload in bucket {name} is older than a day");
        return LEFTOVERS.ok(if running == 0 { what } else { format!("{what} (younger ones: {running})") });
    };
    let days = bucket.expected.now.duration_since(*begun).as_hours() / 24;
    let count = if old.len() == 1 {
        "1 incomplete upload".to_owned()
    } else {
        format!("{} incomplete uploads", old.len())
    };
    LEFTOVERS.warn(
        format!("{count} in bucket {name}, the oldest {days} days old: {key}"),
        "No listing of objects shows their parts, and they cost as much as objects.",
        format!(
            "Find keys and ids with `aws s3api list-multipart-uploads --bucket {name}`, and run `aws s3api \
             abort-multipart-upload --bucket {name} --key KEY --upload-id ID` for each. A lifecycle rule with \
             `AbortIncompleteMultipartUpload` does it by itself."
        ),
    )
}

#[cfg(test)]
mod tests;
