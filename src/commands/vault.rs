//! A sponsor's two buckets, and the guard that no two sponsors of a run share a bucket or a database.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::Edge;
use super::attempts::Place;
use crate::archive::key::{self, Keeping, Object};
use crate::archive::s3::policy::{self, Purpose};
use crate::archive::s3::{
    ByDefault, Caller, Endpoint, Labels, Lock, LockChoice, Locked, Session, session_name,
};
use crate::archive::{ArchiveError, Store};
use crate::cli::order::{Deployment, Scope};
use crate::dump::Connection;
use crate::secrets::{AwsCredentials, SecretsError, SponsorSecrets};
use crate::sponsors::{Environment, Sponsor};

/// The buckets of one sponsor.
#[derive(Debug)]
pub(super) struct Vault {
    pub(super) backups: Store,
    pub(super) audit_logs: Store,
    /// Whose name requests are signed in, for people.
    pub(super) signed_by: String,
}

/// What leads to a sponsor's buckets.
pub(super) struct Way<'a> {
    pub(super) scope: &'a Scope,
    pub(super) edge: &'a Edge,
    pub(super) endpoint: &'a Endpoint,
    pub(super) sponsor: &'a str,
    /// A session of a role can do no more than this.
    pub(super) purpose: Purpose,
}

impl Vault {
    pub(super) fn open(way: &Way<'_>, secrets: &SponsorSecrets) -> Self {
        let caller = Caller::new(&secrets.region, &secrets.aws, &way.session(secrets));
        let open = |bucket: &str| Store::open(way.endpoint, bucket, &caller);
        Self {
            backups: open(&secrets.backups_bucket),
            audit_logs: open(&secrets.audit_logs_bucket),
            signed_by: secrets.aws.told(),
        }
    }
}

impl Vault {
    /// Where the sponsor's attempts at a backup are. An upload that was begun longer ago than `patience` is over.
    pub(super) fn place<'a>(
        &self,
        (sponsor, environment): (&'a Sponsor, Environment),
        patience: Duration,
        edge: &'a Edge,
    ) -> Place<'a> {
        let (backups, audit_logs) = (self.backups.clone(), self.audit_logs.clone());
        Place { backups, audit_logs, sponsor, environment, patience, edge }
    }
}

impl Way<'_> {
    fn session(&self, secrets: &SponsorSecrets) -> Session {
        let AwsCredentials::Role { arn, .. } = &secrets.aws else { return Session::default() };
        let place = policy::Place {
            role: arn,
            region: &secrets.region,
            backups: &secrets.backups_bucket,
            audit_logs: &secrets.audit_logs_bucket,
            environment: self.scope.environment,
        };
        Session {
            name: session_name(self.sponsor, self.edge.run.run_id.as_deref()),
            policy: policy::policy(self.purpose, place),
            sts_endpoint_url: self.scope.sts_endpoint_url.clone(),
        }
    }
}

/// What is written beside the bytes of a backup or a record.
pub(super) struct Labelling<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) edge: &'a Edge,
    pub(super) environment: Environment,
    pub(super) pre_migration: bool,
    /// Whether something is left out of the backup on purpose.
    pub(super) partial: bool,
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
        let Self { deployment, edge, environment, pre_migration, partial, at } = *self;
        let retention_years = deployment.retention_years;
        let keeping =
            Keeping { sponsor: &sponsor.name, environment, pre_migration, retention_years, partial };
        let (lock, by_default) = self.lock(store, sponsor).await?;
        Ok(Labels {
            tags: key::tags(object, keeping),
            metadata: key::metadata(&[
                ("git-sha", edge.run.commit_sha.as_deref()),
                ("deployer", edge.run.actor.as_deref()),
                ("timestamp", Some(&at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
                ("version", deployment.version.as_deref()),
                ("reason", deployment.reason.as_deref()),
            ]),
            lock,
            by_default,
            storage_class: None,
            content_type: "application/json",
        })
    }

    /// Who may write into a bucket may not always ask how it locks. Where nobody asked for a certain lock either, the
    /// bucket's own default then applies, and what it did shows when the object is read back.
    async fn lock(
        &self,
        store: &Store,
        sponsor: &Sponsor,
    ) -> Result<(Option<Lock>, ByDefault), ArchiveError> {
        match store.lock(self.deployment.lock, self.at, self.deployment.retention_years).await {
            Err(error) if self.deployment.lock == LockChoice::Auto && error.is_access_denied() => {
                let note = "no lock is asked for; the bucket's own default applies";
                self.edge.sink.line(&format!("{}: {error}; {note}", sponsor.name));
                Ok((None, ByDefault::Unknown))
            }
            lock => lock,
        }
    }

    /// What is wrong with the lock of a backup that was read back. Production promises to keep what it stores.
    pub(super) fn not_locked(&self, bucket: &str, lock: &Locked) -> Option<String> {
        if self.environment != Environment::Production {
            return None;
        }
        match lock {
            Locked::Until(_) => None,
            Locked::No if self.deployment.lock == LockChoice::Off => Some(
                "not locked, by `object-lock: off`: the backup can be deleted before its time".to_owned(),
            ),
            Locked::No => Some(format!(
                "not locked: the backup can be deleted before its time. Enable Object Lock on bucket {bucket}, and grant \
                 s3:GetBucketObjectLockConfiguration on it"
            )),
            Locked::Unknown => Some(format!(
                "not locked, as far as S3 shows: grant s3:GetObjectRetention on the objects of bucket {bucket}, and \
                 s3:GetBucketObjectLockConfiguration on the bucket"
            )),
        }
    }
}

