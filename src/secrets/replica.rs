//! A sponsor's stores in another region, which S3 keeps as replicas of its own ones. Pure.

use super::aws::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, SecretReader};
use super::place::{BUCKET, REGION as REGION_FORM};
use super::{AwsAccess, Place, RawSecrets, SecretsError, SponsorSecrets, StoreName, odd_character};

/// Name of the secret that names the replica of the backups' bucket.
const BACKUPS_REPLICA_BUCKET: &str = "SPONSOR_BACKUPS_REPLICA_BUCKET";
/// Name of the secret that names the replica of the records' bucket.
const AUDIT_LOGS_REPLICA_BUCKET: &str = "SPONSOR_AUDIT_LOGS_REPLICA_BUCKET";
/// Name of the secret that holds the replicas' region.
const REPLICA_REGION: &str = "SPONSOR_REPLICA_REGION";

/// The secrets that name replicas.
pub const NAMES: [&str; 3] = [BACKUPS_REPLICA_BUCKET, AUDIT_LOGS_REPLICA_BUCKET, REPLICA_REGION];

impl SponsorSecrets {
    /// The same with the replicas in place of the sponsor's own buckets.
    ///
    /// # Errors
    /// A secret is missing, empty or malformed.
    pub fn of_replica(&self, place: &Place, raw: &RawSecrets) -> Result<Self, SecretsError> {
        let mut found = SecretReader::new(raw);
        let [backups, audit_logs, region] = NAMES.map(|name| found.text(name));
        let missing = found.missing();
        if !missing.is_empty() {
            return Err(place.lacks(missing, None));
        }
        if let Some(problem) = odd_character(&region, "-") {
            return Err(place.malformed(REPLICA_REGION, &REGION_FORM, &problem));
        }
        let backups = self.replica_bucket(place, BACKUPS_REPLICA_BUCKET, &backups)?;
        let audit_logs = self.replica_bucket(place, AUDIT_LOGS_REPLICA_BUCKET, &audit_logs)?;
        // The sponsor's own stores are folders.
        let Some(AwsAccess { credentials, .. }) = self.aws.clone() else {
            return Err(place.lacks(vec![ACCESS_KEY_ID.to_owned(), SECRET_ACCESS_KEY.to_owned()], None));
        };
        let aws = Some(AwsAccess { region, credentials });
        let named_by = [BACKUPS_REPLICA_BUCKET, AUDIT_LOGS_REPLICA_BUCKET];
        let replaced = vec![self.backups.clone(), self.audit_logs.clone()];
        Ok(Self { backups, audit_logs, aws, replaced, named_by, ..self.clone() })
    }

    /// A drill of the sponsor's own bucket would prove no replica.
    fn replica_bucket(
        &self,
        place: &Place,
        name: &'static str,
        text: &str,
    ) -> Result<StoreName, SecretsError> {
        let replica = bucket(place, name, text)?;
        let is_own =
            [&self.backups, &self.audit_logs].into_iter().any(|own| own.bucket() == replica.bucket());
        if is_own {
            Err(place.malformed(name, &BUCKET, "it is a bucket of the sponsor itself"))
        } else {
            Ok(replica)
        }
    }
}

/// S3 replicates into buckets only.
fn bucket(place: &Place, name: &'static str, text: &str) -> Result<StoreName, SecretsError> {
    match StoreName::parse(text) {
        Ok(store) if store.bucket().is_some() => Ok(store),
        Ok(_) => Err(place.malformed(name, &BUCKET, "it is a folder")),
        Err(misfit) => Err(place.malformed(name, misfit.form(), misfit.problem())),
    }
}
