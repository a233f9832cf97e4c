//! `restore --tables`: some tables of a backup into a database, next to what it has. Nothing that exists is changed, and
//! all of it is one transaction, committed only after the backup is proven.

use super::RestoreRun;
use super::extract::{Output, extract, is_indexed, told};
use crate::archive::backup_manifest::Table;
use crate::cli::options::TablesOptions;
use crate::commands::RunContext;
use crate::commands::restoring::{self, LOCK_WAIT};
use crate::commands::session::{Completed, SponsorSession, fenced};
use crate::commands::stored::StoredBackup;
use crate::databases::postgres::generated::{self, Digests};
use crate::databases::postgres::invocation::DumpOptions;
use crate::databases::postgres::proof::{Comparison, DatabaseDifferences, Side};
use crate::databases::postgres::restore::plan::Allowed;
use crate::databases::postgres::restore::tables::Extracted;
use crate::databases::postgres::restore::{
    LeftOut, Load, LoadOptions, NewDatabase, OnError, Plan as TargetPlan, RestoreError, Target, TargetState,
    Tools, existing, session,
};
use crate::databases::postgres::sql::selection::{
    Existing, Ground, Note, Plan, QualifiedName, identifier, shown_name,
};
use crate::databases::postgres::sql::{DumpContents, Needs, TableDigest, quoted};
use crate::failure::Failure;
use crate::report::lines;
use crate::report::restore::Restored;
use crate::sponsors::Sponsor;
use crate::verification::stored::generated as generated_values;
use crate::verification::{self, counted};

/// Tables that a plan names.
const NAMED: usize = 20;

impl RestoreRun<'_> {
    pub(super) async fn restore_tables(
        &self,
        session: &SponsorSession<'_>,
        tables: &TablesOptions,
        restored: &mut Restored,
    ) -> Result<Completed, Failure> {
        let limit = &session.limit;
        let mut chosen = match Box::pin(limit.unless_stopped(self.choose(session))).await? {
            Ok(chosen) => chosen,
            Err(disabled) => return Ok(Completed::Disabled(disabled)),
        };
        loop {
            super::sponsor::note(restored, &chosen.stored);
            let done = Box::pin(self.tables_of(session, (&chosen.stored, tables), restored)).await;
            restored.passed = chosen.passed();
            match done {
                Err(failure) if restored.target == TargetState::Unchanged => {
                    limit.unless_stopped(Box::pin(chosen.replace(failure))).await?;
                }
                done => return done,
            }
        }
    }

    async fn tables_of(
        &self,
        session: &SponsorSession<'_>,
        (stored, tables): (&StoredBackup, &TablesOptions),
        restored: &mut Restored,
    ) -> Result<Completed, Failure> {
        let limit = &session.limit;
        let prepared = limit.unless_stopped(self.prepare_tables(stored)).await?;
        let (mut target, tools, existing) = prepared;
        let done = fenced(async {
            let mut loading = Loading {
                run: self,
                session,
                stored,
                tables,
                tools: &tools,
                target: &mut target,
                load: None,
            };
            let selection = (tables.selection.clone(), Ground::Known(existing));
            let extracted = match extract(stored, selection, &mut loading, limit.stop()).await {
                Ok(Some(extracted)) => extracted,
                Ok(None) => return Ok(Completed::Planned),
                Err(failure) => {
                    loading.abandon().await;
                    return Err(failure);
                }
            };
            loading.commit(&extracted, restored).await?;
            Ok(Completed::Done)
        })
        .await;
        if done.is_err() {
            self.drop_target(&mut target, &tools, restored).await;
        }
        done
    }

    /// Queries the target, and reports what prevents the restore.
    async fn prepare_tables(&self, stored: &StoredBackup) -> Result<(Target, Tools, Existing), Failure> {
        let (clients, newest) = restoring::clients(&self.clients)?;
        let target = Target::look(&self.target, newest).await?;
        let place = self.target.place();
        restoring::show_others(self.context, &place, &target.databases_of_ours(newest).await?);
        let existing = if target.exists() {
            existing::ask(&target.connection, newest).await?
        } else {
            let schemas = [String::from("public")].into();
            Existing { schemas, roles: target.facts.roles.clone(), ..Existing::default() }
        };
        // Only the version matters: these tables might need less than the whole dump.
        let told = restoring::needs_in_manifest(stored);
        let needs = Needs { server_major: told.server_major, ..Default::default() };
        let plan = TargetPlan::new(&place, &needs, restoring::server_major(stored), &target.facts);
        let obstacles = plan.obstacles(Allowed { replace: true, ..Allowed::default() });
        let tools = self.tools(stored, (&target, clients), obstacles)?;
        Ok((target, tools, existing))
    }
}

