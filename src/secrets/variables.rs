//! Tokens and keys in the environment variables, per sponsor. Pure: the variables come in as a value.

use std::collections::BTreeMap;

use secrecy::ExposeSecret as _;

use super::aws::{AwsCredentials, AwsKeys, HowToPassKeys};
use super::oidc::IdTokenRequest;
use super::{Secret, SecretsError};
use crate::manifest;

/// The project that a Doppler token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner<'a> {
    /// The core project, which holds the manifest.
    Core,
    /// A sponsor.
    Sponsor(&'a str),
}

impl Owner<'_> {
    /// The variable named after the owner.
    #[must_use]
    pub fn variable(self) -> String {
        match self {
            Self::Core => "DOPPLER_TOKEN_CORE".to_owned(),
            Self::Sponsor(name) => variable(TOKEN, name),
        }
    }
}

const PREFIXES: [&str; 3] = [TOKEN, "AWS_", ID_TOKEN];
const TOKEN: &str = "DOPPLER_TOKEN";
const ID_TOKEN: &str = "ACTIONS_ID_TOKEN_REQUEST_";

/// The environment variables that hold tokens and keys, with names in upper case.
#[derive(Debug, Default)]
pub struct EnvCredentials {
    variables: BTreeMap<String, Vec<Secret>>,
}

