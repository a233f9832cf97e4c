//! Requests to S3 before a dump begins, the same in a dry run and a real run. A dump takes hours, and a refusal would
//! otherwise only show at its end.

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

/// Number of seconds to try, if other backups already use their keys.
const SECONDS_TRIED: usize = 10;
const PAUSE: Duration = Duration::from_millis(50);

impl Run<'_> {
    /// Checks both buckets, and chooses a second whose key is free.
    ///
    /// # Errors
    /// The backup bucket rejects a request. If only the audit-log bucket does, a real backup continues, and a dry run
    /// fails.
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
        match asked.await {
            Err(error) if self.order.dry_run => Err(RecordError::from(error).into()),
            Err(error) => {
                let (name, bucket, why) = (&sponsor.name, vault.audit_logs.bucket(), error.in_short());
                let what = format!("cannot use audit-log bucket {bucket}: {why}. The backup continues.");
                self.edge.sink.line(&format!("warning: {name}: {what}"));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Keys have a resolution of one second. If this second's key is taken, the backup uses the next free one.
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
