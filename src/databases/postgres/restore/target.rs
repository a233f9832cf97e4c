//! The database that a restore goes into, and how a database is created and dropped.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::RestoreError;
use super::facts::TargetFacts;
use crate::databases::postgres::client::Client;
use crate::databases::postgres::database::Locale;
use crate::databases::postgres::query::{query, query_with_timeout};
use crate::databases::postgres::sql::quoted;
use crate::databases::postgres::{Connection, PostgresError};

/// Timeout for CREATE and DROP DATABASE. The server continues even if the client disconnects.
const CREATE_TIMEOUT: Duration = Duration::from_secs(600);

/// SQLSTATE of an encoding that does not fit the locale (`invalid_parameter_value`), of a locale that the server
/// lacks (`wrong_object_type`), of a provider that it was built without (`feature_not_supported`), …
const NOT_WITH_THIS_LOCALE: [&str; 3] = ["22023", "42809", "0A000"];
/// … and of a missing right (`insufficient_privilege`).
const NO_RIGHT: &str = "42501";
/// `object_in_use`: a database has sessions.
const IN_USE: &str = "55006";
/// Each waits five seconds for the sessions of superusers.
const DROP_TRIES: u8 = 6;

/// Databases to connect to if the target does not exist yet.
const MAINTENANCE: [&str; 2] = ["postgres", "template1"];

/// The database that the user named. It might not exist yet.
#[derive(Debug, Clone)]
pub struct Target {
    /// Connection to the database.
    pub connection: Connection,
    /// Facts about the database, or about its server if it does not exist.
    pub facts: TargetFacts,
    /// How to create it. `None` if it exists.
    making: Option<Making>,
}

/// The creation of a database. It gets a random name first, and the wanted name at the end. So an interrupted run's
/// leftovers are recognizable, and no other database is ever dropped.
#[derive(Debug, Clone)]
struct Making {
    /// Connection to another database of the same server.
    host: Connection,
    /// The random name.
    name: String,
    progress: Progress,
}

/// How far the creation certainly came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Nothing was created.
    Nothing,
    /// The database may exist, under its random name.
    Begun,
    /// The database exists, under one of its two names.
    Made,
}

impl Target {
    /// Queries the target. Changes nothing.
    ///
    /// # Errors
    /// The server cannot be reached, or refuses.
    pub async fn look(connection: &Connection, client: &Client) -> Result<Self, RestoreError> {
        let first = match TargetFacts::ask(connection, client).await {
            Ok(facts) => return Ok(Self { connection: facts.quiet(connection, false), facts, making: None }),
            Err(error) if may_be_missing(&error) => error,
            Err(other) => return Err(other),
        };
        let mut last = None;
        for name in MAINTENANCE {
            let host = connection.with_database(name);
            match exists(&host, connection.database(), client).await {
                Ok(false) => {
                    let facts = TargetFacts::ask(&host, client).await?.of_an_empty_database();
                    let (connection, host) = (facts.quiet(connection, false), facts.quiet(&host, false));
                    return Ok(Self::to_be_made(connection, facts, host));
                }
                Ok(true) => return Err(first),
                Err(error) => last = Some(error),
            }
        }
        // If the first error was understood, the second one is the actual obstacle.
        Err(if is_unknown(&first) { first } else { last.unwrap_or(first) })
    }

    fn to_be_made(connection: Connection, facts: TargetFacts, host: Connection) -> Self {
        let (name, progress) = (Purpose::Restore.new_name(), Progress::Nothing);
        Self { connection, facts, making: Some(Making { host, name, progress }) }
    }

    /// Whether it existed when it was queried.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.making.is_none()
    }

    /// Whether it must be created, and the role cannot.
    #[must_use]
    pub fn may_not_be_created(&self) -> bool {
        !self.exists() && !self.facts.may_create
    }

    /// Creates the database if it does not exist. After an error or a stop, [`Target::drop_again`] removes what was
    /// created.
    ///
    /// # Errors
    /// The role cannot create it, or another session has created one of this name.
    pub async fn create(
        &mut self,
        form: &NewDatabase<'_>,
        client: &Client,
        stop: &CancellationToken,
    ) -> Result<(), RestoreError> {
        self.create_unnamed(form, client, stop).await?;
        self.publish(client, stop).await
    }

    /// Creates the database under its random name, if it does not exist. Gives a connection to it.
    ///
    /// # Errors
    /// As [`Target::create`].
    pub async fn create_unnamed(
        &mut self,
        form: &NewDatabase<'_>,
        client: &Client,
        stop: &CancellationToken,
    ) -> Result<Connection, RestoreError> {
        let Some(Making { host, name, progress }) = &mut self.making else {
            return Ok(self.connection.clone());
        };
        *progress = Progress::Begun;
        create((host, name), &self.connection.place(), (form, self.facts.major()), client, stop).await?;
        Ok(self.connection.with_database(name))
    }

    /// Gives the created database its name. No session may be connected to it.
    ///
    /// # Errors
    /// Another session has created one of this name.
    pub async fn publish(&mut self, client: &Client, stop: &CancellationToken) -> Result<(), RestoreError> {
        let Some(Making { host, name, progress }) = &mut self.making else { return Ok(()) };
        *progress = Progress::Made;
        let rename =
            format!("ALTER DATABASE {} RENAME TO {}", quoted(name), quoted(self.connection.database()));
        query_with_timeout((CREATE_TIMEOUT, stop), host, client, &rename).await?;
        Ok(())
    }

    /// Whether [`Target::create`] has created something, or may have.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        self.making.as_ref().is_some_and(|making| making.progress != Progress::Nothing)
    }

    /// Drops what [`Target::create`] created, under either name.
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

    /// Databases of other drills and restores on the same server. See [`databases_of_ours`].
    ///
    /// # Errors
    /// The server refuses.
    pub async fn databases_of_ours(&self, client: &Client) -> Result<Vec<String>, RestoreError> {
        let host = self.making.as_ref().map_or(&self.connection, |making| &making.host);
        databases_of_ours(host, client).await
    }

    /// The possible names of a database that [`Target::drop_again`] could not drop.
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
    /// A drill's scratch database.
    Drill,
    /// A restore's target, until it gets its name.
    Restore,
}

