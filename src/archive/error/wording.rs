//! Parts of messages. Pure.

use super::{NoResponse, S3Answer};
use crate::archive::s3::Cause;
use crate::archive::thaw::{Thaw, patience};

/// What an S3 operation does to an object or a bucket.
fn purpose(operation: &str) -> &str {
    match operation {
        "PutObject" => "the upload to",
        "CreateMultipartUpload" => "the multipart upload to",
        "UploadPart" => "a part of the upload to",
        "CompleteMultipartUpload" => "the completion of the upload to",
        "AbortMultipartUpload" => "the abort of the upload to",
        "ListMultipartUploads" => "the listing of unfinished uploads in",
        "ListObjectsV2" => "the listing of",
        "HeadObject" => "the check of",
        "GetObject" => "the download of",
        "GetObjectTagging" => "the request for the tags of",
        "PutObjectTagging" => "the tags for",
        "GetObjectRetention" => "the request for the lock of",
        "GetObjectLockConfiguration" => "the request for the Object Lock settings of",
        "RestoreObject" => "the thaw of",
        other => other,
    }
}

/// `S3 rejected the upload to s3://…: AccessDenied: Access Denied (request 7Q2T9ZB1W5X8)`
pub(super) fn refusal(operation: &str, location: &str, status: u16, answer: &S3Answer) -> String {
    let verb = if (300..500).contains(&status) { "rejected" } else { "failed during" };
    let id = answer.request_id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default();
    format!("S3 {verb} {} {location}: {}{id}", purpose(operation), answer.reason)
}

/// `cannot reach S3 at http://127.0.0.1:9: connection refused`
pub(super) fn no_answer(operation: &str, location: &str, silence: &NoResponse) -> String {
    let NoResponse { address, reached, cause } = silence;
    match cause {
        cause if !reached => format!("cannot reach S3 at {address}: {cause}"),
        Cause::Silent(limit) => {
            let within = limit.map(|_| cause.to_string().replacen("no answer", "", 1)).unwrap_or_default();
            format!("S3 did not answer {} {location}{within}", purpose(operation))
        }
        cause => format!("S3 did not answer {} {location}: {cause}", purpose(operation)),
    }
}

pub(super) fn in_brackets(text: Option<&str>) -> String {
    text.map(|text| format!(" ({text})")).unwrap_or_default()
}

pub(super) fn thawing(class: &str, thaw: Thaw) -> String {
    match thaw {
        Thaw::NotRequested => {
            format!("must be thawed before it can be read, which takes {}", patience(class))
        }
        Thaw::Ongoing => format!("is being thawed, which takes {}", patience(class)),
    }
}

pub(super) fn encrypted_to(recipients: &[String]) -> String {
    if recipients.is_empty() {
        String::new()
    } else {
        format!(" (it is encrypted to {})", recipients.join(", "))
    }
}