/// A load that begins with the first SQL.
struct Loading<'a> {
    run: &'a RestoreRun<'a>,
    session: &'a SponsorSession<'a>,
    stored: &'a StoredBackup,
    tables: &'a TablesOptions,
    tools: &'a Tools,
    target: &'a mut Target,
    load: Option<Load>,
}

impl Output for Loading<'_> {
    async fn begin(&mut self, plan: &Plan, notes: &[Note]) -> Result<bool, Failure> {
        let is_planned = self.run.options.common.dry_run;
        let facts = &self.target.facts;
        let place = format!("{}, PostgreSQL {}", self.run.target.place(), facts.version);
        let place = match &self.tables.selection.into {
            Some(into) => format!("{place}, schema {}", identifier(into)),
            None => place,
        };
        let sponsor = self.session.sponsor;
        let is_chosen = |table: &Table| plan.with_rows.contains(&(table.schema.clone(), table.name.clone()));
        let before = self.run.facts_of_before(sponsor, self.stored, is_chosen).await?;
        let facts = [vec![("target", place)], before].concat();
        self.run.context.sink.block(&plan_lines((sponsor, is_planned), self.stored, facts, (plan, notes)));
        if is_planned {
            return Ok(false);
        }
        let stop = self.session.limit.stop();
        let locale = self.stored.description.database.as_ref().map(verification::database::locale);
        let told = restoring::needs_in_manifest(self.stored);
        let form =
            NewDatabase { encoding: told.encoding.as_deref().unwrap_or("UTF8"), locale: locale.as_ref() };
        self.target.create(&form, &self.tools.psql, stop).await?;
        let is_silenced = self.target.facts.ground.may_silence_reactions();
        // While this session waits for a lock, the application's sessions queue behind it.
        let mut first = format!("SET LOCAL lock_timeout = '{}s';\n", LOCK_WAIT.as_secs());
        first += &if is_silenced { session::silencing() } else { String::new() };
        let manner = LoadOptions {
            on_error: OnError::GiveUp,
            first: &first,
            settings: "",
            last: &if is_silenced { session::waking() } else { String::new() },
            drops: true,
            money: restoring::money(self.stored),
            has_blocks: self.target.facts.ground.has_blocks,
            reaches_out: true,
        };
        self.load = Some(Load::start(&self.tools.psql, &self.target.connection, manner, stop).await?);
        Ok(true)
    }

    async fn send(&mut self, sql: &[u8]) -> Result<(), Failure> {
        match &mut self.load {
            Some(load) => Ok(load.feed(sql).await?),
            None => Ok(()),
        }
    }
}

