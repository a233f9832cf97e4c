//! Every reason why a backup cannot be restored, with a hint. No message contains a password or a URL.

use super::hint::{self, FULL};
use crate::databases::postgres::connection::ConnectionError;
use crate::databases::postgres::sql::selection::SelectionError;
use crate::databases::postgres::{PgError, PostgresError};

/// Whose live database a target is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// The sponsors and environments, each `callisto (production)`.
    Known(Vec<String>),
    /// The sponsors and environments whose it may be, each with the reason: `callisto (staging): no backup …`.
    Possible(Vec<String>),
}

impl Owner {
    /// The relation of a target to them, in words.
    #[must_use]
    pub fn words(&self, target: &str) -> String {
        match self {
            Self::Known(owners) => format!("{target} is the live database of {}", owners.join(", ")),
            Self::Possible(owners) => {
                let owners = owners.join("; or of ");
                format!("it is unknown whether {target} is the live database of {owners}")
            }
        }
    }
}

/// Why a restore failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RestoreError {
    /// The target's URL is invalid.
    #[error("`target-database-url` {0}")]
    Url(#[from] ConnectionError),
    /// The target cannot be queried or dumped.
    #[error(transparent)]
    Server(#[from] PostgresError),
    /// Required programs are not installed.
    #[error("PostgreSQL {major} {what} not found (installed: {found})")]
    NotInstalled {
        /// `server` or `psql and pg_dump`.
        what: &'static str,
        /// Major version.
        major: u32,
        /// Major versions found, or `none`.
        found: String,
    },
    /// psql is too old for `\restrict`.
    #[error(
        "psql {version} lacks \\restrict (security fix of August 2025), so a malicious dump could run psql commands"
    )]
    OldPsql {
        /// Its version.
        version: String,
    },
    /// The temporary server of a drill did not start, or is not gone.
    #[error("cannot {what} the temporary server: {reason}")]
    TemporaryServer {
        /// `create`, `start` or `remove`.
        what: &'static str,
        /// Error of the system or of PostgreSQL.
        reason: String,
    },
    /// The target's PostgreSQL is older than the dump requires.
    #[error("{place} runs PostgreSQL {server}, but the dump needs {needed} or later")]
    ServerOlder {
        /// `host:port/database`.
        place: String,
        /// Its major version.
        server: u32,
        /// Smallest major version that works.
        needed: u32,
    },
    /// The target is not empty.
    #[error("{place} is not empty: it holds {}", objects_in_words(*.objects))]
    NotEmpty {
        /// `host:port/database`.
        place: String,
        /// Number of objects.
        objects: u64,
    },
    /// The target has objects that `replace` cannot drop.
    #[error("{place} has objects that belong to another role, so `replace` cannot drop them: {}", .names.join(", "))]
    NotOurs {
        /// `host:port/database`.
        place: String,
        /// The objects, each with its kind.
        names: Vec<String>,
    },
    /// The target is, or may be, the sponsor's own live database.
    #[error("{}{}", owner.words(place), .wrote.as_ref().map(|wrote| format!(" (`confirm` is `{wrote}`, expected `{confirm}`)")).unwrap_or_default())]
    Live {
        /// `host:port/database`.
        place: String,
        /// Whose database it is or may be.
        owner: Owner,
        /// `sponsor/database`, the value that `confirm` must have.
        confirm: String,
        /// The value that `confirm` has.
        wrote: Option<String>,
        /// Whether the target has objects, which the restore drops.
        drops: bool,
        /// Whether `replace` is set.
        replaces: bool,
        /// Whether the run is on a terminal, which decides how the hint spells `confirm`.
        on_terminal: bool,
    },
    /// The target is another sponsor's live database.
    #[error(
        "{place} is the live database of {owner}, so another sponsor's backup must not be restored there"
    )]
    LiveOfAnother {
        /// `host:port/database`.
        place: String,
        /// Name of the database.
        database: String,
        /// Sponsor and environment of its owner.
        owner: String,
    },
    /// The address connects to another database than the one created for the drill.
    #[error("{place} connects to the database {reached} instead, so nothing was restored")]
    Elsewhere {
        /// `host:port/database`.
        place: String,
        /// Name of the database that answered.
        reached: String,
    },
    /// The target does not exist, and the role cannot create it.
    #[error("{place} does not exist, and the role {user} cannot create databases")]
    MayNotCreate {
        /// `host:port/database`.
        place: String,
        /// The role.
        user: String,
    },
    /// A partial backup would replace a database with more in it.
    #[error("the backup is partial ({what}) and would replace {place}{}", lost(.losing_rows))]
    Partial {
        /// `host:port/database`.
        place: String,
        /// What the backup left out.
        what: String,
        /// Tables of the target that would lose their rows.
        losing_rows: Vec<String>,
    },
    /// Row-level security hides rows from the role, so the restored rows cannot be compared.
    #[error("{place}: tables with FORCE ROW LEVEL SECURITY hide rows from this role")]
    HidesRows {
        /// `host:port/database`.
        place: String,
    },
    /// The dump creates schemas, and the role cannot.
    #[error("{place}: this role cannot create missing schemas: {}", .names.join(", "))]
    MayNotMakeSchemas {
        /// `host:port/database`.
        place: String,
        /// Their names.
        names: Vec<String>,
    },
    /// The server's lock table is too small for a restore in one transaction.
    #[error("{place}: max_locks_per_transaction is {setting}, but this restore needs {wanted} or more")]
    TooManyLocks {
        /// `host:port/database`.
        place: String,
        /// Current value of the setting.
        setting: u64,
        /// Smallest sufficient value.
        wanted: u64,
    },
    /// The disk is too small for a temporary server with this backup.
    #[error("{folder} has {free} free, but the restored database needs at least {needed} (dump: {dump})")]
    NoRoom {
        /// Folder of the temporary server.
        folder: String,
        /// Free space.
        free: String,
        /// Size of the dump.
        dump: String,
        /// Smallest size of the restored database.
        needed: String,
    },
    /// A database that the run created still exists.
    #[error("cannot drop {what}, which this run created: {why}")]
    LeftBehind {
        /// Name or place of the database.
        what: String,
        /// Why it was not dropped.
        why: String,
    },
    /// The tables cannot be selected.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// The SQL of the tables cannot be written.
    #[error("cannot write {place}: {reason}")]
    Sql {
        /// The file, or `standard output`.
        place: String,
        /// Error of the system.
        reason: String,
    },
    /// Several obstacles at once.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Several(Vec<RestoreError>),
    /// The target lacks extensions or roles that the dump needs.
    #[error("missing {what} in {place}: {}", .names.join(", "))]
    Lacks {
        /// `host:port/database`, or the nickname of the temporary server.
        place: String,
        /// `extensions` or `roles`.
        what: &'static str,
        /// Their names.
        names: Vec<String>,
    },
    /// A statement failed. The transaction was rolled back.
    #[error("cannot restore into {place}: {}{message}", named(.statement))]
    Failed {
        /// `host:port/database`.
        place: String,
        /// Kind and names of the statement, empty if no statement failed.
        statement: String,
        /// Error of the server or of psql, safe to show.
        message: PgError,
    },
    /// The connection was lost, or the run stopped, after COMMIT was sent.
    #[error(
        "{place}: the connection was lost during COMMIT, so it is unknown whether the backup was restored"
    )]
    Unsure {
        /// `host:port/database`.
        place: String,
    },
    /// A signal or the time limit stopped the restore.
    #[error("the restore was stopped")]
    Stopped,
}

