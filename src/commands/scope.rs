//! Manifest → sponsors, and sponsor → secrets: the first steps of every command.

use std::path::Path;

use secrecy::ExposeSecret as _;
use tokio::io::AsyncReadExt as _;

use super::{RunContext, keyless};
use crate::cli::UsageError;
use crate::cli::order::CommonOptions;
use crate::databases::postgres::client::{self, Client};
use crate::databases::postgres::{Connection, DumpError};
use crate::failure::Failure;
use crate::manifest::{self, Entry, Manifest, ManifestError};
use crate::report::workflow::{Level, annotation};
use crate::secrets::doppler::{self, Doppler};
use crate::secrets::file::{self, SecretsFile, others_can_open};
use crate::secrets::variables::Owner;
use crate::secrets::{
    self, AwsFromEnvironment, IdTokens, Place, RawSecrets, S3Backups, Secret, SecretsError,
};
use crate::sponsors::{self, Environment, Selection, Sponsor};

/// The selected sponsors, and the names of all.
pub(super) struct Selected {
    pub(super) sponsors: Vec<Sponsor>,
    /// Every name of the manifest.
    pub(super) known: Vec<String>,
    /// Of these, the ones that the manifest does not enable.
    pub(super) disabled: Vec<String>,
}

async fn manifest(scope: &CommonOptions, edge: &RunContext) -> Result<Manifest, Failure> {
    let stop = edge.stop.child();
    let text = tokio::select! {
        text = manifest_text(scope, edge) => text?,
        () = stop.cancelled() => return Err(stopped(edge)),
    };
    Ok(manifest::parse(&text)?)
}

pub(super) async fn select(scope: &CommonOptions, edge: &RunContext) -> Result<Selected, Failure> {
    let manifest = manifest(scope, edge).await?;
    let undecided = sponsors::undecided(&manifest);
    if !undecided.is_empty() {
        let message = format!(
            "The manifest has no `enabled` for {}. Such a sponsor counts as disabled: write `enabled: true` or `enabled: false`.",
            undecided.join(", ")
        );
        warn(edge, "enabled is missing in the manifest", &message);
    }
    let known = names(&manifest, |_| true);
    let disabled = names(&manifest, |entry| entry.enabled != Some(true));
    Ok(Selected { sponsors: sponsors::select(&manifest, &scope.selection)?, known, disabled })
}

fn names(manifest: &Manifest, wanted: impl Fn(&&Entry) -> bool) -> Vec<String> {
    manifest.entries.iter().filter(wanted).map(|entry| entry.name.clone()).collect()
}

/// The sponsors of a deployment to record. Typed names must be in the manifest. The output `sponsors` of `matrix` need not
/// be: those sponsors were deployed, even if the manifest has changed since.
pub(super) async fn deployed(scope: &CommonOptions, edge: &RunContext) -> Result<Selected, Failure> {
    let Selection::Listed(listed) = &scope.selection else { return select_some(scope, edge).await };
    let manifest = match manifest(scope, edge).await {
        Ok(manifest) => Some(manifest),
        Err(Failure::Cancelled(signal)) => return Err(Failure::Cancelled(signal)),
        Err(failure) => {
            let message =
                edge.sink.redacted(&format!("{failure}. The deployments are recorded without the manifest."));
            warn(edge, "the manifest cannot be read", &message);
            None
        }
    };
    let (sponsors, changed) = sponsors::listed(manifest.as_ref(), listed)?;
    if manifest.is_some() && !changed.is_empty() {
        let message = format!(
            "The manifest no longer enables {}. The deployment is recorded nevertheless.",
            changed.join(", ")
        );
        warn(edge, "the manifest has changed", &message);
    }
    let all = manifest.as_ref().map(|manifest| names(manifest, |_| true)).unwrap_or_default();
    let known = all.into_iter().chain(changed).collect();
    Ok(Selected { sponsors, known, disabled: Vec::new() })
}

pub(super) fn warn(edge: &RunContext, title: &str, message: &str) {
    edge.sink.line(&format!("warning: {message}"));
    edge.sink.annotations(&[annotation(Level::Warning, title, message)]);
}

/// The same, for commands that need at least one sponsor.
pub(super) async fn select_some(scope: &CommonOptions, edge: &RunContext) -> Result<Selected, Failure> {
    let selected = select(scope, edge).await?;
    if selected.sponsors.is_empty() { Err(sponsors::SponsorsError::NoneEnabled.into()) } else { Ok(selected) }
}

