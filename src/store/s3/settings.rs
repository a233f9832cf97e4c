//! What a bucket's settings are, one request each. `preflight` judges them.

use aws_sdk_s3::types::{
    LifecycleRule, LifecycleRuleFilter, ReplicationRuleStatus, ServerSideEncryption, Type,
};

use super::S3Bucket;
use super::lock::time;
use crate::store::StoreError;
use crate::store::s3::lifecycle::{Filter, Rule, When};

/// The header with a bucket's region, in answers to HeadBucket, rejected ones too.
const REGION_HEADER: &str = "x-amz-bucket-region";
/// Groups of ACLs that are everybody.
const EVERYBODY: [&str; 2] = [
    "http://acs.amazonaws.com/groups/global/AllUsers",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
];

/// What HeadBucket shows.
#[derive(Debug, Clone)]
pub enum BucketSighting {
    /// It exists and the credentials may list it. Its region, if S3 names it.
    Here(Option<String>),
    /// S3 sends its requests to another region, if S3 names it.
    Elsewhere(Option<String>),
    /// It does not exist.
    Missing,
    /// S3 denies the answer, without a reason: a HEAD has no body. The permission may be missing, the owner may be another
    /// one, or the credentials may be invalid.
    Denied,
}

/// Default encryption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// Whether S3 asks KMS once for many objects.
    pub bucket_key: bool,
}

/// The four settings of the public access block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PublicAccessBlock {
    /// `BlockPublicAcls`
    pub block_acls: bool,
    /// `IgnorePublicAcls`
    pub ignore_acls: bool,
    /// `BlockPublicPolicy`
    pub block_policy: bool,
    /// `RestrictPublicBuckets`
    pub restrict_buckets: bool,
}

/// Default retention of a bucket with Object Lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DefaultRetention {
    /// Compliance or governance mode.
    pub compliance: bool,
    /// How long, in days; a year counts as 365.
    pub days: u32,
}

/// A replication rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replication {
    /// Start of the keys; empty for all.
    pub prefix: String,
    /// Whether a filter by tags narrows it.
    pub narrowed: bool,
    /// ARN of the other bucket.
    pub destination: String,
}

impl S3Bucket {
    /// Whether the bucket exists, and where.
    ///
    /// # Errors
    /// S3 does not answer.
    pub async fn sight(&self) -> Result<BucketSighting, StoreError> {
        self.sight_as(self.owner.clone()).await
    }

    /// Whether these credentials reach the bucket, but it belongs to another account than the expected one, which it
    /// returns.
    pub async fn other_owner(&self) -> Option<&str> {
        let expected = self.owner.as_deref()?;
        let sighted = self.sight_as(None).await;
        matches!(sighted, Ok(BucketSighting::Here(_))).then_some(expected)
    }

    /// The account that must own the bucket, if one is expected.
    #[must_use]
    pub fn expected_owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    fn signing_region(&self) -> Option<String> {
        self.client.config().region().map(ToString::to_string)
    }

    async fn sight_as(&self, owner: Option<String>) -> Result<BucketSighting, StoreError> {
        let request = self.client.head_bucket().bucket(&self.bucket).set_expected_bucket_owner(owner);
        let error = match request.send().await {
            Ok(head) => return Ok(BucketSighting::Here(head.bucket_region)),
            Err(error) => error,
        };
        let header = error.raw_response().and_then(|answer| answer.headers().get(REGION_HEADER));
        let region = header.map(str::to_owned);
        match self.failed("HeadBucket", "", error) {
            StoreError::S3 { status: 404, .. } => Ok(BucketSighting::Missing),
            StoreError::S3 { status: 301 | 307, .. } => Ok(BucketSighting::Elsewhere(region)),
            // A request that is signed for another region. With an expired token, the region is the right one.
            StoreError::S3 { status: 400, .. } if region.is_some() && region != self.signing_region() => {
                Ok(BucketSighting::Elsewhere(region))
            }
            StoreError::S3 { status: 400 | 403, .. } => Ok(BucketSighting::Denied),
            error => Err(error),
        }
    }

    /// The bucket's region.
    ///
    /// # Errors
    /// S3 refuses.
    pub async fn region(&self) -> Result<String, StoreError> {
        let request = self.client.get_bucket_location().bucket(&self.bucket);
        let answer = request.set_expected_bucket_owner(self.owner.clone()).send().await;
        let answer = answer.map_err(|error| self.failed("GetBucketLocation", "", error))?;
        Ok(match answer.location_constraint.as_ref().map(|found| found.as_str()) {
            None | Some("") => "us-east-1".to_owned(),
            // The oldest buckets of Ireland.
            Some("EU") => "eu-west-1".to_owned(),
            Some(region) => region.to_owned(),
        })
    }

