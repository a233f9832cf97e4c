//! The second part of a dry run: everything that the real run needs and that can be checked without changing
//! anything.

use std::sync::Arc;

use bytesize::ByteSize;
use tokio_util::sync::CancellationToken;

use super::BackupRun;
use super::prepare::{self, PreparedBackup};
use super::state::BackupState;
use crate::archive::key::Object;
use crate::commands::records;
use crate::databases::postgres::dump::rehearsal::{self, rehearse};
use crate::failure::Failure;
use crate::report::lines;
use crate::sponsors::Sponsor;
use crate::verification::conclusion::{BackupFacts, Before, ContentTotals};
use crate::verification::database::{self, document};

impl BackupRun<'_> {
    /// # Errors
    /// Whatever would end the real run.
    pub(super) async fn rehearse(
        &self,
        sponsor: &Sponsor,
        facts: &BackupState,
        prepared: &PreparedBackup,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let PreparedBackup { client, connection, options, .. } = prepared;
        rehearse(client, connection, options, stop).await?;
        if !options.is_partial() {
            let held =
                ContentTotals { tables: rehearsal::tables(client, connection).await?, rows: 0, bytes: 0 };
            let before = prepared.previous.baseline();
            let before =
                before.map(|before| Before { rows: before.rows_total, bytes: before.dump_size_bytes });
            if let Some(finding) = (BackupFacts { held, partial: false, before }).lost_everything() {
                return Err(super::sponsor::emptied(connection.place(), finding));
            }
        }
        let vault = facts.vault.as_ref().map(Arc::as_ref);
        records::could_keep(sponsor, vault, Object::DeploymentLog, &self.labelling(facts)).await
    }
}

// A dry run's plan for one sponsor.

/// What a dry run checks, and what it cannot check without changing something.
const CHECKED: &str = "both buckets and their locks, the database schema, and the role's read access";
const NOT_CHECKED: &str =
    "rows, and permissions to store objects (s3:PutObject, s3:PutObjectTagging, a KMS key)";

impl BackupRun<'_> {
    /// What a backup works with, for `RUNNER_DEBUG=1`.
    pub(super) fn show_detail(&self, sponsor: &Sponsor, prepared: &PreparedBackup) {
        let PreparedBackup { server, client, store, flow, .. } = prepared;
        let (sink, name) = (&self.edge.sink, &sponsor.name);
        let endpoint = self.order.deployment.endpoint.url.as_deref().unwrap_or("AWS");
        let parts = (ByteSize(flow.part_bytes), flow.parts_in_flight);
        sink.debug(|| format!("{name}: {} ({})", client.program("pg_dump").display(), client.version));
        sink.debug(|| {
            format!("{name}: PostgreSQL {}, {} on disk", server.version, ByteSize(server.database_bytes))
        });
        sink.debug(|| format!("{name}: bucket {} at {endpoint}", store.bucket()));
        sink.debug(|| format!("{name}: parts of {}, {} in flight", parts.0, parts.1));
    }

    pub(super) fn show_plan(&self, sponsor: &Sponsor, facts: &mut BackupState, prepared: &PreparedBackup) {
        let PreparedBackup { connection, server, client, store, key, labels, flow, options, .. } = prepared;
        let PreparedBackup { previous, source, database, .. } = prepared;
        let tags: Vec<String> = labels.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let lock = labels.lock.as_ref().map_or_else(
            || "none".to_owned(),
            |lock| {
                format!("{} until {}", if lock.compliance { "compliance" } else { "governance" }, lock.until)
            },
        );
        let record = facts.vault.as_ref().map_or_else(String::new, |vault| {
            vault.audit_logs.location(&Object::DeploymentLog.key(self.order.scope.environment, facts.started))
        });
        let signed_by = facts.vault.as_ref().map_or_else(String::new, |vault| vault.signed_by.clone());
        let plan = [
            ("database", format!("{}, {} on disk", connection.place(), ByteSize(server.database_bytes))),
            ("locale", database::words(&document(&database.locale, &database.settings))),
            ("identity", source.as_ref().map_or_else(|| "unknown".to_owned(), prepare::words)),
            ("server", format!("PostgreSQL {}", server.version)),
            ("client", format!("{} ({})", client.program("pg_dump").display(), client.version)),
            ("arguments", options.arguments().join(" ")),
            ("object", store.location(key)),
            ("record", record),
            ("signed by", signed_by),
            ("previous backup", previous.words()),
            ("tags", tags.join(" ")),
            ("lock", lock),
            ("storage class", self.order.storage_class.clone()),
            ("parts", format!("{}, {} in parallel", ByteSize(flow.part_bytes), flow.parts_in_flight)),
            ("checked", CHECKED.to_owned()),
            ("not checked", NOT_CHECKED.to_owned()),
        ];
        let title = format!("{}: would be backed up", sponsor.name);
        self.edge.sink.block(&lines::plan(title, &plan));
        facts.plan = plan.into();
    }
}