impl RestoreError {
    /// A failure that is not about a statement. The transaction was rolled back.
    #[must_use]
    pub fn failed(place: String, message: PgError) -> Self {
        Self::Failed { place, statement: String::new(), message }
    }

    /// All obstacles as one error, `None` if the list is empty.
    #[must_use]
    pub fn all(mut obstacles: Vec<Self>) -> Option<Self> {
        if obstacles.len() > 1 { Some(Self::Several(obstacles)) } else { obstacles.pop() }
    }

    /// Whether it is only the consequence of a signal or a time limit.
    #[must_use]
    pub fn is_stop(&self) -> bool {
        matches!(self, Self::Stopped | Self::Server(PostgresError::Stopped { .. }))
    }

    /// What the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Url(error) => return Some(in_terms_of_the_target(&error.hint())),
            Self::Server(error) => return error.hint().map(|hint| in_terms_of_the_target(&hint)),
            Self::NotInstalled { what: "server", major, .. } => {
                return Some(format!(
                    "Install postgresql-{major}, or name an existing server with `target-database-url`."
                ));
            }
            Self::NotInstalled { major, .. } => {
                return Some(format!("Install postgresql-client-{major}."));
            }
            Self::OldPsql { .. } => {
                "Update the PostgreSQL client tools to a release from August 2025 or later."
            }
            Self::TemporaryServer { reason, .. } => return of_the_machine(reason),
            Self::ServerOlder { needed, .. } => {
                return Some(format!("Restore into PostgreSQL {needed} or later."));
            }
            Self::NotEmpty { .. } => {
                "Name an empty database, or set `replace` to drop its objects in the same transaction."
            }
            Self::NotOurs { .. } => {
                "Restore as the owner of these objects, drop them first, or restore into another database."
            }
            Self::Live { confirm, drops, replaces, on_terminal, .. } => {
                return Some(confirmed(confirm, (*drops, *replaces), *on_terminal));
            }
            Self::LiveOfAnother { database, .. } => return Some(another(database)),
            Self::Elsewhere { .. } => {
                "Use the server's own address. This pooler connects every name to one database."
            }
            Self::MayNotCreate { .. } => "Create the database first, or grant the role CREATEDB.",
            Self::Partial { .. } => {
                "Restore into an empty database and copy what you need, or set `allow-partial` to accept the loss."
            }
            Self::HidesRows { .. } => "Restore as a superuser or as a role with BYPASSRLS.",
            Self::MayNotMakeSchemas { .. } => {
                "Grant the role CREATE on the database, or create the schemas first."
            }
            Self::TooManyLocks { wanted, .. } => {
                return Some(format!(
                    "Set max_locks_per_transaction to {wanted} or more on that server and restart it (ALTER SYSTEM, or the provider's parameter group), or restore into another server."
                ));
            }
            Self::NoRoom { .. } => {
                "Set TMPDIR to a folder with more space, use a larger machine, or name an existing server with `target-database-url`."
            }
            Self::Selection(error) => return Some(error.hint()),
            Self::Sql { reason, .. } => return of_the_machine(reason).filter(|hint| hint == FULL),
            Self::LeftBehind { .. } => {
                "Drop it by hand. It may contain rows of the backup, but no other data."
            }
            Self::Several(obstacles) => {
                let mut hints: Vec<String> = obstacles.iter().filter_map(Self::hint).collect();
                hints.dedup();
                return Some(hints.join(" ")).filter(|hints| !hints.is_empty());
            }
            Self::Lacks { what: "extensions", .. } => {
                "Install the missing extensions on the target, or set `skip-missing-extensions` to restore without what needs them."
            }
            Self::Lacks { .. } => "Create the missing roles on the target: CREATE ROLE name NOLOGIN.",
            Self::Failed { statement, message, .. } => return hint::of(statement, message.code()?),
            Self::Unsure { .. } => {
                "Check whether the data is there. It is all or nothing: the whole backup, or what was there before."
            }
            Self::Stopped => return None,
        };
        Some(hint.to_owned())
    }
}

