//! Sessions of AWS roles: given out by the scripted STS, and held to by the strict S3 server, which checks signature,
//! session token and end, and what both the role and the session's policy allow.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::path::S3Path;
use s3s::{S3Result, s3_error};
use serde_json::Value;

use super::s3::Keys;

type Answer<'a, T> = Pin<Box<dyn Future<Output = S3Result<T>> + Send + 'a>>;

/// One session.
#[derive(Debug, Clone)]
pub(crate) struct Granted {
    /// Public half of its keys. One role's sessions share them, unlike the real ones: the server takes uploads for theirs
    /// who have the key that began them, where S3 looks at the account. Tokens differ.
    pub(crate) id: String,
    /// Secret half of its keys.
    pub(crate) secret: String,
    /// Its session token.
    pub(crate) token: String,
    /// When S3 stops taking it.
    pub(crate) ends: SystemTime,
    /// Whose role it is.
    pub(crate) role: String,
    /// Its name.
    pub(crate) name: String,
    /// Its policy.
    pub(crate) policy: Value,
    /// Buckets that the role may do anything in.
    pub(crate) buckets: Vec<String>,
}

/// All sessions, and the keys of the server's owner, who may do anything.
#[derive(Debug, Clone)]
pub(crate) struct Sessions {
    owner: Keys,
    granted: Arc<Mutex<Vec<Granted>>>,
    /// What was done with sessions.
    done: Arc<Mutex<Vec<String>>>,
}

impl Sessions {
    pub(crate) fn new(owner: Keys) -> Self {
        Self { owner, granted: Arc::default(), done: Arc::default() }
    }

    /// The owner's keys.
    pub(crate) fn owner(&self) -> &Keys {
        &self.owner
    }

    pub(super) fn grant(&self, session: Granted) {
        self.granted.lock().unwrap().push(session);
    }

    /// Every session so far.
    pub(crate) fn all(&self) -> Vec<Granted> {
        self.granted.lock().unwrap().clone()
    }

    /// Actions that were allowed, each once, sorted.
    pub(crate) fn actions(&self) -> Vec<String> {
        let mut actions = self.done.lock().unwrap().clone();
        actions.sort();
        actions.dedup();
        actions
    }

    fn judge(&self, cx: &S3AccessContext<'_>) -> S3Result<()> {
        let credentials = cx.credentials().ok_or_else(|| s3_error!(AccessDenied, "Signature is required"))?;
        if credentials.access_key == self.owner.id {
            return Ok(());
        }
        let sessions = self.granted.lock().unwrap();
        let token = cx.headers().get("x-amz-security-token").and_then(|value| value.to_str().ok());
        let is_it = |session: &&Granted| {
            session.id == credentials.access_key && token == Some(session.token.as_str())
        };
        let session = sessions.iter().find(is_it).ok_or_else(|| s3_error!(InvalidToken))?;
        if session.ends <= SystemTime::now() {
            return Err(s3_error!(ExpiredToken, "The provided token has expired."));
        }
        for (action, resource) in wanted(cx) {
            let bucket = resource.trim_start_matches("arn:aws:s3:::").split('/').next().unwrap_or_default();
            let of_the_role = session.buckets.iter().any(|known| known == bucket);
            if !of_the_role || !allows(&session.policy, action, &resource, prefix(cx).as_deref()) {
                let role = &session.role;
                let words = format!("{role} is not authorized to perform {action} on {resource}");
                return Err(s3s::S3Error::with_message(s3s::S3ErrorCode::AccessDenied, words));
            }
            self.done.lock().unwrap().push(action.to_owned());
        }
        Ok(())
    }
}