impl Loading<'_> {
    async fn abandon(&mut self) {
        if let Some(load) = self.load.take() {
            load.abandon().await;
        }
    }

    /// Commits, reads the tables back and compares them with the backup.
    async fn commit(&mut self, extracted: &Extracted, restored: &mut Restored) -> Result<(), Failure> {
        let Some(load) = self.load.take() else { return Ok(()) };
        let stop = self.session.limit.stop();
        match load.commit().await {
            Ok(_) => {}
            Err(unsure @ RestoreError::Unsure { .. }) => {
                restored.target = TargetState::Unknown;
                return Err(if stop.is_cancelled() { RestoreError::Stopped } else { unsure }.into());
            }
            Err(error) => return Err(error.into()),
        }
        restored.target = if self.target.exists() { TargetState::Replaced } else { TargetState::Created };
        restored.is_loaded = true;
        show_notes(self.run.context, self.session.sponsor, restored, extracted);
        restored.comparison = Some(self.compare(extracted).await?);
        Ok(())
    }

    async fn compare(&self, extracted: &Extracted) -> Result<Comparison, Failure> {
        let into = self.tables.selection.into.as_ref();
        let new_name =
            |(schema, name): &QualifiedName| (into.cloned().unwrap_or_else(|| schema.clone()), name.clone());
        let wanted: Vec<TableDigest> = extracted
            .tables()
            .into_iter()
            .map(|table| {
                let (schema, name) = new_name(&(table.schema, table.name));
                TableDigest { schema, name, ..table }
            })
            .collect();
        let patterns =
            wanted.iter().map(|table| format!("{}.{}", quoted(&table.schema), quoted(&table.name)));
        let options = DumpOptions {
            tables: patterns.collect(),
            encoding: extracted.scan.needs().encoding.clone(),
            lock_wait_timeout: LOCK_WAIT,
            ..DumpOptions::default()
        };
        let columns = extracted.scan.columns().renamed(new_name);
        let how = (&options, &columns, restoring::money(self.stored));
        let read = self.tools.read_back(&self.target.connection, how, self.session.limit.stop()).await?;
        let is_wanted = |table: &TableDigest| {
            wanted.iter().any(|wanted| wanted.schema == table.schema && wanted.name == table.name)
        };
        let found = read.contents.tables.iter().filter(|table| is_wanted(table)).cloned().collect();
        let contents = |tables: Vec<TableDigest>| DumpContents { tables, ..DumpContents::default() };
        let (expected, found) = (contents(wanted.clone()), contents(found));
        let side = |contents| Side { contents, inventory: None, majors: (0, 0) };
        let comparison = Comparison::new(&side(&expected), &side(&found), None);
        let told = self.stored.description.contents.as_ref().map(generated_values).unwrap_or_default();
        let mut told: Digests = told
            .into_iter()
            .map(|(name, digest)| (new_name(&name), digest))
            .filter(|((schema, name), _)| {
                wanted.iter().any(|table| (&table.schema, &table.name) == (schema, name))
            })
            .collect();
        if told.is_empty() {
            return Ok(comparison);
        }
        let stop = self.session.limit.stop();
        let connection = &self.target.connection;
        let computed = generated::digests(&self.tools.psql, connection, &options, stop).await?;
        // A table without such a column was restored without it, which is listed.
        told.retain(|name, _| computed.contains_key(name));
        Ok(comparison.with_database(DatabaseDifferences::default(), &told, &computed))
    }
}

/// What will be done, for the log.
pub(super) fn plan_lines(
    (sponsor, is_planned): (&Sponsor, bool),
    stored: &StoredBackup,
    further: Vec<(&'static str, String)>,
    (plan, notes): (&Plan, &[Note]),
) -> Vec<String> {
    let told = told(stored).unwrap_or_default();
    let table = |name: &QualifiedName| {
        let rows = told.get(name).filter(|_| plan.with_rows.contains(name));
        let rows = rows.map(|(rows, _)| format!(" ({})", counted(*rows, "row"))).unwrap_or_default();
        ("table", shown_name(name) + &rows)
    };
    let mut facts = vec![("backup", format!("{} of {}", stored.location, stored.description.started_at))];
    facts.extend(further);
    facts.extend(plan.tables.iter().take(NAMED).map(table));
    if plan.tables.len() > NAMED {
        facts.push(("table", format!("… and {} more", plan.tables.len() - NAMED)));
    }
    let way = if is_indexed(stored) { "only the pieces of these tables" } else { "the whole backup, once" };
    facts.push(("to be read", way.to_owned()));
    if !notes.is_empty() {
        facts.push(("left out or changed", format!("{} so far, listed at the end", notes.len())));
    }
    let verb = if is_planned { "would be restored" } else { "restore" };
    lines::plan(format!("{}: {verb}", sponsor.name), &facts)
}

/// Shows what was left out, and how the rows get back. Notes both for the report.
pub(super) fn show_notes(
    context: &RunContext,
    sponsor: &Sponsor,
    restored: &mut Restored,
    extracted: &Extracted,
) {
    let safe = |note: &Note| LeftOut {
        statement: context.sink.redacted(&note.what),
        reason: context.sink.redacted(&note.reason),
    };
    restored.notes = extracted.notes.iter().map(safe).collect();
    restored.bring_back.clone_from(&extracted.bring_back);
    if !restored.notes.is_empty() {
        let lines: Vec<String> =
            restored.notes.iter().map(|note| format!("  {}: {}", note.statement, note.reason)).collect();
        context.sink.group(&format!("{}: left out or changed", sponsor.name), &lines);
    }
    if let Some(sql) = restored.bring_back.as_ref().filter(|_| !context.sink.prints_results()) {
        let title = format!("{}: to bring missing rows back into the original tables:", sponsor.name);
        let lines = sql.lines().map(|line| format!("  {line}"));
        context.sink.block(&std::iter::once(title).chain(lines).collect::<Vec<_>>());
    }
}
