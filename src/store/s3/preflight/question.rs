//! A question to S3 that needs a permission of its own. Without an answer, the check is *unknown*.

use super::Checked;
use crate::finding::{Check, Finding};
use crate::store::StoreError;

/// One question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question {
    pub(super) check: Check,
    /// What it is about: `versioning`.
    pub(super) subject: &'static str,
    /// The IAM action that allows it.
    pub(super) permission: &'static str,
}

impl Question {
    pub(super) fn unknown(&self, bucket: &Checked<'_>, error: &StoreError) -> Finding {
        let Self { check, subject, permission } = self;
        let name = bucket.name();
        if error.is_access_denied() {
            let what = format!("{subject} of bucket {name}: AccessDenied");
            return check.unknown(what, format!("Grant {permission} on bucket {name}."));
        }
        if error.is_not_implemented() {
            let what = format!("{subject} of bucket {name}: the store cannot be asked for it");
            return check.unknown(what, "Check it with the store's own tools.");
        }
        let fix = error.hint().unwrap_or_else(|| "Run again.".to_owned());
        check.unknown(format!("{subject} of bucket {name}: {error}"), fix)
    }
}
