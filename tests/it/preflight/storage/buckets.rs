//! A sponsor's two buckets with all settings as docs/setup.md asks for them, and the checks of the library about them.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, BucketVersioningStatus,
    DeleteMarkerReplication, DeleteMarkerReplicationStatus, Destination, ExpirationStatus,
    LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration,
    PublicAccessBlockConfiguration, ReplicationConfiguration, ReplicationRule, ReplicationRuleFilter,
    ReplicationRuleStatus, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Transition, TransitionStorageClass,
    VersioningConfiguration,
};
use serde_json::json;
use sponsor_backup::finding::{Finding, Level};
use sponsor_backup::layout::key::Object;
use sponsor_backup::sponsors::Environment;
use sponsor_backup::store::LockChoice;
use sponsor_backup::store::{StorageExpectations, preflight};
use tokio_util::sync::CancellationToken;

use crate::archive::store_at;
use crate::support::{Proxy, REGION, Store, runtime, tools};

/// The buckets of a sponsor in production.
pub(super) struct Buckets {
    pub(super) server: Store,
    pub(super) backups: String,
    pub(super) audit_logs: String,
    /// Address of the server or of a proxy.
    pub(super) endpoint: String,
    pub(super) region: &'static str,
    pub(super) lock: LockChoice,
    /// Held for its end.
    pub(super) proxy: Option<Proxy>,
}

impl Buckets {
    /// Names without buckets.
    pub(super) fn named(server: &Store) -> Self {
        let unique = tools::unique();
        Self {
            server: server.clone(),
            backups: format!("backups-{unique}"),
            audit_logs: format!("audit-logs-{unique}"),
            endpoint: server.endpoint().to_owned(),
            region: REGION,
            lock: LockChoice::Auto,
            proxy: None,
        }
    }

    /// Buckets without any settings.
    pub(super) fn bare(server: &Store) -> Self {
        let buckets = Self::named(server);
        server.bucket(&buckets.backups);
        server.bucket(&buckets.audit_logs);
        buckets
    }

    /// Buckets with all settings.
    pub(super) fn sound(server: &Store) -> Self {
        let mut buckets = Self::named(server);
        let replica = format!("{}-replica", buckets.backups);
        server.versioned_bucket(&replica);
        for bucket in [&buckets.backups, &buckets.audit_logs] {
            server.bucket_with_object_lock(bucket);
            protect(server, bucket);
            replicate(server, bucket, &replica);
        }
        lifecycle(server, &buckets.backups, [archive_rule("backups/", 2557)]);
        let records = Object::records().map(|record| {
            let prefix = format!("{}/", record.folder(Environment::Production));
            rule(&prefix, 2557).build().unwrap()
        });
        lifecycle(server, &buckets.audit_logs, records);
        let proxy = Proxy::before(server.endpoint());
        proxy.answer_for_missing_objects();
        buckets.endpoint = proxy.endpoint();
        buckets.proxy = Some(proxy);
        buckets
    }

    /// The same, without the policy that denies requests without TLS: the server here has none.
    pub(super) fn without_policy(server: &Store) -> Self {
        let buckets = Self { endpoint: server.endpoint().to_owned(), ..Self::sound(server) };
        for bucket in [&buckets.backups, &buckets.audit_logs] {
            runtime().block_on(server.client().delete_bucket_policy().bucket(bucket).send()).unwrap();
        }
        buckets
    }

    /// What `preflight` finds about both.
    pub(super) fn check(&self) -> Vec<Finding> {
        let [backups, audit_logs] = self.stores();
        runtime().block_on(preflight::check(&backups, &audit_logs, self.expected()))
    }

    /// What the write probe finds about both.
    pub(super) fn probe(&self, stop: &CancellationToken) -> Vec<Finding> {
        let [backups, audit_logs] = self.stores();
        runtime().block_on(preflight::probe_writes(&backups, &audit_logs, self.expected(), stop))
    }

    /// What one check says about the bucket of backups, as `fail: what`.
    #[track_caller]
    pub(super) fn found(&self, check: &str) -> String {
        let found = self.check();
        let line = of_check(&found, check).find(|finding| finding.what.contains(&self.backups));
        line.map(line_of).unwrap_or_else(|| panic!("no {check}: {found:#?}"))
    }

    fn stores(&self) -> [sponsor_backup::store::Store; 2] {
        [&self.backups, &self.audit_logs].map(|bucket| store_at(&self.endpoint, &self.server, bucket))
    }

    fn expected(&self) -> StorageExpectations<'static> {
        StorageExpectations {
            environment: Environment::Production,
            sponsor: "callisto",
            region: self.region,
            lock: self.lock,
            retention_years: Some(7),
            storage_class: "STANDARD",
            max_rto: None,
            now: jiff::Timestamp::now(),
        }
    }
}

