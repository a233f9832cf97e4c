//! Manifest → sponsors, and a sponsor → its secrets: the steps that every command begins with.

use std::path::Path;

use secrecy::ExposeSecret as _;
use tokio::io::AsyncReadExt as _;

use super::{Edge, keyless};
use crate::cli::UsageError;
use crate::cli::order::Scope;
use crate::dump::client::{self, Client};
use crate::dump::{Connection, DumpError};
use crate::failure::Failure;
use crate::manifest::{self, Manifest, ManifestError};
use crate::report::workflow::{Level, annotation};
use crate::secrets::doppler::{self, Doppler};
use crate::secrets::file::{SecretsFile, others_can_open};
use crate::secrets::keyring::Owner;
use crate::secrets::{self, Archival, AwsFromEnvironment, IdTokens, Place, RawSecrets, Secret, SecretsError};
use crate::sponsors::{self, Environment, Selection, Sponsor};

/// The selected sponsors, and who else there is.
pub(super) struct Selected {
    pub(super) sponsors: Vec<Sponsor>,
    /// Every name of the manifest.
    pub(super) known: Vec<String>,
}

async fn manifest(scope: &Scope, edge: &Edge) -> Result<Manifest, Failure> {
    let stop = edge.stop.child();
    let text = tokio::select! {
        text = manifest_text(scope, edge) => text?,
        () = stop.cancelled() => return Err(stopped(edge)),
    };
    Ok(manifest::parse(&text)?)
}

pub(super) async fn select(scope: &Scope, edge: &Edge) -> Result<Selected, Failure> {
    let manifest = manifest(scope, edge).await?;
    let undecided = sponsors::undecided(&manifest);
    if !undecided.is_empty() {
        let message =
            format!("The manifest does not say whether {} is enabled; it is left out.", undecided.join(", "));
        warn(edge, "enabled is missing in the manifest", &message);
    }
    Ok(Selected { sponsors: sponsors::select(&manifest, &scope.selection)?, known: names(&manifest) })
}

fn names(manifest: &Manifest) -> Vec<String> {
    manifest.entries.iter().map(|entry| entry.name.clone()).collect()
}

/// The sponsors of a deployment that is to be recorded. Names that somebody typed are held against the manifest. The list
/// that `matrix` put out is not: it says who was deployed, whatever became of the manifest since.
pub(super) async fn deployed(scope: &Scope, edge: &Edge) -> Result<Selected, Failure> {
    let Selection::Listed(listed) = &scope.selection else { return select_some(scope, edge).await };
    let manifest = match manifest(scope, edge).await {
        Ok(manifest) => Some(manifest),
        Err(Failure::Cancelled(signal)) => return Err(Failure::Cancelled(signal)),
        Err(failure) => {
            let message = edge.sink.redacted(&format!("{failure}; deployments are recorded without it"));
            warn(edge, "the manifest was not read", &message);
            None
        }
    };
    let (sponsors, changed) = sponsors::listed(manifest.as_ref(), listed)?;
    if manifest.is_some() && !changed.is_empty() {
        let message = format!(
            "The manifest no longer enables {}; the deployment is recorded all the same.",
            changed.join(", ")
        );
        warn(edge, "the manifest has changed", &message);
    }
    let known = manifest.as_ref().map(names).unwrap_or_default().into_iter().chain(changed).collect();
    Ok(Selected { sponsors, known })
}

fn warn(edge: &Edge, title: &str, message: &str) {
    edge.sink.line(message);
    edge.sink.annotations(&[annotation(Level::Warning, title, message)]);
}

/// The same for commands that have nothing to do without a sponsor.
pub(super) async fn select_some(scope: &Scope, edge: &Edge) -> Result<Selected, Failure> {
    let selected = select(scope, edge).await?;
    if selected.sponsors.is_empty() { Err(sponsors::SponsorsError::NoneEnabled.into()) } else { Ok(selected) }
}

/// The client tools of this machine. That there are none is a failure only of those who need one.
pub(super) async fn clients(edge: &Edge) -> Result<Result<Vec<Client>, DumpError>, Failure> {
    let stop = edge.stop.child();
    tokio::select! {
        clients = client::installed(&edge.search_path) => Ok(clients),
        () = stop.cancelled() => Err(stopped(edge)),
    }
}

