//! A sponsor's two stores.

use jiff::Timestamp;

use super::RunContext;
use crate::cli::options::{CommonOptions, Deployment};
use crate::layout::key::{self, Object};
use crate::layout::tags::{TagValues, tags};
use crate::secrets::{Ability, AwsAccess, AwsCredentials, SponsorSecrets, StoreName};
use crate::sponsors::{Environment, Sponsor};
use crate::store::s3::policy::{self, Purpose};
use crate::store::{
    AwsSession, BucketDefault, Caller, Endpoint, LockChoice, LockState, ObjectAttributes, ObjectLock, Store,
    StoreAccess, StoreError, session_name,
};

/// The stores of one sponsor.
#[derive(Debug)]
pub(super) struct SponsorBuckets {
    pub(super) backups: Store,
    pub(super) audit_logs: Store,
    /// The first by name.
    pub(super) backups_name: StoreName,
    /// The credentials that sign requests, for the log. `None` if no request is signed.
    pub(super) signed_by: Option<String>,
}

/// What is needed to open a sponsor's stores.
pub(super) struct BucketAccess<'a> {
    pub(super) common: &'a CommonOptions,
    pub(super) context: &'a RunContext,
    pub(super) endpoint: &'a Endpoint,
    pub(super) sponsor: &'a Sponsor,
    /// Limits the session of a role.
    pub(super) purpose: Purpose,
}

impl SponsorBuckets {
    /// # Errors
    /// One of the stores cannot be opened.
    pub(super) fn open(way: &BucketAccess<'_>, secrets: &SponsorSecrets) -> Result<Self, StoreError> {
        let ([backups, audit_logs], signed_by) = Self::open_each(way, secrets);
        let backups_name = secrets.backups.clone();
        Ok(Self { backups: backups?, audit_logs: audit_logs?, backups_name, signed_by })
    }

    /// The store of the backups and that of the records, and the credentials that sign requests.
    pub(super) fn open_each(
        way: &BucketAccess<'_>,
        secrets: &SponsorSecrets,
    ) -> ([Result<Store, StoreError>; 2], Option<String>) {
        let SponsorSecrets { backups, audit_logs, aws, named_by, .. } = secrets;
        // One caller for both, so that they share a session.
        let caller = aws.as_ref().map(|aws| way.caller(buckets(secrets), aws));
        let access = way.access(caller.as_ref());
        let is_shared = !way.sponsor.partners.is_empty();
        let open =
            |name: &StoreName, secret| Ok(Store::open(name, access)?.named_by(secret).shared(is_shared));
        let stores = [open(backups, named_by[0]), open(audit_logs, named_by[1])];
        (stores, aws.as_ref().map(|aws| aws.credentials.describe()))
    }
}

impl BucketAccess<'_> {
    /// A store that no secret names. `aws` is not needed for a folder.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) fn open(&self, name: &StoreName, aws: Option<&AwsAccess>) -> Result<Store, StoreError> {
        let bucket = name.bucket().unwrap_or_default();
        let caller = aws.map(|aws| self.caller([bucket, bucket], aws));
        let is_shared = !self.sponsor.partners.is_empty();
        Ok(Store::open(name, self.access(caller.as_ref()))?.shared(is_shared))
    }

    fn access<'s>(&'s self, caller: Option<&'s Caller>) -> StoreAccess<'s> {
        StoreAccess { endpoint: self.endpoint, caller, surroundings: &self.context.surroundings }
    }

    fn caller(&self, buckets: [&str; 2], aws: &AwsAccess) -> Caller {
        Caller::new(&aws.region, &aws.credentials, &self.session(buckets, aws))
    }

    fn session(&self, [backups, audit_logs]: [&str; 2], aws: &AwsAccess) -> AwsSession {
        let AwsCredentials::Role { arn, .. } = &aws.credentials else { return AwsSession::default() };
        let environment = self.common.environment;
        let place = policy::Place { role: arn, region: &aws.region, backups, audit_logs, environment };
        AwsSession {
            name: session_name(&self.sponsor.name, self.context.run.run_id.as_deref()),
            policy: policy::policy(self.purpose, place),
            sts_endpoint_url: self.common.sts_endpoint_url.clone(),
        }
    }
}

