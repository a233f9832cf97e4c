//! The session policy: what one command may do with one sponsor's objects of one environment. Pure.
//!
//! A session can do what both its role and this policy allow (IAM user guide, "Session policies"). A role with more
//! permissions, or another sponsor's role, does not get around it.

use serde_json::{Value, json};

use crate::layout::key::Object;
use crate::sponsors::Environment;

/// Maximum length of a session policy in characters.
pub const LONGEST: usize = 2048;

/// What a command does in a sponsor's buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Writes backups and records.
    Backup,
    /// Writes records, and looks at the backup that one names.
    Record,
    /// Reads backups, and the records of the runs that made them.
    Read {
        /// And asks S3 to thaw them.
        thaw: bool,
    },
    /// Reads backups, and of the other environments what their manifests say.
    Restore {
        /// And asks S3 to thaw them.
        thaw: bool,
    },
    /// Reads as much, and writes reports.
    Drill {
        /// And asks S3 to thaw them.
        thaw: bool,
    },
    /// Reads as much, and writes the records of copies.
    Copy {
        /// And asks S3 to thaw them.
        thaw: bool,
    },
    /// Writes copies, and reads of the other environments what their manifests say.
    CopyTarget,
    /// Reads the buckets' settings, and backups and records.
    Preflight {
        /// And creates and aborts uploads like a backup's.
        write_probe: bool,
    },
}

/// The objects that a policy covers.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Of the role: its partition is that of the buckets.
    pub role: &'a str,
    /// Region of the buckets.
    pub region: &'a str,
    /// Bucket of the dumps.
    pub backups: &'a str,
    /// Bucket of the records.
    pub audit_logs: &'a str,
    /// Which environment.
    pub environment: Environment,
}

/// To store an object under a new key and to read back what is there then.
const STORE: [&str; 6] = [
    "s3:PutObject",
    "s3:PutObjectTagging",
    "s3:PutObjectRetention",
    "s3:GetObject",
    "s3:GetObjectTagging",
    "s3:GetObjectRetention",
];
/// For a dump in addition: it is a multipart upload.
const DUMP: [&str; 1] = ["s3:AbortMultipartUpload"];
/// In a shared bucket, the tags show whose an incomplete backup is.
const READ: [&str; 3] = ["s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectRetention"];
/// Whether a dump without a manifest is a run's of ours shows in its record.
const LOOK: [&str; 1] = ["s3:GetObject"];
const THAW: &str = "s3:RestoreObject";
const LIST: &str = "s3:ListBucket";
const LIST_UPLOADS: &str = "s3:ListBucketMultipartUploads";
const LOCKS: &str = "s3:GetBucketObjectLockConfiguration";
/// One request of `preflight` each. Only the last two are about prefixes.
const SETTINGS: [&str; 12] = [
    "s3:GetBucketLocation",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketPolicyStatus",
    "s3:GetBucketAcl",
    "s3:GetBucketPolicy",
    LOCKS,
    "s3:GetReplicationConfiguration",
    "s3:GetLifecycleConfiguration",
    LIST,
    LIST_UPLOADS,
];
/// An upload that never becomes an object.
const PROBE: [&str; 4] =
    ["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectRetention", "s3:AbortMultipartUpload"];

