//! The scripted Doppler's identities: a job's OIDC token against a temporary token, and its revocation. Checks of a token
//! what the real one checks: signature, issuer, time, and every claim of the identity.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper::Method;
use serde_json::{Value, json};

use super::doppler::{Scope, State};
use super::doppler_answers::{refuse, respond};
use super::http::{Request, Response};
use super::oidc::Issuer;

const EXCHANGE: &str = "/v3/auth/oidc";
const REVOKE: &str = "/v3/auth/revoke";

/// An identity of a service account.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// Whose tokens it trusts.
    pub(crate) issuer: Arc<Issuer>,
    /// `aud`, exactly.
    pub(crate) audience: String,
    /// `sub`, one of these exactly.
    pub(crate) subjects: Vec<String>,
    /// Projects that its service account may read.
    pub(crate) projects: BTreeSet<String>,
    /// How long its tokens last.
    pub(crate) lifetime: Duration,
}

/// A temporary token.
#[derive(Debug, Clone)]
pub(crate) struct Lent {
    /// `dp.said.…`
    pub(crate) token: String,
    /// When it ends by itself.
    pub(crate) ends: SystemTime,
    /// Whether it was given back.
    pub(crate) revoked: bool,
}

/// The answer, where it is a request about identities.
pub(super) fn answer(state: &mut State, request: &Request) -> Option<Response> {
    let path = request.uri().path();
    if ![EXCHANGE, REVOKE].contains(&path) {
        return None;
    }
    if request.method() != Method::POST {
        return Some(refuse(404, "Could not find requested resource"));
    }
    if let Some(status) = state.identity_troubles.pop_front() {
        return Some(refuse(status, "Something went wrong on our side"));
    }
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let answer = if path == EXCHANGE { exchange(state, &body) } else { revoke(state, &body) };
    Some(answer.unwrap_or_else(|(status, message)| refuse(status, message)))
}

type Answer = Result<Response, (u16, &'static str)>;

fn exchange(state: &mut State, body: &Value) -> Answer {
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let identity =
        state.identities.get(text("identity")).ok_or((404, "Could not find requested identity"))?;
    let claims = identity.issuer.claims(text("token")).map_err(|_| (401, "Invalid OIDC token"))?;
    let subject = claims["sub"].as_str().unwrap_or_default();
    if claims["aud"] != identity.audience.as_str() || !identity.subjects.iter().any(|known| known == subject)
    {
        return Err((403, "The token's claims do not match the identity"));
    }
    let token = format!("dp.said.{0}{0}", uuid::Uuid::new_v4().simple());
    let ends = SystemTime::now() + identity.lifetime;
    state.tokens.insert(token.clone(), Scope::Projects(identity.projects.clone()));
    state.lent.push(Lent { token: token.clone(), ends, revoked: false });
    let expires_at = jiff::Timestamp::try_from(ends).unwrap().to_string();
    Ok(respond(200, json!({"success": true, "token": token, "expires_at": expires_at}).to_string()))
}

fn revoke(state: &mut State, body: &Value) -> Answer {
    let token = body["token"].as_str().unwrap_or_default();
    if state.tokens.remove(token).is_none() {
        return Err((401, "Invalid Auth token"));
    }
    state.lent.iter_mut().filter(|lent| lent.token == token).for_each(|lent| lent.revoked = true);
    Ok(respond(200, json!({"success": true}).to_string()))
}

/// Tokens whose time is over open nothing.
pub(super) fn end_what_is_over(state: &mut State) {
    let now = SystemTime::now();
    let over: Vec<String> =
        state.lent.iter().filter(|lent| lent.ends <= now).map(|lent| lent.token.clone()).collect();
    over.iter().for_each(|token| drop(state.tokens.remove(token)));
}
