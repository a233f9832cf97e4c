//! The server and the database that a dump is going to be restored into: what is there, and what is made and dropped.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use super::ground::Ground;
use super::locks::LockTable;
use super::{RestoreError, clearing};
use crate::dump::client::Client;
use crate::dump::locale::Locale;
use crate::dump::names::quoted;
use crate::dump::query::{query, within};
use crate::dump::{Complaint, Connection, DumpError};

/// How long a database may take to be made or dropped.
const PATIENCE: Duration = Duration::from_secs(600);

/// SQLSTATE of an encoding that does not go with the locale (`invalid_parameter_value`), of a locale that the server does not
/// have (`wrong_object_type`), of a provider that it was built without (`feature_not_supported`), …
const NOT_WITH_THIS_LOCALE: [&str; 3] = ["22023", "42809", "0A000"];
/// … and of a right that is lacking (`insufficient_privilege`).
const NO_RIGHT: &str = "42501";

/// Databases to connect to where the target does not exist yet.
const MAINTENANCE: [&str; 2] = ["postgres", "template1"];

/// Everything in one answer. What belongs to an extension comes and goes with it, so it does not count.
const QUESTION: &str = "SELECT json_build_object(
  'version_number', current_setting('server_version_num')::int,
  'version', current_setting('server_version'),
  'objects', {objects},
  'ground', {ground},
  'extensions', (SELECT coalesce(json_agg(name), '[]') FROM pg_catalog.pg_available_extensions),
  'roles', (SELECT json_agg(rolname) FROM pg_catalog.pg_roles),
  'may_create', (SELECT rolsuper OR rolcreatedb FROM pg_catalog.pg_roles WHERE rolname = current_user),
  'sees_all_rows', (SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user),
  'encoding', pg_catalog.getdatabaseencoding(),
  'locks', (SELECT json_build_object(
      'per_transaction', current_setting('max_locks_per_transaction')::int,
      'slots', (SELECT sum(setting::int) FILTER (WHERE name !~ '^auto') + max(setting::int) FILTER (WHERE name ~ '^auto')
        FROM pg_catalog.pg_settings WHERE name IN ('max_connections', 'max_prepared_transactions', 'max_worker_processes',
          'max_wal_senders', 'autovacuum_max_workers', 'autovacuum_worker_slots')),
      'is_in_huge_pages', coalesce(current_setting('huge_pages_status', true), current_setting('huge_pages')) = 'on',
      'to_clear', count(*) + 2 * count(*) FILTER (WHERE c.reltype <> 0) + 2 * count(*) FILTER (WHERE c.reltoastrelid <> 0)
        + coalesce(sum((SELECT count(*) FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid)), 0)
        + (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata))
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
      WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')))";

/// What a server said of itself and of the database.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Facts {
    version_number: u32,
    /// `15.18 (Debian 15.18-0+deb12u1)`.
    pub version: String,
    /// What people made in the database, and no extension has: tables, views, functions, types, large objects and others.
    pub objects: u64,
    /// What belongs to whom.
    #[serde(default)]
    pub ground: Ground,
    /// Extensions that could be created.
    pub extensions: BTreeSet<String>,
    /// Roles of the server.
    pub roles: BTreeSet<String>,
    /// Whether we may create databases.
    pub may_create: bool,
    /// Whether row-level security hides nothing from us, on no table.
    pub sees_all_rows: bool,
    /// The database's encoding.
    pub encoding: String,
    /// The server's lock table.
    pub locks: LockTable,
}

impl Facts {
    /// Asks a server of itself and of the database that is connected to.
    ///
    /// # Errors
    /// It cannot be reached, refuses, or is not understood.
    pub async fn ask(connection: &Connection, client: &Client) -> Result<Self, RestoreError> {
        let question =
            QUESTION.replace("{objects}", &clearing::counting()).replace("{ground}", &Ground::question());
        let answer = query(connection, client, &question).await?;
        // psql prints the pieces of the answer on one line each where it holds line breaks.
        serde_json::from_str(&answer).map_err(|_| {
            // It names every role of the server.
            let message = Complaint::ours("unexpected answer from the server");
            DumpError::Unreachable { place: connection.place(), message }.into()
        })
    }

