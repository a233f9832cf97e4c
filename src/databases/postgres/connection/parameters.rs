//! The part of a database URL after the question mark. Pure.
//!
//! Source: PostgreSQL 13 to 18, libpq, "Parameter Key Words" and "Environment Variables". A parameter outside both
//! lists is an error, because libpq would silently ignore it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::sync::{Arc, OnceLock};

use Value::{Any, Number, Of};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};

use super::error::{ConnectionError, Remedy, SSL_MODES};

/// Port of Supabase's transaction-mode poolers.
const TRANSACTION_POOLER: u16 = 6543;

/// The oldest supported client version.
const ALWAYS: u32 = 13;

/// What a parameter's value may be.
#[derive(Debug, Clone, Copy)]
enum Value {
    Any,
    Number,
    Of(&'static [&'static str]),
}

const SWITCH: Value = Of(&["0", "1"]);
const TLS_VERSION: Value = Of(&["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]);

/// libpq's parameters: name, environment variable if it has one, the version that introduced it, and its values.
/// Messages never quote a value outside the list, because it could be a secret.
const PARAMETERS: &[(&str, Option<&str>, u32, Value)] = &[
    ("channel_binding", Some("PGCHANNELBINDING"), ALWAYS, Of(&["disable", "prefer", "require"])),
    ("client_encoding", Some("PGCLIENTENCODING"), ALWAYS, Any),
    ("connect_timeout", Some("PGCONNECT_TIMEOUT"), ALWAYS, Number),
    ("gssdelegation", Some("PGGSSDELEGATION"), 17, SWITCH),
    ("gssencmode", Some("PGGSSENCMODE"), ALWAYS, Of(&["disable", "prefer", "require"])),
    ("gsslib", Some("PGGSSLIB"), ALWAYS, Any),
    ("keepalives", None, ALWAYS, Number),
    ("keepalives_count", None, ALWAYS, Number),
    ("keepalives_idle", None, ALWAYS, Number),
    ("keepalives_interval", None, ALWAYS, Number),
    ("krbsrvname", Some("PGKRBSRVNAME"), ALWAYS, Any),
    ("max_protocol_version", Some("PGMAXPROTOCOLVERSION"), 18, Of(&["3.0", "3.2", "latest"])),
    ("min_protocol_version", Some("PGMINPROTOCOLVERSION"), 18, Of(&["3.0", "3.2", "latest"])),
    ("oauth_client_id", None, 18, Any),
    ("oauth_client_secret", None, 18, Any),
    ("oauth_issuer", None, 18, Any),
    ("oauth_scope", None, 18, Any),
    ("options", Some("PGOPTIONS"), ALWAYS, Any),
    ("passfile", Some("PGPASSFILE"), ALWAYS, Any),
    ("require_auth", Some("PGREQUIREAUTH"), 16, Any),
    ("requirepeer", Some("PGREQUIREPEER"), ALWAYS, Any),
    ("scram_client_key", None, 18, Any),
    ("scram_server_key", None, 18, Any),
    ("ssl_max_protocol_version", Some("PGSSLMAXPROTOCOLVERSION"), ALWAYS, TLS_VERSION),
    ("ssl_min_protocol_version", Some("PGSSLMINPROTOCOLVERSION"), ALWAYS, TLS_VERSION),
    ("sslcert", Some("PGSSLCERT"), ALWAYS, Any),
    ("sslcertmode", Some("PGSSLCERTMODE"), 16, Of(&["disable", "allow", "require"])),
    ("sslcompression", Some("PGSSLCOMPRESSION"), ALWAYS, SWITCH),
    ("sslcrl", Some("PGSSLCRL"), ALWAYS, Any),
    ("sslcrldir", Some("PGSSLCRLDIR"), 14, Any),
    ("sslkey", Some("PGSSLKEY"), ALWAYS, Any),
    ("sslkeylogfile", None, 18, Any),
    ("sslmode", Some("PGSSLMODE"), ALWAYS, Of(&SSL_MODES)),
    ("sslnegotiation", Some("PGSSLNEGOTIATION"), 17, Of(&["postgres", "direct"])),
    ("sslpassword", None, ALWAYS, Any),
    ("sslrootcert", Some("PGSSLROOTCERT"), ALWAYS, Any),
    ("sslsni", Some("PGSSLSNI"), 14, SWITCH),
    (
        "target_session_attrs",
        Some("PGTARGETSESSIONATTRS"),
        ALWAYS,
        Of(&["any", "read-write", "read-only", "primary", "standby", "prefer-standby"]),
    ),
    ("tcp_user_timeout", None, ALWAYS, Number),
];

/// Parameters of the address, which are suggested for misspelled names, too.
const OF_THE_ADDRESS: [&str; 6] = ["dbname", "host", "hostaddr", "password", "port", "user"];

/// Parameters of libpq, drivers and ORMs that do not affect what a dump contains.
const OTHERS: &[&str] = &[
    "application_name",
    "connection_limit",
    "fallback_application_name",
    // The first host that fits is always used: the dump must reach the server that answered the questions.
    "load_balance_hosts",
    "pgbouncer",
    "pool_max_conns",
    "pool_timeout",
    "prepared_statements",
    "schema",
    "socket_timeout",
    "statement_cache_size",
    "supa",
];

/// Parameters whose values logs must never show.
const SECRETS: [&str; 5] =
    ["oauth_client_secret", "password", "scram_client_key", "scram_server_key", "sslpassword"];

/// The value that means the certificates of this machine instead of a file.
const SYSTEM: &str = "system";

/// Maximum number of wrong letters in a misspelled name.
const WRONG_LETTERS: usize = 2;

/// The parameters, without those of the address.
#[derive(Debug, Default)]
pub(super) struct KnownParameters {
    /// Environment variables.
    pub(super) variables: BTreeMap<&'static str, String>,
    /// Parameters that have no variable.
    pub(super) unlisted: BTreeMap<&'static str, SecretString>,
    /// The parameter that needs the newest client, and its major version.
    pub(super) newest: Option<(&'static str, u32)>,
}

/// Decoded names and values. As in libpq, the last of several equal names counts.
pub(super) fn parameters(query: &str) -> Result<BTreeMap<String, String>, ConnectionError> {
    pairs(query).map(|(name, value)| Ok((decode(name, "parameter")?, decode(value, "parameter")?))).collect()
}

/// The values that logs must never show, decoded and as written.
pub(super) fn secrets(query: &str) -> Vec<String> {
    let is_secret = |name: &str| decode(name, "parameter").is_ok_and(|name| SECRETS.contains(&name.as_str()));
    let values = pairs(query).filter(|(name, _)| is_secret(name));
    values.flat_map(|(_, value)| decode(value, "parameter").into_iter().chain([value.to_owned()])).collect()
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Sorts the parameters into variables and others, and rejects those that cannot be used.
pub(super) fn taken(
    mut query: BTreeMap<String, String>,
    has_secrets: bool,
) -> Result<KnownParameters, ConnectionError> {
    // libpq accepts this JDBC parameter with this value only.
    if query.get("ssl").is_some_and(|value| ["true", "1"].contains(&value.as_str())) {
        query.remove("ssl");
        query.entry("sslmode".to_owned()).or_insert_with(|| "require".to_owned());
    }
    // As in libpq: with the machine's certificates, a weaker mode would verify nothing.
    if query.get("sslrootcert").is_some_and(|value| value == SYSTEM) {
        query.entry("sslmode".to_owned()).or_insert_with(|| "verify-full".to_owned());
    }
    let mut taken = KnownParameters::default();
    for (name, value) in query {
        if let Some((name, variable, since, allowed)) = PARAMETERS.iter().find(|(known, ..)| *known == name) {
            let value = allowed.spelled(name, value)?;
            let brought = brought((*name, *since), &value);
            if taken.newest.is_none_or(|(_, newest)| newest < brought.1) {
                taken.newest = Some(brought);
            }
            match variable {
                Some(variable) => drop(taken.variables.insert(*variable, value)),
                None if is_one_line(&value) => drop(taken.unlisted.insert(*name, value.into())),
                None => return Err(ConnectionError::BadValue(name)),
            }
        } else if let Some(unfit) = unfit(&name, &value) {
            return Err(unfit);
        } else if !OTHERS.contains(&name.as_str()) && name != "replication" {
            let remedy = remedy(&name);
            // A secret with an unencoded `&` would continue as a parameter's name.
            let name = if has_secrets || value.is_empty() { "…".to_owned() } else { name };
            return Err(ConnectionError::UnknownParameter { name, remedy });
        }
    }
    Ok(taken)
}

impl Value {
    /// The value in libpq's spelling.
    fn spelled(self, name: &'static str, value: String) -> Result<String, ConnectionError> {
        match self {
            Number if value.trim().parse::<i32>().is_err() => Err(ConnectionError::NotANumber(name)),
            Any | Number => Ok(value),
            Of(values) => match values.iter().find(|known| known.eq_ignore_ascii_case(&value)) {
                Some(known) => Ok((*known).to_owned()),
                None => Err(ConnectionError::NotOneOf { name, values }),
            },
        }
    }
}

/// The version that introduced a parameter, or its value.
fn brought((name, since): (&'static str, u32), value: &str) -> (&'static str, u32) {
    match (name, value) {
        ("sslrootcert", SYSTEM) => ("sslrootcert=system", 16),
        ("target_session_attrs", "read-only" | "primary" | "standby" | "prefer-standby") => (name, 14),
        _ => (name, since),
    }
}

/// Whether libpq reads back the same value from a line of a file.
fn is_one_line(value: &str) -> bool {
    !value.contains(char::is_control) && !value.ends_with(|c: char| c.is_ascii_whitespace())
}

/// Parameters that override the URL, or do not open an ordinary session.
fn unfit(name: &str, value: &str) -> Option<ConnectionError> {
    let (name, why) = match name {
        "service" => ("service", "reads the address from a local file"),
        "servicefile" => ("servicefile", "reads the address from a local file"),
        "replication" if !["", "false", "off", "no", "0"].contains(&value) => {
            ("replication", "opens a replication connection, which pg_dump cannot use")
        }
        _ => return None,
    };
    Some(ConnectionError::Unfit { name, why })
}

fn remedy(name: &str) -> Remedy {
    let plain = |name: &str| name.replace(['_', '-'], "").to_ascii_lowercase();
    let typed = plain(name);
    let known = || PARAMETERS.iter().map(|(known, ..)| *known).chain(OF_THE_ADDRESS);
    let near = |known: &&str| strsim::osa_distance(&plain(known), &typed);
    let nearest = known().min_by_key(near).filter(|known| {
        // In a short name, two wrong letters make another name.
        near(known) <= WRONG_LETTERS.min(known.len() / 4)
    });
    match nearest {
        Some(near) => Remedy::Near(near),
        None if ["ssl", "tls"].iter().any(|word| typed.contains(word)) => Remedy::Tls,
        None => Remedy::Remove,
    }
}

pub(super) fn refuse_transaction_pooler(
    mut ports: impl Iterator<Item = u16>,
    query: &BTreeMap<String, String>,
) -> Result<(), ConnectionError> {
    if ports.any(|port| port == TRANSACTION_POOLER) {
        return Err(ConnectionError::TransactionPooler("port 6543"));
    }
    match query.get("pgbouncer").map(String::as_str) {
        Some("true" | "1") => Err(ConnectionError::TransactionPooler("pgbouncer=true")),
        _ => Ok(()),
    }
}

pub(super) fn decode(text: &str, what: &'static str) -> Result<String, ConnectionError> {
    let decoded = percent_decode_str(text).decode_utf8().map_err(|_| ConnectionError::NotText(what))?;
    if decoded.contains('\0') {
        return Err(ConnectionError::NotText(what));
    }
    Ok(decoded.into_owned())
}

/// Name of the section in the file.
const SERVICE: &str = "sponsor-backup";

/// Parameters without an environment variable, and their file once it is needed. libpq reads the file, which is never
/// on disk: it is memory of this process, which only processes of this user can open. Command-line arguments would be
/// visible to every user. Clones share the file. It is closed with the last of them.
#[derive(Debug, Clone, Default)]
pub(super) struct ParameterFile {
    parameters: Arc<BTreeMap<&'static str, SecretString>>,
    file: Arc<OnceLock<Result<File, String>>>,
}

impl ParameterFile {
    pub(super) fn new(parameters: BTreeMap<&'static str, SecretString>) -> Self {
        Self { parameters: Arc::new(parameters), file: Arc::default() }
    }

    /// The variables that point libpq to the parameters.
    pub(super) fn variables(&self) -> Result<Vec<(&'static str, String)>, ConnectionError> {
        if self.parameters.is_empty() {
            return Ok(Vec::new());
        }
        let file = self.file.get_or_init(|| in_memory(&self.text()).map_err(|error| error.to_string()));
        let file = file.as_ref().map_err(|reason| ConnectionError::NoFile(reason.clone()))?;
        Ok(vec![("PGSERVICEFILE", path(file)), ("PGSERVICE", SERVICE.to_owned())])
    }

    fn text(&self) -> String {
        let mut text = format!("[{SERVICE}]\n");
        for (name, value) in self.parameters.iter() {
            // Writing to a string cannot fail.
            writeln!(text, "{name}={}", value.expose_secret()).ok();
        }
        text
    }
}

/// The path at which a child process finds an open file of this process. Each reader starts at the beginning.
fn path(file: &File) -> String {
    format!("/proc/{}/fd/{}", std::process::id(), std::os::fd::AsRawFd::as_raw_fd(file))
}

#[cfg(target_os = "linux")]
fn in_memory(text: &str) -> std::io::Result<File> {
    let memory = rustix::fs::memfd_create(SERVICE, rustix::fs::MemfdFlags::CLOEXEC)?;
    let mut file = File::from(memory);
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    Ok(file)
}

#[cfg(not(target_os = "linux"))]
fn in_memory(_: &str) -> std::io::Result<File> {
    Err(std::io::ErrorKind::Unsupported.into())
}
