//! Everything that can go wrong with a dump, and what to do about it. No message holds a password, a URL or
//! what a server said in words of its own.

use super::complaint::Complaint;
use super::connection::ConnectionError;
use super::scan::Unfit;

/// Why there is no whole dump.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DumpError {
    /// The database URL cannot be used.
    #[error("DATABASE_URL {0}")]
    Connection(#[from] ConnectionError),
    /// No PostgreSQL client tools were found.
    #[error("no pg_dump was found on PATH or in the distribution's versioned directories")]
    NoClient,
    /// Every pg_dump is older than the server.
    #[error("{place}: the server is PostgreSQL {server}, newer than every pg_dump here ({found})")]
    ServerNewer {
        /// `host:port/database`.
        place: String,
        /// Major version of the server.
        server: u32,
        /// Majors of the clients.
        found: String,
    },
    /// A program could not be started.
    #[error("{program} cannot be started: {reason}")]
    NotStarted {
        /// Path of the program.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// The server could not be asked for its version and size.
    #[error("{place}: {message}")]
    Unreachable {
        /// `host:port/database`.
        place: String,
        /// What psql complained of.
        message: Complaint,
    },
    /// pg_dump ended badly.
    #[error("{place}: pg_dump {status}: {message}")]
    Failed {
        /// `host:port/database`.
        place: String,
        /// How it ended.
        status: String,
        /// What it complained of.
        message: Complaint,
    },
    /// This role could not read all that is to be dumped.
    #[error("{place}: this role cannot read {}", .what.join(", "))]
    Unreadable {
        /// `host:port/database`.
        place: String,
        /// Tables and sequences, each with the reason.
        what: Vec<String>,
    },
    /// pg_dump said that all was well, but nobody should keep or restore what it wrote.
    #[error("{place}: {reason}")]
    Unfit {
        /// `host:port/database`.
        place: String,
        /// What is wrong with it.
        reason: Unfit,
    },
    /// The dump is whole, but the database is not in it.
    #[error("{place}: the dump lacks content of the database: {missing}")]
    Incomplete {
        /// `host:port/database`.
        place: String,
        /// What shows it, in words without data.
        missing: String,
    },
    /// A standby has not replayed what its primary wrote, or nobody knows whether it has.
    #[error("{place}: the standby {lag}, and `max-replica-lag` allows {limit}")]
    Lagging {
        /// `host:port/database`.
        place: String,
        /// How far it is behind, in words.
        lag: String,
        /// What is allowed, in words.
        limit: String,
    },
    /// The URL asks for another encoding than the database has.
    #[error("{place}: DATABASE_URL asks for the encoding {asked}, but the database has {has}")]
    Encoding {
        /// `host:port/database`.
        place: String,
        /// The session's encoding.
        asked: String,
        /// The database's encoding.
        has: String,
    },
    /// The dump was stopped from outside, by a signal or for want of time.
    #[error("{place}: the dump was stopped")]
    Stopped {
        /// `host:port/database`.
        place: String,
    },
}

/// Error codes, the beginnings of texts that may be shown, and what the two call for. An empty one fits everything; the
/// first that fits counts. Libpq's and pg_dump's own texts have no code.
const REMEDIES: &[(&str, &str, &str)] = &[
    ("28P01", "", "Correct user and password in DATABASE_URL."),
    ("", "fe_sendauth: no password supplied", "Put the password into DATABASE_URL, percent-encoded."),
    ("28000", "role ", "Correct the user in DATABASE_URL."),
    (
        "28000",
        "",
        "Let the server's pg_hba.conf (or the provider's network rules) admit this runner, user and database.",
    ),
    (
        "",
        "server does not support SSL",
        "The server has no TLS, and `sslmode` (or a remote host) requires it. Enable TLS on the server, or write `?sslmode=disable` in DATABASE_URL.",
    ),
    ("", "server is in hot standby mode", OTHER_HOST),
    ("", "server is not in hot standby mode", OTHER_HOST),
    ("", "session is read-only", OTHER_HOST),
    ("", "session is not read-only", OTHER_HOST),
    ("", "GSSAPI encryption required but ", "Remove `gssencmode` from DATABASE_URL."),
    (
        "",
        "SSL error: certificate verify failed",
        "Give the server's root certificate with `sslrootcert` in DATABASE_URL.",
    ),
    (
        // A dump that only reads meets it on a standby alone.
        "40001",
        "",
        "The database is a standby, whose replay canceled the dump: back up the primary, or raise max_standby_streaming_delay on the standby (or set hot_standby_feedback).",
    ),
    (
        "42501",
        "query would be affected by row-level security",
        "Give the role BYPASSRLS; a dump that sees only some rows is no backup.",
    ),
    ("57014", "", LOCKED),
    ("55P03", "", LOCKED),
    (
        "42501",
        "permission denied for large object",
        "pg_read_all_data does not cover large objects: make the role a member of the role that owns them.",
    ),
    (
        "42501",
        "",
        "Grant the role pg_read_all_data (PostgreSQL 14 or later), or SELECT and USAGE on everything.",
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
    ("3D000", "", "Check the name in DATABASE_URL or in the input."),
    ("", "no such database", "Check the name in DATABASE_URL or in the input."),
    (
        "",
        "Tenant or user not found",
        "Correct user and host in DATABASE_URL: the pooler does not know the project.",
    ),
    ("", "no matching", "Check the patterns in `schemas`: nothing matches them."),
    ("", "Connection refused", "Check host and port in DATABASE_URL, and that the server runs."),
    ("", "timeout expired", NOT_REACHED),
    ("", NO_ANSWER, NOT_REACHED),
    ("53300", "", "Raise max_connections, or lower `max-parallel`."),
    ("57P01", "", ENDED),
    ("57P02", "", ENDED),
    ("57P05", "", ENDED),
    ("25P03", "", ENDED),
    ("", "server closed the connection", ENDED),
    (
        "25006",
        "",
        "The database is read-only: it is a standby, or the role or database sets default_transaction_read_only. Name the primary in DATABASE_URL, and reset that setting.",
    ),
    ("54000", "", TOO_LARGE),
    ("XX000", "invalid memory alloc request size", TOO_LARGE),
    ("XX000", "", DAMAGED),
    ("XX001", "", DAMAGED),
    ("XX002", "", "An index of the live database is damaged: run REINDEX there, then back up again."),
    ("", "schema with OID", DAMAGED),
    (
        "",
        "Dumping the contents of table \"{}\" failed: PQgetResult()",
        "The server refused to read this table to its end: see the server's log for the cause.",
    ),
    (
        "",
        "Dumping the contents of table",
        "The connection broke in the middle: see the server's log, and what sits between here and the server.",
    ),
];

const TOO_LARGE: &str = "A dump is text, and no value may exceed 1 GB as text (a bytea needs twice its size). Split the largest values of this table, or store them as large objects, then back up again. If none is that large, the table is damaged.";
const DAMAGED: &str = "The live database's catalog or a table is damaged: an object that others refer to is missing or unreadable. Keep earlier backups, find the object in the server's log and repair it, then back up again.";

const OTHER_HOST: &str = "Change `target_session_attrs` in DATABASE_URL, or name another host.";
const LOCKED: &str = "Another session holds a lock, a migration perhaps: run the backup before it, or raise `lock-wait-timeout`.";
const NOT_REACHED: &str = "Check that a firewall lets this runner reach the server.";
const ENDED: &str = "The server ended the session: see its log.";
/// How a server's silence is told.
pub(super) const NO_ANSWER: &str = "no answer within";

impl DumpError {
    /// What the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Connection(error) => Some(error.hint()),
            Self::NoClient => Some("Install postgresql-client of the server's major version.".to_owned()),
            Self::ServerNewer { server, .. } => Some(format!(
                "Install postgresql-client-{server}, from PostgreSQL's own apt repository for example."
            )),
            Self::NotStarted { .. } => Some("Check that the file is there and may be executed.".to_owned()),
            Self::Unfit { reason: Unfit::Cut(_), .. } => Some(
                "Nothing was stored. Run again; if it stays, check what sits between here and the server."
                    .to_owned(),
            ),
            Self::Unfit { reason: Unfit::Foreign(_), .. } => Some(
                "Nothing was stored. Update the PostgreSQL client tools (CVE-2025-8714, CVE-2025-8715), and look for object names and comments that hold line breaks."
                    .to_owned(),
            ),
            Self::Incomplete { missing, .. } => Some(remedy_of_missing(missing).to_owned()),
            Self::Lagging { .. } => Some(
                "Back up the primary, let the standby catch up (`pg_last_xact_replay_timestamp()`), or raise `max-replica-lag`."
                    .to_owned(),
            ),
            Self::Encoding { .. } => Some(
                "Remove `client_encoding` from DATABASE_URL: a backup is always in the database's own encoding."
                    .to_owned(),
            ),
            Self::Unreadable { .. } => Some(
                "Grant the role pg_read_all_data, and BYPASSRLS where row-level security hides rows from it."
                    .to_owned(),
            ),
            Self::Stopped { .. } => None,
            Self::Unreachable { place, message } | Self::Failed { place, message, .. } => {
                remedy(place, message)
            }
        }
    }
}

