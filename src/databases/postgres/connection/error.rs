//! Why a database URL cannot be used, and what to do about it. Pure.

/// The newest PostgreSQL version whose parameters are in the list.
const LAST_KNOWN: u32 = 18;
/// libpq's TLS modes.
pub(super) const SSL_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// What to write instead of an unknown parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// A known parameter with a similar name.
    Near(&'static str),
    /// libpq's `sslmode` instead of a driver's TLS parameter.
    Tls,
    /// Nothing.
    Remove,
}

/// Why a database URL cannot be used. Written to follow `DATABASE_URL`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// It does not parse.
    #[error("is not a URL: {0}")]
    NotAUrl(&'static str),
    /// A user or password with an unencoded character that ends it early. Which part is secret is unknown, so none is
    /// shown.
    #[error("has an unencoded `/`, `?` or `#` before the host, or an `@` after it")]
    NotEncoded,
    /// An invalid port. It may be a password that lacks the `@` after it.
    #[error("has an invalid port")]
    BadPort,
    /// A port in place of a host, as in `h1,h2:5432,5433`.
    #[error("has a port where a host is expected")]
    PortAsHost,
    /// A quote or a command before the URL.
    #[error("has text before `postgresql://`, such as a quote")]
    TextBefore,
    /// Another scheme than `postgresql` or `postgres`.
    #[error("has the scheme `{0}`, not postgresql")]
    Scheme(String),
    /// A required part that is missing.
    #[error("has no {0}")]
    Lacks(&'static str),
    /// Several hosts for a restore, which must go to the one server that was checked.
    #[error("has several hosts, but a restore needs exactly one")]
    SeveralHosts,
    /// A part with bytes that cannot be passed on.
    #[error("has a {0} that is not valid UTF-8 or contains NUL")]
    NotText(&'static str),
    /// A parameter that libpq does not support.
    #[error("has the unknown parameter `{name}`")]
    UnknownParameter {
        /// As typed.
        name: String,
        /// What to write instead.
        remedy: Remedy,
    },
    /// A parameter that is too new for the installed client.
    #[error("has the parameter `{name}`, which needs a PostgreSQL {since} client (installed: {client})")]
    TooNew {
        /// Its name.
        name: &'static str,
        /// The first major version that supports it.
        since: u32,
        /// The client's version.
        client: String,
    },
    /// A parameter that would override the URL.
    #[error("has the parameter `{name}`, which {why}")]
    Unfit {
        /// Its name.
        name: &'static str,
        /// Why it is rejected.
        why: &'static str,
    },
    /// An invalid value, which may be secret.
    #[error("has a bad value for `{0}`")]
    BadValue(&'static str),
    /// A numeric parameter whose value is not a number.
    #[error("has a bad value for `{0}`")]
    NotANumber(&'static str),
    /// A parameter with a value outside its list.
    #[error("has a bad value for `{name}`")]
    NotOneOf {
        /// Its name.
        name: &'static str,
        /// The allowed values.
        values: &'static [&'static str],
    },
    /// Parameters that libpq reads from a file, if the file cannot be created.
    #[error("has parameters that need a temporary file, which cannot be created: {0}")]
    NoFile(String),
    /// A pooler in transaction mode, which is not safe for a dump.
    #[error("points at a transaction pooler ({0})")]
    TransactionPooler(&'static str),
}

impl ConnectionError {
    /// What to do about it.
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