/// The buckets that a role's session can use. If the other store is a folder, one bucket counts twice: the policy then
/// allows nothing outside of it.
fn buckets(secrets: &SponsorSecrets) -> [&str; 2] {
    let (backups, audit_logs) = (secrets.backups.bucket(), secrets.audit_logs.bucket());
    // Two folders come without credentials. No bucket has an empty name, so even then the policy would allow nothing.
    [backups.or(audit_logs).unwrap_or_default(), audit_logs.or(backups).unwrap_or_default()]
}

/// What a bucket's Object Lock settings make of an object.
pub(super) type BucketLock = (Option<ObjectLock>, BucketDefault);

/// Source of the tags, metadata and lock of a backup or a record.
pub(super) struct AttributeSource<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) context: &'a RunContext,
    pub(super) environment: Environment,
    pub(super) pre_migration: bool,
    /// Whether something is left out of the backup on purpose.
    pub(super) partial: bool,
    pub(super) at: Timestamp,
}

impl AttributeSource<'_> {
    /// The tags, metadata and lock of an object.
    pub(super) fn attributes(
        &self,
        sponsor: &Sponsor,
        object: Object<'_>,
        (lock, by_default): BucketLock,
    ) -> ObjectAttributes {
        let Self { deployment, context, environment, pre_migration, partial, at } = *self;
        let retention_years = deployment.retention_years;
        let [version, reason] = [&deployment.version, &deployment.reason]
            .map(|text| text.as_ref().map(|text| text.redacted(&context.sink)));
        let values =
            TagValues { sponsor: &sponsor.name, environment, pre_migration, retention_years, partial };
        ObjectAttributes {
            tags: tags(object, values),
            metadata: key::metadata(&[
                ("git-sha", context.run.commit_sha.as_deref()),
                ("deployer", context.run.actor.as_deref()),
                ("timestamp", Some(&at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
                ("version", version.as_deref()),
                ("reason", reason.as_deref()),
            ]),
            lock,
            by_default,
            storage_class: None,
            content_type: "application/json",
        }
    }

    /// The permission to write does not include the one to read the Object Lock settings. With `object-lock: auto`, the
    /// bucket's default then applies, and reading back the object shows what it did.
    ///
    /// # Errors
    /// The bucket's Object Lock settings cannot be read.
    pub(super) async fn ask_lock(&self, store: &Store, sponsor: &Sponsor) -> Result<BucketLock, StoreError> {
        match store.resolve_lock(self.deployment.lock, self.at, self.deployment.retention_years).await {
            Err(error) if self.deployment.lock == LockChoice::Auto && error.is_access_denied() => {
                let note = "the bucket's default lock applies";
                self.context.sink.line(&format!("{}: {error}; {note}", sponsor.name));
                Ok((None, BucketDefault::Unknown))
            }
            lock => lock,
        }
    }

    /// The warning about the lock of a backup that was read back. Production must keep what it stores.
    pub(super) fn not_locked(&self, store: &StoreName, lock: &LockState) -> Option<String> {
        if self.environment != Environment::Production {
            return None;
        }
        let place = store.words();
        match lock {
            LockState::Until(_) => None,
            LockState::No if self.deployment.lock == LockChoice::Off => {
                Some("not locked, as `object-lock: off` requests: the backup can be deleted early".to_owned())
            }
            LockState::No | LockState::Unknown if !store.has(Ability::Locks) => Some(format!(
                "not locked: the backup can be deleted early, because {place} has no Object Lock. Keep a copy in a \
                 bucket with Object Lock"
            )),
            LockState::No => Some(format!(
                "not locked: the backup can be deleted early. Enable Object Lock on {place}, and grant \
                 s3:GetBucketObjectLockConfiguration on it"
            )),
            LockState::Unknown => Some(format!(
                "not locked, as far as S3 shows: grant s3:GetObjectRetention on the objects of {place}, and \
                 s3:GetBucketObjectLockConfiguration on the bucket"
            )),
        }
    }
}

/// Until when the backup cannot be deleted, for people.
pub(super) fn locked_until(lock: &LockState) -> Option<String> {
    match (lock, lock.until()) {
        (LockState::No, _) => Some("not locked".to_owned()),
        (_, Some(until)) => Some(format!("{} ({})", until.strftime("%Y-%m-%d"), lock.name())),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
