//! A database URL becomes separate PG* variables.
//!
//! libpq never gets the URL, for two reasons: it rejects parameters of other tools, and it quotes pieces of a URL
//! that it cannot parse, including passwords. Messages here quote only names and ports, too.

mod error;
mod hosts;
mod parameters;

pub use error::{ConnectionError, Remedy};

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use hosts::{Host, UrlParts};
use parameters::{
    KnownParameters, ParameterFile, decode, parameters, refuse_transaction_pooler, secrets, taken,
};

/// The application name of our sessions on the server.
pub(super) const APPLICATION: &str = "sponsor-backup";
/// Suffix of the host names of Supabase's poolers.
const POOLER: &str = ".pooler.supabase.com";

/// What a URL demands of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// The server is on this machine.
    Local,
    /// A server on another machine need not encrypt.
    NotRequired,
    /// Encryption, by any server that answers.
    Unverified,
    /// Encryption, and a certificate that the given CA signed.
    Certificate,
    /// The same, and the certificate is for this host.
    CertificateAndHost,
}

/// How to reach one database.
#[derive(Debug, Clone)]
pub struct Connection {
    /// At least one. libpq uses the first that fits.
    hosts: Vec<Host>,
    database: String,
    user: String,
    password: Option<SecretString>,
    /// What logs must never show, both decoded and as written in the URL.
    masks: Vec<SecretString>,
    /// What messages show instead of the address.
    nickname: Option<&'static str>,
    variables: BTreeMap<&'static str, String>,
    unlisted: ParameterFile,
    /// The parameter that needs the newest client, with its major version.
    newest: Option<(&'static str, u32)>,
}

impl Connection {
    /// Parses `postgresql://user:password@host:port/database?parameters`, with one host or several.
    ///
    /// # Errors
    /// See [`ConnectionError`].
    pub fn parse(url: &SecretString) -> Result<Self, ConnectionError> {
        // A URL that was wrapped has line breaks.
        let text = url.expose_secret().trim().replace(['\t', '\n', '\r'], "");
        let written = UrlParts::split(&text)?;
        let mut query = parameters(written.query)?;
        let mut part = |parameter: &str, name: &'static str, in_url: &str| {
            let in_url = Some(in_url).filter(|text| !text.is_empty());
            query.remove(parameter).map(Ok).or_else(|| in_url.map(|text| decode(text, name))).transpose()
        };
        let user = part("user", "user", written.user)?;
        let password = part("password", "password", written.password.unwrap_or_default())?;
        let database = part("dbname", "database", written.database)?;
        let hosts = hosts(&written, &mut query)?;
        refuse_transaction_pooler(hosts.iter().map(|host| host.port), &query)?;
        let (user, database) = (
            user.ok_or(ConnectionError::Lacks("user"))?,
            database.ok_or(ConnectionError::Lacks("database"))?,
        );
        let secrets = secrets(written.query);
        let KnownParameters { variables, unlisted, newest } = taken(query, !secrets.is_empty())?;
        let unlisted = ParameterFile::new(unlisted);
        let masks = password.iter().cloned().chain(written.password.map(str::to_owned));
        let masks = distinct(masks.chain(secrets));
        let password = password.map(SecretString::from);
        let mut connection =
            Self { hosts, database, user, password, masks, nickname: None, variables, unlisted, newest };
        connection.require_tls();
        Ok(connection)
    }

    /// A database of a server that listens on a socket in a folder of this machine, without a password. Messages show
    /// the nickname: the folder's name would not help a reader.
    #[must_use]
    pub fn at_socket(folder: &Path, database: &str, user: &str, nickname: &'static str) -> Self {
        Self {
            hosts: vec![Host::new(&folder.display().to_string(), 5432)],
            database: database.to_owned(),
            user: user.to_owned(),
            password: None,
            masks: Vec::new(),
            nickname: Some(nickname),
            variables: BTreeMap::new(),
            unlisted: ParameterFile::default(),
            newest: None,
        }
    }

