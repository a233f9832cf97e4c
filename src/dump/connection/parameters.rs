//! The part of a database URL after the question mark. Pure.
//!
//! Facts: PostgreSQL 13 to 18, libpq, "Parameter Key Words" and "Environment Variables". What stands in neither list here
//! is refused: it would be left out without a word.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use secrecy::SecretString;

use super::ConnectionError;

/// Port of the transaction-mode poolers of Supabase.
const TRANSACTION_POOLER: u16 = 6543;

/// The newest version whose parameters are listed.
pub(super) const LAST_KNOWN: u32 = 18;
/// No client of a version before it is of use here.
const ALWAYS: u32 = 13;

/// Parameters of libpq: the name, the environment variable if it has one, and the version that brought it.
const PARAMETERS: &[(&str, Option<&str>, u32)] = &[
    ("channel_binding", Some("PGCHANNELBINDING"), ALWAYS),
    ("client_encoding", Some("PGCLIENTENCODING"), ALWAYS),
    ("connect_timeout", Some("PGCONNECT_TIMEOUT"), ALWAYS),
    ("gssdelegation", Some("PGGSSDELEGATION"), 17),
    ("gssencmode", Some("PGGSSENCMODE"), ALWAYS),
    ("gsslib", Some("PGGSSLIB"), ALWAYS),
    ("keepalives", None, ALWAYS),
    ("keepalives_count", None, ALWAYS),
    ("keepalives_idle", None, ALWAYS),
    ("keepalives_interval", None, ALWAYS),
    ("krbsrvname", Some("PGKRBSRVNAME"), ALWAYS),
    ("max_protocol_version", Some("PGMAXPROTOCOLVERSION"), 18),
    ("min_protocol_version", Some("PGMINPROTOCOLVERSION"), 18),
    ("oauth_client_id", None, 18),
    ("oauth_client_secret", None, 18),
    ("oauth_issuer", None, 18),
    ("oauth_scope", None, 18),
    ("options", Some("PGOPTIONS"), ALWAYS),
    ("passfile", Some("PGPASSFILE"), ALWAYS),
    ("require_auth", Some("PGREQUIREAUTH"), 16),
    ("requirepeer", Some("PGREQUIREPEER"), ALWAYS),
    ("scram_client_key", None, 18),
    ("scram_server_key", None, 18),
    ("ssl_max_protocol_version", Some("PGSSLMAXPROTOCOLVERSION"), ALWAYS),
    ("ssl_min_protocol_version", Some("PGSSLMINPROTOCOLVERSION"), ALWAYS),
    ("sslcert", Some("PGSSLCERT"), ALWAYS),
    ("sslcertmode", Some("PGSSLCERTMODE"), 16),
    ("sslcompression", Some("PGSSLCOMPRESSION"), ALWAYS),
    ("sslcrl", Some("PGSSLCRL"), ALWAYS),
    ("sslcrldir", Some("PGSSLCRLDIR"), 14),
    ("sslkey", Some("PGSSLKEY"), ALWAYS),
    ("sslkeylogfile", None, 18),
    ("sslmode", Some("PGSSLMODE"), ALWAYS),
    ("sslnegotiation", Some("PGSSLNEGOTIATION"), 17),
    ("sslpassword", None, ALWAYS),
    ("sslrootcert", Some("PGSSLROOTCERT"), ALWAYS),
    ("sslsni", Some("PGSSLSNI"), 14),
    ("target_session_attrs", Some("PGTARGETSESSIONATTRS"), ALWAYS),
    ("tcp_user_timeout", None, ALWAYS),
];

/// Parameters that are read before the others are, for the names that unknown ones may be meant for.
const OF_THE_ADDRESS: [&str; 6] = ["dbname", "host", "hostaddr", "password", "port", "user"];

