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
    /// Reads backups with their holds and versions, and all records.
    Read {
        /// And asks S3 to thaw them.
        thaw: bool,
    },
    /// Reads backups, and the records of the runs that made them, and writes the records of verifications.
    Verify {
        /// And asks S3 to thaw them.
        thaw: bool,
    },
    /// Reads as much, of the other environments what their manifests say, and writes the records of restores.
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
    /// Puts legal holds on backups and removes them, and writes the records of that.
    Hold,
    /// Looks at backups, their versions and all records, and writes the records of prunes. Keys of its own remove.
    Prune,
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
const SEE_HOLDS: &str = "s3:GetObjectLegalHold";
const HOLD: &str = "s3:PutObjectLegalHold";
const LIST: &str = "s3:ListBucket";
const LIST_UPLOADS: &str = "s3:ListBucketMultipartUploads";
const LIST_VERSIONS: &str = "s3:ListBucketVersions";
const VERSIONING: &str = "s3:GetBucketVersioning";
const RULES: &str = "s3:GetLifecycleConfiguration";
const LOCKS: &str = "s3:GetBucketObjectLockConfiguration";
/// The settings of a bucket, one request of `preflight` each, and its listings. Patterns of names keep the policy short.
const SETTINGS: [&str; 3] = ["s3:GetBucket*", "s3:Get*Configuration", "s3:ListBucket*"];
/// An upload that never becomes an object.
const PROBE: [&str; 4] =
    ["s3:PutObject", "s3:PutObjectTagging", "s3:PutObjectRetention", "s3:AbortMultipartUpload"];