    /// Another database of the same server.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        Self { database: name.to_owned(), ..self.clone() }
    }

    /// The same database at the address that the server itself reports. Behind a tunnel or a pooler that is another
    /// address.
    #[must_use]
    pub fn as_reached_at(&self, address: Option<&str>, port: u16, database: &str) -> Self {
        let hosts = match address {
            Some(address) => vec![Host::new(address, port)],
            None => self.hosts.iter().map(|host| Host { port, ..host.clone() }).collect(),
        };
        Self { hosts, database: database.to_owned(), ..self.clone() }
    }

    /// Whether more than one server can answer.
    #[must_use]
    pub fn has_several_hosts(&self) -> bool {
        self.hosts.len() > 1
    }

    /// The same with only the host that answered, so that every later question reaches the same server. If the host
    /// is not in the list, all hosts stay.
    #[must_use]
    pub fn answered_by(&self, name: &str, port: u16) -> Self {
        let is_it = |host: &&Host| host.name == name && host.port == port;
        let hosts: Vec<Host> = self.hosts.iter().filter(is_it).cloned().collect();
        if hosts.is_empty() { self.clone() } else { Self { hosts, ..self.clone() } }
    }

    /// The same if it has exactly one host: data must go to the server that was checked.
    ///
    /// # Errors
    /// [`ConnectionError::SeveralHosts`].
    pub fn with_one_host(self) -> Result<Self, ConnectionError> {
        if self.has_several_hosts() { Err(ConnectionError::SeveralHosts) } else { Ok(self) }
    }

    /// The oldest client that supports all its parameters, as a major version.
    #[must_use]
    pub fn oldest_client(&self) -> u32 {
        self.newest.map_or(0, |(_, since)| since)
    }

    /// The same with session settings, as `name=value` without blanks. Set only the settings that are needed, because
    /// some poolers reject them.
    #[must_use]
    pub fn with_settings(mut self, settings: &[String]) -> Self {
        for setting in settings {
            let options = self.variables.entry("PGOPTIONS").or_default();
            let blank = if options.is_empty() { "" } else { " " };
            options.push_str(&format!("{blank}-c {setting}"));
        }
        self
    }

    /// A warning if the connection is encrypted, but nothing proves that the right server answers.
    #[must_use]
    pub fn unverified_certificate(&self) -> Option<String> {
        (self.tls() == Tls::Unverified).then(|| {
            format!(
                "the server certificate of {} is not verified (sslmode is `require`): add `sslmode=verify-full` and `sslrootcert` to DATABASE_URL, see docs/setup.md",
                self.listed(Host::shown)
            )
        })
    }

    /// What the URL demands of TLS.
    #[must_use]
    pub fn tls(&self) -> Tls {
        let mode = self.variables.get("PGSSLMODE").map(String::as_str);
        match mode {
            _ if self.hosts.iter().all(Host::is_local) => Tls::Local,
            // With a root certificate, libpq verifies under `require`, too.
            Some("require") if !self.variables.contains_key("PGSSLROOTCERT") => Tls::Unverified,
            Some("require" | "verify-ca") => Tls::Certificate,
            Some("verify-full") => Tls::CertificateAndHost,
            _ => Tls::NotRequired,
        }
    }

    /// Whether its URL requests an encoding, as a parameter or in the session's options.
    #[must_use]
    pub fn asks_for_an_encoding(&self) -> bool {
        // The server accepts hyphens for underscores, and a backslash before any letter.
        let options = self.variables.get("PGOPTIONS").map(|text| text.replace('\\', "").replace('-', "_"));
        self.variables.contains_key("PGCLIENTENCODING")
            || options.is_some_and(|text| text.to_ascii_lowercase().contains("client_encoding"))
    }

    /// The database's name.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// Whether both can lead to the same database, by host, port and name. `ours` and `theirs` are further names and
    /// addresses of the two hosts. One common host and one common port are enough. Behind a Supabase pooler, the user
    /// identifies the project.
    #[must_use]
    pub fn is_same_database(&self, other: &Self, ours: &BTreeSet<String>, theirs: &BTreeSet<String>) -> bool {
        let (mut mine, mut others) = (self.hosts(), other.hosts());
        mine.extend(ours.iter().cloned());
        others.extend(theirs.iter().cloned());
        let is_pooled = mine.iter().any(|host| host.ends_with(POOLER));
        !mine.is_disjoint(&others)
            && self.hosts.iter().any(|host| other.hosts.iter().any(|theirs| host.port == theirs.port))
            && self.database == other.database
            && (!is_pooled || self.user == other.user)
    }

    /// Every name and address of its hosts. This machine is always `localhost`.
    #[must_use]
    pub fn hosts(&self) -> BTreeSet<String> {
        self.hosts.iter().flat_map(Host::names).collect()
    }

    /// `host:port/database`, or `host:port,host:port/database`, for messages.
    #[must_use]
    pub fn place(&self) -> String {
        if let Some(nickname) = self.nickname {
            return nickname.to_owned();
        }
        format!("{}/{}", self.listed(Host::shown), self.database)
    }

    /// The role.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password and other secrets, decoded and as written, which logs must never show.
    #[must_use]
    pub fn masks(&self) -> Vec<SecretString> {
        self.masks.clone()
    }

    /// The variables for a child process, including `PGPASSWORD`. libpq gets nothing else: files in a home folder
    /// that could add a password or a service are excluded. [`Connection::for_client`] passes the parameters that
    /// have no variable.
    #[must_use]
    pub fn variables(&self) -> BTreeMap<&'static str, String> {
        let mut variables = BTreeMap::from([
            ("PGHOST", self.listed(|host| host.name.clone())),
            ("PGPORT", self.listed(|host| host.port.to_string())),
            ("PGDATABASE", self.database.clone()),
            ("PGUSER", self.user.clone()),
            ("PGAPPNAME", APPLICATION.to_owned()),
            ("PGCONNECT_TIMEOUT", "15".to_owned()),
            ("PGPASSFILE", "/nonexistent".to_owned()),
            ("PGTZ", "UTC".to_owned()),
        ]);
        if self.hosts.iter().any(|host| host.address.is_some()) {
            variables.insert("PGHOSTADDR", self.listed(|host| host.address.clone().unwrap_or_default()));
        }
        if let Some(password) = &self.password {
            variables.insert("PGPASSWORD", password.expose_secret().to_owned());
        }
        variables.extend(self.variables.iter().map(|(name, value)| (*name, value.clone())));
        variables
    }

    /// The variables for a child process of this client, given by its major and full version, including those that point to parameters without a variable.
    ///
    /// # Errors
    /// The client is too old for a parameter, or the parameters cannot be passed.
    pub fn for_client(
        &self,
        (major, version): (u32, &str),
    ) -> Result<BTreeMap<&'static str, String>, ConnectionError> {
        if let Some((name, since)) = self.newest
            && major < since
        {
            // An older client would silently ignore the variable.
            return Err(ConnectionError::TooNew { name, since, client: version.to_owned() });
        }
        let mut variables = self.variables();
        variables.extend(self.unlisted.variables()?);
        Ok(variables)
    }

    /// A comma-separated list with one value per host.
    fn listed(&self, what: impl Fn(&Host) -> String) -> String {
        self.hosts.iter().map(what).collect::<Vec<_>>().join(",")
    }

    /// libpq's default, `prefer`, silently falls back to plain text. An explicit choice in the URL is kept.
    fn require_tls(&mut self) {
        let local = self.hosts.iter().all(Host::is_local);
        let mode = self.variables.entry("PGSSLMODE").or_insert_with(|| "prefer".to_owned());
        if !local && ["prefer", "allow"].contains(&mode.as_str()) {
            "require".clone_into(mode);
        }
    }
}

