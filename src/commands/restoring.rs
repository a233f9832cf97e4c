//! Steps that `restore` and `drill` share: download again and load, read back, compare.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::RunContext;
use super::stored::{self, StoredBackup, VerifiedContents};
use crate::archive::{Reader, Selection, open, open_pieces};
use crate::databases::postgres::client::{Client, major};
use crate::databases::postgres::database::{self, Locale};
use crate::databases::postgres::generated::{self, Digests};
use crate::databases::postgres::invocation::DumpOptions;
use crate::databases::postgres::proof::{DatabaseDifferences, Side};
use crate::databases::postgres::restore::facts::TargetFacts;
use crate::databases::postgres::restore::parallel::{ParallelLoad, ParallelOptions};
use crate::databases::postgres::restore::plan::BackupSize;
use crate::databases::postgres::restore::{
    Load, LoadOptions, Loaded, NewDatabase, OnError, RestoreError, Tools,
};
use crate::databases::postgres::server::Money;
use crate::databases::postgres::settings::Settings;
use crate::databases::postgres::sql::{Cutter, Needs, PIECE_BYTES, Scan};
use crate::databases::postgres::{Connection, PgError, PostgresError};
use crate::failure::Failure;
use crate::store::hash::SizeAndHash;
use crate::verification::stored::generated as generated_values;
use crate::verification::{self, Comparison, Exemptions};

/// How long the dump of a restored database waits for locks. Normally no other session uses it.
pub(super) const LOCK_WAIT: Duration = Duration::from_secs(30);

/// A verified backup and the programs that restore it.
pub(super) struct RestoreSession<'a> {
    pub(super) stored: &'a StoredBackup,
    pub(super) verified: &'a VerifiedContents,
    pub(super) tools: &'a Tools,
    pub(super) stop: &'a CancellationToken,
}