impl EnvCredentials {
    /// Picks the known variables. Empty values count as unset. Drops white space around a value.
    pub fn from_variables<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut keyring = Self::default();
        for (name, value) in variables {
            let (name, value) = (name.to_ascii_uppercase(), value.trim());
            if !value.is_empty() && PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
                let values = keyring.variables.entry(name).or_default();
                if !values.iter().any(|known| known.expose_secret() == value) {
                    values.push(Secret::from(value));
                }
            }
        }
        keyring
    }

    /// The token in the variable named after its owner.
    ///
    /// # Errors
    /// It is set twice.
    pub fn own_token(&self, owner: Owner<'_>) -> Result<Option<Secret>, SecretsError> {
        self.value(&owner.variable())
    }

    /// The owner's token. If `only` one sponsor is selected, also `DOPPLER_TOKEN`.
    ///
    /// # Errors
    /// It is not set, or set twice.
    pub fn token(&self, owner: Owner<'_>, only: bool, place: &str) -> Result<Secret, SecretsError> {
        if let Some(token) = self.own_token(owner)? {
            return Ok(token);
        }
        let shared = if only && owner != Owner::Core { self.value(TOKEN)? } else { None };
        shared.ok_or_else(|| {
            let variable = owner.variable();
            let near = self.near(TOKEN, &variable).filter(|near| *near != Owner::Core.variable());
            SecretsError::TokenMissing { place: place.to_owned(), near: near.map(str::to_owned), variable }
        })
    }

    /// A variable with this prefix that is almost `wanted`: only what follows the prefix counts.
    fn near(&self, prefix: &str, wanted: &str) -> Option<&str> {
        let end = |name: &str| name.strip_prefix(prefix)?.strip_prefix('_').map(str::to_owned);
        let wanted = end(wanted)?;
        let mut names = self.variables.keys().map(String::as_str);
        names.find(|name| {
            end(name).is_some_and(|typed| manifest::suggest(&typed, [wanted.as_str()]).is_some())
        })
    }

    /// How this job requests its OIDC token from GitHub.
    ///
    /// # Errors
    /// A variable is not set: the job lacks a permission, or does not run on GitHub.
    pub fn id_token_request(&self) -> Result<IdTokenRequest, SecretsError> {
        let value = |end: &str| {
            let variable = format!("{ID_TOKEN}{end}");
            self.value(&variable)?.ok_or(SecretsError::NoIdToken { variable })
        };
        let (url, bearer) = (value("URL")?, value("TOKEN")?);
        Ok(IdTokenRequest { url: url.expose_secret().to_owned(), bearer })
    }

    /// The sponsor's own AWS keys.
    ///
    /// # Errors
    /// One of them is set and another is not.
    pub fn sponsor_keys(&self, sponsor: &str) -> Result<Option<AwsKeys>, SecretsError> {
        self.keys(&AWS_KEYS.map(|prefix| variable(prefix, sponsor)))
    }

    /// The sponsor's keys for one purpose that its other keys must not serve: `AWS_ACCESS_KEY_ID_{SPONSOR}_PRUNE` and its
    /// secret. The first purpose whose keys are set counts.
    ///
    /// # Errors
    /// None are set, or a half of a pair.
    pub fn keys_for(&self, sponsor: &str, purposes: &[&str]) -> Result<AwsKeys, SecretsError> {
        let names = |purpose: &str| AWS_KEYS.map(|prefix| format!("{}_{purpose}", variable(prefix, sponsor)));
        for purpose in purposes {
            if let Some(keys) = self.keys(&names(purpose))? {
                return Ok(keys);
            }
        }
        let [id, secret, _] = names(purposes.first().copied().unwrap_or_default());
        Err(SecretsError::NoOwnKeys { id, secret })
    }

    /// General AWS credentials of the environment: keys, or a web identity.
    ///
    /// # Errors
    /// Only a half of either is set.
    pub fn ambient(&self) -> Result<Option<AwsCredentials>, SecretsError> {
        if let Some(keys) = self.keys(&AWS_KEYS.map(str::to_owned))? {
            return Ok(Some(AwsCredentials::Keys(keys)));
        }
        let identity = self.both("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN")?;
        let session = self.value("AWS_ROLE_SESSION_NAME")?;
        Ok(identity.map(|(file, role)| AwsCredentials::WebIdentity {
            token_file: file.expose_secret().to_owned(),
            role_arn: role.expose_secret().to_owned(),
            session_name: session
                .map_or_else(|| "sponsor-backup".to_owned(), |name| name.expose_secret().to_owned()),
        }))
    }

    /// How to pass a sponsor's AWS keys in the environment, and why the current variables do not serve. `only` if exactly
    /// one sponsor is selected.
    #[must_use]
    pub fn how_to_pass_keys(&self, sponsor: &str, only: bool) -> HowToPassKeys {
        let set = |[id, secret, token]: &[String; 3]| {
            format!("set the environment variables {id} and {secret} (for temporary keys also {token}).")
        };
        let (own, shared) = (AWS_KEYS.map(|prefix| variable(prefix, sponsor)), AWS_KEYS.map(str::to_owned));
        let near = self.near(AWS_KEYS[0], &own[0]);
        let near = near.map(|typed| format!(" {typed} is set. Did you mean {}?", own[0])).unwrap_or_default();
        let is_set = |name: &str| self.variables.contains_key(name);
        let ambient = [AWS_KEYS[0], "AWS_WEB_IDENTITY_TOKEN_FILE"].into_iter().find(|name| is_set(name));
        let why = match ambient {
            Some(ambient) if !only => format!(" {ambient} is used only if exactly one sponsor is selected."),
            None if is_set("AWS_PROFILE") => {
                let one = if only { "" } else { ", and select one sponsor" };
                format!(
                    " AWS_PROFILE is not read: run `eval \"$(aws configure export-credentials --format env)\"` first{one}."
                )
            }
            _ => String::new(),
        };
        let general = format!("{}{near}{why}", set(if only { &shared } else { &own }));
        HowToPassKeys { own: format!("{}{near}", set(&own)), general }
    }

    /// A pair of keys and their session token, by the names of their variables.
    fn keys(&self, names: &[String; 3]) -> Result<Option<AwsKeys>, SecretsError> {
        let [id, secret, token] = names;
        let session_token = self.value(token)?;
        let Some((access_key_id, secret_access_key)) = self.both(id, secret)? else {
            return match session_token {
                Some(_) => Err(half(token, id)),
                None => Ok(None),
            };
        };
        let also = if session_token.is_some() { format!(", {token}") } else { String::new() };
        let keys = AwsKeys {
            access_key_id: access_key_id.expose_secret().to_owned(),
            secret_access_key,
            session_token,
            called: format!("{id} and {secret}{also}"),
        };
        let no_session_token =
            || SecretsError::NoSessionToken { id: id.clone(), hint: format!("Set {token} too.") };
        keys.usable(no_session_token).map(Some)
    }

    fn both(&self, one: &str, other: &str) -> Result<Option<(Secret, Secret)>, SecretsError> {
        match (self.value(one)?, self.value(other)?) {
            (Some(first), Some(second)) => Ok(Some((first, second))),
            (None, None) => Ok(None),
            (Some(_), None) => Err(half(one, other)),
            (None, Some(_)) => Err(half(other, one)),
        }
    }

    fn value(&self, variable: &str) -> Result<Option<Secret>, SecretsError> {
        match self.variables.get(variable).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([value]) => Ok(Some(value.clone())),
            Some(_) => Err(SecretsError::Ambiguous { variable: variable.to_owned() }),
        }
    }
}

/// Id, secret half and session token of AWS keys.
const AWS_KEYS: [&str; 3] = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];

fn half(present: &str, absent: &str) -> SecretsError {
    SecretsError::HalfAKeyPair { present: present.to_owned(), absent: absent.to_owned() }
}

/// `DOPPLER_TOKEN_TITAN_2` for the sponsor `titan-2`.
#[must_use]
pub fn variable(prefix: &str, sponsor: &str) -> String {
    format!("{prefix}_{}", sponsor.to_ascii_uppercase().replace('-', "_"))
}

#[cfg(test)]
mod tests;