/// What a request does, as IAM names it (Service Authorization Reference, "Amazon S3"). Unknown ones are allowed to no key.
fn wanted(cx: &S3AccessContext<'_>) -> Vec<(&'static str, String)> {
    let resource = match cx.s3_path() {
        S3Path::Root => "arn:aws:s3:::".to_owned(),
        S3Path::Bucket { bucket } => format!("arn:aws:s3:::{bucket}"),
        S3Path::Object { bucket, key } => format!("arn:aws:s3:::{bucket}/{key}"),
    };
    let mut actions = vec![match cx.s3_op().name() {
        "PutObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload" => "s3:PutObject",
        "AbortMultipartUpload" => "s3:AbortMultipartUpload",
        "GetObject" | "HeadObject" => "s3:GetObject",
        "PutObjectTagging" => "s3:PutObjectTagging",
        "GetObjectRetention" => "s3:GetObjectRetention",
        "GetObjectTagging" => "s3:GetObjectTagging",
        "ListObjectsV2" | "HeadBucket" => "s3:ListBucket",
        "ListMultipartUploads" => "s3:ListBucketMultipartUploads",
        "GetObjectLockConfiguration" => "s3:GetBucketObjectLockConfiguration",
        "RestoreObject" => "s3:RestoreObject",
        "GetBucketLocation" => "s3:GetBucketLocation",
        "GetBucketVersioning" => "s3:GetBucketVersioning",
        "GetBucketEncryption" => "s3:GetEncryptionConfiguration",
        "GetPublicAccessBlock" => "s3:GetBucketPublicAccessBlock",
        "GetBucketPolicyStatus" => "s3:GetBucketPolicyStatus",
        "GetBucketAcl" => "s3:GetBucketAcl",
        "GetBucketPolicy" => "s3:GetBucketPolicy",
        "GetBucketReplication" => "s3:GetReplicationConfiguration",
        "GetBucketLifecycleConfiguration" => "s3:GetLifecycleConfiguration",
        _ => "s3:Unknown",
    }];
    let sent = |name: &str| cx.headers().contains_key(name);
    actions.extend(sent("x-amz-tagging").then_some("s3:PutObjectTagging"));
    actions.extend(sent("x-amz-object-lock-mode").then_some("s3:PutObjectRetention"));
    actions.into_iter().map(|action| (action, resource.clone())).collect()
}

fn prefix(cx: &S3AccessContext<'_>) -> Option<String> {
    let query = cx.uri().query().unwrap_or_default();
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "prefix").map(|(_, value)| value.into_owned())
}

/// Whether a policy allows something. Understands what session policies here may hold, and refuses anything else.
fn allows(policy: &Value, action: &str, resource: &str, prefix: Option<&str>) -> bool {
    let texts = |value: &Value| match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().map(|text| text.as_str().unwrap().to_owned()).collect(),
        other => panic!("no text: {other}"),
    };
    let statements = policy["Statement"].as_array().unwrap();
    statements.iter().any(|statement| {
        assert_eq!(statement["Effect"], "Allow", "the scripted S3 knows no other effect");
        let below = match &statement["Condition"] {
            Value::Null => true,
            condition => match &condition["StringLikeIfExists"]["s3:prefix"] {
                Value::Null => false,
                patterns => {
                    let patterns = texts(patterns);
                    prefix.is_none_or(|prefix| patterns.iter().any(|pattern| is_like(prefix, pattern)))
                }
            },
        };
        texts(&statement["Action"]).iter().any(|known| is_like(action, known))
            && texts(&statement["Resource"]).iter().any(|pattern| is_like(resource, pattern))
            && below
    })
}

/// With stars, which stand for anything.
fn is_like(text: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => text == pattern,
        Some((head, "")) => text.starts_with(head),
        Some((head, tail)) => text
            .strip_prefix(head)
            .is_some_and(|rest| rest.char_indices().any(|(at, _)| is_like(&rest[at..], tail))),
    }
}

impl S3Auth for Sessions {
    fn get_secret_key<'life0, 'life1, 'async_trait>(
        &'life0 self,
        access_key: &'life1 str,
    ) -> Answer<'async_trait, SecretKey>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        let secret = if access_key == self.owner.id {
            Some(self.owner.secret.clone())
        } else {
            let sessions = self.granted.lock().unwrap();
            sessions.iter().find(|session| session.id == access_key).map(|session| session.secret.clone())
        };
        let secret = secret.map(SecretKey::from);
        Box::pin(async move { secret.ok_or_else(|| s3_error!(InvalidAccessKeyId)) })
    }
}

impl S3Access for Sessions {
    fn check<'life0, 'life1, 'life2, 'async_trait>(
        &'life0 self,
        cx: &'life1 mut S3AccessContext<'life2>,
    ) -> Answer<'async_trait, ()>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        'life2: 'async_trait,
        Self: 'async_trait,
    {
        let judged = self.judge(cx);
        Box::pin(async move { judged })
    }
}

/// When a session that begins now ends.
pub(super) fn after(lifetime: Duration) -> SystemTime {
    SystemTime::now() + lifetime
}
