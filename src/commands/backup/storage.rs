//! What S3 is asked before a dump begins, in a dry run and in a real one, by the same requests: a dump takes hours, and
//! what S3 refuses would show at its end.

use std::time::Duration;

use super::super::vault::Vault;
use super::Run;
use super::facts::Facts;
use crate::archive::ArchiveError;
use crate::archive::key::Object;
use crate::archive::s3::LockChoice;
use crate::failure::Failure;
use crate::record::RecordError;
use crate::sponsors::Sponsor;

/// So many seconds may be taken, one after the other, by backups of other runs.
const SECONDS_TRIED: usize = 10;
const PAUSE: Duration = Duration::from_millis(50);

impl Run<'_> {
    /// Asks both buckets, and chooses a second whose key is free.
    ///
    /// # Errors
    /// The bucket of backups refuses. Where that of the records does, a backup is worth having all the same; a dry run
    /// ends with it, as the real run would.
    pub(super) async fn ask_storage(
        &self,
        sponsor: &Sponsor,
        facts: &mut Facts,
        vault: &Vault,
    ) -> Result<(), Failure> {
        self.choose_second(facts, vault).await?;
        let certain = matches!(self.order.deployment.lock, LockChoice::Governance | LockChoice::Compliance);
        if certain {
            vault.backups.can_lock().await?;
        }
        let prefix = Object::DeploymentLog.key(self.order.scope.environment, facts.started);
        let asked = async {
            vault.audit_logs.holds(&prefix).await?;
            if certain { vault.audit_logs.can_lock().await } else { Ok(()) }
        };
        match asked.await.map_err(RecordError::from) {
            Err(error) if self.order.dry_run => Err(error.into()),
            Err(error) => {
                let note = "cannot use the audit-log bucket, but the backup continues";
                self.edge.sink.line(&format!("{}: {note}: {error}", sponsor.name));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Keys tell seconds: where another backup began in this one, this backup begins in the next that is free.
    async fn choose_second(&self, facts: &mut Facts, vault: &Vault) -> Result<(), ArchiveError> {
        let key =
            |facts: &Facts| Object::Backup { suffix: "" }.key(self.order.scope.environment, facts.started);
        for _ in 0..SECONDS_TRIED {
            if !vault.backups.holds(&key(facts)).await? || self.order.dry_run {
                return Ok(());
            }
            let taken = facts.started;
            while facts.started <= taken {
                tokio::time::sleep(PAUSE).await;
                facts.started = self.edge.now();
            }
        }
        Err(ArchiveError::AlreadyExists { location: vault.backups.location(&key(facts)) })
    }
}