pub(super) fn of_check<'a>(findings: &'a [Finding], check: &str) -> impl Iterator<Item = &'a Finding> {
    findings.iter().filter(move |finding| finding.check == check)
}

/// `fail: what`
pub(super) fn line_of(finding: &Finding) -> String {
    format!("{}: {}", finding.level.name(), finding.what)
}

pub(super) fn levels(findings: &[Finding]) -> [usize; 3] {
    [Level::Ok, Level::Warn, Level::Fail]
        .map(|level| findings.iter().filter(|finding| finding.level == level).count())
}

/// Everything but lifecycle rules and the replica.
pub(super) fn protect(server: &Store, bucket: &str) {
    version(server, bucket);
    let default =
        ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build().unwrap();
    let rule = ServerSideEncryptionRule::builder().apply_server_side_encryption_by_default(default).build();
    let encryption = ServerSideEncryptionConfiguration::builder().rules(rule).build().unwrap();
    let request = server.client().put_bucket_encryption().bucket(bucket);
    runtime().block_on(request.server_side_encryption_configuration(encryption).send()).unwrap();
    block_public_access(server, bucket, true);
    let tls = json!({"Version": "2012-10-17", "Statement": [{
        "Sid": "TlsOnly", "Effect": "Deny", "Principal": "*", "Action": "s3:*",
        "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }]});
    put_policy(server, bucket, &tls);
}

pub(super) fn version(server: &Store, bucket: &str) {
    let versioning = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let request = server.client().put_bucket_versioning().bucket(bucket);
    runtime().block_on(request.versioning_configuration(versioning).send()).unwrap();
}

pub(super) fn block_public_access(server: &Store, bucket: &str, on: bool) {
    let block = PublicAccessBlockConfiguration::builder()
        .block_public_acls(on)
        .ignore_public_acls(on)
        .block_public_policy(on)
        .restrict_public_buckets(on)
        .build();
    let request = server.client().put_public_access_block().bucket(bucket);
    runtime().block_on(request.public_access_block_configuration(block).send()).unwrap();
}

pub(super) fn put_policy(server: &Store, bucket: &str, policy: &serde_json::Value) {
    let request = server.client().put_bucket_policy().bucket(bucket).policy(policy.to_string());
    runtime().block_on(request.send()).unwrap();
}

fn replicate(server: &Store, bucket: &str, replica: &str) {
    let destination = Destination::builder().bucket(format!("arn:aws:s3:::{replica}")).build().unwrap();
    let markers = DeleteMarkerReplication::builder().status(DeleteMarkerReplicationStatus::Disabled).build();
    let rule = ReplicationRule::builder()
        .id("replica")
        .priority(1)
        .status(ReplicationRuleStatus::Enabled)
        .filter(ReplicationRuleFilter::builder().prefix("").build())
        .delete_marker_replication(markers)
        .destination(destination)
        .build()
        .unwrap();
    let role = "arn:aws:iam::123456789012:role/replication";
    let configuration = ReplicationConfiguration::builder().role(role).rules(rule).build().unwrap();
    let request = server.client().put_bucket_replication().bucket(bucket);
    runtime().block_on(request.replication_configuration(configuration).send()).unwrap();
}

/// A rule that ends objects, and what they leave, under this prefix.
pub(super) fn rule(prefix: &str, days: i32) -> aws_sdk_s3::types::builders::LifecycleRuleBuilder {
    LifecycleRule::builder()
        .id(format!("expire-{}", prefix.replace('/', "")))
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix(prefix).build())
        .expiration(LifecycleExpiration::builder().days(days).build())
        .noncurrent_version_expiration(NoncurrentVersionExpiration::builder().noncurrent_days(30).build())
        .abort_incomplete_multipart_upload(
            AbortIncompleteMultipartUpload::builder().days_after_initiation(7).build(),
        )
}

/// The same, with the move to the archive.
pub(super) fn archive_rule(prefix: &str, days: i32) -> LifecycleRule {
    let transition =
        Transition::builder().days(90).storage_class(TransitionStorageClass::DeepArchive).build();
    rule(prefix, days).transitions(transition).build().unwrap()
}

pub(super) fn lifecycle(server: &Store, bucket: &str, rules: impl IntoIterator<Item = LifecycleRule>) {
    let rules = rules.into_iter().collect();
    let configuration = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().unwrap();
    let request = server.client().put_bucket_lifecycle_configuration().bucket(bucket);
    runtime().block_on(request.lifecycle_configuration(configuration).send()).unwrap();
}