/// Parameters of libpq, drivers and ORMs that change nothing about what a dump holds.
const OTHERS: &[&str] = &[
    "application_name",
    "connection_limit",
    "fallback_application_name",
    // The first host that fits is always taken: what is asked of a server must hold for the dump.
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

/// Parameters whose values no log may show.
const SECRETS: [&str; 5] =
    ["oauth_client_secret", "password", "scram_client_key", "scram_server_key", "sslpassword"];

/// The modes of libpq.
pub(super) const SSL_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// So many letters of an unknown name may be wrong for a known one to be meant.
const WRONG_LETTERS: usize = 2;

/// What to write in place of an unknown parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// A known one that looks like it.
    Near(&'static str),
    /// A driver's way to choose TLS, for which libpq has `sslmode`.
    Tls,
    /// Nothing.
    Remove,
}

/// What becomes of the parameters, those of the address apart.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Environment variables.
    pub(super) variables: BTreeMap<&'static str, String>,
    /// Parameters that have no variable.
    pub(super) unlisted: BTreeMap<&'static str, SecretString>,
    /// The parameter that needs the newest client, and its major version.
    pub(super) newest: Option<(&'static str, u32)>,
}

/// Names and values, decoded. The last of several of one name counts, as for libpq.
pub(super) fn parameters(query: &str) -> Result<BTreeMap<String, String>, ConnectionError> {
    pairs(query).map(|(name, value)| Ok((decode(name, "parameter")?, decode(value, "parameter")?))).collect()
}

/// The values that no log may show, as they are and as they were written.
pub(super) fn secrets(query: &str) -> Vec<String> {
    let is_secret = |name: &str| decode(name, "parameter").is_ok_and(|name| SECRETS.contains(&name.as_str()));
    let values = pairs(query).filter(|(name, _)| is_secret(name));
    values.flat_map(|(_, value)| decode(value, "parameter").into_iter().chain([value.to_owned()])).collect()
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

/// Distributes the parameters that say how to connect, and not where to.
pub(super) fn taken(mut query: BTreeMap<String, String>) -> Result<Taken, ConnectionError> {
    // libpq itself takes this one of JDBC, and no other value of it.
    if query.get("ssl").is_some_and(|value| ["true", "1"].contains(&value.as_str())) {
        query.remove("ssl");
        query.entry("sslmode".to_owned()).or_insert_with(|| "require".to_owned());
    }
    let mut taken = Taken::default();
    for (name, value) in query {
        if let Some((name, variable, since)) = PARAMETERS.iter().find(|(known, ..)| *known == name) {
            match variable {
                Some(variable) => drop(taken.variables.insert(*variable, value)),
                None if is_one_line(&value) => drop(taken.unlisted.insert(*name, value.into())),
                None => return Err(ConnectionError::BadValue(name)),
            }
            if taken.newest.is_none_or(|(_, newest)| newest < *since) {
                taken.newest = Some((*name, *since));
            }
        } else if let Some(unfit) = unfit(&name, &value) {
            return Err(unfit);
        } else if !OTHERS.contains(&name.as_str()) && name != "replication" {
            let remedy = remedy(&name);
            return Err(ConnectionError::UnknownParameter { name, remedy });
        }
    }
    Ok(taken)
}

/// Whether a value arrives as it is when it is read from a line.
fn is_one_line(value: &str) -> bool {
    !value.contains(char::is_control) && !value.ends_with(|c: char| c.is_ascii_whitespace())
}

/// Parameters of libpq that lead past the URL, or to no ordinary session.
fn unfit(name: &str, value: &str) -> Option<ConnectionError> {
    let (name, why) = match name {
        "service" => ("service", "leaves to a file on another machine where the database is"),
        "servicefile" => ("servicefile", "leaves to a file on another machine where the database is"),
        "replication" if !["", "false", "off", "no", "0"].contains(&value) => {
            ("replication", "asks for a connection that cannot be dumped from")
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
        // Of a short name, two other letters make another name.
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
