//! The options of `notify-test`, and who is notified, for every command that notifies. The sinks are secrets, so they come from
//! environment variables only, and no message repeats one.

mod email;

pub use email::SMTP;

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;

use super::CommonOptions;
use crate::cli::inputs::{self, Command};
use crate::cli::usage::UsageError;
use crate::cli::values::Values;
use crate::report::mailer::MailRelay;
use crate::report::notification::NotifyWhen;
use crate::report::notification::signature::SigningKey;
use crate::secrets::Secret;
use crate::secrets::http::is_safe_for_tokens;
use crate::secrets::url_parts::secret_parts;
use crate::secrets::variables::variable;
use crate::sponsors::Selection;

/// Incoming webhook of Slack.
pub const SLACK: &str = "SLACK_WEBHOOK_URL";
/// Generic webhook.
pub const WEBHOOK: &str = "NOTIFY_WEBHOOK_URL";
const WEBHOOK_SECRET: &str = "NOTIFY_WEBHOOK_SECRET";
/// Check of a ping service.
pub const PING: &str = "PING_URL";

/// The commands that ping.
const PINGING: [Command; 6] =
    [Command::Backup, Command::Record, Command::Verify, Command::Restore, Command::Drill, Command::Prune];
/// `notify-test`
#[derive(Debug)]
pub struct NotifyTestOptions {
    /// What all commands have.
    pub common: CommonOptions,
}

/// Who is notified, and when.
#[derive(Debug, Clone)]
pub struct NotifyOptions {
    /// The command that notifies.
    pub command: Command,
    /// When messages are sent. Pings are always sent.
    pub when: NotifyWhen,
    /// Whether that was asked for. It is not the default then.
    pub is_asked_for: bool,
    /// Incoming webhook of Slack.
    pub slack: Option<Secret>,
    /// Generic webhook, and the keys that sign its requests.
    pub webhook: Option<(Secret, Vec<SigningKey>)>,
    /// Relay for e-mail.
    pub email: Option<MailRelay>,
    /// Check of a ping service, for whole runs.
    pub ping: Option<Secret>,
    /// Checks for the parts of single sponsors, by the names of their variables.
    pub sponsor_pings: BTreeMap<String, Secret>,
}

impl NotifyOptions {
    /// Checks that there is someone to notify.
    ///
    /// # Errors
    /// No sink is set.
    pub fn check_any(&self) -> Result<(), UsageError> {
        if self.has_messages() || self.has_checks() {
            return Ok(());
        }
        let sinks = format!(
            "{SLACK}, {WEBHOOK} with {WEBHOOK_SECRET}, {SMTP} with NOTIFY_EMAIL, {PING} or {PING}_{{SPONSOR}}"
        );
        Err(UsageError::new("no sink of notifications is set").hint(format!("Set {sinks} from a secret.")))
    }

    /// Whether the command pings.
    #[must_use]
    pub fn is_pinging(&self) -> bool {
        PINGING.contains(&self.command) && self.has_checks()
    }

    fn has_checks(&self) -> bool {
        self.ping.is_some() || !self.sponsor_pings.is_empty()
    }

    /// Whether the command may send messages.
    #[must_use]
    pub fn is_messaging(&self) -> bool {
        self.when != NotifyWhen::Never && self.has_messages()
    }

    /// Whether messages are asked for, and can go nowhere: a secret with a misspelled name is empty in a workflow.
    #[must_use]
    pub fn lacks_a_sink(&self) -> bool {
        self.is_asked_for && self.when != NotifyWhen::Never && !self.has_messages()
    }

    fn has_messages(&self) -> bool {
        self.slack.is_some() || self.webhook.is_some() || self.email.is_some()
    }

    /// Everything that must be masked: URLs whole and in parts, and keys.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let webhook = self.webhook.iter();
        let urls = self.slack.iter().chain(webhook.clone().map(|(url, _)| url));
        let urls = urls.chain(self.email.iter().map(|relay| &relay.url));
        let urls = urls.chain(&self.ping).chain(self.sponsor_pings.values());
        let keys = webhook.flat_map(|(_, keys)| keys.iter().map(SigningKey::text));
        urls.flat_map(|url| secret_parts(url.expose_secret())).map(Secret::from).chain(keys).collect()
    }
}

