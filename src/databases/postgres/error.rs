//! Everything that can go wrong between this program and a server or pg_dump, and what to do about it. Messages never contain a password, a URL or a
//! server's own words.

use super::connection::ConnectionError;
use super::pg_error::PgError;
use super::sql::{Misfit, Unfit};

/// Why a query or a dump failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PostgresError {
    /// The database URL cannot be used.
    #[error("DATABASE_URL {0}")]
    Connection(#[from] ConnectionError),
    /// No PostgreSQL client tools were found.
    #[error("no pg_dump found on PATH or in the distribution's versioned directories")]
    NoClient,
    /// The server is newer than every pg_dump.
    #[error("{place}: the server runs PostgreSQL {server}, newer than every installed pg_dump ({found})")]
    ServerNewer {
        /// `host:port/database`.
        place: String,
        /// The server's major version.
        server: u32,
        /// The clients' major versions.
        found: String,
    },
    /// A program could not be started.
    #[error("cannot start {program}: {reason}")]
    NotStarted {
        /// Path of the program.
        program: String,
        /// The system's error.
        reason: String,
    },
    /// A query failed: the server is unreachable, rejected it, or did not answer in time.
    #[error("{place}: {message}")]
    QueryFailed {
        /// `host:port/database`.
        place: String,
        /// psql's error.
        message: PgError,
    },
    /// The server's answer to a query is longer than this program keeps in memory.
    #[error("{place}: the answer to a query is longer than {mebibytes} MiB")]
    AnswerTooLong {
        /// `host:port/database`.
        place: String,
        /// The limit.
        mebibytes: usize,
    },
    /// pg_dump failed.
    #[error("{place}: pg_dump {status}: {message}")]
    Failed {
        /// `host:port/database`.
        place: String,
        /// How it ended, such as `exited with 1`.
        status: String,
        /// pg_dump's error.
        message: PgError,
    },
    /// The role cannot read everything that would be dumped.
    #[error("{place}: this role cannot read {}", .what.join(", "))]
    Unreadable {
        /// `host:port/database`.
        place: String,
        /// Tables and sequences, each with the reason.
        what: Vec<String>,
    },
    /// pg_dump reported success, but its output must be neither kept nor restored.
    #[error("{place}: {reason}")]
    Unfit {
        /// `host:port/database`.
        place: String,
        /// What is wrong with it.
        reason: Unfit,
    },
    /// The dump is complete, but lacks content of the database.
    #[error("{place}: the dump is missing content: {missing}")]
    Incomplete {
        /// `host:port/database`.
        place: String,
        /// What is missing, without data.
        missing: String,
    },
    /// A standby has not replayed everything its primary wrote, or cannot report whether it has.
    #[error("{place}: the standby {lag}, and `max-replica-lag` allows {limit}")]
    Lagging {
        /// `host:port/database`.
        place: String,
        /// How far it is behind, as text.
        lag: String,
        /// The limit, as text.
        limit: String,
    },
    /// The URL requests another encoding than the database's.
    #[error("{place}: DATABASE_URL requests the encoding {asked}, but the database uses {has}")]
    Encoding {
        /// `host:port/database`.
        place: String,
        /// The session's encoding.
        asked: String,
        /// The database's encoding.
        has: String,
    },
    /// The server does not let several connections read one snapshot.
    #[error("{place}: the server cannot share a snapshot between connections: {message}")]
    NoSharedSnapshot {
        /// `host:port/database`.
        place: String,
        /// The server's error.
        message: PgError,
    },
    /// A pooler gives the connections of different sessions to each other.
    #[error("{place}: connections go through a pooler in transaction mode, and cannot share a snapshot")]
    SharedSessions {
        /// `host:port/database`.
        place: String,
    },
    /// What several pg_dumps wrote is not one dump.
    #[error("{place}: the dumps of several connections do not fit together: {reason}")]
    Misfit {
        /// `host:port/database`.
        place: String,
        /// What is wrong with them.
        reason: Misfit,
    },
    /// A schema or a label of an enum was renamed, or a schema's owner or grants were changed, while pg_dump read.
    #[error("{place}: a schema or an enum's label was renamed or changed during the dump")]
    SchemaChanged {
        /// `host:port/database`.
        place: String,
    },
    /// A signal or the time limit stopped the dump.
    #[error("{place}: the dump was stopped")]
    Stopped {
        /// `host:port/database`.
        place: String,
    },
}

