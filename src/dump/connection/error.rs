//! Why a database URL cannot be used, and what the reader can do about it. Pure.

use super::parameters::{LAST_KNOWN, Remedy, SSL_MODES};

/// Why a database URL cannot be used. Written to follow the word `DATABASE_URL`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// It does not parse.
    #[error("is not a URL: {0}")]
    NotAUrl(&'static str),
    /// A user or password whose signs end it too early. It is not known which part of it is secret.
    #[error("is not a URL: it has an `@` behind its host, or a `/`, `?` or `#` before it")]
    NotEncoded,
    /// Another scheme than `postgresql` or `postgres`.
    #[error("has the scheme `{0}`, not postgresql")]
    Scheme(String),
    /// A part that has no default here.
    #[error("names no {0}")]
    Lacks(&'static str),
    /// Several hosts, for what must go to the one server that was examined.
    #[error("names several hosts, and a target has only one")]
    SeveralHosts,
    /// A part that holds bytes which cannot be handed on.
    #[error("has a {0} that is not UTF-8 text without NUL")]
    NotText(&'static str),
    /// A parameter that libpq does not have.
    #[error("has the unknown parameter `{name}`")]
    UnknownParameter {
        /// As typed.
        name: String,
        /// What to write in its place.
        remedy: Remedy,
    },
    /// A parameter of libpq that the client in use is too old for.
    #[error(
        "has the parameter `{name}`, known from PostgreSQL {since} on, and the client in use is {client}"
    )]
    TooNew {
        /// Its name.
        name: &'static str,
        /// The first major version whose libpq has it.
        since: u32,
        /// The client's version.
        client: String,
    },
    /// A parameter of libpq that leads past what the URL says.
    #[error("has the parameter `{name}`, which {why}")]
    Unfit {
        /// Its name.
        name: &'static str,
        /// Why it cannot be taken.
        why: &'static str,
    },
    /// A parameter with a value that it cannot have.
    #[error("has a bad value for `{0}`")]
    BadValue(&'static str),
    /// A parameter with another value than the few that it can have.
    #[error("has a bad value for `{name}`")]
    NotOneOf {
        /// Its name.
        name: &'static str,
        /// What it can be.
        values: &'static [&'static str],
    },
    /// Parameters that libpq reads as a file, which cannot be made.
    #[error("has parameters that libpq reads as a file, and it cannot be made: {0}")]
    NoFile(String),
    /// A pooler in transaction mode, where a dump is not safe.
    #[error("points at a transaction pooler ({0})")]
    TransactionPooler(&'static str),
}

impl ConnectionError {
    /// What the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::UnknownParameter { remedy: Remedy::Near(near), .. } => {
                return format!("Did you mean `{near}`?");
            }
            Self::UnknownParameter { remedy: Remedy::Tls, .. } => {
                return format!(
                    "Write `sslmode` in its place, with one of {}: `require` encrypts, `verify-full` also checks the server's certificate, `disable` does without TLS.",
                    SSL_MODES.join(", ")
                );
            }
            Self::UnknownParameter { remedy: Remedy::Remove, .. } => {
                return format!(
                    "Remove it from DATABASE_URL: it is no parameter of libpq (up to PostgreSQL {LAST_KNOWN})."
                );
            }
            Self::TooNew { since, .. } => {
                return format!(
                    "Install postgresql-client-{since} or a newer one, or remove the parameter from DATABASE_URL."
                );
            }
            Self::NotOneOf { values, .. } => return format!("One of {}.", values.join(", ")),
            Self::BadValue("port") => {
                "Write one port from 1 to 65535, or as many as there are hosts, separated by comma."
            }
            Self::BadValue("hostaddr") => "Write as many addresses as there are hosts, separated by comma.",
            Self::BadValue(_) => "Correct it, or remove it from DATABASE_URL.",
            Self::Unfit { .. } => {
                "Remove it from DATABASE_URL, and write host, port, user and database there themselves."
            }
            Self::SeveralHosts => "Name the one host that is restored into.",
            Self::NoFile(_) => {
                "Run on Linux, or remove the parameters that have no PG variable: keepalives, tcp_user_timeout, sslpassword and the like."
            }
            Self::NotEncoded => {
                "Percent-encode user and password: write %40 for @, %2F for /, %3F for ?, %23 for #, %3A for : and %25 for %."
            }
            Self::TransactionPooler(_) => {
                "Use the direct connection or the session pooler, both on port 5432: session state does not survive transaction pooling."
            }
            Self::NotAUrl(_) | Self::Scheme(_) | Self::Lacks(_) | Self::NotText(_) => {
                "Write postgresql://user:password@host:5432/database; percent-encode @ : / ? # % in user and password."
            }
        };
        hint.to_owned()
    }
}