pub(super) fn notifications(values: &Values<'_>) -> Result<NotifyOptions, UsageError> {
    let command = values.command();
    let by_default = if command == Command::Record { NotifyWhen::Failure } else { NotifyWhen::Never };
    let mut read = NotifyOptions {
        command,
        when: values.optional(inputs::NOTIFY)?.unwrap_or(by_default),
        is_asked_for: values.is_input(&inputs::NOTIFY),
        slack: None,
        webhook: None,
        email: None,
        ping: None,
        sponsor_pings: BTreeMap::new(),
    };
    if command != Command::NotifyTest && !inputs::NOTIFY.input.commands.contains(&command) {
        return Ok(read);
    }
    let (slack, webhook) = (values.noted(url(values, SLACK)), values.noted(webhook(values)));
    let email = values.noted(email::relay(values));
    // For other commands, scripts around this program may use a variable of this name.
    if PINGING.contains(&command) || command == Command::NotifyTest {
        read.ping = values.noted(url(values, PING))?;
        for name in values.variables().keys().filter(|name| sponsor_of(name).is_some()) {
            let url = values.noted(url(values, name))?;
            read.sponsor_pings.extend(url.map(|url| (name.to_ascii_uppercase(), url)));
        }
    }
    Ok(NotifyOptions { slack: slack?, webhook: webhook?, email: email?, ..read })
}

/// A sample goes to the checks of the selected sponsors only.
pub(super) fn test(common: Result<CommonOptions, UsageError>) -> Result<NotifyTestOptions, UsageError> {
    let mut common = common?;
    if let Selection::Named(names) | Selection::Listed(names) = &common.selection {
        let wanted: Vec<String> = names.iter().map(|name| variable(PING, name)).collect();
        common.notifications.sponsor_pings.retain(|name, _| wanted.contains(name));
    }
    Ok(NotifyTestOptions { common })
}

/// `CALLISTO` of `PING_URL_CALLISTO`.
fn sponsor_of(variable: &str) -> Option<String> {
    let name = variable.to_ascii_uppercase();
    let sponsor = name.strip_prefix(PING)?.strip_prefix('_')?;
    (!sponsor.is_empty()).then(|| sponsor.to_owned())
}

fn url(values: &Values<'_>, name: &str) -> Result<Option<Secret>, UsageError> {
    let Some(text) = values.variable(name) else { return Ok(None) };
    if !is_safe_for_tokens(text) {
        return Err(UsageError::new(format!("{name} is not an https:// URL"))
            .hint("Write an https:// URL. Only localhost may use http://."));
    }
    Ok(Some(Secret::from(text)))
}

/// An unsigned request could come from anyone, and a secret alone signs nothing.
fn webhook(values: &Values<'_>) -> Result<Option<(Secret, Vec<SigningKey>)>, UsageError> {
    let url = url(values, WEBHOOK)?;
    let secret = values.variable(WEBHOOK_SECRET);
    let (url, secret) = match (url, secret) {
        (None, None) => return Ok(None),
        (Some(url), Some(secret)) => (url, secret),
        (Some(_), None) => return Err(half(WEBHOOK, WEBHOOK_SECRET)),
        (None, Some(_)) => return Err(half(WEBHOOK_SECRET, WEBHOOK)),
    };
    let keys: Option<Vec<SigningKey>> = secret.split_whitespace().map(SigningKey::parse).collect();
    let wrong = || {
        let hint = "Write `whsec_` and 24 to 64 random bytes in base64, and put white space between several secrets.";
        UsageError::new(format!("{WEBHOOK_SECRET} is not a secret of Standard Webhooks")).hint(hint)
    };
    Ok(Some((url, keys.ok_or_else(wrong)?)))
}

fn half(present: &str, absent: &str) -> UsageError {
    UsageError::new(format!("{present} is set, but {absent} is not")).hint(format!("Set {absent} too."))
}

#[cfg(test)]
mod tests;
