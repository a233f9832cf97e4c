//! Everything that can keep a backup from being restored, and what to do about it. No message holds a password or a URL.

use super::remedy::{self, FULL};
use crate::dump::connection::ConnectionError;
use crate::dump::{Complaint, DumpError};

/// Why nothing was restored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RestoreError {
    /// The target's URL cannot be used.
    #[error("`target-database-url` {0}")]
    Url(#[from] ConnectionError),
    /// The target could not be asked, or not be dumped.
    #[error(transparent)]
    Server(#[from] DumpError),
    /// The programs that are needed are not installed.
    #[error("PostgreSQL {major} {what} not found (installed: {found})")]
    NotInstalled {
        /// `server` or `psql and pg_dump`.
        what: &'static str,
        /// Major version.
        major: u32,
        /// Majors that were found.
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
    Throwaway {
        /// `create`, `start` or `remove`.
        what: &'static str,
        /// What the system or PostgreSQL said.
        reason: String,
    },
    /// The target is older than the dump.
    #[error("{place} runs PostgreSQL {server}, but the dump needs {needed} or later")]
    ServerOlder {
        /// `host:port/database`.
        place: String,
        /// Its major version.
        server: u32,
        /// The smallest that will do.
        needed: u32,
    },
    /// The target holds something.
    #[error("{place} is not empty: it holds {}", objects_in_words(*.objects))]
    NotEmpty {
        /// `host:port/database`.
        place: String,
        /// How many.
        objects: u64,
    },
    /// The target holds what `replace` cannot drop.
    #[error("{place} has objects that belong to another role, so `replace` cannot drop them: {}", .names.join(", "))]
    NotOurs {
        /// `host:port/database`.
        place: String,
        /// What, each in words.
        names: Vec<String>,
    },
    /// The target is, or may be, the sponsor's own live database.
    #[error("{place} {why}{}", .wrote.as_ref().map(|wrote| format!(" (`confirm` is `{wrote}`, expected `{confirm}`)")).unwrap_or_default())]
    Live {
        /// `host:port/database`.
        place: String,
        /// Whose it is, or why nobody knows.
        why: String,
        /// `sponsor/database`: what would confirm it.
        confirm: String,
        /// What was written instead.
        wrote: Option<String>,
        /// How an input is written where this runs: `--name value`, else `name: value`.
        on_terminal: bool,
    },
    /// The target is another sponsor's live database.
    #[error(
        "{place} is the live database of {owner}, so another sponsor's backup must not be restored there"
    )]
    LiveOfAnother {
        /// `host:port/database`.
        place: String,
        /// The database's name alone.
        database: String,
        /// Whose it is.
        owner: String,
    },
    /// The address leads to another database than the one that was made for a drill.
    #[error("{place} connects to the database {reached} instead, so nothing was restored")]
    Elsewhere {
        /// `host:port/database`.
        place: String,
        /// The database that answered.
        reached: String,
    },
    /// The target does not exist, and the role may not create it.
    #[error("{place} does not exist, and the role {user} cannot create databases")]
    MayNotCreate {
        /// `host:port/database`.
        place: String,
        /// The role.
        user: String,
    },
    /// The backup left something out by request, and would replace what holds all.
    #[error("the backup is partial ({what}) and would replace {place}{}", lost(.losing_rows))]
    Partial {
        /// `host:port/database`.
        place: String,
        /// What was left out.
        what: String,
        /// Tables of the target that would lose their rows.
        losing_rows: Vec<String>,
    },
    /// The role that restores could not read back what it restored.
    #[error("{place}: tables with FORCE ROW LEVEL SECURITY hide rows from this role")]
    HidesRows {
        /// `host:port/database`.
        place: String,
    },
    /// The dump makes schemas, and the role may not.
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
        /// The setting.
        setting: u64,
        /// What it must be.
        wanted: u64,
    },
    /// The disk is too small for a server of our own with this backup in it.
    #[error("{folder} has {free} free, but the restored database needs at least {needed} (dump: {dump})")]
    NoRoom {
        /// The folder.
        folder: String,
        /// What is free there.
        free: String,
        /// The dump's size.
        dump: String,
        /// What the database takes at least.
        needed: String,
    },
    /// What was made for a restore or a drill is still there.
    #[error("cannot drop {what}, which this run created: {why}")]
    LeftBehind {
        /// What, and where.
        what: String,
        /// Why.
        why: String,
    },
    /// Several obstacles at once.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Several(Vec<RestoreError>),
    /// Something that the dump needs is not there.
    #[error("missing {what} in {place}: {}", .names.join(", "))]
    Lacks {
        /// `host:port/database`, or the throwaway server.
        place: String,
        /// `extensions` or `roles`.
        what: &'static str,
        /// Their names.
        names: Vec<String>,
    },
    /// The dump holds commands that psql would run on this machine.
    #[error("the dump contains psql commands that pg_dump never writes: {}", .commands.join(", "))]
    ForeignCommands {
        /// Their names.
        commands: Vec<String>,
    },
    /// A statement failed; nothing of the dump was kept.
    #[error("cannot restore into {place}: {}{message}", named(.statement))]
    Failed {
        /// `host:port/database`.
        place: String,
        /// The statement's kind and names; empty where it was none.
        statement: String,
        /// What the server or psql complained of.
        message: Complaint,
    },
    /// The connection was lost, or it was stopped, after the word to commit was given.
    #[error("{place}: the connection was lost during COMMIT, so the backup may or may not be there")]
    Unsure {
        /// `host:port/database`.
        place: String,
    },
    /// It was stopped from outside, by a signal or for want of time.
    #[error("the restore was stopped")]
    Stopped,
}