/// The PostgreSQL clients of this machine. Their absence is a failure only for commands that need one.
pub(super) async fn clients(edge: &RunContext) -> Result<Result<Vec<Client>, DumpError>, Failure> {
    let stop = edge.stop.child();
    tokio::select! {
        clients = client::installed(&edge.search_path) => Ok(clients),
        () = stop.cancelled() => Err(stopped(edge)),
    }
}

/// The failure of a stopped run.
pub(super) fn stopped(edge: &RunContext) -> Failure {
    match edge.stop.signal() {
        Some(signal) => Failure::Cancelled(signal.into()),
        None => Failure::Bug("stopped without a signal".to_owned()),
    }
}

async fn manifest_text(scope: &CommonOptions, edge: &RunContext) -> Result<String, Failure> {
    if let Some(path) = &scope.manifest {
        let unreadable =
            |reason: String| ManifestError::Unreadable { place: path.display().to_string(), reason };
        let text = read(path).await.map_err(|error| unreadable(file::reason(&error)))?;
        return if text.len() as u64 > MANIFEST_BYTES {
            Err(unreadable("longer than 16 MiB".to_owned()).into())
        } else {
            Ok(text)
        };
    }
    let (project, config) = (scope.core_project.clone(), scope.config.clone());
    let place = Place::Doppler { project: project.clone(), config: config.clone() };
    let doppler = Doppler::new(&scope.doppler_api_url)?;
    let token = keyless::token((scope, edge), &doppler, Owner::Core, false, &place.to_string()).await?;
    let print = |line: String| edge.sink.line(&line);
    let asked = doppler::Place { project, config, token };
    let secrets = doppler.fetch(&asked, &[secrets::MANIFEST], &print).await?;
    if let Some(manifest) = secrets.get(secrets::MANIFEST) {
        return Ok(manifest.expose_secret().to_owned());
    }
    let names = doppler.names(&asked, &print).await.unwrap_or_default();
    Err(secrets::no_manifest(&place, names.iter().map(String::as_str)).into())
}

/// Ten times the manifest of ten thousand sponsors. A longer file is not a manifest, but perhaps a device.
const MANIFEST_BYTES: u64 = 16 << 20;

async fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    tokio::fs::File::open(path).await?.take(MANIFEST_BYTES + 1).read_to_string(&mut text).await?;
    Ok(text)
}

/// Warns if users other than the owner can read a file with secrets, as ssh does. The file is used nevertheless.
pub(super) fn warn_of_open_file(path: &Path, input: &str, edge: &RunContext) {
    if others_can_open(path) {
        let path = path.display();
        let message = format!("other users can read {path} (`{input}`). Run `chmod 600 {path}`.");
        warn(edge, "other users can read secrets", &message);
    }
}

/// In a thread of its own: a pipe without a writer would block it for ever.
async fn secrets_file(path: &Path, edge: &RunContext) -> Result<SecretsFile, Failure> {
    let (path, stop) = (path.to_owned(), edge.stop.child());
    tokio::select! {
        read = tokio::task::spawn_blocking(move || SecretsFile::read(&path)) => {
            Ok(read.map_err(|error| Failure::Bug(error.to_string()))??)
        }
        () = stop.cancelled() => Err(stopped(edge)),
    }
}

/// The source of the sponsors' secrets.
pub(super) struct SecretsSource<'a> {
    scope: &'a CommonOptions,
    edge: &'a RunContext,
    origin: Origin,
    /// Whether exactly one sponsor is selected. Then general variables (`DOPPLER_TOKEN`, `AWS_ACCESS_KEY_ID`) serve it too.
    only: bool,
    /// This job's OIDC tokens, for AWS roles.
    tokens: Result<IdTokens, SecretsError>,
}

enum Origin {
    Doppler(Doppler),
    File(SecretsFile),
}