impl RestoreSession<'_> {
    /// Downloads the backup again and loads it in one transaction. COMMIT is sent only if the bytes have the verified
    /// hash once more.
    pub(super) async fn load(
        &self,
        connection: &Connection,
        manner: LoadOptions<'_>,
    ) -> Result<Loaded, Failure> {
        let mut reader = open(self.stored.source.clone(), self.stop.clone())?;
        let mut load = Load::start(&self.tools.psql, connection, manner, self.stop).await?;
        if let Err(failure) = feed(&mut reader, &mut load).await {
            load.abandon().await;
            return Err(failure);
        }
        let read = reader.finish().await.map_err(Failure::from);
        match read.and_then(|opened| self.is_unchanged(&opened.stored)) {
            Ok(()) => Ok(load.commit().await?),
            Err(failure) => {
                load.abandon().await;
                Err(failure)
            }
        }
    }

    /// Downloads the backup again and loads it over several connections. What was loaded counts only if the bytes have the
    /// verified hash once more, so the caller drops the database after a failure.
    pub(super) async fn load_in_parallel(
        &self,
        connection: &Connection,
        options: ParallelOptions,
    ) -> Result<Loaded, Failure> {
        let source = self.stored.source.clone();
        let mut reader = match &self.stored.description.pieces {
            Some(pieces) => open_pieces(source, Selection::of(pieces, |_| true), self.stop.clone())?,
            None => open(source, self.stop.clone())?,
        };
        let mut load = ParallelLoad::new(&self.tools.psql, connection, options, self.stop);
        let read = match feed_blocks(self.stored, &mut reader, &mut load).await {
            Ok(()) => reader.finish().await.map_err(Failure::from),
            Err(failure) => Err(failure),
        };
        let proven = read.and_then(|opened| self.is_unchanged(&opened.stored));
        if let Err(failure) = proven {
            load.abandon().await;
            return Err(failure);
        }
        match load.finish().await {
            Ok(loaded) => Ok(loaded),
            // The database is dropped, so what it holds does not matter.
            Err(RestoreError::Unsure { place }) => {
                let lost = PgError::ours("the connection was lost during COMMIT");
                Err(RestoreError::failed(place, lost).into())
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// The failure if the bytes are not those that were verified.
    fn is_unchanged(&self, read: &SizeAndHash) -> Result<(), Failure> {
        if read.sha256 == self.stored.description.stored.sha256 {
            return Ok(());
        }
        let changed = "its bytes changed after they were verified".to_owned();
        Err(stored::proof(&self.stored.location, vec![changed]))
    }

    /// Dumps the restored database as the backup was dumped, and compares. Settings of the database are compared only
    /// if the restore keeps them.
    pub(super) async fn compare(
        &self,
        connection: &Connection,
        server_major: u32,
        loaded: &Loaded,
        keeps_settings: bool,
    ) -> Result<Comparison, Failure> {
        let (description, verified) = (&self.stored.description, self.verified);
        let options = options(self.stored, verified);
        let how = (&options, verified.scan.columns(), money(self.stored));
        let read = self.tools.read_back(connection, how, self.stop).await?;
        let majors = |server: &str, pg_dump: &str| (major(server).unwrap_or(0), major(pg_dump).unwrap_or(0));
        let backup = Side {
            contents: &verified.contents,
            inventory: verified.scan.inventory(),
            majors: majors(&description.server_version, &description.pg_dump_version),
        };
        let restored = Side {
            contents: &read.contents,
            inventory: read.scan.inventory(),
            majors: (server_major, major(&read.pg_dump_version).unwrap_or(0)),
        };
        let comparison = Comparison::new(&backup, &restored, loaded.left_out_tables());
        let comparison =
            comparison.setting_aside(&Exemptions::ask(connection, &self.tools.psql, loaded).await?);
        self.compare_database(comparison, connection, &options, keeps_settings).await
    }

    /// Adds what a dump does not contain: the database itself, and the values of generated columns.
    async fn compare_database(
        &self,
        comparison: Comparison,
        connection: &Connection,
        options: &DumpOptions,
        keeps_settings: bool,
    ) -> Result<Comparison, Failure> {
        let description = &self.stored.description;
        let Some(told) = &description.database else { return Ok(comparison) };
        let found = database::ask(connection, &self.tools.psql).await?;
        let carried = self.carried();
        let carried = keeps_settings.then_some(&carried);
        let surroundings = DatabaseDifferences::new(told, carried, &found, connection.database());
        let values = description.contents.as_ref().map(generated_values).unwrap_or_default();
        let found = match values.is_empty() {
            true => Digests::new(),
            false => generated::digests(&self.tools.psql, connection, options, self.stop).await?,
        };
        Ok(comparison.with_database(surroundings, &values, &found))
    }

    /// The database settings in the dump.
    pub(super) fn carried(&self) -> Settings {
        // The verification has compared these lines with the manifest already.
        self.verified.scan.first_lines().and_then(Settings::parse).unwrap_or_default()
    }

    /// SQL that applies the database's settings: to the session, and also to the database if we created it.
    pub(super) fn settings(&self, facts: &TargetFacts, is_made: bool) -> String {
        if !facts.ground.has_blocks {
            return String::new();
        }
        let carried = self.carried();
        carried.for_session() + &if is_made { carried.for_database() } else { String::new() }
    }

    /// How to load over several connections into a database that was created for it: whether its settings are kept, and
    /// whether views may reach other servers.
    pub(super) fn parallel_options(
        &self,
        jobs: NonZeroUsize,
        first: String,
        facts: &TargetFacts,
        (keeps_settings, reaches_out): (bool, bool),
    ) -> ParallelOptions {
        let has_blocks = facts.ground.has_blocks;
        let kept = |sql: String, is_kept: bool| if has_blocks && is_kept { sql } else { String::new() };
        let carried = self.carried();
        ParallelOptions {
            jobs: jobs.get(),
            first,
            settings: kept(carried.for_database(), keeps_settings),
            session_settings: kept(carried.for_session(), true),
            money: money(self.stored),
            has_blocks,
            reaches_out,
        }
    }

    /// How to create the database.
    pub(super) fn form<'a>(&'a self, locale: Option<&'a Locale>) -> NewDatabase<'a> {
        NewDatabase { encoding: encoding(self.verified.scan.needs()), locale }
    }

    /// The locale in the manifest.
    pub(super) fn locale(&self) -> Option<Locale> {
        self.stored.description.database.as_ref().map(verification::database::locale)
    }
}

/// The finding if statements were left out on request.
pub(super) fn incomplete(left_out: usize) -> String {
    let statements = verification::counted(left_out as u64, "statement");
    format!("incomplete: {statements} of the backup left out")
}

async fn feed(reader: &mut Reader, load: &mut Load) -> Result<(), Failure> {
    while let Some(piece) = reader.next().await? {
        load.feed(&piece).await?;
    }
    Ok(())
}

async fn feed_blocks(
    stored: &StoredBackup,
    reader: &mut Reader,
    load: &mut ParallelLoad,
) -> Result<(), Failure> {
    let mut cutter = Cutter::new(Scan::default(), PIECE_BYTES);
    loop {
        let text = stored::next_text(stored, reader).await?;
        match &text {
            Some(text) => {
                cutter.room().extend_from_slice(text);
                cutter.advance();
            }
            None => cutter.end(),
        }
        while let Some(block) = cutter.pop() {
            load.feed(block, cutter.scan()).await?;
        }
        if text.is_none() {
            return Ok(());
        }
    }
}

/// The programs for a backup and a server of this major version.
pub(super) fn tools(
    stored: &StoredBackup,
    clients: &[Client],
    server_major: u32,
    place: &str,
) -> Result<Tools, RestoreError> {
    let written_by = major(&stored.description.pg_dump_version).unwrap_or(0);
    Tools::choose(clients, written_by, server_major, place)
}

/// What the dump needs according to its manifest, before the download. The text shows the rest later.
pub(super) fn needs_in_manifest(stored: &StoredBackup) -> Needs {
    let Some(told) = &stored.description.restore else { return Needs::default() };
    Needs {
        encoding: told.encoding.clone(),
        extensions: told.extensions.iter().cloned().collect(),
        roles: told.roles.iter().cloned().collect(),
        server_major: told.server_major,
        forces_row_security: told.forces_row_security.unwrap_or_default(),
        locks: told.locks.unwrap_or_default(),
        ..Needs::default()
    }
}

/// Smallest number of locks of a restore. If the manifest does not record it, each statement may take one or a few.
pub(super) fn locks(stored: &StoredBackup) -> u64 {
    let told = stored.description.restore.as_ref().and_then(|needs| needs.locks);
    let statements = stored.description.contents.as_ref().map_or(0, |contents| contents.statements);
    told.unwrap_or(statements)
}

/// Size of a backup, as far as it is known.
pub(super) fn size(stored: &StoredBackup) -> BackupSize {
    let description = &stored.description;
    BackupSize {
        dump_bytes: description.dump.bytes,
        stored_bytes: description.stored.bytes,
        rows: description.contents.as_ref().map_or(0, |contents| contents.rows_total),
    }
}

/// Major version of the dumped server.
pub(super) fn server_major(stored: &StoredBackup) -> u32 {
    major(&stored.description.server_version).unwrap_or(0)
}

/// Encoding for a database created for the dump.
fn encoding(needs: &Needs) -> &str {
    needs.encoding.as_deref().unwrap_or("UTF8")
}

/// SQL that runs before the dump's own statements in an empty or cleared database.
pub(super) fn before(needs: &Needs, facts: &TargetFacts, clears: bool) -> &'static str {
    // The schema exists and is empty, and the dump creates its own.
    let makes_it_anew = needs.creates_public && facts.ground.drops_public(clears);
    if makes_it_anew { "DROP SCHEMA IF EXISTS public;\n" } else { "" }
}

pub(super) fn on_error(skip_missing_extensions: bool, missing: bool) -> OnError {
    if skip_missing_extensions && missing { OnError::LeaveOut } else { OnError::GiveUp }
}

/// Names the databases of other drills and restores on a server. A killed run cannot drop its own.
pub(super) fn show_others(context: &RunContext, place: &str, names: &[String]) {
    if !names.is_empty() {
        let names = names.join(", ");
        let words = format!(
            "{place}: its server has databases of other drills or restores: {names}. If their runs have ended, drop them."
        );
        context.sink.line(&words);
    }
}

/// The installed clients, or the failure if there are none.
pub(super) fn clients(found: &Result<Vec<Client>, PostgresError>) -> Result<(&[Client], &Client), Failure> {
    let clients = found.as_ref().map_err(Clone::clone)?;
    // Any psql can query. The newest knows the most connection parameters.
    let newest = clients.last().ok_or(PostgresError::NoClient)?;
    Ok((clients, newest))
}

/// How the dump writes amounts of money.
pub(super) fn money(stored: &StoredBackup) -> Money {
    if stored.description.lc_monetary.is_some() { Money::Plain } else { Money::AsThere }
}

fn options(stored: &StoredBackup, verified: &VerifiedContents) -> DumpOptions {
    let partial = stored.description.partial.clone();
    let (schemas, exclude_schemas, exclude_table_data) = partial
        .map(|partial| (partial.schemas, partial.exclude_schemas, partial.exclude_table_data))
        .unwrap_or_default();
    DumpOptions {
        include_privileges: stored.description.includes_privileges,
        schemas,
        exclude_schemas,
        exclude_table_data,
        tables: Vec::new(),
        // An existing database may have another encoding, and rows are compared byte by byte.
        encoding: verified.scan.needs().encoding.clone(),
        // A standby has no rows of unlogged tables, so neither has its dump.
        no_unlogged_rows: stored.description.standby.is_some(),
        lock_wait_timeout: LOCK_WAIT,
        schema_only: false,
        section: None,
        snapshot: None,
    }
}