/// Another database first, then how to confirm this one.
fn confirmed(confirm: &str, (drops, replaces): (bool, bool), on_terminal: bool) -> String {
    // No sponsor's code has a slash.
    let database = confirm.split_once('/').map_or(confirm, |(_, database)| database);
    let typed = match (on_terminal, drops && !replaces) {
        (true, true) => format!("add `--replace --confirm {confirm}`"),
        (true, false) => format!("add `--confirm {confirm}`"),
        (false, true) => format!("set `replace: true` and `confirm: {confirm}`"),
        (false, false) => format!("set `confirm: {confirm}`"),
    };
    let effect = if drops { " This drops its objects." } else { "" };
    format!("{} To restore into this one, {typed}.{effect}", another(database))
}

/// Number of objects in a database, as text.
#[must_use]
pub fn objects_in_words(count: u64) -> String {
    let noun = if count == 1 { "object" } else { "objects" };
    format!("{count} {noun} (tables, views, functions, types or others)")
}

fn another(database: &str) -> String {
    format!("Restore into another database, such as {}. The restore creates it.", next_name(database))
}

/// `diary_restored` after `diary`, then `diary_restored_2`, `diary_restored_3` and so on.
fn next_name(database: &str) -> String {
    const SUFFIX: &str = "restored";
    if database.ends_with(SUFFIX) {
        return format!("{database}_2");
    }
    let numbered = database.rsplit_once('_').filter(|(name, _)| name.ends_with(SUFFIX));
    match numbered.and_then(|(name, number)| Some((name, number.parse::<u32>().ok()?.checked_add(1)?))) {
        Some((name, next)) => format!("{name}_{next}"),
        None => format!("{database}_{SUFFIX}"),
    }
}

fn lost(tables: &[String]) -> String {
    let names = tables.join(", ");
    if tables.is_empty() { String::new() } else { format!(", losing the rows of {names}") }
}

/// What restores share with backups knows only `DATABASE_URL`.
fn in_terms_of_the_target(hint: &str) -> String {
    hint.replace("DATABASE_URL", "`target-database-url`")
}

/// Hint for an error of a program on this machine, printed in the C locale.
fn of_the_machine(reason: &str) -> Option<String> {
    let remedies = [
        ("wrote only", FULL),
        ("No space left on device", FULL),
        ("could not access directory", "Set TMPDIR to a folder that every user can enter."),
        ("(os error", "Set TMPDIR to an existing, writable folder."),
    ];
    let remedy = remedies.iter().find(|(sign, _)| reason.contains(sign));
    remedy.map(|(_, remedy)| (*remedy).to_owned())
}

fn named(statement: &str) -> String {
    if statement.is_empty() { String::new() } else { format!("{statement}: ") }
}

#[cfg(test)]
mod tests;