    /// The same of a server on which an empty database is going to be made.
    #[must_use]
    pub fn of_an_empty_database(self) -> Self {
        let major = self.major();
        let ground = self.ground.of_an_empty_database(major);
        Self { objects: 0, locks: self.locks.of_an_empty_database(), ground, ..self }
    }

    /// The same way to the database, on which login triggers do not react to us, if there are any and we may; `restored` says
    /// whether a dump brought some.
    #[must_use]
    pub fn quiet(&self, connection: &Connection, restored: bool) -> Connection {
        // Not all servers know the setting, and not all poolers take it.
        let is_wanted = self.major() >= 17 && self.ground.may_silence_logins(restored);
        let settings = is_wanted.then(|| "event_triggers=off".to_owned());
        connection.clone().with_settings(settings.as_slice())
    }

    /// Major version.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.version_number / 10_000
    }
}

/// A database that was named, there or not.
#[derive(Debug, Clone)]
pub struct Target {
    /// How to reach it.
    pub connection: Connection,
    /// What is known of it, or of its server where it does not exist.
    pub facts: Facts,
    /// How it is made; `None` where it exists.
    making: Option<Making>,
}

/// How a database is made that is not ours until it has the name that was asked for: under a name that is ours alone, so
/// that what an interrupted run leaves is known for ours, and nobody else's is ever dropped.
#[derive(Debug, Clone)]
struct Making {
    /// A database of the same server.
    host: Connection,
    /// The name that is ours alone.
    name: String,
    progress: Progress,
}

/// How far the making of a database came for certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Nothing of it is there.
    Nothing,
    /// It may be there, under the name that is ours alone.
    Begun,
    /// It is there, under one of its two names.
    Made,
}

impl Target {
    /// Looks at it; changes nothing.
    ///
    /// # Errors
    /// Its server cannot be reached, or refuses.
    pub async fn look(connection: &Connection, client: &Client) -> Result<Self, RestoreError> {
        let first = match Facts::ask(connection, client).await {
            Ok(facts) => return Ok(Self { connection: facts.quiet(connection, false), facts, making: None }),
            Err(error) if may_be_missing(&error) => error,
            Err(other) => return Err(other),
        };
        let mut last = None;
        for name in MAINTENANCE {
            let host = connection.with_database(name);
            match exists(&host, connection.database(), client).await {
                Ok(false) => {
                    let facts = Facts::ask(&host, client).await?.of_an_empty_database();
                    let (connection, host) = (facts.quiet(connection, false), facts.quiet(&host, false));
                    return Ok(Self::to_be_made(connection, facts, host));
                }
                Ok(true) => return Err(first),
                Err(error) => last = Some(error),
            }
        }
        // Where the first error was understood, it is the second one that keeps us from going on.
        Err(if is_unknown(&first) { first } else { last.unwrap_or(first) })
    }

    fn to_be_made(connection: Connection, facts: Facts, host: Connection) -> Self {
        let (name, progress) = (Purpose::Restore.new_name(), Progress::Nothing);
        Self { connection, facts, making: Some(Making { host, name, progress }) }
    }

    /// Whether it was there when it was looked at.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.making.is_none()
    }

    /// Whether it would have to be created by a role that may not.
    #[must_use]
    pub fn may_not_be_created(&self) -> bool {
        !self.exists() && !self.facts.may_create
    }

    /// Creates it, where it is not there. After an error or a stop, [`Target::drop_again`] takes back what there is.
    ///
    /// # Errors
    /// The role may not, or somebody else has made one of this name.
    pub async fn create(
        &mut self,
        form: &Form<'_>,
        client: &Client,
        stop: &CancellationToken,
    ) -> Result<(), RestoreError> {
        let Some(Making { host, name, progress }) = &mut self.making else { return Ok(()) };
        *progress = Progress::Begun;
        let wanted = self.connection.database();
        create((host, name), &self.connection.place(), (form, self.facts.major()), client, stop).await?;
        *progress = Progress::Made;
        let rename = format!("ALTER DATABASE {} RENAME TO {}", quoted(name), quoted(wanted));
        within((PATIENCE, stop), host, client, &rename).await?;
        Ok(())
    }

    /// Whether [`Target::create`] has made something, or may have.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.making.as_ref().is_some_and(|making| making.progress != Progress::Nothing)
    }

    /// Drops what [`Target::create`] made, whatever its name is by now.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn drop_again(&mut self, client: &Client) -> Result<(), RestoreError> {
        let Some(Making { host, name, progress }) = &mut self.making else { return Ok(()) };
        if *progress != Progress::Nothing && exists(host, name, client).await? {
            drop_database(host, name, client).await?;
        } else if *progress == Progress::Made {
            drop_database(host, self.connection.database(), client).await?;
        }
        *progress = Progress::Nothing;
        Ok(())
    }

    /// What is there of a database that [`Target::drop_again`] could not drop: its name may be one of two.
    #[must_use]
    pub fn leftover(&self) -> Option<String> {
        let Making { name, progress, .. } = self.making.as_ref()?;
        match progress {
            Progress::Nothing => None,
            Progress::Begun => Some(name.clone()),
            Progress::Made => Some(format!("{} or {name}", self.connection.database())),
        }
    }
}