/// What a stopped run says.
pub(super) fn stopped(edge: &Edge) -> Failure {
    match edge.stop.signal() {
        Some(signal) => Failure::Cancelled(signal),
        None => Failure::Bug("stopped without a signal".to_owned()),
    }
}

async fn manifest_text(scope: &Scope, edge: &Edge) -> Result<String, Failure> {
    if let Some(path) = &scope.manifest {
        let unreadable =
            |reason: String| ManifestError::Unreadable { place: path.display().to_string(), reason };
        let text = read(path).await.map_err(|error| unreadable(error.to_string()))?;
        return if text.len() as u64 > MANIFEST_BYTES {
            Err(unreadable("too long".to_owned()).into())
        } else {
            Ok(text)
        };
    }
    let (project, config) = (scope.core_project.clone(), scope.config.clone());
    let place = Place::Doppler { project: project.clone(), config: config.clone() };
    let doppler = Doppler::new(&scope.doppler_api_url)?;
    let token = keyless::token((scope, edge), &doppler, Owner::Core, false, &place.to_string()).await?;
    let say = |line: String| edge.sink.line(&line);
    let asked = doppler::Place { project, config, token };
    let secrets = doppler.fetch(&asked, &[secrets::MANIFEST], &say).await?;
    let manifest = secrets.get(secrets::MANIFEST);
    let missing = || place.lacks(vec![secrets::MANIFEST.to_owned()], None);
    Ok(manifest.ok_or_else(missing)?.expose_secret().to_owned())
}

/// A manifest of ten thousand sponsors is a tenth of this; what is longer is no manifest, a device perhaps.
const MANIFEST_BYTES: u64 = 16 << 20;

async fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    tokio::fs::File::open(path).await?.take(MANIFEST_BYTES + 1).read_to_string(&mut text).await?;
    Ok(text)
}

/// Says that others than its owner can read a file of secrets, as ssh does of its keys. It is used all the same.
pub(super) fn warn_of_open_file(path: &Path, input: &str, edge: &Edge) {
    if others_can_open(path) {
        let path = path.display();
        let message = format!("{path} ({input}) can be read by other users: run `chmod 600 {path}`.");
        edge.sink.line(&message);
        edge.sink.annotations(&[annotation(Level::Warning, "other users can read secrets", &message)]);
    }
}

/// A pipe that nobody writes into would hold a thread for ever; it is not this one.
async fn secrets_file(path: &Path, edge: &Edge) -> Result<SecretsFile, Failure> {
    let (path, stop) = (path.to_owned(), edge.stop.child());
    tokio::select! {
        read = tokio::task::spawn_blocking(move || SecretsFile::read(&path)) => {
            Ok(read.map_err(|error| Failure::Bug(error.to_string()))??)
        }
        () = stop.cancelled() => Err(stopped(edge)),
    }
}

/// Where sponsors' secrets come from.
pub(super) struct SecretsSource<'a> {
    scope: &'a Scope,
    edge: &'a Edge,
    origin: Origin,
    /// Whether exactly one sponsor is selected: then what the environment holds for nobody in particular is its own.
    only: bool,
    /// GitHub's word for this job, for roles of AWS.
    tokens: Result<IdTokens, SecretsError>,
}

enum Origin {
    Doppler(Doppler),
    File(SecretsFile),
}

impl<'a> SecretsSource<'a> {
    pub(super) async fn open(
        scope: &'a Scope,
        edge: &'a Edge,
        sponsors: &[Sponsor],
    ) -> Result<Self, Failure> {
        let origin = match &scope.secrets_file {
            Some(path) => {
                warn_of_open_file(path, "secrets-file", edge);
                Origin::File(secrets_file(path, edge).await?)
            }
            None => Origin::Doppler(Doppler::new(&scope.doppler_api_url)?),
        };
        let only = sponsors.len() == 1;
        if scope.aws_role.is_some() && !only {
            let problem = "`aws-role-arn` is the role of one sponsor, but several are selected";
            let hint =
                "Name one sponsor in `sponsors`, or give each its own: SPONSOR_AWS_ROLE_ARN in its secrets.";
            return Err(UsageError::new(problem).hint(hint).into());
        }
        Ok(Self { scope, edge, origin, only, tokens: keyless::id_tokens(scope, edge) })
    }