impl RestoreError {
    /// Nothing of the dump was kept, for a reason that is not a statement's.
    #[must_use]
    pub fn failed(place: String, message: Complaint) -> Self {
        Self::Failed { place, statement: String::new(), message }
    }

    /// All obstacles as one error; `None` where there is none.
    #[must_use]
    pub fn all(mut obstacles: Vec<Self>) -> Option<Self> {
        if obstacles.len() > 1 { Some(Self::Several(obstacles)) } else { obstacles.pop() }
    }

    /// Whether it only says that somebody wanted an end.
    #[must_use]
    pub fn is_stop(&self) -> bool {
        matches!(self, Self::Stopped | Self::Server(DumpError::Stopped { .. }))
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
            Self::Throwaway { reason, .. } => return of_the_machine(reason),
            Self::ServerOlder { needed, .. } => {
                return Some(format!("Restore into PostgreSQL {needed} or later."));
            }
            Self::NotEmpty { .. } => {
                "Name an empty database, or set `replace` to drop its objects in the same transaction."
            }
            Self::NotOurs { .. } => {
                "Restore as the owner of these objects, drop them first, or restore into another database."
            }
            Self::Live { confirm, on_terminal, .. } => {
                // No sponsor's code has a slash.
                let database = confirm.split_once('/').map_or(confirm.as_str(), |(_, database)| database);
                let typed = if *on_terminal {
                    format!("add `--confirm {confirm}`")
                } else {
                    format!("set `confirm: {confirm}`")
                };
                return Some(format!("{} To restore into this one, {typed}.", another(database)));
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
            Self::ForeignCommands { .. } => {
                "Do not restore this dump by hand either until you know who wrote these commands."
            }
            Self::Failed { statement, message, .. } => return remedy::of(statement, message.code()?),
            Self::Unsure { .. } => {
                "Check whether the data is there. It is all or nothing: the whole backup, or what was there before."
            }
            Self::Stopped => return None,
        };
        Some(hint.to_owned())
    }
}

/// How many objects a database holds, in words.
#[must_use]
pub fn objects_in_words(count: u64) -> String {
    let noun = if count == 1 { "object" } else { "objects" };
    format!("{count} {noun} (tables, views, functions, types or others)")
}

fn another(database: &str) -> String {
    format!("Restore into another database, such as {database}_restored. The restore creates it.")
}

fn lost(tables: &[String]) -> String {
    let names = tables.join(", ");
    if tables.is_empty() { String::new() } else { format!(", losing the rows of {names}") }
}

/// The rooms to the left know one URL only.
fn in_terms_of_the_target(hint: &str) -> String {
    hint.replace("DATABASE_URL", "`target-database-url`")
}

/// Of what a program of this machine says, in the C locale.
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
