//! Why no answer came from S3 or STS, read from the types of the errors below the SDK's own.

use std::error::Error;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::SdkError;
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use rustls::CertificateError;

use crate::secrets::http::list_causes;

/// Why a request was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// Nothing accepts connections at this address.
    Refused,
    /// DNS does not know this host.
    Unresolved(String),
    /// The network has no route to the address.
    Unroutable,
    /// The TLS handshake failed, for this reason.
    Tls(String),
    /// No answer came, within this time if it is known.
    Silent(Option<Duration>),
    /// The connection was closed before the answer.
    Closed,
    /// The answer is not HTTP.
    NotHttp,
    /// The credentials provider failed, for this reason.
    Credentials(String),
    /// Anything else, in the words of its source.
    Other(String),
}

impl std::fmt::Display for Cause {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused => write!(formatter, "connection refused"),
            Self::Unresolved(host) => write!(formatter, "the host name {host} cannot be resolved"),
            Self::Unroutable => write!(formatter, "no route to this host"),
            Self::Tls(reason) => write!(formatter, "{reason}"),
            Self::Silent(Some(limit)) => {
                let limit = jiff::SignedDuration::try_from(*limit).unwrap_or_default();
                write!(formatter, "no answer within {limit:#}")
            }
            Self::Silent(None) => write!(formatter, "no answer in time"),
            Self::Closed => write!(formatter, "the connection was closed"),
            Self::NotHttp => write!(formatter, "the server does not speak HTTP"),
            Self::Credentials(reason) | Self::Other(reason) => write!(formatter, "{reason}"),
        }
    }
}

/// What is known of a failure without an answer.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) cause: Cause,
    /// Whether a connection was there. A time limit can hide that it was not.
    pub(super) connected: bool,
}

/// Reads the cause from an SDK error. `limit` is how long an answer could take, or a connection if there was none.
pub(super) fn cause<E, R>(error: &SdkError<E, R>, limit: impl Fn(bool) -> Option<Duration>) -> Failed
where
    E: Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let causes = list_causes(error);
    let connected = !causes.iter().any(|error| is_of_connecting(*error));
    let silent = matches!(error, SdkError::TimeoutError(_))
        || matches!(error, SdkError::DispatchFailure(dispatch) if dispatch.is_timeout());
    let typed = causes.iter().find_map(|error| of_type(*error));
    let cause = match typed {
        Some(cause) => cause,
        None if silent => Cause::Silent(limit(connected)),
        None => Cause::Other(causes.last().map(ToString::to_string).unwrap_or_default()),
    };
    Failed { cause, connected }
}

/// Why a connection broke while a body was read.
pub(super) fn of_body(error: &(dyn Error + 'static)) -> Cause {
    let causes = list_causes(error);
    let typed = causes.iter().find_map(|error| of_type(*error));
    typed.unwrap_or_else(|| Cause::Other(causes.last().map(ToString::to_string).unwrap_or_default()))
}

fn is_of_connecting(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<hyper_util::client::legacy::Error>().is_some_and(|error| error.is_connect())
        || error.is::<Unresolved>()
}

fn of_type(error: &(dyn Error + 'static)) -> Option<Cause> {
    if let Some(error) = error.downcast_ref::<CredentialsError>() {
        return Some(Cause::Credentials(
            list_causes(error).last().map(ToString::to_string).unwrap_or_default(),
        ));
    }
    if let Some(Unresolved { host }) = error.downcast_ref() {
        return Some(Cause::Unresolved(host.clone()));
    }
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(Cause::Tls(of_tls(error)));
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return if error.is_parse() {
            Some(Cause::NotHttp)
        } else {
            (error.is_incomplete_message() || error.is_canceled()).then_some(Cause::Closed)
        };
    }
    match error.downcast_ref::<std::io::Error>()?.kind() {
        ErrorKind::ConnectionRefused => Some(Cause::Refused),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => {
            Some(Cause::Unroutable)
        }
        ErrorKind::TimedOut => Some(Cause::Silent(None)),
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::NotConnected
        | ErrorKind::UnexpectedEof => Some(Cause::Closed),
        _ => None,
    }
}

fn of_tls(error: &rustls::Error) -> String {
    let certificate = match error {
        rustls::Error::InvalidCertificate(certificate) => certificate,
        rustls::Error::InvalidMessage(_) => return "the server does not speak TLS".to_owned(),
        other => return format!("the TLS handshake failed: {other}"),
    };
    match certificate {
        CertificateError::UnknownIssuer => {
            "its certificate was issued by an unknown certificate authority".to_owned()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "its certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "its certificate is not valid yet".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another host name".to_owned()
        }
        CertificateError::Revoked => "its certificate was revoked".to_owned(),
        other => format!("its certificate is not valid: {other}"),
    }
}

// Resolves host names as the system does, with a typed error and a time limit.

/// The system waits five seconds for a lost answer. A second question is answered sooner.
const LIMIT: Duration = Duration::from_millis(1500);
const ATTEMPTS: u32 = 2;

/// The host name cannot be resolved.
#[derive(Debug, thiserror::Error)]
#[error("{host} cannot be resolved")]
pub(super) struct Unresolved {
    pub(super) host: String,
}

/// The system's resolver.
#[derive(Debug, Clone)]
pub(super) struct Resolver;

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(resolve(name))
    }
}

async fn resolve(name: &str) -> Result<Vec<IpAddr>, ResolveDnsError> {
    for _ in 0..ATTEMPTS {
        match tokio::time::timeout(LIMIT, tokio::net::lookup_host((name, 0))).await {
            Ok(Ok(found)) => return Ok(found.map(|address| address.ip()).collect()),
            Ok(Err(_)) => break,
            Err(_) => {}
        }
    }
    Err(ResolveDnsError::new(Unresolved { host: name.to_owned() }))
}

#[cfg(test)]
mod tests;