/// The hosts of a URL. Parameters win over the authority part.
fn hosts(written: &UrlParts<'_>, query: &mut BTreeMap<String, String>) -> Result<Vec<Host>, ConnectionError> {
    let names = match query.remove("host").filter(|list| !list.is_empty()) {
        Some(list) => list.split(',').map(|name| name.trim().to_owned()).collect(),
        None if written.hosts.iter().all(|(name, _)| name.is_empty()) => Vec::new(),
        None => written.hosts.iter().map(|(name, _)| decode(name, "host")).collect::<Result<Vec<_>, _>>()?,
    };
    // An encoded comma would turn one host into two, and a list in `host` is trimmed.
    let is_odd = |name: &String| name.contains(',') || name.contains(char::is_control) || name.trim() != name;
    if names.iter().any(is_odd) {
        return Err(ConnectionError::NotAUrl("invalid host name"));
    }
    let ports = match query.remove("port").filter(|list| !list.is_empty()) {
        Some(list) => hosts::ports(&list)?,
        None if written.hosts.iter().all(|(_, port)| port.is_none()) => Vec::new(),
        None => written.hosts.iter().map(|(_, port)| *port).collect(),
    };
    let addresses = query.remove("hostaddr").filter(|list| !list.is_empty());
    hosts::paired(&names, addresses.as_deref(), &ports)
}

/// Each text once, without empty ones.
fn distinct(texts: impl Iterator<Item = String>) -> Vec<SecretString> {
    let mut kept: Vec<String> = Vec::new();
    for text in texts {
        if !text.is_empty() && !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept.into_iter().map(SecretString::from).collect()
}

#[cfg(test)]
mod tests;
