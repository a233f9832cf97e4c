//! The relay for e-mail and its recipients.

use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::cli::usage::UsageError;
use crate::cli::values::Values;
use crate::report::mailer::MailRelay;
use crate::secrets::Secret;

/// Relay for e-mail.
pub const SMTP: &str = "SMTP_URL";
/// Recipients of e-mail.
const RECIPIENTS: &str = "NOTIFY_EMAIL";
/// Sender of e-mail.
const SENDER: &str = "NOTIFY_EMAIL_FROM";

/// A relay alone mails no one. Recipients alone are mailed by no one.
pub(super) fn relay(values: &Values<'_>) -> Result<Option<MailRelay>, UsageError> {
    let (url, recipients) = match (values.variable(SMTP), values.variable(RECIPIENTS)) {
        (None, None) => return Ok(None),
        (Some(url), Some(recipients)) => (url, recipients),
        (Some(_), None) => return Err(super::half(SMTP, RECIPIENTS)),
        (None, Some(_)) => return Err(super::half(RECIPIENTS, SMTP)),
    };
    let wrong = || {
        UsageError::new(format!("{SMTP} is not an smtp:// or smtps:// URL")).hint(
            "Write `smtps://user:password@host` for TLS from the start, or `smtp://…` for STARTTLS, with a percent-encoded password.",
        )
    };
    let parsed = Url::parse(url).ok().filter(|url| ["smtp", "smtps"].contains(&url.scheme()));
    let parsed = parsed.filter(|url| ["", "/"].contains(&url.path()) && url.query().is_none());
    let parsed = parsed.ok_or_else(wrong)?;
    let host = parsed.host_str().filter(|host| !host.is_empty()).ok_or_else(wrong)?.to_owned();
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let user = Some(decoded(parsed.username())).filter(|user| !user.is_empty());
    let password = Secret::from(decoded(parsed.password().unwrap_or_default()));
    let from = match values.variable(SENDER) {
        Some(text) => text.parse::<Mailbox>().map_err(|_| address(SENDER))?,
        None => user.as_ref().and_then(|user| user.parse().ok()).ok_or_else(|| {
            UsageError::new(format!("{SMTP} has no user that is an address, and {SENDER} is not set"))
                .hint(format!("Set {SENDER} to the sender's address."))
        })?,
    };
    let words = recipients.split([',', '\n']).map(str::trim).filter(|text| !text.is_empty());
    let to: Result<Vec<Mailbox>, UsageError> =
        words.map(|text| text.parse().map_err(|_| address(RECIPIENTS))).collect();
    let to = to.and_then(|to| if to.is_empty() { Err(address(RECIPIENTS)) } else { Ok(to) });
    Ok(Some(MailRelay {
        url: Secret::from(url),
        host,
        port: parsed.port(),
        is_tls_from_the_start: parsed.scheme() == "smtps",
        login: user.map(|user| (user, password)),
        from,
        to: to?,
    }))
}

/// The message does not repeat the text: in a workflow it comes from a secret.
fn address(name: &str) -> UsageError {
    UsageError::new(format!("{name} has something else than e-mail addresses"))
        .hint("Write addresses such as `oncall@example.org`, separated by commas.")
}