/// Error codes, beginnings of texts that may be shown, and the remedy for each pair. An empty one matches everything,
/// and the first match wins. libpq's and pg_dump's own texts have no code.
const REMEDIES: &[(&str, &str, &str)] = &[
    ("28P01", "", "Correct the user and password in DATABASE_URL."),
    ("", "fe_sendauth: no password supplied", "Add the password to DATABASE_URL, percent-encoded."),
    ("28000", "role ", "Correct the user in DATABASE_URL."),
    (
        "28000",
        "",
        "Allow this runner, user and database in the server's pg_hba.conf or the provider's network rules.",
    ),
    (
        "",
        "server does not support SSL",
        "Enable TLS on the server. To connect without TLS, add `?sslmode=disable` to DATABASE_URL.",
    ),
    ("", "server is in hot standby mode", OTHER_HOST),
    ("", "server is not in hot standby mode", OTHER_HOST),
    ("", "session is read-only", OTHER_HOST),
    ("", "session is not read-only", OTHER_HOST),
    ("", "GSSAPI encryption required but ", "Remove `gssencmode` from DATABASE_URL."),
    (
        "",
        "SSL error: certificate verify failed",
        "Set `sslrootcert` in DATABASE_URL to the server's root certificate.",
    ),
    (
        // A dump only reads, so only a standby can cancel it with this code.
        "40001",
        "",
        "The database is a standby, and its replay canceled the dump. Back up the primary, or set hot_standby_feedback or a longer max_standby_streaming_delay on the standby.",
    ),
    (
        "42501",
        "query would be affected by row-level security",
        "Give the role BYPASSRLS. Without it, the dump would miss the hidden rows.",
    ),
    ("57014", "", LOCKED),
    ("55P03", "", LOCKED),
    (
        "42501",
        "permission denied for large object",
        "Make the role a member of the role that owns the large objects. pg_read_all_data does not cover them.",
    ),
    (
        "42501",
        "permission denied for database",
        "Run `GRANT CONNECT ON DATABASE … TO …;` with the database and role of DATABASE_URL.",
    ),
    (
        "42501",
        "",
        "Grant the role pg_read_all_data (PostgreSQL 14 or later), or USAGE on all schemas and SELECT on all tables and sequences.",
    ),
    (
        "",
        "aborting because of server version mismatch",
        "Install the PostgreSQL client tools of the server's major version.",
    ),
    (
        "",
        "could not translate host name",
        "Check the host in DATABASE_URL, and that this runner can resolve it.",
    ),
    ("3D000", "", "Check the database name in DATABASE_URL."),
    ("", "no such database", "Check the database name in DATABASE_URL."),
    (
        "",
        "Tenant or user not found",
        "Correct the user and host in DATABASE_URL. The pooler does not know this project.",
    ),
    (
        "",
        "unsupported startup parameter",
        "Use the server's own address in DATABASE_URL. The pooler rejects session settings that a dump needs.",
    ),
    ("", "no matching", "Correct the patterns in `schemas`. At least one of them matches nothing."),
    ("", "Connection refused", "Check the host and port in DATABASE_URL, and that the server is running."),
    ("", "timeout expired", NOT_REACHED),
    ("", NO_ANSWER, NOT_REACHED),
    ("53300", "", "Raise max_connections on the server, or lower `max-parallel` or `jobs`."),
    ("53200", "out of shared memory", "Raise max_locks_per_transaction on the server, or set `jobs` to 1."),
    ("22023", "invalid snapshot identifier", OTHER_SERVERS),
    ("42704", "snapshot ", OTHER_SERVERS),
    ("57P01", "", ENDED),
    ("57P02", "", ENDED),
    ("57P05", "", ENDED),
    ("25P03", "", ENDED),
    ("", "server closed the connection", ENDED),
    (
        "25006",
        "",
        "Name the primary in DATABASE_URL. If the server is the primary, reset default_transaction_read_only on the role and database.",
    ),
    ("54000", "", TOO_LARGE),
    ("XX000", "invalid memory alloc request size", TOO_LARGE),
    ("XX000", "", DAMAGED),
    ("XX001", "", DAMAGED),
    (
        "XX002",
        "",
        "Run REINDEX on the live database, then run the backup again. One of its indexes is damaged.",
    ),
    ("", "schema with OID", DAMAGED),
    (
        "",
        "Dumping the contents of table \"{}\" failed: PQgetResult()",
        "See the server's log. The server stopped reading this table before its end.",
    ),
    (
        "",
        "Dumping the contents of table",
        "Check the server's log, and proxies and firewalls between this runner and the server. The connection broke during the dump.",
    ),
];

const TOO_LARGE: &str = "Split the largest values of this table, or store them as large objects, then run the backup again. A dump is text, and no value can exceed 1 GB as text (a bytea needs twice its size). If no value is that large, the table is damaged.";
const DAMAGED: &str = "If a migration ran meanwhile, run the backup again. If not, the live database's catalog or a table is damaged. Keep earlier backups, find the missing or unreadable object in the server's log, repair it, then run the backup again.";

const OTHER_HOST: &str = "Change `target_session_attrs` in DATABASE_URL, or use another host.";
const OTHER_SERVERS: &str =
    "Name one server in DATABASE_URL, or set `jobs` to 1. Each connection seems to reach another server.";
const LOCKED: &str = "Another session holds a lock, perhaps a migration. Run the backup before it, or raise `lock-wait-timeout`.";
const NOT_REACHED: &str = "Check that firewalls let this runner reach the server.";
const ENDED: &str = "See the server's log. The server ended the session.";
/// How messages about a silent server begin.
pub(super) const NO_ANSWER: &str = "no answer within";

