//! Manifest → sponsors: the first step of every command.

use std::path::Path;

use secrecy::ExposeSecret as _;
use tokio::io::AsyncReadExt as _;

use super::RunContext;
use super::secrets_source::token_for;
use crate::cli::UsageError;
use crate::cli::options::CommonOptions;
use crate::databases::postgres::PostgresError;
use crate::databases::postgres::client::{self, Client};
use crate::failure::Failure;
use crate::manifest::{self, Entry, Manifest, ManifestError};
use crate::secrets::doppler::{self, Doppler};
use crate::secrets::variables::Owner;
use crate::secrets::{self, Place, file};
use crate::sponsors::{self, Selection, Sponsor, SponsorsError};

/// The selected sponsors, and the names of all.
pub(super) struct SelectedSponsors {
    pub(super) sponsors: Vec<Sponsor>,
    /// Every name of the manifest.
    pub(super) known: Vec<String>,
    /// Of these, the ones that the manifest does not enable.
    pub(super) disabled: Vec<String>,
}

impl SelectedSponsors {
    /// The names that the manifest enables, selected or not.
    pub(super) fn enabled(&self) -> impl Iterator<Item = &str> {
        let is_enabled = |name: &&String| !self.disabled.contains(*name);
        self.known.iter().filter(is_enabled).map(String::as_str)
    }

    /// The sponsor of a command that takes one.
    ///
    /// # Errors
    /// Several are selected.
    pub(super) fn only_one(&self, command: &str) -> Result<&Sponsor, UsageError> {
        match self.sponsors.as_slice() {
            [sponsor] => Ok(sponsor),
            several => {
                let problem = format!("`{command}` takes one sponsor, but {} are selected", several.len());
                Err(UsageError::new(problem).hint("Name one in `sponsors`."))
            }
        }
    }
}

/// The manifest, from a file or from Doppler.
pub(super) async fn manifest(common: &CommonOptions, context: &RunContext) -> Result<Manifest, Failure> {
    let text = context.unless_stopped(manifest_text(common, context)).await?;
    Ok(manifest::parse(&text)?)
}

pub(super) async fn select(
    common: &CommonOptions,
    context: &RunContext,
) -> Result<SelectedSponsors, Failure> {
    let manifest = manifest(common, context).await?;
    let undecided = sponsors::undecided(&manifest);
    if !undecided.is_empty() {
        let message = format!(
            "The manifest has no `enabled` for {}. Such a sponsor counts as disabled: write `enabled: true` or `enabled: false`.",
            undecided.join(", ")
        );
        context.warn("enabled is missing in the manifest", &message);
    }
    Ok(select_from(&manifest, &common.selection)?)
}

/// The selection from a manifest.
pub(super) fn select_from(
    manifest: &Manifest,
    selection: &Selection,
) -> Result<SelectedSponsors, SponsorsError> {
    let known = names(manifest, |_| true);
    let disabled = names(manifest, |entry| entry.enabled != Some(true));
    Ok(SelectedSponsors { sponsors: sponsors::select(manifest, selection)?, known, disabled })
}

fn names(manifest: &Manifest, wanted: impl Fn(&&Entry) -> bool) -> Vec<String> {
    manifest.entries.iter().filter(wanted).map(|entry| entry.name.clone()).collect()
}

/// The sponsors of a deployment to record. Typed names must be in the manifest. The output `sponsors` of `matrix` need not
/// be: those sponsors were deployed, even if the manifest has changed since.
pub(super) async fn deployed(
    common: &CommonOptions,
    context: &RunContext,
) -> Result<SelectedSponsors, Failure> {
    let Selection::Listed(listed) = &common.selection else { return select_some(common, context).await };
    let manifest = match manifest(common, context).await {
        Ok(manifest) => Some(manifest),
        Err(Failure::Cancelled(signal)) => return Err(Failure::Cancelled(signal)),
        Err(failure) => {
            let message = context
                .sink
                .redacted(&format!("{failure}. The deployments are recorded without the manifest."));
            context.warn("the manifest cannot be read", &message);
            None
        }
    };
    let (sponsors, changed) = sponsors::listed(manifest.as_ref(), listed)?;
    if manifest.is_some() && !changed.is_empty() {
        let message = format!(
            "The manifest no longer enables {}. The deployment is recorded nevertheless.",
            changed.join(", ")
        );
        context.warn("the manifest has changed", &message);
    }
    let all = manifest.as_ref().map(|manifest| names(manifest, |_| true)).unwrap_or_default();
    let known = all.into_iter().chain(changed).collect();
    Ok(SelectedSponsors { sponsors, known, disabled: Vec::new() })
}

/// The same, for commands that need at least one sponsor.
pub(super) async fn select_some(
    common: &CommonOptions,
    context: &RunContext,
) -> Result<SelectedSponsors, Failure> {
    let selected = select(common, context).await?;
    if selected.sponsors.is_empty() { Err(SponsorsError::NoneEnabled.into()) } else { Ok(selected) }
}

/// The PostgreSQL clients of this machine. Their absence is a failure only for commands that need one.
pub(super) async fn clients(context: &RunContext) -> Result<Result<Vec<Client>, PostgresError>, Failure> {
    context.unless_stopped(async { Ok(client::installed(&context.search_path).await) }).await
}

async fn manifest_text(common: &CommonOptions, context: &RunContext) -> Result<String, Failure> {
    if let Some(path) = &common.manifest {
        let unreadable =
            |reason: String| ManifestError::Unreadable { place: path.display().to_string(), reason };
        let text = read(path).await.map_err(|error| unreadable(file::reason(&error)))?;
        return if text.len() as u64 > MANIFEST_BYTES {
            Err(unreadable("longer than 16 MiB".to_owned()).into())
        } else {
            Ok(text)
        };
    }
    let (project, config) = (common.core_project.clone(), common.config.clone());
    let place = Place::Doppler { project: project.clone(), config: config.clone() };
    let doppler = Doppler::new(&common.doppler_api_url)?;
    let token = token_for((common, context), &doppler, Owner::Core, false, &place.to_string()).await?;
    let print = |line: String| context.sink.line(&line);
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
