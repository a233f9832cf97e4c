//! A bucket as the module describes it: put on an S3 server with its API, and read back from one.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketLocationConstraint,
    BucketVersioningStatus, CreateBucketConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, NoncurrentVersionExpiration, PublicAccessBlockConfiguration, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Transition,
    TransitionStorageClass, VersioningConfiguration,
};
use bytes::Bytes;
use serde_json::{Value, json};

use super::module::Module;
use crate::support::{REGION, Store, runtime, send_and_wait};

/// Lifecycle rules by ID, in one form for whatever source.
pub(crate) type Rules = BTreeMap<String, Value>;

/// A bucket's settings, as JSON of the resources that carry them.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    pub(crate) tags: Value,
    lock: bool,
    versioning: bool,
    encryption: Value,
    access: Value,
    policy: Option<String>,
    pub(crate) rules: Rules,
}

impl Bucket {
    /// `aws_s3_bucket.{name}` and what belongs to it.
    pub(crate) fn of(module: &Module, name: &str) -> Self {
        let bucket = module.resource("aws_s3_bucket", name);
        let versioning = module.resource("aws_s3_bucket_versioning", name);
        let encryption = module.resource("aws_s3_bucket_server_side_encryption_configuration", name);
        let policy = module.resource("aws_s3_bucket_policy", name);
        let lifecycle = module.resource("aws_s3_bucket_lifecycle_configuration", name);
        let rules = lifecycle["rule"].as_array().into_iter().flatten();
        Self {
            name: bucket["bucket"].as_str().unwrap().to_owned(),
            tags: bucket["tags"].clone(),
            lock: bucket["object_lock_enabled"] == true,
            versioning: versioning["versioning_configuration"][0]["status"] == "Enabled",
            encryption: encryption["rule"][0].clone(),
            access: module.resource("aws_s3_bucket_public_access_block", name).clone(),
            policy: policy["policy"].as_str().map(str::to_owned),
            rules: rules.map(|rule| (rule["id"].as_str().unwrap().to_owned(), of_terraform(rule))).collect(),
        }
    }

    /// Makes it on a server.
    pub(crate) fn create(&self, store: &Store) {
        let client = store.client();
        let region = BucketLocationConstraint::from(REGION);
        let region = CreateBucketConfiguration::builder().location_constraint(region).build();
        runtime().block_on(async {
            let create = client.create_bucket().bucket(&self.name).create_bucket_configuration(region);
            create.object_lock_enabled_for_bucket(self.lock).send().await.unwrap();
            if self.versioning {
                let enabled =
                    VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
                let put = client.put_bucket_versioning().bucket(&self.name);
                put.versioning_configuration(enabled).send().await.unwrap();
            }
            let put = client.put_bucket_encryption().bucket(&self.name);
            put.server_side_encryption_configuration(self.encryption()).send().await.unwrap();
            let put = client.put_public_access_block().bucket(&self.name);
            put.public_access_block_configuration(self.access()).send().await.unwrap();
            if let Some(policy) = &self.policy {
                client.put_bucket_policy().bucket(&self.name).policy(policy).send().await.unwrap();
            }
            let rules = self.rules.iter().map(|(id, rule)| for_s3(id, rule)).collect();
            let rules = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().unwrap();
            let put = client.put_bucket_lifecycle_configuration().bucket(&self.name);
            put.lifecycle_configuration(rules).send().await.unwrap();
        });
    }

    fn encryption(&self) -> ServerSideEncryptionConfiguration {
        let default = &self.encryption["apply_server_side_encryption_by_default"][0];
        let algorithm = ServerSideEncryption::from(default["sse_algorithm"].as_str().unwrap());
        let default = ServerSideEncryptionByDefault::builder().sse_algorithm(algorithm).build().unwrap();
        let bucket_key = self.encryption["bucket_key_enabled"].as_bool();
        let rule = ServerSideEncryptionRule::builder()
            .apply_server_side_encryption_by_default(default)
            .set_bucket_key_enabled(bucket_key);
        ServerSideEncryptionConfiguration::builder().rules(rule.build()).build().unwrap()
    }

    fn access(&self) -> PublicAccessBlockConfiguration {
        let is_on = |name: &str| self.access[name].as_bool();
        PublicAccessBlockConfiguration::builder()
            .set_block_public_acls(is_on("block_public_acls"))
            .set_block_public_policy(is_on("block_public_policy"))
            .set_ignore_public_acls(is_on("ignore_public_acls"))
            .set_restrict_public_buckets(is_on("restrict_public_buckets"))
            .build()
    }
}

/// A `rule` block in the one form: what is not there is `null`.
fn of_terraform(rule: &Value) -> Value {
    assert_eq!(rule["status"], "Enabled", "{rule}");
    let tiers = rule["transition"].as_array().into_iter().flatten();
    let tiers: BTreeMap<&str, &Value> =
        tiers.map(|tier| (tier["storage_class"].as_str().unwrap(), &tier["days"])).collect();
    json!({
        "prefix": rule["filter"][0]["prefix"].as_str().or(rule["prefix"].as_str()).unwrap_or_default(),
        "tiers": tiers,
        "days": rule["expiration"][0]["days"],
        "markers": rule["expiration"][0]["expired_object_delete_marker"],
        "noncurrent": rule["noncurrent_version_expiration"][0]["noncurrent_days"],
        "uploads": rule["abort_incomplete_multipart_upload"][0]["days_after_initiation"],
    })
}