/// Codes with which a server refuses to export a snapshot: it does not support it, does not have it, or does not allow it.
const REFUSALS: [&str; 5] = ["0A000", "25001", "42501", "42883", "55000"];

impl PostgresError {
    /// What an error of the statement that exports a snapshot means.
    #[must_use]
    pub(super) fn of_the_export(self) -> Self {
        match self {
            Self::QueryFailed { place, message } if REFUSALS.iter().any(|code| message.is(code)) => {
                Self::NoSharedSnapshot { place, message }
            }
            other => other,
        }
    }

    /// Whether another session held a lock for too long.
    #[must_use]
    pub fn is_lock_wait(&self) -> bool {
        self.hint().as_deref() == Some(LOCKED)
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Connection(error) => Some(error.hint()),
            Self::NoClient => Some("Install postgresql-client of the server's major version.".to_owned()),
            Self::ServerNewer { server, .. } => Some(format!(
                "Install postgresql-client-{server}, for example from PostgreSQL's own apt repository."
            )),
            Self::NotStarted { .. } => Some("Check that the file exists and is executable.".to_owned()),
            Self::Unfit { reason: Unfit::Cut(_), .. } => Some(
                "Nothing was stored. Run the backup again. If it fails again, check proxies and firewalls between this runner and the server."
                    .to_owned(),
            ),
            Self::Unfit { reason: Unfit::Foreign(_), .. } => Some(
                "Nothing was stored. Update the PostgreSQL client tools (CVE-2025-8714, CVE-2025-8715), and look for line breaks in object names and comments."
                    .to_owned(),
            ),
            Self::Incomplete { missing, .. } => Some(remedy_of_missing(missing).to_owned()),
            Self::Lagging { .. } => Some(
                "Back up the primary, let the standby catch up (see `pg_last_xact_replay_timestamp()`), or raise `max-replica-lag`."
                    .to_owned(),
            ),
            Self::Encoding { .. } => Some(
                "Remove `client_encoding` from DATABASE_URL. Backups always use the database's own encoding."
                    .to_owned(),
            ),
            Self::Unreadable { .. } => Some(
                "Grant the role pg_read_all_data, and BYPASSRLS if row-level security hides rows from it."
                    .to_owned(),
            ),
            Self::AnswerTooLong { .. } => Some(
                "Check what the database contains: its catalog lists far more names than a working database has."
                    .to_owned(),
            ),
            Self::NoSharedSnapshot { .. } => {
                Some("Set `jobs` to 1, or name the primary server in DATABASE_URL.".to_owned())
            }
            Self::SharedSessions { .. } => Some(
                "Name the server itself or a pooler in session mode in DATABASE_URL, or set `jobs` to 1.".to_owned(),
            ),
            Self::Misfit { .. } => {
                Some("Nothing was stored. Set `jobs` to 1, and report this with your pg_dump version.".to_owned())
            }
            Self::SchemaChanged { .. } => Some(
                "Run the backup again. pg_dump reads names as they are at that moment, so rows may be wrong. Do not rename schemas or labels, or change grants on schemas, meanwhile.".to_owned(),
            ),
            Self::Stopped { .. } => None,
            Self::QueryFailed { place, message } | Self::Failed { place, message, .. } => {
                remedy(place, message)
            }
        }
    }
}

/// The remedy for missing content.
fn remedy_of_missing(missing: &str) -> &'static str {
    if missing.contains("subscriptions") {
        "Nothing was stored. Back up as a superuser, or drop the subscriptions."
    } else if missing.contains("user mapping") {
        "Nothing was stored. Back up as a superuser or as the owner of the foreign server, or drop the user mappings."
    } else if missing.contains("sequence") {
        "Nothing was stored. Grant the role SELECT on all sequences (or pg_read_all_data)."
    } else {
        "Nothing was stored. Repair the named object, then run the backup again."
    }
}

fn remedy(place: &str, complaint: &PgError) -> Option<String> {
    let direct_supabase = place.starts_with("db.") && place.contains(".supabase.co:");
    let no_route = [
        "Network is unreachable",
        "timeout expired",
        NO_ANSWER,
        "could not translate",
        "Cannot assign requested address",
    ];
    if direct_supabase && no_route.iter().any(|text| complaint.begins(text)) {
        let pooler = "Use the session pooler's URL (port 5432, user postgres.PROJECT). Supabase's direct host has only an IPv6 address.";
        return Some(pooler.to_owned());
    }
    let fits = |(code, begins, _): &&(&str, &str, &str)| {
        (code.is_empty() || complaint.is(code)) && (begins.is_empty() || complaint.begins(begins))
    };
    REMEDIES.iter().find(fits).map(|(_, _, remedy)| (*remedy).to_owned())
}

#[cfg(test)]
mod tests;
