//! A scripted GitHub that gives ID tokens: real JWTs, signed with a key of its own, for each holder of the job's bearer
//! token. And the checks of the services that trust such a token. Knows neither Doppler nor AWS.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hyper::Method;
use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey};
use serde_json::{Value, json};

use super::http::{self, HangUp, Request, Response, Server};
use super::tools;

/// As GitHub names itself.
const ISSUER: &str = "https://token.actions.githubusercontent.com";
/// The subject of the runs here: a repository from before July 2026, in an environment.
pub(crate) const SUBJECT: &str = "repo:cure-hht/hht_diary:environment:production";
/// The same of a newer repository, with the ids of owner and repository.
pub(crate) const SUBJECT_WITH_IDS: &str = "repo:cure-hht@9919/hht_diary@70107786:environment:production";

/// A running token endpoint; it stops when this is dropped.
#[derive(Debug)]
pub(crate) struct GitHub {
    server: Server,
    bearer: String,
    /// Its key, for those who trust it.
    pub(crate) issuer: Arc<Issuer>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    subject: String,
    seconds: i64,
    asked: Vec<String>,
    given: Vec<String>,
    refusals: VecDeque<u16>,
}

/// Why a token is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// Not a token, or one with another issuer's signature.
    Forged,
    /// It is not from GitHub.
    Issuer,
    /// Its time is over, or has not come.
    Time,
}

/// A key that signs, and can be asked about what it has signed.
#[derive(Debug)]
pub(crate) struct Issuer(EcdsaKeyPair);

impl Issuer {
    fn new() -> Arc<Self> {
        let (kind, random) = (&signature::ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let key = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
        Arc::new(Self(EcdsaKeyPair::from_pkcs8(kind, key.as_ref(), &random).unwrap()))
    }

    fn sign(&self, claims: &Value) -> String {
        let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let head = encode(&json!({"typ": "JWT", "alg": "ES256", "kid": "1"}));
        let text = format!("{head}.{}", encode(claims));
        let signature = self.0.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// What a token says, once it is sure who says it, and that it is time.
    pub(crate) fn claims(&self, token: &str) -> Result<Value, Doubt> {
        let (text, signature) = token.rsplit_once('.').ok_or(Doubt::Forged)?;
        let (head, payload) = text.split_once('.').ok_or(Doubt::Forged)?;
        let decode = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).map_err(|_| Doubt::Forged);
        let parse = |part: &str| serde_json::from_slice(&decode(part)?).map_err(|_| Doubt::Forged);
        let (head, claims): (Value, Value) = (parse(head)?, parse(payload)?);
        let key = UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, self.0.public_key());
        let signed = key.verify(text.as_bytes(), &decode(signature)?).is_ok();
        if head["alg"] != "ES256" || !signed {
            return Err(Doubt::Forged);
        }
        if claims["iss"] != ISSUER {
            return Err(Doubt::Issuer);
        }
        let (from, until) = (claims["nbf"].as_i64(), claims["exp"].as_i64());
        let in_time = from.is_some_and(|from| from <= now()) && until.is_some_and(|until| now() < until);
        if in_time { Ok(claims) } else { Err(Doubt::Time) }
    }
}

impl GitHub {
    /// Starts one whose tokens name [`SUBJECT`] and are good for five minutes.
    pub(crate) fn start() -> Self {
        let state = State {
            subject: SUBJECT.to_owned(),
            seconds: 300,
            asked: Vec::new(),
            given: Vec::new(),
            refusals: VecDeque::new(),
        };
        let (issuer, state) = (Issuer::new(), Arc::new(Mutex::new(state)));
        let bearer = format!("canary-bearer-{}", tools::unique());
        let (key, shared, right) = (Arc::clone(&issuer), Arc::clone(&state), bearer.clone());
        let server = Server::start(move |request| {
            let answer = answer(&request, &right, &key, &mut shared.lock().unwrap());
            async move { Ok::<_, HangUp>(answer) }
        });
        Self { server, bearer, issuer, state }
    }

    /// `ACTIONS_ID_TOKEN_REQUEST_URL`; like the real one it has a query already.
    pub(crate) fn url(&self) -> String {
        format!("{}/run/idtoken?api-version=2.0", self.server.url())
    }

    /// `ACTIONS_ID_TOKEN_REQUEST_TOKEN`.
    pub(crate) fn bearer(&self) -> &str {
        &self.bearer
    }

    /// From now on tokens name another subject.
    pub(crate) fn subject(&self, subject: &str) {
        subject.clone_into(&mut self.state().subject);
    }

    /// From now on tokens are valid for this long. A negative value makes tokens that have expired.
    pub(crate) fn seconds(&self, seconds: i64) {
        self.state().seconds = seconds;
    }

    /// The next request is answered with this status.
    pub(crate) fn refuse_next(&self, status: u16) {
        self.state().refusals.push_back(status);
    }

    /// The audiences that were asked for, in order; those of refused requests too.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    /// Every token that was given.
    pub(crate) fn given(&self) -> Vec<String> {
        self.state().given.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn answer(request: &Request, bearer: &str, issuer: &Issuer, state: &mut State) -> Response {
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let value = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let audience = value("audience").unwrap_or_else(|| "https://github.com/cure-hht".to_owned());
    state.asked.push(audience.clone());
    if let Some(status) = state.refusals.pop_front() {
        return respond(status, json!({"message": "refused on purpose"}));
    }
    let given = request.headers().get("authorization").and_then(|value| value.to_str().ok());
    if given != Some(&format!("Bearer {bearer}")) {
        return respond(401, json!({"message": "the bearer token is not this job's"}));
    }
    if request.method() != Method::GET || value("api-version").as_deref() != Some("2.0") {
        return respond(400, json!({"message": "GET the address as it was given, api-version included"}));
    }
    let claims = json!({
        "iss": ISSUER, "aud": audience, "sub": state.subject, "jti": tools::unique(),
        "iat": now(), "nbf": now().min(now() + state.seconds) - 5, "exp": now() + state.seconds,
        "repository": "cure-hht/hht_diary", "environment": "production", "run_id": "17342009911",
    });
    let token = issuer.sign(&claims);
    state.given.push(token.clone());
    respond(200, json!({"count": 1, "value": token}))
}

fn respond(status: u16, body: Value) -> Response {
    let builder = hyper::Response::builder().status(status).header("content-type", "application/json");
    builder.body(http::whole(body.to_string())).unwrap()
}

fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}
