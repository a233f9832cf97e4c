//! Why a database URL cannot be used, and what the reader can do about it. Pure.

use super::parameters::{LAST_KNOWN, Remedy, SSL_MODES};

/// Why a database URL cannot be used. Written to follow the word `DATABASE_URL`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// It does not parse.
    #[error("is not a URL: {0}")]
    NotAUrl(&'static str),
    /// A user or password whose signs end it too early. It is not known which part of it is secret.
    #[error("has an unencoded `/`, `?` or `#` before the host, or an `@` after it")]
    NotEncoded,
    /// A port that is none, which may be a password without the `@` that ends it.
    #[error("has an invalid port")]
    BadPort,
    /// A host that is a port, as in `h1,h2:5432,5433`.
    #[error("has a port where a host is expected")]
    PortAsHost,
    /// A quote or a command before the URL.
    #[error("has text before `postgresql://`, such as a quote")]
    TextBefore,
    /// Another scheme than `postgresql` or `postgres`.
    #[error("has the scheme `{0}`, not postgresql")]
    Scheme(String),
    /// A part that has no default here.
    #[error("has no {0}")]
    Lacks(&'static str),
    /// Several hosts, for what must go to the one server that was examined.
    #[error("has several hosts, but a restore needs exactly one")]
    SeveralHosts,
    /// A part that holds bytes which cannot be handed on.
    #[error("has a {0} that is not valid UTF-8 or contains NUL")]
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
    #[error("has the parameter `{name}`, which needs a PostgreSQL {since} client (installed: {client})")]
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
    /// A parameter with a value that it cannot have, which may be secret.
    #[error("has a bad value for `{0}`")]
    BadValue(&'static str),
    /// A parameter that is a number, with something else.
    #[error("has a bad value for `{0}`")]
    NotANumber(&'static str),
    /// A parameter with another value than the few that it can have.
    #[error("has a bad value for `{name}`")]
    NotOneOf {
        /// Its name.
        name: &'static str,
        /// What it can be.
        values: &'static [&'static str],
    },
    /// Parameters that libpq reads as a file, which cannot be made.
    #[error("has parameters that need a temporary file, which cannot be created: {0}")]
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
                    "Use `sslmode` instead ({}). `require` encrypts. `verify-full` also checks the certificate. `disable` turns TLS off.",
                    SSL_MODES.join(", ")
                );
            }
            Self::UnknownParameter { remedy: Remedy::Remove, .. } => {
                return format!(
                    "Remove it from DATABASE_URL. libpq (up to PostgreSQL {LAST_KNOWN}) does not have it."
                );
            }
            Self::TooNew { since, .. } => {
                return format!(
                    "Install postgresql-client-{since} or a newer one, or remove the parameter from DATABASE_URL."
                );
            }
            Self::NotOneOf { values, .. } => return format!("Use one of {}.", values.join(", ")),
            Self::BadValue("port") => "Write one port from 1 to 65535, or one per host, separated by commas.",
            Self::BadValue("hostaddr") => "Write one address per host, separated by commas.",
            Self::NotANumber(_) => "Write a whole number, or remove it from DATABASE_URL.",
            Self::BadValue(_) => "Correct it, or remove it from DATABASE_URL.",
            Self::Unfit { .. } => "Remove it, and write host, port, user and database in the URL.",
            Self::SeveralHosts => "Write only the host to restore into.",
            Self::NoFile(_) => {
                "Run on Linux, or remove the parameters that have no PG variable, such as keepalives, tcp_user_timeout and sslpassword."
            }
            Self::NotEncoded => {
                "Percent-encode the user and password: write %40 for @, %2F for /, %3F for ?, %23 for #, %3A for : and %25 for %."
            }
            Self::BadPort => {
                "Write a port from 1 to 65535. If a password follows the colon, write `@` and the host after it."
            }
            Self::PortAsHost => {
                "Write each port next to its host (host1:5432,host2:5433), or all ports in `?port=5432,5433`."
            }
            Self::TextBefore => "Remove quotes and other text around the URL.",
            Self::TransactionPooler(_) => {
                "Use the direct connection or the session pooler, both on port 5432. Session state does not survive transaction pooling."
            }
            Self::NotAUrl(_) | Self::Scheme(_) | Self::Lacks(_) | Self::NotText(_) => {
                "Write postgresql://user:password@host:5432/database. Percent-encode @ : / ? # % in user and password."
            }
        };
        hint.to_owned()
    }
}
