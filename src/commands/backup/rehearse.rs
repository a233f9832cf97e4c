//! The rest of a dry run: everything that the real run needs and that can be asked without changing anything.

use tokio_util::sync::CancellationToken;

use super::Run;
use super::facts::Facts;
use super::prepare::Prepared;
use crate::archive::key::Object;
use crate::dump::rehearsal::rehearse;
use crate::failure::Failure;
use crate::record::{RecordError, log};
use crate::sponsors::Sponsor;

impl Run<'_> {
    /// # Errors
    /// What would end the real run, as it would.
    pub(super) async fn rehearse(
        &self,
        sponsor: &Sponsor,
        facts: &Facts,
        prepared: &Prepared,
        stop: &CancellationToken,
    ) -> Result<(), Failure> {
        let Prepared { client, connection, options, .. } = prepared;
        rehearse(client, connection, options, stop).await?;
        log::can_append_locally(&self.edge.workspace)?;
        if let Some(vault) = &facts.vault {
            let labelling = self.labelling(facts);
            let labels = labelling.labels(&vault.audit_logs, sponsor, Object::DeploymentLog).await;
            labels.map_err(RecordError::from)?;
        }
        Ok(())
    }
}
