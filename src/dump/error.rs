//! Everything that can go wrong with a dump, and what to do about it. No message holds a password or a URL.

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
        /// What psql said, redacted.
        message: String,
    },
    /// pg_dump ended badly.
    #[error("{place}: pg_dump {status}: {message}")]
    Failed {
        /// `host:port/database`.
        place: String,
        /// How it ended.
        status: String,
        /// What it said, redacted.
        message: String,
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

/// What PostgreSQL says (in the C locale) and what that calls for. The first match counts.
const REMEDIES: &[(&str, &str)] = &[
    ("password authentication failed", "Correct user and password in DATABASE_URL."),
    ("no password supplied", "Put the password into DATABASE_URL, percent-encoded."),
    (
        "no pg_hba.conf entry",
        "Let the server's pg_hba.conf (or the provider's network rules) admit this runner, user and database.",
    ),
    (
        "server does not support SSL",
        "TLS is required for hosts that are not local: enable it on the server, or write `?sslmode=disable` into DATABASE_URL.",
    ),
    ("certificate verify failed", "Give the server's root certificate with `sslrootcert` in DATABASE_URL."),
    ("row-level security", "Give the role BYPASSRLS; a dump that sees only some rows is no backup."),
    (
        "conflict with recovery",
        "The database is a standby, whose replay canceled the dump: back up the primary, or raise max_standby_streaming_delay on the standby (or set hot_standby_feedback).",
    ),
    (
        "canceling statement due to",
        "Another session holds a lock, a migration perhaps: run the backup before it, or raise `lock-wait-timeout`.",
    ),
    (
        "permission denied for large object",
        "pg_read_all_data does not cover large objects: make the role a member of the role that owns them.",
    ),
    (
        "permission denied",
        "Grant the role pg_read_all_data (PostgreSQL 14 or later), or SELECT and USAGE on everything.",
    ),
    ("server version mismatch", "Install the PostgreSQL client tools of the server's major version."),
    ("could not translate host name", "Check the host in DATABASE_URL, and that this runner can resolve it."),
    ("does not exist", "Check the name in DATABASE_URL or in the input."),
    ("no matching", "Check the patterns in `schemas`: nothing matches them."),
    ("Connection refused", "Check host and port in DATABASE_URL, and that the server runs."),
    ("timeout expired", "Check that a firewall lets this runner reach the server."),
    ("too many clients", "Raise max_connections, or lower `max-parallel`."),
    ("remaining connection slots", "Raise max_connections, or lower `max-parallel`."),
    ("terminating connection", "The server ended the session: see its log."),
    ("server closed the connection", "The server ended the session: see its log."),
    (
        "PQgetCopyData() failed",
        "The connection broke in the middle: see the server's log, and what sits between here and the server.",
    ),
];

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

fn remedy(place: &str, message: &str) -> Option<String> {
    let direct_supabase = place.starts_with("db.") && place.contains(".supabase.co:");
    let no_route = [
        "Network is unreachable",
        "timeout expired",
        "could not translate",
        "Cannot assign requested address",
    ];
    if direct_supabase && no_route.iter().any(|text| message.contains(text)) {
        let pooler = "Supabase's direct host has an IPv6 address only: use the session pooler's URL (port 5432, user postgres.PROJECT).";
        return Some(pooler.to_owned());
    }
    REMEDIES.iter().find(|(sign, _)| message.contains(sign)).map(|(_, remedy)| (*remedy).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_supabase_direct_host_is_told_of_the_session_pooler() {
        let unreachable = |place: &str| DumpError::Unreachable {
            place: place.to_owned(),
            message: "connection to server failed: Network is unreachable".to_owned(),
        };
        let hint = unreachable("db.abcdef.supabase.co:5432/postgres").hint().unwrap();
        assert!(hint.contains("session pooler"), "{hint}");
        assert_eq!(unreachable("db.example.org:5432/app").hint(), None);
    }

    #[test]
    fn permissions_and_row_security_are_told_apart() {
        let failed = |message: &str| DumpError::Failed {
            place: "db:5432/app".to_owned(),
            status: "exited with 1".to_owned(),
            message: message.to_owned(),
        };
        let rls =
            failed("query would be affected by row-level security policy for table \"r\"").hint().unwrap();
        assert!(rls.contains("BYPASSRLS"), "{rls}");
        let select = failed("permission denied for table secret").hint().unwrap();
        assert!(select.starts_with("Grant the role pg_read_all_data"), "{select}");
        let large = failed("permission denied for large object 16398").hint().unwrap();
        assert!(large.contains("owns them"), "{large}");
    }
}