    /// Default encryption; `None` if none is configured.
    ///
    /// # Errors
    /// S3 refuses.
    pub async fn encryption(&self) -> Result<Option<Encryption>, StoreError> {
        let request = self.client.get_bucket_encryption().bucket(&self.bucket);
        let answer = request.set_expected_bucket_owner(self.owner.clone()).send().await;
        let answer = answer.map_err(|error| self.failed("GetBucketEncryption", "", error));
        let Some(answer) = unless("ServerSideEncryptionConfigurationNotFoundError", answer)? else {
            return Ok(None);
        };
        let rules = answer.server_side_encryption_configuration.map(|found| found.rules);
        Ok(rules.into_iter().flatten().find_map(|rule| {
            let algorithm: ServerSideEncryption = rule.apply_server_side_encryption_by_default?.sse_algorithm;
            let bucket_key = rule.bucket_key_enabled == Some(true);
            Some(Encryption { algorithm: algorithm.as_str().to_owned(), bucket_key })
        }))
    }

    /// The public access block of the bucket itself; all off if there is none.
    ///
    /// # Errors
    /// S3 refuses.
    pub async fn public_access_block(&self) -> Result<PublicAccessBlock, StoreError> {
        let request = self.client.get_public_access_block().bucket(&self.bucket);
        let answer = request.set_expected_bucket_owner(self.owner.clone()).send().await;
        let answer = answer.map_err(|error| self.failed("GetPublicAccessBlock", "", error));
        let answer = unless("NoSuchPublicAccessBlockConfiguration", answer)?;
        let found = answer.and_then(|answer| answer.public_access_block_configuration);
        Ok(found.map_or_else(PublicAccessBlock::default, |found| PublicAccessBlock {
            block_acls: found.block_public_acls == Some(true),
            ignore_acls: found.ignore_public_acls == Some(true),
            block_policy: found.block_public_policy == Some(true),
            restrict_buckets: found.restrict_public_buckets == Some(true),
        }))
    }

    /// Whether S3 counts the bucket's policy as public. A bucket without a policy is not.
    ///
    /// # Errors
    /// S3 refuses.
    pub async fn has_public_policy(&self) -> Result<bool, StoreError> {
        let request = self.client.get_bucket_policy_status().bucket(&self.bucket);
        let answer = request.set_expected_bucket_owner(self.owner.clone()).send().await;
        let answer = answer.map_err(|error| self.failed("GetBucketPolicyStatus", "", error));
        let status = unless("NoSuchBucketPolicy", answer)?.and_then(|answer| answer.policy_status);
        Ok(status.is_some_and(|status| status.is_public == Some(true)))
    }

    /// Whether the bucket's ACL grants everybody something.
    ///
    /// # Errors
    /// S3 refuses.
    pub async fn has_public_acl(&self) -> Result<bool, StoreError> {
        let request = self.client.get_bucket_acl().bucket(&self.bucket);
        let answer = request.set_expected_bucket_owner(self.owner.clone()).send().await;
        let answer = answer.map_err(|error| self.failed("GetBucketAcl", "", error))?;
        let grantees = answer.grants.unwrap_or_default().into_iter().filter_map(|grant| grant.grantee);
        let mut groups = grantees.filter(|grantee| grantee.r#type == Type::Group);
        Ok(groups.any(|group| group.uri.is_some_and(|uri| EVERYBODY.contains(&uri.as_str()))))
    }

    /// The bucket's policy, a JSON document; `None` if it has none.
    ///
    /// # Errors
    /// S3 refuses.
    pub async fn bucket_policy(&self) -> Result<Option<String>, StoreError> {
        let request = self.client.get_bucket_policy().bucket(&self.bucket);
        let answer = request.set_expected_bucket_owner(self.owner.clone()).send().await;
        let answer = answer.map_err(|error| self.failed("GetBucketPolicy", "", error));
        Ok(unless("NoSuchBucketPolicy", answer)?.and_then(|answer| answer.policy))
    }

    /// The bucket's default retention, inside; `None` if it has no Object Lock.
    ///
    /// # Errors
    /// S3 refuses.
    pub async fn object_lock(&self) -> Result<Option<Option<DefaultRetention>>, StoreError> {
        let Some(configuration) = self.lock_configuration().await? else { return Ok(None) };
        let default = configuration.rule.and_then(|rule| rule.default_retention);
        Ok(Some(default.map(|default| {
            let unsigned = |number: Option<i32>| number.and_then(|it| u32::try_from(it).ok());
            let years = unsigned(default.years).map(|years| years.saturating_mul(365));
            DefaultRetention {
                compliance: default.mode.is_some_and(|mode| mode.as_str() == "COMPLIANCE"),
                days: years.or_else(|| unsigned(default.days)).unwrap_or_default(),
            }
        })))
    }

    /// The enabled replication rules; empty if the bucket is not replicated.
    ///
    /// # Errors
    /// S3 refuses.
    pub async fn replication(&self) -> Result<Vec<Replication>, StoreError> {
        let request = self.client.get_bucket_replication().bucket(&self.bucket);
        let answer = request.set_expected_bucket_owner(self.owner.clone()).send().await;
        let answer = answer.map_err(|error| self.failed("GetBucketReplication", "", error));
        let answer = unless("ReplicationConfigurationNotFoundError", answer)?;
        let rules = answer.and_then(|answer| answer.replication_configuration).map(|found| found.rules);
        let enabled =
            rules.into_iter().flatten().filter(|rule| rule.status == ReplicationRuleStatus::Enabled);
        Ok(enabled.map(replication).collect())
    }

    /// The bucket's lifecycle rules; empty if it has none.
    ///
    /// # Errors
    /// S3 refuses.
    pub async fn lifecycle(&self) -> Result<Vec<Rule>, StoreError> {
        let request = self.client.get_bucket_lifecycle_configuration().bucket(&self.bucket);
        let answer = request.set_expected_bucket_owner(self.owner.clone()).send().await;
        let answer = answer.map_err(|error| self.failed("GetBucketLifecycleConfiguration", "", error));
        let answer = unless("NoSuchLifecycleConfiguration", answer)?;
        Ok(answer.and_then(|answer| answer.rules).into_iter().flatten().map(rule).collect())
    }
}

/// `None` for the error with this code: it says that nothing is configured.
fn unless<T>(code: &str, answer: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(StoreError::S3 { code: found, .. }) if found == code => Ok(None),
        Err(error) => Err(error),
    }
}

