//! What `preflight` finds out about a sponsor's database. Reads only.

mod facts;
mod judgement;
pub mod pooler;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::client::{self, Client};
use super::database;
use super::dump::rehearsal::rehearse;
use super::dump::standby;
use super::invocation::DumpOptions;
use super::server::{self, Money, Server};
use super::{Connection, PostgresError, query};
use crate::finding::{Check, Finding, Level};

const DATABASE_URL: Check =
    Check { name: "database-url", about: "`DATABASE_URL` is well-formed, and names no transaction pooler" };
const CONNECTION: Check =
    Check { name: "database-connection", about: "The database's host resolves, and the role can connect" };
const TLS: Check = Check {
    name: "database-tls",
    about: "The connection is encrypted, and the server's certificate is verified",
};
const POOLER: Check = Check {
    name: "database-pooler",
    about: "No pooler in transaction mode is between this machine and the server",
};
const VERSION: Check = Check {
    name: "database-version",
    about: "The server is supported, and an installed `pg_dump` is new enough for it",
};
const ENCODING: Check = Check {
    name: "database-encoding",
    about: "`DATABASE_URL` requests no other encoding than the database's",
};
const PRIVILEGES: Check =
    Check { name: "database-privileges", about: "The role can read every table and sequence" };
const ROW_SECURITY: Check =
    Check { name: "database-row-security", about: "Row-level security hides no row from the role" };
const LARGE_OBJECTS: Check =
    Check { name: "database-large-objects", about: "The role can read every large object" };
const USER_MAPPINGS: Check =
    Check { name: "database-user-mappings", about: "The role can read the options of user mappings" };
const SUBSCRIPTIONS: Check =
    Check { name: "database-subscriptions", about: "No subscriptions, or the role is a superuser" };
const STANDBY: Check = Check {
    name: "database-standby",
    about: "The server is a primary, or a standby within `max-replica-lag`",
};
const SETTINGS: Check =
    Check { name: "database-settings", about: "The role's password, read-only and timeout settings" };
const EXTENSIONS: Check = Check {
    name: "database-extensions",
    about: "The extensions that a restore needs, and rows that `pg_dump` skips",
};
const LOCKS: Check =
    Check { name: "database-locks", about: "The server's lock table has room for a lock on every table" };
const SIZE: Check =
    Check { name: "database-size", about: "The database's size and the time that a dump may take" };
const SCHEMA_DUMP: Check =
    Check { name: "database-schema-dump", about: "`pg_dump` locks all tables and writes their definitions" };

/// What this module checks.
pub const CHECKS: &[Check] = &[
    DATABASE_URL,
    CONNECTION,
    TLS,
    POOLER,
    VERSION,
    ENCODING,
    PRIVILEGES,
    ROW_SECURITY,
    LARGE_OBJECTS,
    USER_MAPPINGS,
    SUBSCRIPTIONS,
    STANDBY,
    SETTINGS,
    EXTENSIONS,
    LOCKS,
    SIZE,
    SCHEMA_DUMP,
];

/// The finding for a URL that is malformed.
#[must_use]
pub fn unusable_url(error: &PostgresError) -> Finding {
    judgement::failed(DATABASE_URL, error)
}

/// A session that holds a lock at this moment says nothing about the next backup.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// What the database is judged by.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseExpectations {
    /// Input `max-replica-lag`.
    pub max_replica_lag: Duration,
}

/// Checks one database. `clients` are those of this machine.
pub async fn check(
    connection: &Connection,
    clients: Result<&[Client], &PostgresError>,
    expected: DatabaseExpectations,
) -> Vec<Finding> {
    // Any psql can ask. The newest supports most parameters.
    let newest = clients.and_then(|clients| clients.last().ok_or(&PostgresError::NoClient));
    let (Ok(clients), Ok(newest)) = (clients, newest) else {
        return newest.err().into_iter().map(|error| judgement::failed(VERSION, error)).collect();
    };
    let answers = async {
        let connection = query::fixed_to_one_host(connection.clone(), newest).await?;
        let answers = pooler::ask(&connection, newest).await?;
        Ok((connection, answers))
    };
    let (connection, answers) = match answers.await {
        Ok(found) => found,
        Err(error) => return vec![judgement::failed(CONNECTION, &error)],
    };
    let mut findings = vec![judgement::connected(&connection), judgement::pooler(pooler::shares(&answers))];
    // Behind such a pooler, our settings would stay for other programs.
    if findings.iter().all(|finding| finding.level != Level::Fail) {
        let asked = Asked { connection, newest, clients, expected };
        findings.extend(
            asked.findings().await.unwrap_or_else(|error| vec![judgement::failed(CONNECTION, &error)]),
        );
    }
    findings
}

/// A database that answers.
struct Asked<'a> {
    connection: Connection,
    newest: &'a Client,
    clients: &'a [Client],
    expected: DatabaseExpectations,
}

impl Asked<'_> {
    async fn findings(&self) -> Result<Vec<Finding>, PostgresError> {
        let Self { connection, newest, .. } = self;
        let server = server::ask(connection, newest).await?;
        let oldest = server.major.max(connection.oldest_client());
        let client = client::choose(self.clients, oldest, &connection.place());
        let facts = facts::ask(connection, newest).await?;
        let chosen = client.as_ref().map_err(Clone::clone).copied();
        let mut findings = vec![
            judgement::tls(connection, &facts),
            judgement::version((server.major, &server.version), chosen),
            judgement::encoding(&server.encoding, server.check_encoding(connection)),
        ];
        findings.extend(judgement::privileges(server.major, &facts));
        findings.push(judgement::row_security(&facts));
        findings.push(judgement::large_objects(&facts));
        findings.push(judgement::user_mappings(server.check_mappings(connection, newest).await));
        findings.push(judgement::subscriptions(&facts));
        findings.extend(self.standby(&server).await);
        findings.extend(judgement::unlogged_sequences(&facts));
        findings.extend(judgement::settings(&facts));
        let database = database::ask(connection, newest).await;
        findings.extend(judgement::extensions(&facts, database.map(|database| database.rows_left_out())));
        findings.push(judgement::locks(&facts));
        findings.push(judgement::size(server.database_bytes));
        if let Ok(client) = client
            && findings.iter().all(|finding| finding.level != Level::Fail)
        {
            findings.push(self.schema_dump(client, &server).await);
        }
        Ok(findings)
    }

    async fn standby(&self, server: &Server) -> Vec<Finding> {
        if !server.is_standby {
            return vec![STANDBY.ok("the server is not a standby")];
        }
        let asked = standby::ask(&self.connection, self.newest).await;
        let checked = asked.and_then(|standby| {
            standby.check(&self.connection, self.expected.max_replica_lag)?;
            Ok(standby)
        });
        judgement::standby(checked)
    }

    /// The dump without its rows, after everything that can be known without it.
    async fn schema_dump(&self, client: &Client, server: &Server) -> Finding {
        let options = DumpOptions {
            encoding: Some(server.encoding.clone()),
            lock_wait_timeout: LOCK_WAIT,
            ..DumpOptions::default()
        };
        let connection = self.connection.clone().with_settings(&server.to_pin(Money::Plain));
        judgement::schema_dump(rehearse(client, &connection, &options, &CancellationToken::new()).await)
    }
}