impl<'a> SecretsSource<'a> {
    pub(super) async fn open(
        scope: &'a CommonOptions,
        edge: &'a RunContext,
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
            let problem = "`aws-role-arn` is for one sponsor, but several are selected";
            let hint =
                "Select one sponsor with `sponsors`, or set SPONSOR_AWS_ROLE_ARN in each sponsor's secrets.";
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

    /// Whether a token can read the sponsor's secrets, or the secrets file holds them.
    pub(super) fn has_key_to(&self, sponsor: &str) -> bool {
        match &self.origin {
            Origin::File(file) => file.fetch(sponsor).is_ok(),
            Origin::Doppler(_) => {
                let own = self.scope.keyring.own_token(Owner::Sponsor(sponsor));
                self.scope.doppler_identity.is_some() || own.is_ok_and(|token| token.is_some())
            }
        }
    }

    /// The URL of a sponsor's database in any environment, for comparison. Requests no other secret.
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
        let read = self.raw((sponsor, config), is_selected && self.only, &[secrets::DATABASE_URL]).await?;
        let url = read.raw.get(secrets::DATABASE_URL).cloned();
        let missing = || read.place.lacks(vec![secrets::DATABASE_URL.to_owned()], None);
        let url = url.ok_or_else(missing)?;
        self.edge.sink.mask(url.expose_secret());
        Ok(url)
    }

    /// One sponsor's secrets. Masks them before anything can print them.
    pub(super) async fn fetch(&self, sponsor: &str) -> Result<S3Backups, SecretsError> {
        let keyring = &self.scope.keyring;
        let of_the_sponsor = keyring.sponsor_keys(sponsor)?;
        let ambient = if self.only { keyring.ambient() } else { Ok(None) };
        let needed = secrets::needed(of_the_sponsor.is_some());
        let read = self.raw((sponsor, &self.scope.config), self.only, &needed).await?;
        let (role, tokens) = (self.scope.aws_role.clone(), self.tokens.clone());
        let how_to_pass_keys = keyring.how_to_pass_keys(sponsor, self.only);
        let aws = AwsFromEnvironment { of_the_sponsor, role, tokens, ambient, how_to_pass_keys };
        let archival = secrets::interpret(&read.place, &read.raw, aws);
        if secrets::is_something_missing(&archival) {
            let names = read.names(self.edge, sponsor).await;
            secrets::check_spelling(&read.place, &read.raw, names.iter().map(String::as_str))?;
        }
        let archival = archival?;
        if let S3Backups::Enabled(secrets) = &archival {
            let password = Connection::parse(&secrets.database_url).map(|connection| connection.masks());
            let masks = secrets.masks().into_iter().chain(password.unwrap_or_default());
            masks.for_each(|mask| self.edge.sink.mask(mask.expose_secret()));
        }
        Ok(archival)
    }

    /// The named secrets of one sponsor.
    async fn raw(
        &self,
        (sponsor, config): (&str, &str),
        only: bool,
        names: &[&str],
    ) -> Result<Read<'_>, SecretsError> {
        let (project, config) = (self.project(sponsor), config.to_owned());
        let doppler = match &self.origin {
            Origin::File(file) if config == self.scope.config => {
                return Ok(Read { place: file.place(sponsor), raw: file.fetch(sponsor)?, doppler: None });
            }
            // A file holds the secrets of one environment, the run's.
            Origin::File(file) => {
                let names = names.iter().map(|name| (*name).to_owned()).collect();
                return Err(file.place(sponsor).lacks(names, None));
            }
            Origin::Doppler(doppler) => doppler,
        };
        let place = Place::Doppler { project: project.clone(), config: config.clone() };
        let whose = Owner::Sponsor(sponsor);
        let token = keyless::token((self.scope, self.edge), doppler, whose, only, &place.to_string()).await?;
        let print = |line: String| self.edge.sink.line(&format!("{sponsor}: {line}"));
        let asked = doppler::Place { project, config, token };
        let raw = doppler.fetch(&asked, names, &print).await?;
        Ok(Read { place, raw, doppler: Some((doppler, asked)) })
    }
}

/// Secrets as their source returned them.
struct Read<'a> {
    place: Place,
    raw: RawSecrets,
    /// Doppler, if it is the source.
    doppler: Option<(&'a Doppler, doppler::Place)>,
}

impl Read<'_> {
    /// All names that exist in Doppler, or none: a file has returned them already. A typo that cannot be looked for may
    /// leave the sponsor without a backup, so that is a warning.
    async fn names(&self, edge: &RunContext, sponsor: &str) -> Vec<String> {
        let Some((doppler, asked)) = &self.doppler else { return Vec::new() };
        let print = |line: String| edge.sink.line(&format!("{sponsor}: {line}"));
        doppler.names(asked, &print).await.unwrap_or_else(|error| {
            let message = format!("{sponsor}: could not look for misspelled names of secrets: {error}");
            warn(edge, "names of secrets were not checked", &message);
            Vec::new()
        })
    }
}
