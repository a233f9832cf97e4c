//! Parts of messages. Pure.

use super::Request;
use crate::archive::thaw::{Thaw, patience};

pub(super) fn told(request: &Request) -> String {
    request.id.as_ref().map(|id| format!(" (request {id})")).unwrap_or_default()
}

pub(super) fn waiting(class: &str, thaw: Thaw) -> String {
    match thaw {
        Thaw::NotRequested => {
            format!("must be thawed before it can be read, which takes {}", patience(class))
        }
        Thaw::Ongoing => format!("is being thawed, which takes {}", patience(class)),
    }
}

pub(super) fn for_whom(recipients: &[String]) -> String {
    if recipients.is_empty() {
        String::new()
    } else {
        format!(" (it is encrypted to {})", recipients.join(", "))
    }
}