/// The policy, as STS takes it.
#[must_use]
pub fn policy(purpose: Purpose, place: Place<'_>) -> String {
    let backups = (place.backups, Object::Backup { suffix: "" });
    let log = (place.audit_logs, Object::DeploymentLog);
    let report = (place.audit_logs, Object::DrillReport);
    let read = |thaw: bool| [&READ[..], if thaw { &[THAW] } else { &[] }].concat();
    let (mut statements, writes) = match purpose {
        Purpose::Backup => {
            let mut all = place.allow(backups, &[&STORE[..], &DUMP].concat(), &[LIST, LIST_UPLOADS, LOCKS]);
            all.extend(place.allow(log, &STORE, &[LIST, LOCKS]));
            (all, true)
        }
        Purpose::Record => {
            let mut all = place.allow(log, &STORE, &[LIST, LOCKS]);
            all.extend(place.allow(backups, &LOOK, &[LIST]));
            (all, true)
        }
        Purpose::Read { thaw } => {
            let mut all = place.allow(backups, &read(thaw), &[LIST, LIST_UPLOADS]);
            all.extend(place.allow(log, &LOOK, &[LIST]));
            (all, false)
        }
        Purpose::Restore { thaw } => {
            let mut all = place.allow(backups, &read(thaw), &[LIST, LIST_UPLOADS]);
            all.extend(place.allow(log, &LOOK, &[LIST]));
            all.extend(place.others().into_iter().flat_map(|other| other.allow_manifests(backups)));
            (all, false)
        }
        Purpose::Drill { thaw } => {
            let mut all = place.allow(backups, &read(thaw), &[LIST, LIST_UPLOADS]);
            all.extend(place.allow(log, &LOOK, &[LIST]));
            all.extend(place.allow(report, &STORE, &[LIST, LOCKS]));
            (all, true)
        }
        Purpose::Copy { thaw } => {
            let mut all = place.allow(backups, &read(thaw), &[LIST, LIST_UPLOADS]);
            all.extend(place.allow(log, &LOOK, &[LIST]));
            all.extend(place.allow((place.audit_logs, Object::CopyRecord), &STORE, &[LIST, LOCKS]));
            (all, true)
        }
        Purpose::CopyTarget => {
            let mut all = place.allow(backups, &[&STORE[..], &DUMP].concat(), &[LIST, LIST_UPLOADS, LOCKS]);
            all.extend(place.others().into_iter().flat_map(|other| other.allow_manifests(backups)));
            (all, true)
        }
        Purpose::Preflight { write_probe } => {
            let copies = (place.audit_logs, Object::CopyRecord);
            let mut all = vec![place.allow_settings(&[backups, log, report, copies])];
            all.push(place.allow_objects(&READ, &[backups, log, report, copies]));
            all.extend(write_probe.then(|| place.allow_objects(&PROBE, &[backups, log])));
            (all, write_probe)
        }
    };
    statements.push(place.keys(writes));
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

impl Place<'_> {
    /// The objects of one kind, and the questions about their bucket.
    fn allow(
        &self,
        (bucket, object): (&str, Object<'_>),
        objects: &[&str],
        questions: &[&str],
    ) -> Vec<Value> {
        let folder = object.folder(self.environment);
        let bucket = self.arn(bucket);
        // Looking at an object that is not there is a listing without a prefix, so `IfExists`.
        let below = json!({"StringLikeIfExists": {"s3:prefix": format!("{folder}/*")}});
        vec![
            json!({"Effect": "Allow", "Action": objects, "Resource": format!("{bucket}/{folder}/*")}),
            json!({"Effect": "Allow", "Action": questions, "Resource": bucket, "Condition": below}),
        ]
    }

    /// Questions about both buckets in one statement, for the sake of its length.
    fn allow_settings(&self, kinds: &[(&str, Object<'_>)]) -> Value {
        let buckets = [self.backups, self.audit_logs].map(|bucket| self.arn(bucket));
        let below: Vec<String> =
            kinds.iter().map(|(_, object)| format!("{}/*", object.folder(self.environment))).collect();
        let condition = json!({"StringLikeIfExists": {"s3:prefix": below}});
        json!({"Effect": "Allow", "Action": SETTINGS, "Resource": buckets, "Condition": condition})
    }

    fn allow_objects(&self, actions: &[&str], kinds: &[(&str, Object<'_>)]) -> Value {
        let below = |(bucket, object): &(&str, Object<'_>)| {
            format!("{}/{}/*", self.arn(bucket), object.folder(self.environment))
        };
        let resources: Vec<String> = kinds.iter().map(below).collect();
        json!({"Effect": "Allow", "Action": actions, "Resource": resources})
    }

    fn arn(&self, bucket: &str) -> String {
        format!("arn:{}:s3:::{bucket}", self.partition())
    }

    /// The same of the other environments.
    fn others(&self) -> Vec<Self> {
        let others = Environment::ALL.into_iter().filter(|environment| *environment != self.environment);
        others.map(|environment| Self { environment, ..*self }).collect()
    }

    /// Manifests and listings, without the dumps.
    fn allow_manifests(&self, (bucket, object): (&str, Object<'_>)) -> Vec<Value> {
        let mut statements = self.allow((bucket, object), &["s3:GetObject"], &[LIST]);
        let folder = object.folder(self.environment);
        statements[0]["Resource"] = json!(format!("{}/{folder}/*.manifest.json", self.arn(bucket)));
        statements
    }

    /// A bucket may be encrypted with a key of its owner's. Which one, its own policy and the role say; here, that it is
    /// used through S3 alone.
    fn keys(&self, writes: bool) -> Value {
        let actions = if writes { vec!["kms:Decrypt", "kms:GenerateDataKey"] } else { vec!["kms:Decrypt"] };
        let through = json!({"StringLike": {"kms:ViaService": format!("s3.{}.*", self.region)}});
        json!({"Effect": "Allow", "Action": actions, "Resource": "*", "Condition": through})
    }

    fn partition(&self) -> &str {
        self.role.split(':').nth(1).unwrap_or("aws")
    }
}

#[cfg(test)]
mod tests;