impl Purpose {
    /// A unique name, whose form identifies our databases.
    #[must_use]
    pub fn new_name(self) -> String {
        let purpose = match self {
            Self::Drill => "drill",
            Self::Restore => "restore",
        };
        format!("sponsor_backup_{purpose}_{}", uuid::Uuid::new_v4().simple())
    }
}

/// The form of [`Purpose::new_name`], as a PostgreSQL regular expression.
const NAMES_OF_OURS: &str = "^sponsor_backup_(drill|restore)_[0-9a-f]{32}$";

/// Names of our databases on a server that belong to the same role, by the form of their name: those of other current drills
/// and restores, and leftovers of killed runs. The marker alone proves nothing, because a comment is restored with its database.
///
/// # Errors
/// The server refuses.
pub async fn databases_of_ours(host: &Connection, client: &Client) -> Result<Vec<String>, RestoreError> {
    let sql = format!(
        "SELECT coalesce(json_agg(datname), '[]') FROM pg_catalog.pg_database
         WHERE datname ~ '{NAMES_OF_OURS}' AND pg_catalog.pg_get_userbyid(datdba) = current_user"
    );
    let answer = query(host, client, &sql).await?;
    Ok(serde_json::from_str(&answer).unwrap_or_default())
}

/// Whether a server has a database of this name.
pub(super) async fn exists(host: &Connection, name: &str, client: &Client) -> Result<bool, RestoreError> {
    let name = name.replace('\'', "''");
    let sql = format!("SELECT count(*) FROM pg_catalog.pg_database WHERE datname = '{name}'");
    Ok(query(host, client, &sql).await? != "0")
}

/// How to create a database.
#[derive(Debug, Clone, Copy)]
pub struct NewDatabase<'a> {
    /// Its encoding.
    pub encoding: &'a str,
    /// The locale of the dumped database, if the backup records it.
    pub locale: Option<&'a Locale>,
}

/// Creates a database on a server of this major version. Messages call it `place`. It may exist even after an error.
pub(super) async fn create(
    (host, name): (&Connection, &str),
    place: &str,
    (form, major): (&NewDatabase<'_>, u32),
    client: &Client,
    stop: &CancellationToken,
) -> Result<(), RestoreError> {
    let encoding = form.encoding.replace('\'', "''");
    let mut options = form.locale.map(|locale| locale.options(major)).unwrap_or_default();
    // The server's default locale. C is last, because it fits every encoding.
    options.extend([String::new(), " LC_COLLATE 'C' LC_CTYPE 'C'".to_owned()]);
    let last = options.len() - 1;
    let mut made = Ok(String::new());
    for (at, option) in options.iter().enumerate() {
        // template0 has no objects of the server's users.
        let sql =
            format!("CREATE DATABASE {} TEMPLATE template0 ENCODING '{encoding}'{option}", quoted(name));
        made = query_with_timeout((CREATE_TIMEOUT, stop), host, client, &sql).await;
        let is_refused = matches!(&made, Err(PostgresError::QueryFailed { message, .. })
            if NOT_WITH_THIS_LOCALE.iter().any(|code| message.is(code)));
        if !is_refused || at == last {
            break;
        }
    }
    match made {
        Ok(_) => Ok(()),
        Err(PostgresError::QueryFailed { message, .. }) if message.is(NO_RIGHT) => {
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
    let ask = async |option: &str| {
        let sql = format!("DROP DATABASE IF EXISTS {}{option}", quoted(name));
        query_with_timeout((CREATE_TIMEOUT, &CancellationToken::new()), host, client, &sql).await
    };
    let is = |answer: &Result<String, PostgresError>, code: &str| matches!(answer, Err(PostgresError::QueryFailed { message, .. }) if message.is(code));
    // FORCE ends sessions, but no superuser's, and an autovacuum worker is one. Without it, the server ends the workers and waits
    // five seconds for the others.
    let mut answer = ask(" WITH (FORCE)").await;
    for _ in 0..DROP_TRIES {
        if !is(&answer, NO_RIGHT) && !is(&answer, IN_USE) {
            break;
        }
        answer = ask("").await;
        if is(&answer, IN_USE) {
            answer = ask(" WITH (FORCE)").await;
        }
    }
    answer?;
    Ok(())
}

/// A refused session has no error code, only a message in the server's language.
fn may_be_missing(error: &RestoreError) -> bool {
    match error {
        RestoreError::Server(PostgresError::QueryFailed { message, .. }) => {
            message.is("3D000") || message.is_unknown()
        }
        _ => false,
    }
}

fn is_unknown(error: &RestoreError) -> bool {
    matches!(error, RestoreError::Server(PostgresError::QueryFailed { message, .. }) if message.is_unknown())
}
