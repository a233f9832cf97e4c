//! The second part of a dry run: everything that the real run needs and that can be checked without changing
//! anything.

use bytesize::ByteSize;

use super::BackupRun;
use super::comparison::{emptied, over_a_limit};
use super::prepare::PreparedBackup;
use super::state::BackupState;
use crate::commands::save_record;
use crate::commands::session::SponsorSession;
use crate::databases::postgres::dump::rehearsal::{self, rehearse};
use crate::databases::postgres::snapshot::Snapshot;
use crate::failure::Failure;
use crate::layout::key::Object;
use crate::report::lines;
use crate::sponsors::Sponsor;
use crate::store::ObjectLock;
use crate::verification::conclusion::{BackupFacts, ContentTotals};
use crate::verification::database::{self, document};
use crate::verification::source;

impl BackupRun<'_> {
    /// Checks the rest, and shows the plan.
    ///
    /// # Errors
    /// Whatever would end the real run.
    pub(super) async fn rehearse(
        &self,
        session: &SponsorSession<'_>,
        state: &mut BackupState,
        prepared: &PreparedBackup,
    ) -> Result<(), Failure> {
        state.warnings.extend(prepared.lacking.clone());
        let PreparedBackup { client, connection, options, .. } = prepared;
        rehearse(client, connection, options, session.limit.stop()).await?;
        if prepared.jobs > 1 {
            // Only now is it known whether the server shares a snapshot.
            let stop = session.limit.stop();
            Snapshot::of_all_tables(client, connection, options, stop).await?.end().await;
        }
        if !options.is_partial() {
            let tables = rehearsal::tables(client, connection).await?;
            let held = ContentTotals { tables, rows: 0, bytes: 0 };
            let facts = BackupFacts { held, partial: false, rows_before: prepared.rows_before() };
            if let Some(finding) = facts.lost_everything() {
                return Err(emptied(connection.place(), finding));
            }
        }
        if let Some(finding) = self.unchecked(prepared) {
            return Err(over_a_limit(connection.place(), vec![finding], true));
        }
        let source = self.attribute_source(state);
        let buckets = state.buckets.as_deref();
        save_record::check_save(session.sponsor, buckets, Object::DeploymentLog, &source).await?;
        self.show_plan(session.sponsor, state, prepared);
        Ok(())
    }
}

// A dry run's plan for one sponsor.

/// What a dry run checks, and what it cannot check without changing something.
const CHECKED: &str = "both stores and their locks, the database schema, and the role's read access";
const NOT_CHECKED_IN_BUCKETS: &str =
    "rows, and permissions to store objects (s3:PutObject, s3:PutObjectTagging, a KMS key)";
const NOT_CHECKED_IN_FOLDERS: &str = "rows, and whether the folders have room";

impl BackupRun<'_> {
    /// What a backup works with, for `RUNNER_DEBUG=1`.
    pub(super) fn show_detail(&self, sponsor: &Sponsor, prepared: &PreparedBackup) {
        let PreparedBackup { server, client, store, buffers, .. } = prepared;
        let (sink, name) = (&self.context.sink, &sponsor.name);
        let endpoint = self.options.deployment.endpoint.url.as_deref().unwrap_or("AWS");
        let parts = (ByteSize(buffers.part_bytes), buffers.parts_in_flight);
        sink.debug(|| format!("{name}: {} ({})", client.program("pg_dump").display(), client.version));
        sink.debug(|| {
            format!("{name}: PostgreSQL {}, {} on disk", server.version, ByteSize(server.database_bytes))
        });
        sink.debug(|| format!("{name}: {} at {endpoint}", store.location("")));
        sink.debug(|| format!("{name}: parts of {}, {} in flight", parts.0, parts.1));
    }

    fn show_plan(&self, sponsor: &Sponsor, state: &mut BackupState, prepared: &PreparedBackup) {
        let PreparedBackup { connection, server, client, store, key, labels, buffers, options, .. } =
            prepared;
        let PreparedBackup { previous, source, database, .. } = prepared;
        let tags: Vec<String> = labels.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let lock = labels.lock.as_ref().map_or_else(|| "none".to_owned(), describe_lock);
        let record = state.buckets.as_ref().map_or_else(String::new, |buckets| {
            buckets
                .audit_logs
                .location(&Object::DeploymentLog.key(self.options.common.environment, state.started))
        });
        let signed_by = state.buckets.as_ref().and_then(|buckets| buckets.signed_by.clone());
        let not_checked = if signed_by.is_some() { NOT_CHECKED_IN_BUCKETS } else { NOT_CHECKED_IN_FOLDERS };
        let plan: Vec<(&'static str, String)> = [
            Some((
                "database",
                format!("{}, {} on disk", connection.place(), ByteSize(server.database_bytes)),
            )),
            Some(("locale", database::words(&document(&database.locale, &database.settings)))),
            Some(("identity", source.as_ref().map_or_else(|| "unknown".to_owned(), source::words))),
            Some(("server", format!("PostgreSQL {}", server.version))),
            Some(("client", format!("{} ({})", client.program("pg_dump").display(), client.version))),
            (prepared.jobs > 1).then(|| ("connections", format!("{} at once", prepared.jobs))),
            Some(("arguments", options.arguments().join(" "))),
            Some(("object", store.location(key))),
            Some(("record", record)),
            signed_by.map(|keys| ("signed by", keys)),
            Some(("previous backup", previous.words())),
            Some(("tags", tags.join(" "))),
            Some(("lock", lock)),
            labels.storage_class.clone().map(|class| ("storage class", class)),
            Some((
                "parts",
                format!("{}, {} in parallel", ByteSize(buffers.part_bytes), buffers.parts_in_flight),
            )),
            Some(("checked", CHECKED.to_owned())),
            Some(("not checked", not_checked.to_owned())),
        ]
        .into_iter()
        .flatten()
        .collect();
        let title = format!("{}: would be backed up", sponsor.name);
        self.context.sink.block(&lines::plan(title, &plan));
        state.plan = plan;
    }
}

fn describe_lock(lock: &ObjectLock) -> String {
    format!("{} until {}", if lock.compliance { "compliance" } else { "governance" }, lock.until)
}