#[expect(deprecated, reason = "older configurations still have the prefix outside of the filter")]
fn replication(rule: aws_sdk_s3::types::ReplicationRule) -> Replication {
    let destination = rule.destination.map(|found| found.bucket).unwrap_or_default();
    let filter = rule.filter.unwrap_or_else(|| aws_sdk_s3::types::ReplicationRuleFilter::builder().build());
    let and = filter.and;
    let narrowed = filter.tag.is_some() || and.as_ref().is_some_and(|and| and.tags.is_some());
    let prefix = rule.prefix.or(filter.prefix).or_else(|| and.and_then(|and| and.prefix));
    Replication { prefix: prefix.unwrap_or_default(), narrowed, destination }
}

#[expect(deprecated, reason = "older configurations still have the prefix outside of the filter")]
fn rule(rule: LifecycleRule) -> Rule {
    let (prefix, filter) = filter(rule.filter);
    let expiration = rule.expiration.as_ref();
    let noncurrent = rule.noncurrent_version_expiration.as_ref();
    let transitions = rule.transitions.unwrap_or_default().into_iter();
    Rule {
        id: rule.id.unwrap_or_default(),
        enabled: rule.status.as_str() == "Enabled",
        prefix: prefix.or(rule.prefix).unwrap_or_default(),
        filter,
        transitions: transitions
            .filter_map(|it| Some((when(it.days, it.date.as_ref())?, it.storage_class?.as_str().to_owned())))
            .collect(),
        expiration: expiration.and_then(|it| when(it.days, it.date.as_ref())),
        removes_delete_markers: expiration.is_some_and(|it| it.expired_object_delete_marker == Some(true)),
        noncurrent_days: noncurrent.and_then(|it| days(it.noncurrent_days)),
        newer_noncurrent_versions: noncurrent.and_then(|it| days(it.newer_noncurrent_versions)),
        abort_uploads_days: rule
            .abort_incomplete_multipart_upload
            .and_then(|it| days(it.days_after_initiation)),
    }
}

fn filter(filter: Option<LifecycleRuleFilter>) -> (Option<String>, Filter) {
    let Some(filter) = filter else { return (None, Filter::default()) };
    let mut found = Filter {
        tags: filter.tag.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        larger_than: bytes(filter.object_size_greater_than),
        smaller_than: bytes(filter.object_size_less_than),
    };
    let Some(and) = filter.and else { return (filter.prefix, found) };
    found.tags.extend(and.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)));
    found.larger_than = found.larger_than.or(bytes(and.object_size_greater_than));
    found.smaller_than = found.smaller_than.or(bytes(and.object_size_less_than));
    (filter.prefix.or(and.prefix), found)
}

fn when(after: Option<i32>, date: Option<&aws_sdk_s3::primitives::DateTime>) -> Option<When> {
    days(after).map(When::AfterDays).or_else(|| date.and_then(time).map(When::OnDate))
}

/// S3 sends no negative numbers.
fn days(number: Option<i32>) -> Option<u32> {
    number.and_then(|number| u32::try_from(number).ok())
}

fn bytes(number: Option<i64>) -> Option<u64> {
    number.and_then(|number| u64::try_from(number).ok())
}
