//! Sends a notification by e-mail, over a relay that encrypts. Its URL is a secret: no text of this module repeats it.

use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::ExposeSecret as _;

use super::notification::{Notification, email};
use super::notifier::NotifyError;
use super::posting::LIMIT;
use crate::secrets::Secret;

/// A relay, and who gets mail over it.
#[derive(Debug, Clone)]
pub struct MailRelay {
    /// Its URL, as it was set.
    pub url: Secret,
    /// Host name.
    pub host: String,
    /// Port, if it is not the usual one.
    pub port: Option<u16>,
    /// Whether the connection begins with TLS. Otherwise STARTTLS is required.
    pub is_tls_from_the_start: bool,
    /// User and password.
    pub login: Option<(String, Secret)>,
    /// Sender.
    pub from: Mailbox,
    /// Recipients, at least one.
    pub to: Vec<Mailbox>,
}

/// Sends a notification, within five seconds.
///
/// # Errors
/// The relay does not accept it, or does not encrypt.
pub async fn send(relay: &MailRelay, notification: &Notification) -> Result<(), NotifyError> {
    let message = message(relay, notification).map_err(|error| NotifyError::new(error.to_string()))?;
    let transport = transport(relay).map_err(|error| NotifyError::new(reason(&error)))?;
    let sent = tokio::time::timeout(LIMIT, transport.send(message)).await;
    sent.map_err(|_| NotifyError::late())?.map(drop).map_err(|error| NotifyError::new(reason(&error)))
}

fn message(relay: &MailRelay, notification: &Notification) -> Result<Message, lettre::error::Error> {
    let begun = Message::builder().from(relay.from.clone()).subject(email::subject(notification));
    let addressed = relay.to.iter().cloned().fold(begun, |message, to| message.to(to));
    addressed.header(ContentType::TEXT_PLAIN).body(email::text(notification))
}

fn transport(relay: &MailRelay) -> Result<AsyncSmtpTransport<Tokio1Executor>, Error> {
    type Transport = AsyncSmtpTransport<Tokio1Executor>;
    let builder = match relay.is_tls_from_the_start {
        true => Transport::relay(&relay.host)?,
        false => Transport::starttls_relay(&relay.host)?,
    };
    let builder = relay.port.iter().fold(builder, |builder, port| builder.port(*port));
    let builder = relay.login.iter().fold(builder, |builder, (user, password)| {
        builder.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()))
    });
    Ok(builder.timeout(Some(LIMIT)).build())
}

/// Whether a connection failed over TLS: the certificate is not trusted, or the relay speaks something else.
fn is_of_tls(error: &Error) -> bool {
    let is_it = |source: &(dyn std::error::Error + 'static)| {
        let inner = source.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        source.is::<rustls::Error>() || inner.is_some_and(|inner| inner.is::<rustls::Error>())
    };
    std::iter::successors(std::error::Error::source(error), |source| source.source()).any(is_it)
}

/// What the relay answered, or why it was not reached. Its own words could repeat a secret.
fn reason(error: &Error) -> String {
    match error.status() {
        Some(code) => format!("it answered {code}"),
        None if error.is_timeout() => "no answer in time".to_owned(),
        None if error.is_tls() || is_of_tls(error) => "no trusted TLS connection".to_owned(),
        None if error.is_client() => "it does not offer STARTTLS or a way to log in".to_owned(),
        None => "it cannot be reached".to_owned(),
    }
}
