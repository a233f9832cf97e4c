//! The part of a database URL after the question mark. Pure.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use url::Url;

use super::ConnectionError;

/// Port of the transaction-mode poolers of Supabase.
const TRANSACTION_POOLER: u16 = 6543;

/// URL parameters that libpq reads from the environment (PostgreSQL documentation, "Environment Variables").
const PARAMETERS: &[(&str, &str)] = &[
    ("channel_binding", "PGCHANNELBINDING"),
    ("client_encoding", "PGCLIENTENCODING"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("gssencmode", "PGGSSENCMODE"),
    ("hostaddr", "PGHOSTADDR"),
    ("krbsrvname", "PGKRBSRVNAME"),
    ("options", "PGOPTIONS"),
    ("require_auth", "PGREQUIREAUTH"),
    ("sslcert", "PGSSLCERT"),
    ("sslcrl", "PGSSLCRL"),
    ("sslkey", "PGSSLKEY"),
    ("sslmode", "PGSSLMODE"),
    ("sslnegotiation", "PGSSLNEGOTIATION"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
];

/// Parameters of drivers and ORMs that change nothing about what a dump holds.
const OTHERS: &[&str] = &[
    "application_name",
    "connection_limit",
    "fallback_application_name",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "pgbouncer",
    "pool_max_conns",
    "pool_timeout",
    "prepared_statements",
    "schema",
    "socket_timeout",
    "statement_cache_size",
    "supa",
    "tcp_user_timeout",
];

/// The modes of libpq.
pub(super) const SSL_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

pub(super) fn parameters(url: &Url) -> Result<BTreeMap<String, String>, ConnectionError> {
    let pairs = url.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name, "parameter")?, decode(value, "parameter")?))
        })
        .collect()
}

pub(super) fn variables(
    query: BTreeMap<String, String>,
) -> Result<BTreeMap<&'static str, String>, ConnectionError> {
    let mut variables = BTreeMap::new();
    for (name, value) in query {
        if let Some((_, variable)) = PARAMETERS.iter().find(|(known, _)| *known == name) {
            variables.insert(*variable, value);
        } else if !OTHERS.contains(&name.as_str()) {
            let suggestion = PARAMETERS
                .iter()
                .map(|(known, _)| *known)
                .find(|known| strsim::jaro_winkler(known, &name) > 0.85);
            return Err(ConnectionError::UnknownParameter { name, suggestion });
        }
    }
    Ok(variables)
}

pub(super) fn refuse_transaction_pooler(
    port: u16,
    query: &BTreeMap<String, String>,
) -> Result<(), ConnectionError> {
    if port == TRANSACTION_POOLER {
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
