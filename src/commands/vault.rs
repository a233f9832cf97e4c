//! A sponsor's two buckets, and the guard that no two sponsors of a run share a bucket or a database.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::Edge;
use crate::archive::key::{self, Keeping, Object};
use crate::archive::s3::{Endpoint, Labels, Lock, LockChoice};
use crate::archive::{ArchiveError, Store};
use crate::cli::order::Deployment;
use crate::dump::Connection;
use crate::secrets::{SecretsError, SponsorSecrets};
use crate::sponsors::{Environment, Sponsor};

/// The buckets of one sponsor.
#[derive(Debug)]
pub(super) struct Vault {
    pub(super) backups: Store,
    pub(super) audit_logs: Store,
}

impl Vault {
    pub(super) fn open(endpoint: &Endpoint, secrets: &SponsorSecrets) -> Self {
        let open = |bucket: &str| Store::open(endpoint, bucket, &secrets.region, &secrets.aws);
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
        Ok(Labels {
            tags: key::tags(object, keeping),
            metadata: key::metadata(&[
                ("git-sha", edge.run.commit_sha.as_deref()),
                ("deployer", edge.run.actor.as_deref()),
                ("timestamp", Some(&at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
                ("version", deployment.version.as_deref()),
                ("reason", deployment.reason.as_deref()),
            ]),
            lock: self.lock(store, sponsor).await?,
            storage_class: None,
            content_type: "application/json",
        })
    }

    /// Who may write into a bucket may not always ask how it locks. Where nobody asked for a certain lock either, the
    /// bucket's own default then applies, and that is said.
    async fn lock(&self, store: &Store, sponsor: &Sponsor) -> Result<Option<Lock>, ArchiveError> {
        match store.lock(self.deployment.lock, self.at, self.deployment.retention_years).await {
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
#[derive(Debug)]
pub(super) struct Claims {
    claimed: Mutex<BTreeMap<String, String>>,
    /// Every sponsor of the manifest, selected or not.
    known: Vec<String>,
}

/// How buckets are called: the sponsor's name and the region follow.
const CONVENTION: [&str; 2] = ["hht-diary-backups-", "hht-diary-audit-logs-"];

impl Claims {
    pub(super) fn new(known: Vec<String>) -> Self {
        Self { claimed: Mutex::default(), known }
    }

    pub(super) fn buckets(&self, sponsor: &str, secrets: &SponsorSecrets) -> Result<(), SecretsError> {
        for bucket in [&secrets.backups_bucket, &secrets.audit_logs_bucket] {
            match self.owner_by_name(bucket) {
                Some(owner) if owner != sponsor => {
                    return Err(SecretsError::Foreign { bucket: bucket.clone(), owner: owner.to_owned() });
                }
                _ => self.claim(format!("bucket {bucket}"), sponsor)?,
            }
        }
        Ok(())
    }

    /// The sponsor whose bucket this is by the convention. `io-2` also begins as `io` does: the longest name counts.
    fn owner_by_name(&self, bucket: &str) -> Option<&str> {
        let rest = CONVENTION.iter().find_map(|prefix| bucket.strip_prefix(prefix))?;
        let names = self.known.iter().map(String::as_str);
        let fits = |name: &&str| rest.strip_prefix(name).is_some_and(|region| region.starts_with('-'));
        names.filter(fits).max_by_key(|name| name.len())
    }

    /// The user counts: behind a pooler, it alone tells one sponsor's database from another's.
    pub(super) fn database(&self, sponsor: &str, connection: &Connection) -> Result<(), SecretsError> {
        self.claim(format!("database {} as {}", connection.place(), connection.user()), sponsor)
    }

    fn claim(&self, what: String, sponsor: &str) -> Result<(), SecretsError> {
        let mut claims = self.claimed.lock().unwrap_or_else(PoisonError::into_inner);
        let owner = claims.entry(what.clone()).or_insert_with(|| sponsor.to_owned());
        if owner == sponsor { Ok(()) } else { Err(SecretsError::Shared { what, other: owner.clone() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_sponsor_uses_no_other_may() {
        let claims = Claims::new(Vec::new());
        let claim = |sponsor: &str, url: &str| {
            claims.database(sponsor, &Connection::parse(&secrecy::SecretString::from(url)).unwrap())
        };
        assert!(claim("callisto", "postgres://app@db/app").is_ok());
        assert!(claim("callisto", "postgres://app@db/app").is_ok());
        assert!(claim("titan", "postgres://app@db/other").is_ok());
        let error = claim("titan", "postgres://app@db/app").unwrap_err().to_string();
        assert_eq!(error, "database db:5432/app as app is already used by sponsor callisto in this run");
        // Behind a pooler of Supabase only the user differs.
        assert!(claim("callisto", "postgres://postgres.abc@aws-0-eu.pooler.supabase.com/postgres").is_ok());
        assert!(claim("titan", "postgres://postgres.xyz@aws-0-eu.pooler.supabase.com/postgres").is_ok());
    }

    #[test]
    fn a_bucket_that_is_called_after_another_sponsor_is_its_own() {
        let claims = Claims::new(["io", "io-2", "rhea"].map(str::to_owned).to_vec());
        for (bucket, owner) in [
            ("hht-diary-backups-io-eu-west-1", Some("io")),
            ("hht-diary-backups-io-2-eu-west-1", Some("io-2")),
            ("hht-diary-audit-logs-rhea-eu-west-1", Some("rhea")),
            ("hht-diary-backups-rheas-eu-west-1", None),
            ("somewhere-else", None),
        ] {
            assert_eq!(claims.owner_by_name(bucket), owner, "{bucket}");
        }
    }
}
