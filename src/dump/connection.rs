//! A database URL becomes discrete PG* variables. Pure.
//!
//! libpq is never given the URL: it refuses parameters that other tools put there, and quotes pieces of a URL that it
//! cannot read, passwords among them. For the same reason no message here quotes any part of one but names and ports.

mod parameters;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use parameters::{SSL_MODES, decode, parameters, refuse_transaction_pooler, variables};

/// How the hosts of Supabase's poolers are called.
const POOLER: &str = ".pooler.supabase.com";

/// Why a database URL cannot be used. Written to follow the word `DATABASE_URL`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectionError {
    /// It does not parse.
    #[error("is not a URL: {0}")]
    NotAUrl(String),
    /// A user or password whose signs end it too early. It is not known which part of it is secret.
    #[error("is not a URL: it has an `@` behind its host, or a `/`, `?` or `#` before it")]
    NotEncoded,
    /// Another scheme than `postgresql` or `postgres`.
    #[error("has the scheme `{0}`, not postgresql")]
    Scheme(String),
    /// A part that has no default here.
    #[error("names no {0}")]
    Lacks(&'static str),
    /// A part that holds bytes which no variable can carry.
    #[error("has a {0} that is not UTF-8 text without NUL")]
    NotText(&'static str),
    /// A parameter that nobody knows.
    #[error("has the unknown parameter `{name}`")]
    UnknownParameter {
        /// As typed.
        name: String,
        /// A known one that looks like it.
        suggestion: Option<&'static str>,
    },
    /// A parameter with a value that it cannot have.
    #[error("has a bad value for `{0}`")]
    BadValue(&'static str),
    /// A pooler in transaction mode, where a dump is not safe.
    #[error("points at a transaction pooler ({0})")]
    TransactionPooler(&'static str),
}

impl ConnectionError {
    /// What the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::UnknownParameter { suggestion: Some(near), .. } => format!("Did you mean `{near}`?"),
            Self::UnknownParameter { .. } => "Remove it from DATABASE_URL; libpq's own names are known.".to_owned(),
            Self::NotEncoded => {
                "Percent-encode user and password: write %40 for @, %2F for /, %3F for ?, %23 for #, %3A for : and %25 for %."
                    .to_owned()
            }
            Self::BadValue("sslmode") => format!("One of {}.", SSL_MODES.join(", ")),
            Self::TransactionPooler(_) => {
                "Use the direct connection or the session pooler, both on port 5432: session state does not survive transaction pooling."
                    .to_owned()
            }
            _ => {
                "Write postgresql://user:password@host:5432/database; percent-encode @ : / ? # % in user and password."
                    .to_owned()
            }
        }
    }
}

/// How to reach one database.
#[derive(Debug, Clone)]
pub struct Connection {
    host: String,
    port: u16,
    database: String,
    user: String,
    password: Option<SecretString>,
    /// The password in the spelling of a URL, where that differs.
    password_as_written: Option<SecretString>,
    /// What messages say in place of its address.
    nickname: Option<&'static str>,
    variables: BTreeMap<&'static str, String>,
}

impl Connection {
    /// Reads `postgresql://user:password@host:port/database?parameters`.
    ///
    /// # Errors
    /// See [`ConnectionError`].
    pub fn parse(url: &SecretString) -> Result<Self, ConnectionError> {
        let text = url.expose_secret();
        let rest = behind_the_host(text);
        // The rest of a password that holds `/`, `?` or `#` would be taken for a port or a name, and be shown.
        if rest.is_some_and(|rest| rest.contains('@')) {
            return Err(ConnectionError::NotEncoded);
        }
        let url = Url::parse(text).map_err(|error| ConnectionError::NotAUrl(error.to_string()))?;
        let Some(rest) = rest else {
            return Err(ConnectionError::NotAUrl("it has no `://`".to_owned()));
        };
        if !["postgresql", "postgres"].contains(&url.scheme()) {
            return Err(ConnectionError::Scheme(url.scheme().to_owned()));
        }
        if url.fragment().is_some() {
            return Err(ConnectionError::NotAUrl("it has a `#`".to_owned()));
        }
        let mut query = parameters(&url)?;
        let mut part = |parameter: &str, name: &'static str, in_url: Option<&str>| {
            let written = query.remove(parameter).map(Ok);
            let decoded = || in_url.filter(|text| !text.is_empty()).map(|text| decode(text, name));
            written.or_else(decoded).transpose()
        };
        let host = url.host_str().map(|host| host.trim_start_matches('[').trim_end_matches(']'));
        let host = part("host", "host", host)?.ok_or(ConnectionError::Lacks("host"))?;
        let user = part("user", "user", Some(url.username()))?.ok_or(ConnectionError::Lacks("user"))?;
        let password = part("password", "password", url.password())?;
        let database = part("dbname", "database", path(rest))?;
        let port = match part("port", "port", None)? {
            Some(port) => port.parse().map_err(|_| ConnectionError::BadValue("port"))?,
            None => url.port().unwrap_or(5432),
        };
        refuse_transaction_pooler(port, &query)?;
        let written = url.password().filter(|text| Some(*text) != password.as_deref());
        let mut connection = Self {
            password_as_written: written.map(SecretString::from),
            password: password.map(SecretString::from),
            database: database.ok_or(ConnectionError::Lacks("database"))?,
            host,
            port,
            user,
            nickname: None,
            variables: variables(query)?,
        };
        connection.require_tls()?;
        Ok(connection)
    }

    /// A database of a server that listens in a folder of this machine and asks for no password. Messages call it by its
    /// nickname: the folder says nothing to anybody.
    #[must_use]
    pub fn at_socket(folder: &Path, database: &str, user: &str, nickname: &'static str) -> Self {
        Self {
            host: folder.display().to_string(),
            port: 5432,
            database: database.to_owned(),
            user: user.to_owned(),
            password: None,
            password_as_written: None,
            nickname: Some(nickname),
            variables: BTreeMap::new(),
        }
    }

    /// Another database of the same server.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        Self { database: name.to_owned(), ..self.clone() }
    }

    /// The same database as its server calls itself, where it says so: behind a tunnel or a pooler that is another address.
    #[must_use]
    pub fn as_reached_at(&self, address: Option<&str>, port: u16, database: &str) -> Self {
        let mut itself = Self { port, database: database.to_owned(), ..self.clone() };
        if let Some(address) = address {
            address.clone_into(&mut itself.host);
            itself.variables.remove("PGHOSTADDR");
        }
        itself
    }

    /// The same with settings of the session, as `name=value`; none of them may hold a blank. Sent only where they are
    /// needed: poolers do not always take them.
    #[must_use]
    pub fn with_settings(mut self, settings: &[String]) -> Self {
        for setting in settings {
            let options = self.variables.entry("PGOPTIONS").or_default();
            let blank = if options.is_empty() { "" } else { " " };
            options.push_str(&format!("{blank}-c {setting}"));
        }
        self
    }

    /// Whether its URL asks for an encoding, by a parameter of its own or among the options of the session.
    #[must_use]
    pub fn asks_for_an_encoding(&self) -> bool {
        // The server takes hyphens for underscores, and a backslash makes the next letter itself.
        let options = self.variables.get("PGOPTIONS").map(|text| text.replace('\\', "").replace('-', "_"));
        self.variables.contains_key("PGCLIENTENCODING")
            || options.is_some_and(|text| text.to_ascii_lowercase().contains("client_encoding"))
    }

    /// The database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Whether both name one database: by host, port and name. `ours` and `theirs` are further names and addresses of the
    /// two hosts. Behind a pooler of Supabase the user tells one project's database from another's.
    #[must_use]
    pub fn is_same_database(&self, other: &Self, ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> bool {
        let (mut mine, mut others) = (self.hosts(), other.hosts());
        mine.extend(ours.iter().cloned());
        others.extend(theirs.iter().cloned());
        let is_pooled = mine.iter().any(|host| host.ends_with(POOLER));
        !mine.is_disjoint(&others)
            && self.port == other.port
            && self.database == other.database
            && (!is_pooled || self.user == other.user)
    }

    /// Every name and address by which its host is called; this machine is `localhost`, however it is called.
    #[must_use]
    pub fn hosts(&self) -> BTreeSet<String> {
        if self.is_local() {
            return BTreeSet::from(["localhost".to_owned()]);
        }
        let addresses = self.variables.get("PGHOSTADDR").map(String::as_str).unwrap_or_default();
        let all =
            self.host.split(',').chain(addresses.split(',')).map(|host| host.trim().trim_end_matches('.'));
        all.filter(|host| !host.is_empty()).map(str::to_lowercase).collect()
    }

    /// `host:port/database`: what messages may show.
    #[must_use]
    pub fn place(&self) -> String {
        if let Some(nickname) = self.nickname {
            return nickname.to_owned();
        }
        let bare_ipv6 = self.host.parse::<std::net::Ipv6Addr>().is_ok();
        let host = if bare_ipv6 { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{host}:{}/{}", self.port, self.database)
    }

    /// The role.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password, raw and decoded: what logs must never show.
    #[must_use]
    pub fn masks(&self) -> Vec<SecretString> {
        let masks = self.password.iter().chain(&self.password_as_written);
        masks.filter(|mask| !mask.expose_secret().is_empty()).cloned().collect()
    }

    /// The variables for a child process, `PGPASSWORD` among them. They are all that libpq is told: files in
    /// somebody's home that would add a password or a service are shut out.
    #[must_use]
    pub fn variables(&self) -> BTreeMap<&'static str, String> {
        let mut variables = BTreeMap::from([
            ("PGHOST", self.host.clone()),
            ("PGPORT", self.port.to_string()),
            ("PGDATABASE", self.database.clone()),
            ("PGUSER", self.user.clone()),
            ("PGAPPNAME", "sponsor-backup".to_owned()),
            ("PGCONNECT_TIMEOUT", "15".to_owned()),
            ("PGPASSFILE", "/nonexistent".to_owned()),
            ("PGTZ", "UTC".to_owned()),
        ]);
        if let Some(password) = &self.password {
            variables.insert("PGPASSWORD", password.expose_secret().to_owned());
        }
        variables.extend(self.variables.iter().map(|(name, value)| (*name, value.clone())));
        variables
    }

    /// `hostaddr` says where the connection goes, whatever the host is called.
    fn is_local(&self) -> bool {
        // Linux takes the address of no machine for its own.
        let loopback = |text: &str| {
            let address = text.parse::<IpAddr>().map(|address| address.to_canonical());
            address.is_ok_and(|address| address.is_loopback() || address.is_unspecified())
        };
        let name = self.host.trim_end_matches('.');
        let by_name =
            self.host.starts_with('/') || name.eq_ignore_ascii_case("localhost") || loopback(&self.host);
        by_name && self.variables.get("PGHOSTADDR").is_none_or(|address| loopback(address))
    }

    /// libpq's default, `prefer`, falls back to plain text without a word. What the URL says on purpose is kept.
    fn require_tls(&mut self) -> Result<(), ConnectionError> {
        let local = self.is_local();
        let mode = self.variables.entry("PGSSLMODE").or_insert_with(|| "prefer".to_owned());
        if !SSL_MODES.contains(&mode.as_str()) {
            return Err(ConnectionError::BadValue("sslmode"));
        }
        if !local && ["prefer", "allow"].contains(&mode.as_str()) {
            "require".clone_into(mode);
        }
        Ok(())
    }
}

/// What follows user, password, host and port, as it was written.
fn behind_the_host(url: &str) -> Option<&str> {
    let (_, rest) = url.trim().split_once("://")?;
    Some(rest.find(['/', '?', '#']).map_or("", |end| &rest[end..]))
}

/// The path of it: a URL's `.` and `..` are names of databases like any other.
fn path(behind_the_host: &str) -> Option<&str> {
    behind_the_host.split(['?', '#']).next()?.strip_prefix('/')
}

#[cfg(test)]
mod tests;
