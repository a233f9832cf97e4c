//! The second part of a dry run: everything that the real run needs and that can be checked without changing
//! anything.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Run;
use super::facts::Facts;
use super::prepare::Prepared;
use crate::archive::key::Object;
use crate::commands::records;
use crate::dump::rehearsal::{self, rehearse};
use crate::failure::Failure;
use crate::proof::conclusion::{BackupFacts, Before, Held};
use crate::sponsors::Sponsor;

impl Run<'_> {
    /// # Errors
    /// Whatever would end the real run.
    pub(super) async fn rehearse(
        &self,
        sponsor: &Sponsor,
        facts: &Facts,
        prepared: &Prepared,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let Prepared { client, connection, options, .. } = prepared;
        rehearse(client, connection, options, stop).await?;
        if !options.is_partial() {
            let held = Held { tables: rehearsal::tables(client, connection).await?, rows: 0, bytes: 0 };
            let before = prepared.previous.comparand();
            let before =
                before.map(|before| Before { rows: before.rows_total, bytes: before.dump_size_bytes });
            if let Some(finding) = (BackupFacts { held, partial: false, before }).lost_everything() {
                return Err(super::perform::emptied(connection.place(), finding));
            }
        }
        let vault = facts.vault.as_ref().map(Arc::as_ref);
        records::could_keep(sponsor, vault, Object::DeploymentLog, &self.labelling(facts)).await
    }
}
