//! A sponsor's two buckets, and the guard that no two sponsors of a run share a bucket or a database.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::Edge;
use crate::archive::key::{self, Keeping, Object};
use crate::archive::retention::retain_until;
use crate::archive::s3::{Labels, Lock, LockChoice};
use crate::archive::{ArchiveError, Store};
use crate::cli::order::Deployment;
use crate::secrets::{SecretsError, SponsorSecrets};
use crate::sponsors::{Environment, Sponsor};

/// The buckets of one sponsor.
#[derive(Debug)]
pub(super) struct Vault {
    pub(super) backups: Store,
    pub(super) audit_logs: Store,
}

impl Vault {
    pub(super) fn open(deployment: &Deployment, secrets: &SponsorSecrets) -> Self {
        let open = |bucket: &str| Store::open(&deployment.endpoint, bucket, &secrets.region, &secrets.aws);
        Self { backups: open(&secrets.backups_bucket), audit_logs: open(&secrets.audit_logs_bucket) }
    }
}

/// What is written beside the bytes of a backup or a record.
pub(super) struct Labelling<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) edge: &'a Edge,
    pub(super) environment: Environment,
    pub(super) pre_migration: bool,
    pub(super) at: Timestamp,
}

impl Labelling<'_> {
    /// # Errors
    /// The bucket does not say how it locks.
    pub(super) async fn labels(
        &self,
        store: &Store,
        sponsor: &Sponsor,
        object: Object<'_>,
    ) -> Result<Labels, ArchiveError> {
        let Self { deployment, edge, environment, pre_migration, at } = *self;
        let retention_years = deployment.retention_years;
        let keeping = Keeping { sponsor: &sponsor.name, environment, pre_migration, retention_years };
        let until = retention_years.and_then(|years| retain_until(at, years));
        Ok(Labels {
            tags: key::tags(object, keeping),
            metadata: key::metadata(&[
                ("git-sha", edge.run.commit_sha.as_deref()),
                ("deployer", edge.run.actor.as_deref()),
                ("timestamp", Some(&at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
                ("version", deployment.version.as_deref()),
                ("reason", deployment.reason.as_deref()),
            ]),
            lock: self.lock(store, sponsor, until).await?,
            storage_class: None,
            content_type: "application/json",
        })
    }
}

impl Labelling<'_> {
    /// Who may write into a bucket may not always ask how it locks. Where nobody asked for a certain lock either, the
    /// bucket's own default then applies, and that is said.
    async fn lock(
        &self,
        store: &Store,
        sponsor: &Sponsor,
        until: Option<Timestamp>,
    ) -> Result<Option<Lock>, ArchiveError> {
        match store.lock(self.deployment.lock, until).await {
            Err(error) if self.deployment.lock == LockChoice::Auto && error.is_access_denied() => {
                let note = "no lock is asked for; the bucket's own default applies";
                self.edge.sink.line(&format!("{}: {error}; {note}", sponsor.name));
                Ok(None)
            }
            lock => lock,
        }
    }
}

/// What sponsors of this run use, and who came first. A secret copied from another sponsor's project would put one
/// tenant's data into another's bucket.
#[derive(Debug, Default)]
pub(super) struct Claims(Mutex<BTreeMap<String, String>>);

impl Claims {
    pub(super) fn buckets(&self, sponsor: &str, secrets: &SponsorSecrets) -> Result<(), SecretsError> {
        self.claim(format!("bucket {}", secrets.backups_bucket), sponsor)?;
        self.claim(format!("bucket {}", secrets.audit_logs_bucket), sponsor)
    }

    pub(super) fn database(&self, sponsor: &str, place: &str) -> Result<(), SecretsError> {
        self.claim(format!("database {place}"), sponsor)
    }

    fn claim(&self, what: String, sponsor: &str) -> Result<(), SecretsError> {
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = claims.entry(what.clone()).or_insert_with(|| sponsor.to_owned());
        if owner == sponsor { Ok(()) } else { Err(SecretsError::Shared { what, other: owner.clone() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_sponsor_uses_no_other_may() {
        let claims = Claims::default();
        assert!(claims.database("callisto", "db:5432/app").is_ok());
        assert!(claims.database("callisto", "db:5432/app").is_ok());
        assert!(claims.database("titan", "db:5432/other").is_ok());
        let error = claims.database("titan", "db:5432/app").unwrap_err();
        assert_eq!(error.to_string(), "database db:5432/app is already used by sponsor callisto in this run");
    }
}
