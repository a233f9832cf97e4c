//! The manifest of a backup, from what the dump and its archive showed. It is written last, and makes the stored object a
//! backup.

use jiff::Timestamp;

use super::BackupRun;
use super::prepare::PreparedBackup;
use super::state::BackupState;
use crate::archive::backup_manifest::{
    BackupManifest, FORMAT_VERSION, Name, NamedValue, Partial, Piece, RestoreNeeds, Standby, Tool,
    manifest_sizes,
};
use crate::archive::pending::Sealed;
use crate::databases::postgres::FinishedDump;
use crate::databases::postgres::client::major;
use crate::databases::postgres::database::Database;
use crate::databases::postgres::generated::Digests;
use crate::databases::postgres::invocation::DumpOptions;
use crate::layout::tags::LOCK_TAG;
use crate::sponsors::Sponsor;
use crate::verification::database::document;
use crate::verification::stored::manifest_contents;

/// A dump and its archive, before the commit.
pub(super) struct DumpedBackup<'a> {
    pub(super) started_at: Timestamp,
    pub(super) finished_at: Timestamp,
    pub(super) sealed: &'a Sealed,
    pub(super) pieces: Option<Vec<Piece>>,
    pub(super) finished: &'a FinishedDump,
    pub(super) generated: &'a Digests,
}

impl BackupRun<'_> {
    /// The document that makes the stored object a backup.
    pub(super) fn manifest(
        &self,
        sponsor: &Sponsor,
        state: &BackupState,
        prepared: &PreparedBackup,
        dumped: DumpedBackup<'_>,
    ) -> BackupManifest {
        let DumpedBackup { started_at, finished_at, sealed, pieces, finished, generated } = dumped;
        let Database { locale, settings, .. } = &prepared.database;
        let (dump, stored, encoding) = manifest_sizes(sealed, &self.options.seal_options);
        let options = &self.options.dump;
        let run = &self.context.run;
        let tags = prepared.labels.tags.iter().filter(|(name, _)| name != LOCK_TAG);
        BackupManifest {
            format_version: FORMAT_VERSION,
            sponsor: sponsor.name.clone(),
            sponsor_code: sponsor.code.clone(),
            environment: self.options.common.environment.name().to_owned(),
            key: prepared.key.clone(),
            timestamp: state.started,
            started_at,
            finished_at,
            dump,
            stored,
            encoding,
            contents: Some(manifest_contents(&finished.contents, finished.scan.objects(), generated)),
            source: prepared.source.clone(),
            database: Some(document(locale, settings)),
            restore: Some(needs(finished)),
            partial: state.partial.clone(),
            previous_backup: state.previous.clone(),
            // Both are made of this document.
            changes: None,
            exceeded_limits: None,
            standby: prepared.standby(finished),
            warnings: Some(prepared.warnings(finished)),
            lc_monetary: Some("C".to_owned()),
            jobs: state.jobs,
            includes_privileges: options.include_privileges,
            tool: Tool::THIS,
            pg_dump_version: finished.pg_dump_version.clone(),
            server_version: finished.server_version.clone(),
            git_sha: run.commit_sha.clone(),
            version: self.options.deployment.version.as_ref().map(|text| text.redacted(&self.context.sink)),
            github_run_id: run.run_id.clone(),
            github_run_attempt: run.run_attempt.clone(),
            trigger: run.event.clone(),
            tags: Some(tags.map(NamedValue::from).collect()),
            metadata: Some(prepared.labels.metadata.iter().map(NamedValue::from).collect()),
            pieces,
        }
    }
}

/// What is left out by request.
pub(super) fn partial(options: &DumpOptions) -> Option<Partial> {
    options.is_partial().then(|| Partial {
        schemas: options.schemas.clone(),
        exclude_schemas: options.exclude_schemas.clone(),
        exclude_table_data: options.exclude_table_data.clone(),
    })
}

impl PreparedBackup {
    /// Warnings about the backup, without data.
    pub(super) fn warnings(&self, finished: &FinishedDump) -> Vec<String> {
        let standby = self.standby.as_ref().map(|(standby, _)| standby);
        let of_standby = standby.map(|standby| standby.warnings(&standby.without_rows(&finished.contents)));
        of_standby
            .into_iter()
            .flatten()
            .chain(self.lacking.clone())
            .chain(finished.warnings.iter().cloned())
            .collect()
    }

    fn standby(&self, finished: &FinishedDump) -> Option<Standby> {
        let (standby, _) = self.standby.as_ref()?;
        let unlogged = standby.without_rows(&finished.contents).into_iter();
        Some(Standby {
            replayed_at: standby.replayed_at,
            lag_seconds: standby.lag.seconds(),
            unlogged_tables: unlogged.map(|(schema, name)| Name { schema, name }).collect(),
        })
    }
}

/// The smallest versions that can restore the dump. PostgreSQL does not promise that older versions can.
fn needs(finished: &FinishedDump) -> RestoreNeeds {
    let needs = finished.scan.needs();
    let server = major(&finished.server_version).unwrap_or_default();
    RestoreNeeds {
        client_major: major(&finished.pg_dump_version).unwrap_or_default(),
        server_major: server.max(needs.server_major),
        restricted: finished.scan.is_restricted(),
        encoding: needs.encoding.clone(),
        extensions: needs.extensions.iter().cloned().collect(),
        roles: needs.roles.iter().cloned().collect(),
        forces_row_security: Some(needs.forces_row_security),
        locks: Some(needs.locks),
    }
}