/// What was missing, and what gives it.
fn remedy_of_missing(missing: &str) -> &'static str {
    if missing.contains("subscriptions") {
        "Nothing was stored. Back up as a superuser, or drop the subscriptions."
    } else if missing.contains("user mapping") {
        "Nothing was stored. Back up as a superuser or as the owner of the foreign server, or drop the user mappings."
    } else if missing.contains("sequence") {
        "Nothing was stored. Grant the role SELECT on all sequences (or pg_read_all_data)."
    } else {
        "Nothing was stored. Repair the object that is named, then back up again."
    }
}

fn remedy(place: &str, complaint: &Complaint) -> Option<String> {
    let direct_supabase = place.starts_with("db.") && place.contains(".supabase.co:");
    let no_route = [
        "Network is unreachable",
        "timeout expired",
        NO_ANSWER,
        "could not translate",
        "Cannot assign requested address",
    ];
    if direct_supabase && no_route.iter().any(|text| complaint.begins(text)) {
        let pooler = "Supabase's direct host has an IPv6 address only: use the session pooler's URL (port 5432, user postgres.PROJECT).";
        return Some(pooler.to_owned());
    }
    let fits = |(code, begins, _): &&(&str, &str, &str)| {
        (code.is_empty() || complaint.is(code)) && (begins.is_empty() || complaint.begins(begins))
    };
    REMEDIES.iter().find(fits).map(|(_, _, remedy)| (*remedy).to_owned())
}

#[cfg(test)]
mod tests;
