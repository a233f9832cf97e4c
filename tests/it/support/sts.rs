//! A scripted AWS STS: AssumeRoleWithWebIdentity alone, with the checks and the error codes of the real one (STS API
//! reference; IAM user guide, "Creating a role for OpenID Connect federation").

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;

use super::http::{self, HangUp, Request, Response, Server};
use super::oidc::{Doubt, Issuer};
use super::sessions::{Granted, Sessions, after};
use super::tools;

/// A running STS; it stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Sts {
    server: Server,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    issuer: Arc<Issuer>,
    sessions: Sessions,
    roles: BTreeMap<String, Role>,
    /// Of each role, the keys of its sessions; see [`Granted::id`].
    keys: BTreeMap<String, (String, String)>,
    /// How long sessions really last, whatever was asked for.
    lifetime: Option<Duration>,
    asked: Vec<BTreeMap<String, String>>,
    troubles: VecDeque<(u16, &'static str)>,
}

/// A role.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    /// Subjects that its trust policy names, with `StringEquals`.
    pub(crate) subjects: Vec<String>,
    /// Buckets that its own policy allows everything in.
    pub(crate) buckets: Vec<String>,
}

impl Sts {
    /// Starts an STS without roles, whose account trusts this issuer with the audience `sts.amazonaws.com`.
    pub(crate) fn start(issuer: &Arc<Issuer>, sessions: &Sessions) -> Self {
        let state = Arc::new(Mutex::new(State {
            issuer: Arc::clone(issuer),
            sessions: sessions.clone(),
            roles: BTreeMap::new(),
            keys: BTreeMap::new(),
            lifetime: None,
            asked: Vec::new(),
            troubles: VecDeque::new(),
        }));
        let shared = Arc::clone(&state);
        let server = Server::start(move |request| {
            let answer = shared.lock().unwrap().answer(&request);
            async move { Ok::<_, HangUp>(answer) }
        });
        Self { server, state }
    }

    /// `AWS_ENDPOINT_URL_STS`.
    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// Makes a role, or makes another one of it.
    pub(crate) fn role(&self, arn: &str, role: Role) {
        self.state().roles.insert(arn.to_owned(), role);
    }

    /// From now on sessions last this long.
    pub(crate) fn lifetime(&self, lifetime: Duration) {
        self.state().lifetime = Some(lifetime);
    }

    /// The next request is refused with this status and code.
    pub(crate) fn refuse_next(&self, status: u16, code: &'static str) {
        self.state().troubles.push_back((status, code));
    }

    /// The parameters of every request, in order.
    pub(crate) fn asked(&self) -> Vec<BTreeMap<String, String>> {
        self.state().asked.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

type Refusal = (u16, &'static str, String);

impl State {
    fn answer(&mut self, request: &Request) -> Response {
        let form: BTreeMap<String, String> =
            url::form_urlencoded::parse(request.body()).into_owned().collect();
        self.asked.push(form.clone());
        if let Some((status, code)) = self.troubles.pop_front() {
            return refuse((status, code, "refused on purpose".to_owned()));
        }
        if request.headers().contains_key("authorization") {
            // The request has keys although it needs none.
            return refuse((403, "InvalidClientTokenId", "this request must not be signed".to_owned()));
        }
        self.assume(&form).unwrap_or_else(refuse)
    }

    fn assume(&mut self, form: &BTreeMap<String, String>) -> Result<Response, Refusal> {
        let text = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let invalid = |what: &str| (400, "ValidationError", format!("{what} is not valid"));
        if (text("Action"), text("Version")) != ("AssumeRoleWithWebIdentity", "2011-06-15") {
            return Err((400, "InvalidAction", "Could not find operation".to_owned()));
        }
        let name = text("RoleSessionName");
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_=,.@-".contains(&byte);
        if !(2..=64).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(invalid("RoleSessionName"));
        }
        let seconds: u64 = text("DurationSeconds").parse().map_err(|_| invalid("DurationSeconds"))?;
        if !(900..=3600).contains(&seconds) {
            return Err((
                400,
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.".to_owned(),
            ));
        }
        let claims = self.issuer.claims(text("WebIdentityToken")).map_err(|doubt| match doubt {
            Doubt::Time => (400, "ExpiredTokenException", "Token expired".to_owned()),
            Doubt::Forged => {
                (400, "InvalidIdentityToken", "Couldn't verify the signature of the token".to_owned())
            }
            Doubt::Issuer => {
                (400, "InvalidIdentityToken", "No OpenIDConnect provider found in your account".to_owned())
            }
        })?;
        if claims["aud"] != "sts.amazonaws.com" {
            return Err((400, "InvalidIdentityToken", "Incorrect token audience".to_owned()));
        }
        let subject = claims["sub"].as_str().unwrap_or_default();
        let role = self.roles.get(text("RoleArn"));
        let trusted = role.filter(|role| role.subjects.iter().any(|known| known == subject));
        let role = trusted.ok_or_else(|| {
            (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity".to_owned())
        })?;
        if text("Policy").len() > 2048 {
            return Err((400, "PackedPolicyTooLarge", "the policy is too large".to_owned()));
        }
        let policy: Value = serde_json::from_str(text("Policy"))
            .map_err(|_| (400, "MalformedPolicyDocument", "the policy is no JSON".to_owned()))?;
        let ends = after(self.lifetime.unwrap_or(Duration::from_secs(seconds)));
        let buckets = role.buckets.clone();
        let fresh = || {
            (format!("ASIA{}", tools::unique().to_uppercase()), format!("canary-secret-{}", tools::unique()))
        };
        let (id, secret) = self.keys.entry(text("RoleArn").to_owned()).or_insert_with(fresh).clone();
        let session = Granted {
            id,
            secret,
            token: format!("canary-session-{}", tools::unique().repeat(8)),
            ends,
            role: text("RoleArn").to_owned(),
            name: name.to_owned(),
            policy,
            buckets,
        };
        let answer = given(&session);
        self.sessions.grant(session);
        Ok(answer)
    }
}

fn given(session: &Granted) -> Response {
    let ends = jiff::Timestamp::try_from(session.ends).unwrap();
    let Granted { id, secret, token, .. } = session;
    let credentials = format!(
        "<Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
         <SessionToken>{token}</SessionToken><Expiration>{ends}</Expiration></Credentials>"
    );
    let result = "AssumeRoleWithWebIdentityResult";
    respond(
        200,
        &format!(
            "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{result}>{credentials}</{result}></AssumeRoleWithWebIdentityResponse>"
        ),
    )
}

fn refuse((status, code, message): Refusal) -> Response {
    let kind = if status >= 500 { "Receiver" } else { "Sender" };
    respond(
        status,
        &format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>scripted</RequestId></ErrorResponse>"
        ),
    )
}

fn respond(status: u16, body: &str) -> Response {
    let builder = hyper::Response::builder().status(status).header("content-type", "text/xml");
    builder.body(http::whole(body.to_owned())).unwrap()
}
