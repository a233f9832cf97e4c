//! Moto: an S3 server with a wide API (tags, versions, Object Lock, lifecycle, IAM), from the Python tools.
//! Checks no checksums, and signatures and rights only with IAM; for those see `strict_s3`.

use std::ops::Deref;
use std::sync::OnceLock;

use bytes::Bytes;
use serde_json::json;

use super::guardian::Guarded;
use super::http::{self, Request};
use super::s3::{Keys, Store};
use super::shared::{self, Owner};
use super::tools;

/// A running server.
#[derive(Debug)]
pub(crate) struct Moto {
    store: Store,
    endpoint: String,
    /// Held for its end: the server goes with it.
    server: Guarded,
}

impl Deref for Moto {
    type Target = Store;
    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Moto {
    /// The server that all tests share; it takes any keys. Buckets need names of their own.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Moto> = OnceLock::new();
        let start = |owner| {
            let (server, endpoint) = launch(owner, &[]);
            Self::open(server, endpoint)
        };
        let address = |moto: &Self| (moto.server.folder().to_owned(), moto.endpoint.clone());
        let found = |folder, endpoint| Self::open(Guarded::found(folder), endpoint);
        SHARED.get_or_init(|| shared::server("moto", start, address, found))
    }

    /// A server of the caller's own that takes any keys.
    pub(crate) fn start() -> Self {
        let (server, endpoint) = launch(Owner::Process, &[]);
        Self::open(server, endpoint)
    }

    fn open(server: Guarded, endpoint: String) -> Self {
        let keys = Keys { id: "AKIATESTSPONSORBACKUP".into(), secret: "any-secret-does".into() };
        Self { store: Store::new(&endpoint, &keys, keys.clone()), endpoint, server }
    }

    /// A server that checks signatures and rights. Its `keys` may use these buckets, which it makes, and nothing else.
    pub(crate) fn with_iam(buckets: &[&str]) -> Self {
        let resources = buckets
            .iter()
            .flat_map(|name| [format!("arn:aws:s3:::{name}"), format!("arn:aws:s3:::{name}/*")]);
        let allow = json!({"Effect": "Allow", "Action": "s3:*", "Resource": resources.collect::<Vec<_>>()});
        let moto = Self::with_policy(&json!({"Version": "2012-10-17", "Statement": [allow]}));
        for bucket in buckets {
            moto.bucket(bucket);
        }
        moto
    }

    /// The same with a policy of the test's own for its `keys`; the caller makes the buckets.
    pub(crate) fn with_policy(policy: &serde_json::Value) -> Self {
        Self::with_users(&[policy]).0
    }

    /// The same with several users, each with a policy of its own. The server's `keys` are the first one's.
    pub(crate) fn with_users(policies: &[&serde_json::Value]) -> (Self, Vec<Keys>) {
        // The first calls are free: three for each user. From then on everything is checked.
        let free = (3 * (policies.len() + 1)).to_string();
        let (server, endpoint) = launch(Owner::Process, &[("INITIAL_NO_AUTH_ACTION_COUNT", &free)]);
        let all = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        let owner = make_user(&endpoint, "owner", &all);
        let name = |number: usize| if number == 0 { "sponsor".to_owned() } else { format!("user-{number}") };
        let users: Vec<Keys> = policies
            .iter()
            .enumerate()
            .map(|(number, policy)| make_user(&endpoint, &name(number), policy))
            .collect();
        let store = Store::new(&endpoint, &owner, users[0].clone());
        (Self { store, endpoint, server }, users)
    }
}

fn launch(owner: Owner, environment: &[(&str, &str)]) -> (Guarded, String) {
    let program = tools::python_tool("moto_server").display().to_string();
    let command = [program, "-H".into(), "127.0.0.1".into(), "-p".into(), "0".into()];
    let server = Guarded::start(owner.open_folder("moto"), owner, "TERM", &command, environment);
    let endpoint = server.ready("moto_server", || {
        // Port 0 is chosen by the kernel; the server prints it once it listens.
        let log = server.log();
        let address = log.split("Running on ").nth(1)?;
        address.split_once('\n').map(|(address, _)| address.trim().to_owned())
    });
    (server, endpoint)
}

fn make_user(endpoint: &str, name: &str, policy: &serde_json::Value) -> Keys {
    iam(endpoint, &[("Action", "CreateUser"), ("UserName", name)]);
    let policy = policy.to_string();
    iam(
        endpoint,
        &[("Action", "PutUserPolicy"), ("UserName", name), ("PolicyName", "p"), ("PolicyDocument", &policy)],
    );
    let answer = iam(endpoint, &[("Action", "CreateAccessKey"), ("UserName", name)]);
    Keys { id: between(&answer, "AccessKeyId"), secret: between(&answer, "SecretAccessKey") }
}

fn iam(endpoint: &str, fields: &[(&str, &str)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("Version", "2010-05-08").extend_pairs(fields);
    // Nothing is checked yet, but the server reads from the credential's scope which service is meant.
    let scope = "AWS4-HMAC-SHA256 Credential=first/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=none";
    let request: Request = hyper::Request::post(endpoint)
        .header("authorization", scope)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(form.finish()))
        .unwrap();
    let response = http::send_and_wait(request);
    let text = String::from_utf8_lossy(response.body()).into_owned();
    assert!(response.status().is_success(), "IAM of moto: {} {text}", response.status());
    text
}

fn between(xml: &str, tag: &str) -> String {
    let start = xml.split_once(&format!("<{tag}>")).unwrap().1;
    start.split_once(&format!("</{tag}>")).unwrap().0.to_owned()
}
