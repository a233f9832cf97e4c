//! A database URL becomes discrete PG* variables.
//!
//! libpq is never given the URL: it refuses parameters that other tools put there, and quotes pieces of a URL that it
//! cannot read, passwords among them. For the same reason no message here quotes any part of one but names and ports.

mod error;
mod hosts;
mod parameters;
mod unlisted;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::client::Client;
pub use error::ConnectionError;
use hosts::Host;
pub use parameters::Remedy;
use parameters::{Taken, decode, parameters, refuse_transaction_pooler, secrets, taken};
use unlisted::Unlisted;
use written::Written;

/// The name of our sessions on the server.
pub(super) const APPLICATION: &str = "sponsor-backup";
/// How the hosts of Supabase's poolers are called.
const POOLER: &str = ".pooler.supabase.com";

/// How to reach one database.
#[derive(Debug, Clone)]
pub struct Connection {
    /// At least one. libpq takes the first that fits.
    hosts: Vec<Host>,
    database: String,
    user: String,
    password: Option<SecretString>,
    /// What logs must never show, as it is and in the spelling of the URL.
    masks: Vec<SecretString>,
    /// What messages say in place of its address.
    nickname: Option<&'static str>,
    variables: BTreeMap<&'static str, String>,
    unlisted: Unlisted,
    /// The parameter that needs the newest client, and its major version.
    newest: Option<(&'static str, u32)>,
}

impl Connection {
    /// Reads `postgresql://user:password@host:port/database?parameters`, with one host or several.
    ///
    /// # Errors
    /// See [`ConnectionError`].
    pub fn parse(url: &SecretString) -> Result<Self, ConnectionError> {
        // Line breaks are those of a text that was wrapped.
        let text = url.expose_secret().trim().replace(['\t', '\n', '\r'], "");
        let written = Written::split(&text)?;
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
        let Taken { variables, unlisted, newest } = taken(query, !secrets.is_empty())?;
        let unlisted = Unlisted::new(unlisted);
        let masks = password.iter().cloned().chain(written.password.map(str::to_owned));
        let masks = distinct(masks.chain(secrets));
        let password = password.map(SecretString::from);
        let mut connection =
            Self { hosts, database, user, password, masks, nickname: None, variables, unlisted, newest };
        connection.require_tls();
        Ok(connection)
    }

    /// A database of a server that listens in a folder of this machine and asks for no password. Messages call it by its
    /// nickname: the folder says nothing to anybody.
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
            unlisted: Unlisted::default(),
            newest: None,
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
        let hosts = match address {
            Some(address) => vec![Host::new(address, port)],
            None => self.hosts.iter().map(|host| Host { port, ..host.clone() }).collect(),
        };
        Self { hosts, database: database.to_owned(), ..self.clone() }
    }

    /// Whether one of several servers may answer.
    #[must_use]
    pub fn has_several_hosts(&self) -> bool {
        self.hosts.len() > 1
    }

    /// The same with the one host that answered, so that all that follows asks the same server; all of them where it is
    /// none of these.
    #[must_use]
    pub fn answered_by(&self, name: &str, port: u16) -> Self {
        let is_it = |host: &&Host| host.name == name && host.port == port;
        let hosts: Vec<Host> = self.hosts.iter().filter(is_it).cloned().collect();
        if hosts.is_empty() { self.clone() } else { Self { hosts, ..self.clone() } }
    }

    /// The same where it has only one host: what is written must go to the server that was examined.
    ///
    /// # Errors
    /// [`ConnectionError::SeveralHosts`].
    pub fn with_one_host(self) -> Result<Self, ConnectionError> {
        if self.has_several_hosts() { Err(ConnectionError::SeveralHosts) } else { Ok(self) }
    }

    /// The oldest client that knows all its parameters, by major version.
    #[must_use]
    pub fn oldest_client(&self) -> u32 {
        self.newest.map_or(0, |(_, since)| since)
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

    /// Whether both may lead to one database: by host, port and name. `ours` and `theirs` are further names and addresses
    /// of the two hosts. Of several hosts, any that both have is enough, and so is any port. Behind a pooler of Supabase the
    /// user tells one project's database from another's.
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

    /// Every name and address by which its hosts are called; this machine is `localhost`, however it is called.
    #[must_use]
    pub fn hosts(&self) -> BTreeSet<String> {
        self.hosts.iter().flat_map(Host::names).collect()
    }

    /// `host:port/database`, or `host:port,host:port/database`: what messages may show.
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

    /// The password and other secrets, raw and decoded: what logs must never show.
    #[must_use]
    pub fn masks(&self) -> Vec<SecretString> {
        self.masks.clone()
    }

    /// The variables for a child process, `PGPASSWORD` among them. They are all that libpq is told: files in
    /// somebody's home that would add a password or a service are shut out. Parameters that have no variable are handed
    /// over by [`Connection::for_client`].
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

    /// The variables for a child process of this client, and what leads it to the parameters that have none.
    ///
    /// # Errors
    /// The client does not know a parameter, or cannot be handed one.
    pub fn for_client(&self, client: &Client) -> Result<BTreeMap<&'static str, String>, ConnectionError> {
        if let Some((name, since)) = self.newest
            && client.major < since
        {
            // It would ignore the variable without a word.
            return Err(ConnectionError::TooNew { name, since, client: client.version.clone() });
        }
        let mut variables = self.variables();
        variables.extend(self.unlisted.variables()?);
        Ok(variables)
    }

    /// Something of each host, separated by comma.
    fn listed(&self, what: impl Fn(&Host) -> String) -> String {
        self.hosts.iter().map(what).collect::<Vec<_>>().join(",")
    }

    /// libpq's default, `prefer`, falls back to plain text without a word. What the URL says on purpose is kept.
    fn require_tls(&mut self) {
        let local = self.hosts.iter().all(Host::is_local);
        let mode = self.variables.entry("PGSSLMODE").or_insert_with(|| "prefer".to_owned());
        if !local && ["prefer", "allow"].contains(&mode.as_str()) {
            "require".clone_into(mode);
        }
    }
}

/// The hosts of a URL; parameters win over what stands before the path.
fn hosts(written: &Written<'_>, query: &mut BTreeMap<String, String>) -> Result<Vec<Host>, ConnectionError> {
    let names = match query.remove("host").filter(|list| !list.is_empty()) {
        Some(list) => list.split(',').map(|name| name.trim().to_owned()).collect(),
        None if written.hosts.iter().all(|(name, _)| name.is_empty()) => Vec::new(),
        None => written.hosts.iter().map(|(name, _)| decode(name, "host")).collect::<Result<Vec<_>, _>>()?,
    };
    // A comma that was encoded would make two hosts of one.
    if names.iter().any(|name| name.contains(',')) {
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