    /// The Doppler project of a sponsor.
    pub(super) fn project(&self, sponsor: &str) -> String {
        format!("{}{sponsor}", self.scope.project_prefix)
    }

    pub(super) fn environment(&self) -> Environment {
        self.scope.environment
    }

    /// Whether there is a token with which a sponsor's secrets may be read, or a file that holds them.
    pub(super) fn has_key_to(&self, sponsor: &str) -> bool {
        match &self.origin {
            Origin::File(file) => file.fetch(sponsor).is_ok(),
            Origin::Doppler(_) => {
                let own = self.scope.keyring.own_token(Owner::Sponsor(sponsor));
                self.scope.doppler_identity.is_some() || own.is_ok_and(|token| token.is_some())
            }
        }
    }

    /// The address of a database in any environment, for comparing; nothing else of it is asked for.
    pub(super) async fn database_url(
        &self,
        sponsor: &str,
        environment: Environment,
        is_selected: bool,
    ) -> Result<Secret, SecretsError> {
        let config = if environment == self.scope.environment {
            &self.scope.config
        } else {
            environment.doppler_config()
        };
        let (place, raw) =
            self.raw((sponsor, config), is_selected && self.only, &[secrets::DATABASE_URL]).await?;
        let url = raw.get(secrets::DATABASE_URL).cloned();
        let missing = || place.lacks(vec![secrets::DATABASE_URL.to_owned()], None);
        let url = url.ok_or_else(missing)?;
        self.edge.sink.mask(url.expose_secret());
        Ok(url)
    }

    /// One sponsor's secrets; what must not be shown is masked before anybody can show it.
    pub(super) async fn fetch(&self, sponsor: &str) -> Result<Archival, SecretsError> {
        let keyring = &self.scope.keyring;
        let of_the_sponsor = keyring.sponsor_keys(sponsor)?;
        let ambient = if self.only { keyring.ambient() } else { Ok(None) };
        let (place, raw) = self
            .raw((sponsor, &self.scope.config), self.only, &secrets::needed(of_the_sponsor.is_some()))
            .await?;
        let (role, tokens) = (self.scope.aws_role.clone(), self.tokens.clone());
        let how_to_pass_keys = keyring.how_to_pass_keys(sponsor, self.only);
        let aws = AwsFromEnvironment { of_the_sponsor, role, tokens, ambient, how_to_pass_keys };
        let archival = secrets::interpret(&place, &raw, aws)?;
        if let Archival::Enabled(secrets) = &archival {
            let password = Connection::parse(&secrets.database_url).map(|connection| connection.masks());
            let masks = secrets.masks().into_iter().chain(password.unwrap_or_default());
            masks.for_each(|mask| self.edge.sink.mask(mask.expose_secret()));
        }
        Ok(archival)
    }

    /// The named secrets of one sponsor, and where they stand.
    async fn raw(
        &self,
        (sponsor, config): (&str, &str),
        only: bool,
        names: &[&str],
    ) -> Result<(Place, RawSecrets), SecretsError> {
        let (project, config) = (self.project(sponsor), config.to_owned());
        let doppler = match &self.origin {
            Origin::File(file) if config == self.scope.config => {
                return Ok((file.place(sponsor), file.fetch(sponsor)?));
            }
            // A file holds the secrets of the one environment that is being worked in.
            Origin::File(file) => {
                let names = names.iter().map(|name| (*name).to_owned()).collect();
                return Err(file.place(sponsor).lacks(names, None));
            }
            Origin::Doppler(doppler) => doppler,
        };
        let place = Place::Doppler { project: project.clone(), config: config.clone() };
        let whose = Owner::Sponsor(sponsor);
        let token = keyless::token((self.scope, self.edge), doppler, whose, only, &place.to_string()).await?;
        let say = |line: String| self.edge.sink.line(&format!("{sponsor}: {line}"));
        let raw = doppler.fetch(&doppler::Place { project, config, token }, names, &say).await?;
        Ok((place, raw))
    }
}