fn for_s3(id: &str, rule: &Value) -> LifecycleRule {
    let number = |name: &str| rule[name].as_i64().map(|days| i32::try_from(days).unwrap());
    let tier = |(class, days): (&String, &Value)| {
        let days = i32::try_from(days.as_i64().unwrap()).unwrap();
        Transition::builder().days(days).storage_class(TransitionStorageClass::from(class.as_str())).build()
    };
    let tiers: Vec<Transition> = rule["tiers"].as_object().unwrap().iter().map(tier).collect();
    let expiration = LifecycleExpiration::builder()
        .set_days(number("days"))
        .set_expired_object_delete_marker(rule["markers"].as_bool())
        .build();
    let expires = rule["days"].is_number() || rule["markers"] == true;
    LifecycleRule::builder()
        .id(id)
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix(rule["prefix"].as_str().unwrap()).build())
        .set_transitions((!tiers.is_empty()).then_some(tiers))
        .set_expiration(expires.then_some(expiration))
        .set_noncurrent_version_expiration(
            number("noncurrent")
                .map(|days| NoncurrentVersionExpiration::builder().noncurrent_days(days).build()),
        )
        .set_abort_incomplete_multipart_upload(
            number("uploads")
                .map(|days| AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build()),
        )
        .build()
        .unwrap()
}

/// The lifecycle rules of a bucket on a server.
pub(crate) fn rules_on(store: &Store, bucket: &str) -> Rules {
    let request = store.client().get_bucket_lifecycle_configuration().bucket(bucket).send();
    let answer = runtime().block_on(request).unwrap();
    let one = |rule: &LifecycleRule| {
        assert_eq!(rule.status(), &ExpirationStatus::Enabled);
        let tiers: BTreeMap<&str, i32> = rule
            .transitions()
            .iter()
            .map(|tier| (tier.storage_class().unwrap().as_str(), tier.days().unwrap()))
            .collect();
        let expiration = rule.expiration();
        let uploads = rule.abort_incomplete_multipart_upload();
        let described = json!({
            "prefix": rule.filter().and_then(LifecycleRuleFilter::prefix).unwrap_or_default(),
            "tiers": tiers,
            "days": expiration.and_then(LifecycleExpiration::days),
            "markers": expiration.and_then(LifecycleExpiration::expired_object_delete_marker),
            "noncurrent": rule.noncurrent_version_expiration().and_then(NoncurrentVersionExpiration::noncurrent_days),
            "uploads": uploads.and_then(AbortIncompleteMultipartUpload::days_after_initiation),
        });
        (rule.id().unwrap().to_owned(), described)
    };
    answer.rules().iter().map(one).collect()
}

/// Everything else about a bucket on a server.
pub(crate) fn settings_on(store: &Store, bucket: &str) -> Value {
    let client = store.client();
    let versioning = versioning_on(store, bucket);
    runtime().block_on(async {
        let encryption = client.get_bucket_encryption().bucket(bucket).send().await.unwrap();
        let encryption = &encryption.server_side_encryption_configuration().unwrap().rules()[0];
        let default = encryption.apply_server_side_encryption_by_default().unwrap();
        let access = client.get_public_access_block().bucket(bucket).send().await.unwrap();
        let access = access.public_access_block_configuration().unwrap().clone();
        let policy = client.get_bucket_policy().bucket(bucket).send().await.unwrap();
        let lock = client.get_object_lock_configuration().bucket(bucket).send().await;
        let lock = lock.ok().and_then(|answer| answer.object_lock_configuration().cloned());
        json!({
            "versioning": versioning,
            "encryption": default.sse_algorithm().as_str(),
            "bucket key": encryption.bucket_key_enabled(),
            "public access": [
                access.block_public_acls(), access.block_public_policy(),
                access.ignore_public_acls(), access.restrict_public_buckets(),
            ],
            "policy": serde_json::from_str::<Value>(policy.policy().unwrap()).unwrap(),
            "lock": lock.as_ref().and_then(|lock| lock.object_lock_enabled()).map(|lock| lock.as_str()),
            "default retention": lock.as_ref().and_then(|lock| lock.rule()).is_some(),
        })
    })
}

/// The SDK does not understand how moto names this answer.
fn versioning_on(store: &Store, bucket: &str) -> Option<String> {
    let address = format!("{}/{bucket}?versioning", store.endpoint());
    let answer = send_and_wait(hyper::Request::get(address).body(Bytes::new()).unwrap());
    let text = String::from_utf8_lossy(answer.body()).into_owned();
    Some(text.split_once("<Status>")?.1.split_once("</Status>")?.0.to_owned())
}