/// What sponsors of this run use. A secret copied from another sponsor's project would put one tenant's data into
/// another's bucket. Only partners may share, see [`Sponsor::partners`].
#[derive(Debug)]
pub(super) struct Claims {
    buckets: Mutex<BTreeMap<String, Vec<String>>>,
    /// By each name of their hosts.
    databases: Mutex<BTreeMap<String, Vec<(String, Connection)>>>,
    /// Every sponsor of the manifest, selected or not.
    known: Vec<String>,
}

/// How buckets are called: the sponsor's name and the region follow.
const CONVENTION: [&str; 2] = ["hht-diary-backups-", "hht-diary-audit-logs-"];

impl Claims {
    pub(super) fn new(known: Vec<String>) -> Self {
        Self { buckets: Mutex::default(), databases: Mutex::default(), known }
    }

    pub(super) fn buckets(&self, sponsor: &Sponsor, secrets: &SponsorSecrets) -> Result<(), SecretsError> {
        for bucket in [&secrets.backups_bucket, &secrets.audit_logs_bucket] {
            if let Some(owner) = self.owner_by_name(bucket).filter(|owner| is_stranger(sponsor, owner)) {
                return Err(SecretsError::Foreign { bucket: bucket.clone(), owner: owner.to_owned() });
            }
            let mut claimed = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
            let users = claimed.entry(bucket.clone()).or_default();
            if let Some(other) = users.iter().find(|user| is_stranger(sponsor, user)) {
                let what = format!("bucket {bucket}");
                return Err(SecretsError::Shared { what, other: other.clone() });
            }
            users.push(sponsor.name.clone());
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

    /// Databases are compared by host, port and name, see [`Connection::is_same_database`]; two users of one database
    /// have one database. Addresses do not count here, unlike where a live database could be overwritten: many servers
    /// of a cloud stand behind one, and their databases often have one name.
    pub(super) fn database(&self, sponsor: &Sponsor, connection: &Connection) -> Result<(), SecretsError> {
        let (ours, theirs) = (BTreeSet::new(), BTreeSet::new());
        let mut claimed = self.databases.lock().unwrap_or_else(PoisonError::into_inner);
        for host in connection.hosts() {
            let users = claimed.entry(host).or_default();
            let is_same = |other: &Connection| connection.is_same_database(other, &ours, &theirs);
            let is_foreign =
                |(user, other): &&(String, Connection)| is_stranger(sponsor, user) && is_same(other);
            if let Some((other, _)) = users.iter().find(is_foreign) {
                let what = format!("database {}", connection.place());
                return Err(SecretsError::Shared { what, other: other.clone() });
            }
            users.push((sponsor.name.clone(), connection.clone()));
        }
        Ok(())
    }
}

/// Whether the other one is neither the sponsor itself nor a partner.
fn is_stranger(sponsor: &Sponsor, other: &str) -> bool {
    sponsor.name != other && !sponsor.partners.contains(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sponsor(name: &str, partners: &[&str]) -> Sponsor {
        let partners = partners.iter().map(|name| (*name).to_owned()).collect();
        Sponsor { name: name.to_owned(), code: "ABC".to_owned(), region: None, partners }
    }

    #[test]
    fn what_one_sponsor_uses_no_other_may() {
        let claims = Claims::new(Vec::new());
        let claim = |name: &str, url: &str| {
            let connection = Connection::parse(&secrecy::SecretString::from(url)).unwrap();
            claims.database(&sponsor(name, &[]), &connection).map_err(|error| error.to_string())
        };
        assert_eq!(claim("callisto", "postgres://app@db.example/app"), Ok(()));
        assert_eq!(claim("callisto", "postgres://app@db.example/app"), Ok(()));
        assert_eq!(claim("titan", "postgres://app@db.example/other"), Ok(()));
        assert_eq!(claim("titan", "postgres://app@db.example:5433/app"), Ok(()));
        // Another user, another way to write the host, one of several hosts: the same database.
        for url in [
            "postgres://app@db.example/app",
            "postgres://titan@db.example/app",
            "postgres://titan@DB.example.:5432/app?sslmode=require",
            "postgres://titan@elsewhere/app?host=standby.example,db.example",
        ] {
            let told = claim("titan", url).unwrap_err();
            assert!(told.ends_with("is already used by sponsor callisto in this run"), "{url}: {told}");
        }
        assert_eq!(claim("callisto", "postgres://app@localhost/app"), Ok(()));
        assert!(claim("titan", "postgres://app@127.0.0.1/app").is_err());
        // Behind a pooler of Supabase only the user tells projects apart.
        assert_eq!(
            claim("callisto", "postgres://postgres.abc@aws-0-eu.pooler.supabase.com/postgres"),
            Ok(())
        );
        assert_eq!(claim("titan", "postgres://postgres.xyz@aws-0-eu.pooler.supabase.com/postgres"), Ok(()));
        assert!(claim("rhea", "postgres://postgres.xyz@aws-0-eu.pooler.supabase.com/postgres").is_err());
    }

    #[test]
    fn partners_may_share_and_a_third_who_is_none_of_both_may_not() {
        let claims = Claims::new(["callisto", "titan", "rhea"].map(str::to_owned).to_vec());
        let claim = |sponsor: &Sponsor| {
            let url = secrecy::SecretString::from("postgres://app@db.example/app");
            claims.database(sponsor, &Connection::parse(&url).unwrap()).map_err(|error| error.to_string())
        };
        assert_eq!(claim(&sponsor("callisto", &["titan"])), Ok(()));
        assert_eq!(claim(&sponsor("titan", &["callisto", "rhea"])), Ok(()));
        let told = claim(&sponsor("rhea", &["titan"])).unwrap_err();
        assert_eq!(told, "database db.example:5432/app is already used by sponsor callisto in this run");
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
