//! Everything that can keep a backup from being restored, and what to do about it. No message holds a password or a URL.

use super::remedy::{self, FULL};
use crate::dump::connection::ConnectionError;
use crate::dump::{Complaint, DumpError};

/// Why nothing was restored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RestoreError {
    /// The target's URL cannot be used.
    #[error("target-database-url {0}")]
    Url(#[from] ConnectionError),
    /// The target could not be asked, or not be dumped.
    #[error(transparent)]
    Server(#[from] DumpError),
    /// The programs that are needed are not installed.
    #[error("no {what} of PostgreSQL {major} was found (there is {found})")]
    NotInstalled {
        /// `server` or `psql and pg_dump`.
        what: &'static str,
        /// Major version.
        major: u32,
        /// Majors that were found.
        found: String,
    },
    /// psql is too old for `\restrict`, without which a dump could give it orders.
    #[error("psql {version} does not know \\restrict, without which a dump could give it orders")]
    OldPsql {
        /// Its version.
        version: String,
    },
    /// The throwaway server did not come up.
    #[error("the throwaway server cannot be {what}: {reason}")]
    Throwaway {
        /// `made`, `started` or `removed`.
        what: &'static str,
        /// What the system or PostgreSQL said.
        reason: String,
    },
    /// The target is older than the dump.
    #[error("{place}: the server is PostgreSQL {server}, and the dump needs {needed} or later")]
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
    #[error("{place} {why}{}", .wrote.as_ref().map(|wrote| format!("; `confirm` is `{wrote}`, not `{confirm}`")).unwrap_or_default())]
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
    #[error("{place} is the live database of {owner}, and no other sponsor's backup is restored there")]
    LiveOfAnother {
        /// `host:port/database`.
        place: String,
        /// The database's name alone.
        database: String,
        /// Whose it is.
        owner: String,
    },
    /// The address leads to another database than the one that was made for a drill.
    #[error("{place} leads to the database {reached} instead, so nothing was restored")]
    Elsewhere {
        /// `host:port/database`.
        place: String,
        /// The database that answered.
        reached: String,
    },
    /// The target does not exist, and the role may not create it.
    #[error("{place} does not exist, and the role {user} may not create databases")]
    MayNotCreate {
        /// `host:port/database`.
        place: String,
        /// The role.
        user: String,
    },
    /// The backup left something out by request, and would replace what holds all.
    #[error("the backup is partial ({what}), and {place} would be replaced by it{}", lost(.losing_rows))]
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
    #[error("{place}: this role may not create the schemas {}", .names.join(", "))]
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
    #[error("{what} was created by this run and could not be dropped: {why}")]
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
    #[error("{place} lacks the {what} {}", .names.join(", "))]
    Lacks {
        /// `host:port/database`, or the throwaway server.
        place: String,
        /// `extensions` or `roles`.
        what: &'static str,
        /// Their names.
        names: Vec<String>,
    },
    /// The dump holds commands that psql would run on this machine.
    #[error("the dump holds commands of psql that pg_dump never writes: {}", .commands.join(", "))]
    ForeignCommands {
        /// Their names.
        commands: Vec<String>,
    },
    /// A statement failed; nothing of the dump was kept.
    #[error("{place}: the dump was not restored: {}{message}", named(.statement))]
    Failed {
        /// `host:port/database`.
        place: String,
        /// The statement's kind and names; empty where it was none.
        statement: String,
        /// What the server or psql complained of.
        message: Complaint,
    },
    /// The connection was lost, or it was stopped, after the word to commit was given.
    #[error("{place}: it is not known whether the backup is in there: the end was not confirmed")]
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
            Self::OldPsql { .. } => "Update the PostgreSQL client tools to a release since August 2025.",
            Self::Throwaway { reason, .. } => return of_the_machine(reason),
            Self::ServerOlder { needed, .. } => {
                return Some(format!("Restore into PostgreSQL {needed} or later."));
            }
            Self::NotEmpty { .. } => {
                "Name an empty database, or set `replace` to drop what is there in the same transaction."
            }
            Self::NotOurs { .. } => {
                "Restore as the owner of these objects, drop them first, or restore into another database."
            }
            Self::Live { confirm, on_terminal, .. } => {
                // No sponsor's code has a slash.
                let database = confirm.split_once('/').map_or(confirm.as_str(), |(_, database)| database);
                let typed =
                    if *on_terminal { format!("--confirm {confirm}") } else { format!("confirm: {confirm}") };
                return Some(format!("{} To restore into this one, write `{typed}`.", another(database)));
            }
            Self::LiveOfAnother { database, .. } => return Some(another(database)),
            Self::Elsewhere { .. } => {
                "Use the server's own address: this pooler leads every name to one database."
            }
            Self::MayNotCreate { .. } => "Create the database first, or grant the role CREATEDB.",
            Self::Partial { .. } => {
                "Restore into an empty database and copy what you need, or set `allow-partial` if the loss is meant."
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
                "Name a folder with more space in TMPDIR, use a larger machine, or name an existing server with `target-database-url`."
            }
            Self::LeftBehind { .. } => "Drop it by hand. It may hold rows of the backup, and nothing else.",
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
                "Do not restore it by hand either before you know who wrote them."
            }
            Self::Failed { statement, message, .. } => return remedy::of(statement, message.code()?),
            Self::Unsure { .. } => "Look into it. All of the backup is there, or all that was there before.",
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
    if tables.is_empty() { String::new() } else { format!("; the rows of {names} would be lost") }
}

/// The rooms to the left know one URL only.
fn in_terms_of_the_target(hint: &str) -> String {
    hint.replace("DATABASE_URL", "target-database-url")
}

/// Of what a program of this machine says, in the C locale.
fn of_the_machine(reason: &str) -> Option<String> {
    let remedies = [
        ("wrote only", FULL),
        ("No space left on device", FULL),
        ("could not access directory", "Name a place that every user may enter with TMPDIR."),
        ("(os error", "Set TMPDIR to a folder that exists and can be written to."),
    ];
    let remedy = remedies.iter().find(|(sign, _)| reason.contains(sign));
    remedy.map(|(_, remedy)| (*remedy).to_owned())
}

fn named(statement: &str) -> String {
    if statement.is_empty() { String::new() } else { format!("{statement}: ") }
}

#[cfg(test)]
mod tests;
