//! A message for people's mailboxes: a plain text with a subject. Pure.

use super::Notification;
use super::ping;

/// Characters of a subject, which programs cut off.
const SUBJECT: usize = 150;

/// The subject: `Backup, production: 1 of 3 failed`.
#[must_use]
pub fn subject(notification: &Notification) -> String {
    notification.headline().replace(char::is_control, " ").chars().take(SUBJECT).collect()
}

/// The text: what a ping service gets, then version, person and reason.
#[must_use]
pub fn text(notification: &Notification) -> String {
    let facts =
        [("Version", &notification.version), ("By", &notification.actor), ("Reason", &notification.reason)];
    let facts = facts.into_iter().filter_map(|(name, value)| Some(format!("\n{name}: {}", value.as_ref()?)));
    format!("{}\n{}\n", ping::body(notification), facts.collect::<String>())
}