/// What a database of ours is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A drill's own.
    Drill,
    /// A target's, until it has its name.
    Restore,
}

impl Purpose {
    /// A name that nobody else has. By its form alone a database of ours is known.
    #[must_use]
    pub fn new_name(self) -> String {
        let purpose = match self {
            Self::Drill => "drill",
            Self::Restore => "restore",
        };
        format!("sponsor_backup_{purpose}_{}", uuid::Uuid::new_v4().simple())
    }
}

/// The form of [`Purpose::new_name`], as a regular expression of PostgreSQL's.
pub(super) const NAMES_OF_OURS: &str = "^sponsor_backup_(drill|restore)_[0-9a-f]{32}$";

/// Whether a server has a database of this name.
pub(super) async fn exists(host: &Connection, name: &str, client: &Client) -> Result<bool, RestoreError> {
    let name = name.replace('\'', "''");
    let sql = format!("SELECT count(*) FROM pg_catalog.pg_database WHERE datname = '{name}'");
    Ok(query(host, client, &sql).await? != "0")
}

/// What a database is made with.
#[derive(Debug, Clone, Copy)]
pub struct Form<'a> {
    /// Its encoding.
    pub encoding: &'a str,
    /// The locale of the database that was dumped, if its backup tells.
    pub locale: Option<&'a Locale>,
}

/// Makes a database next to the one that is connected to, on a server of this major version; messages call it `place`. After
/// an error it may be there.
pub(super) async fn create(
    (host, name): (&Connection, &str),
    place: &str,
    (form, major): (&Form<'_>, u32),
    client: &Client,
    stop: &CancellationToken,
) -> Result<(), RestoreError> {
    let encoding = form.encoding.replace('\'', "''");
    let mut options = form.locale.map(|locale| locale.options(major)).unwrap_or_default();
    // The server's own locale; should its encoding not go with that, C goes with all.
    options.extend([String::new(), " LC_COLLATE 'C' LC_CTYPE 'C'".to_owned()]);
    let last = options.len() - 1;
    let mut made = Ok(String::new());
    for (at, option) in options.iter().enumerate() {
        // The template that nobody has changed.
        let sql =
            format!("CREATE DATABASE {} TEMPLATE template0 ENCODING '{encoding}'{option}", quoted(name));
        made = within((PATIENCE, stop), host, client, &sql).await;
        let is_refused = matches!(&made, Err(DumpError::Unreachable { message, .. })
            if NOT_WITH_THIS_LOCALE.iter().any(|code| message.is(code)));
        if !is_refused || at == last {
            break;
        }
    }
    match made {
        Ok(_) => Ok(()),
        Err(DumpError::Unreachable { message, .. }) if message.is(NO_RIGHT) => {
            let (place, user) = (place.to_owned(), host.user().to_owned());
            Err(RestoreError::MayNotCreate { place, user })
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn drop_database(
    host: &Connection,
    name: &str,
    client: &Client,
) -> Result<(), RestoreError> {
    let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name));
    within((PATIENCE, &CancellationToken::new()), host, client, &sql).await?;
    Ok(())
}

/// A session that was refused comes without an error code; only the server's words tell why, in its own language.
fn may_be_missing(error: &RestoreError) -> bool {
    match error {
        RestoreError::Server(DumpError::Unreachable { message, .. }) => {
            message.is("3D000") || message.is_unknown()
        }
        _ => false,
    }
}

fn is_unknown(error: &RestoreError) -> bool {
    matches!(error, RestoreError::Server(DumpError::Unreachable { message, .. }) if message.is_unknown())
}