/// The policy, as STS takes it.
#[must_use]
pub fn policy(purpose: Purpose, place: Place<'_>) -> String {
    let backups = (place.backups, Object::Backup { suffix: "" });
    let log = (place.audit_logs, Object::DeploymentLog);
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
            let objects = [&read(thaw)[..], &[SEE_HOLDS]].concat();
            let mut all = place.allow(backups, &objects, &[LIST, LIST_UPLOADS, LIST_VERSIONS]);
            all.extend(place.allow_records());
            (all, false)
        }
        Purpose::Verify { thaw } => {
            let mut all = place.allow(backups, &read(thaw), &[LIST, LIST_UPLOADS]);
            all.extend(place.allow_record(Object::VerificationRecord));
            (all, true)
        }
        Purpose::Restore { thaw } => {
            let mut all = place.allow(backups, &read(thaw), &[LIST, LIST_UPLOADS]);
            all.extend(place.allow_record(Object::RestoreRecord));
            all.extend(place.allow_manifests_of_others(backups));
            (all, true)
        }
        Purpose::Drill { thaw } => {
            let mut all = place.allow(backups, &read(thaw), &[LIST, LIST_UPLOADS]);
            all.extend(place.allow_record(Object::DrillReport));
            (all, true)
        }
        Purpose::Copy { thaw } => {
            let mut all = place.allow(backups, &read(thaw), &[LIST, LIST_UPLOADS]);
            all.extend(place.allow_record(Object::CopyRecord));
            (all, true)
        }
        Purpose::Hold => {
            let objects = [&READ[..], &[SEE_HOLDS, HOLD]].concat();
            let mut all = place.allow(backups, &objects, &[LIST, LIST_UPLOADS, LOCKS]);
            all.extend(place.allow_record(Object::HoldRecord));
            (all, true)
        }
        Purpose::Prune => (place.allow_prune(backups), true),
        Purpose::CopyTarget => {
            let mut all = place.allow(backups, &[&STORE[..], &DUMP].concat(), &[LIST, LIST_UPLOADS, LOCKS]);
            all.extend(place.allow_manifests_of_others(backups));
            (all, true)
        }
        Purpose::Preflight { write_probe } => {
            let records = Object::records().map(|record| (place.audit_logs, record));
            let kinds: Vec<_> = std::iter::once(backups).chain(records).collect();
            let mut all = vec![place.allow_settings(&kinds)];
            all.push(place.allow_objects(&READ, &kinds));
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

    /// To read deployment logs, and to write records of another kind. One statement has both listings, for the sake of the length.
    fn allow_record(&self, record: Object<'_>) -> Vec<Value> {
        let mut statements = self.allow((self.audit_logs, Object::DeploymentLog), &LOOK, &[LIST, LOCKS]);
        let written = self.allow((self.audit_logs, record), &STORE, &[]);
        let prefix = |statement: &Value| statement["Condition"]["StringLikeIfExists"]["s3:prefix"].clone();
        statements[1]["Condition"]["StringLikeIfExists"]["s3:prefix"] =
            json!([prefix(&statements[1]), prefix(&written[1])]);
        statements.extend(written.into_iter().take(1));
        statements
    }

    /// Questions about both buckets in one statement, for the sake of its length.
    fn allow_settings(&self, kinds: &[(&str, Object<'_>)]) -> Value {
        let buckets = [self.backups, self.audit_logs].map(|bucket| self.arn(bucket));
        let below: Vec<String> =
            kinds.iter().map(|(_, object)| format!("{}/*", object.folder(self.environment))).collect();
        let condition = json!({"StringLikeIfExists": {"s3:prefix": below}});
        json!({"Effect": "Allow", "Action": SETTINGS, "Resource": buckets, "Condition": condition})
    }

    /// All records, in two statements for the sake of their length.
    fn allow_records(&self) -> [Value; 2] {
        let kinds: Vec<_> = Object::records().map(|record| (self.audit_logs, record)).collect();
        let below: Vec<String> =
            kinds.iter().map(|(_, object)| format!("{}/*", object.folder(self.environment))).collect();
        let condition = json!({"StringLikeIfExists": {"s3:prefix": below}});
        let bucket = self.arn(self.audit_logs);
        [
            self.allow_objects(&LOOK, &kinds),
            json!({"Effect": "Allow", "Action": LIST, "Resource": bucket, "Condition": condition}),
        ]
    }

    fn allow_objects(&self, actions: &[&str], kinds: &[(&str, Object<'_>)]) -> Value {
        let below = |(bucket, object): &(&str, Object<'_>)| {
            format!("{}/{}/*", self.arn(bucket), object.folder(self.environment))
        };
        let resources: Vec<String> = kinds.iter().map(below).collect();
        json!({"Effect": "Allow", "Action": actions, "Resource": resources})
    }

    /// What a plan asks of backups and records, and the record of a prune. It removes nothing. Patterns for the sake of the length.
    fn allow_prune(&self, backups: (&str, Object<'_>)) -> Vec<Value> {
        let read = [Object::DeploymentLog, Object::DrillReport, Object::HoldRecord, Object::PruneRecord];
        let read = read.map(|object| (self.audit_logs, object));
        let below: Vec<String> =
            read.iter().map(|(_, object)| format!("{}/*", object.folder(self.environment))).collect();
        let below = json!({"StringLikeIfExists": {"s3:prefix": below}});
        let bucket = self.arn(self.audit_logs);
        let mut all = self.allow(backups, &["s3:GetObject*"], &["s3:ListBucket*", VERSIONING, RULES, LOCKS]);
        all.push(self.allow_objects(&["s3:GetObject*"], &read));
        all.push(self.allow_objects(&STORE[..3], &read[3..]));
        all.push(json!({"Effect": "Allow", "Action": [LIST, LOCKS], "Resource": bucket, "Condition": below}));
        all
    }

    fn arn(&self, bucket: &str) -> String {
        format!("arn:{}:s3:::{bucket}", self.partition())
    }

    /// Manifests and listings of the other environments, without the dumps.
    fn allow_manifests_of_others(&self, (bucket, object): (&str, Object<'_>)) -> Vec<Value> {
        let others = Environment::ALL.into_iter().filter(|environment| *environment != self.environment);
        let folders: Vec<String> = others.map(|environment| object.folder(environment)).collect();
        let bucket = self.arn(bucket);
        let below = |end: &str| folders.iter().map(|folder| format!("{folder}/*{end}")).collect::<Vec<_>>();
        let manifests: Vec<String> =
            below(".manifest.json").iter().map(|key| format!("{bucket}/{key}")).collect();
        let listed = json!({"StringLikeIfExists": {"s3:prefix": below("")}});
        vec![
            json!({"Effect": "Allow", "Action": LOOK, "Resource": manifests}),
            json!({"Effect": "Allow", "Action": LIST, "Resource": bucket, "Condition": listed}),
        ]
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
