//! Sponsor → secrets: from Doppler or from a file, with which token, and masked before anything can print them.

use std::path::Path;
use std::time::Duration;

use super::RunContext;
use crate::cli::UsageError;
use crate::cli::options::CommonOptions;
use crate::databases::postgres::Connection;
use crate::failure::Failure;
use crate::secrets::doppler::{self, Doppler};
use crate::secrets::file::{SecretsFile, others_can_open};
use crate::secrets::variables::Owner;
use crate::secrets::{
    self, AwsAccess, AwsFromEnvironment, Disabled, IdTokens, Place, RawSecrets, S3Backups, Secret,
    SecretsError, SponsorSecrets, StoreName,
};
use crate::sponsors::{Environment, Sponsor};
use crate::stop::Deadline;

/// Time limit of all revocations at the end of a run. The tokens expire on their own too.
const REVOCATION_TIMEOUT: Duration = Duration::from_secs(10);

/// The source of the sponsors' secrets.
pub(super) struct SecretsSource<'a> {
    common: &'a CommonOptions,
    context: &'a RunContext,
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
        common: &'a CommonOptions,
        context: &'a RunContext,
        sponsors: &[Sponsor],
    ) -> Result<Self, Failure> {
        let origin = match &common.secrets_file {
            Some(path) => {
                warn_of_open_file(path, "secrets-file", context);
                Origin::File(secrets_file(path, context).await?)
            }
            None => Origin::Doppler(Doppler::new(&common.doppler_api_url)?),
        };
        let only = sponsors.len() == 1;
        if common.aws_role.is_some() && !only {
            let problem = "`aws-role-arn` is for one sponsor, but several are selected";
            let hint =
                "Select one sponsor with `sponsors`, or set SPONSOR_AWS_ROLE_ARN in each sponsor's secrets.";
            return Err(UsageError::new(problem).hint(hint).into());
        }
        Ok(Self { common, context, origin, only, tokens: id_tokens(common, context) })
    }

    /// The Doppler project of a sponsor.
    pub(super) fn project(&self, sponsor: &str) -> String {
        format!("{}{sponsor}", self.common.project_prefix)
    }

    pub(super) fn environment(&self) -> Environment {
        self.common.environment
    }

    /// Whether a token can read the sponsor's secrets, or the secrets file holds them.
    pub(super) fn has_key_to(&self, sponsor: &str) -> bool {
        match &self.origin {
            Origin::File(file) => file.fetch(sponsor).is_ok(),
            Origin::Doppler(_) => {
                let own = self.common.credentials.own_token(Owner::Sponsor(sponsor));
                self.common.doppler_identity.is_some() || own.is_ok_and(|token| token.is_some())
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
        let place = (sponsor, self.config(environment));
        let read = self.raw(place, is_selected && self.only, &[secrets::DATABASE_URL]).await?;
        let url = read.raw.get(secrets::DATABASE_URL).cloned();
        let missing = || read.place.lacks(vec![secrets::DATABASE_URL.to_owned()], None);
        let url = url.ok_or_else(missing)?;
        self.context.mask([url.clone()]);
        Ok(url)
    }

    /// One sponsor's secrets. Masks them before anything can print them.
    pub(super) async fn fetch(&self, sponsor: &str) -> Result<S3Backups, SecretsError> {
        let (read, aws) = self.read(sponsor).await?;
        let archival = secrets::interpret(&read.place, &read.raw, aws);
        if secrets::is_something_missing(&archival) {
            self.look_for_misspelt(&read, sponsor).await?;
        }
        let secrets = match archival? {
            S3Backups::Enabled(secrets) => secrets,
            disabled @ S3Backups::Disabled(_) => return Ok(disabled),
        };
        self.mask(&secrets);
        if self.common.from_replica {
            return Ok(S3Backups::Enabled(Box::new(secrets.of_replica(&read.place, &read.raw)?)));
        }
        Ok(S3Backups::Enabled(secrets))
    }

    /// One sponsor's secrets whatever its flag holds, with all that is wrong with them.
    ///
    /// # Errors
    /// They cannot be read.
    pub(super) async fn examine(&self, sponsor: &str) -> Result<ExaminedSecrets, SecretsError> {
        let (read, aws) = self.read(sponsor).await?;
        let flag = Disabled::of(&read.place, &read.raw);
        let secrets = secrets::complete(&read.place, &read.raw, aws);
        let is_something_missing = flag.as_ref().is_some_and(Disabled::is_missing) || secrets.is_err();
        let spelling = if is_something_missing {
            self.look_for_misspelt(&read, sponsor).await
        } else {
            secrets::check_spelling(&read.place, &read.raw, read.raw.keys().map(String::as_str))
        };
        let (secrets, others) = match secrets {
            Ok(secrets) => {
                self.mask(&secrets);
                (Ok(secrets), Vec::new())
            }
            Err(problems) => (Err(problems.first), problems.others),
        };
        Ok(ExaminedSecrets { flag, secrets, also: spelling.err().into_iter().chain(others).collect() })
    }

    /// What it takes to open a bucket that the sponsor's secrets do not name. Masks it.
    pub(super) async fn aws_access(
        &self,
        sponsor: &str,
        region: Option<&str>,
    ) -> Result<AwsAccess, SecretsError> {
        let (read, aws) = self.read(sponsor).await?;
        let access = secrets::aws_access(&read.place, &read.raw, aws, region)?;
        self.context.mask(access.credentials.masks());
        Ok(access)
    }

    /// What a sponsor that is not selected uses, for comparison, as far as its secrets name it. Requests the named secrets and
    /// no other.
    pub(super) async fn uses(
        &self,
        (sponsor, environment): (&str, Environment),
        names: &[&str],
    ) -> Result<Uses, SecretsError> {
        let read = self.raw((sponsor, self.config(environment)), false, names).await?;
        let is_wanted = |name: &&str| names.contains(name);
        let url = Some(secrets::DATABASE_URL).filter(is_wanted).and_then(|name| read.raw.get(name)).cloned();
        self.context.mask(url.clone());
        let with_stores = names.contains(&secrets::BACKUPS_BUCKET);
        Ok(Uses { url, stores: if with_stores { secrets::stores(&read.raw) } else { Vec::new() } })
    }

    fn config(&self, environment: Environment) -> &str {
        if environment == self.common.environment {
            &self.common.config
        } else {
            environment.doppler_config()
        }
    }

    async fn read(&self, sponsor: &str) -> Result<(Read<'_>, AwsFromEnvironment), SecretsError> {
        let credentials = &self.common.credentials;
        let of_the_sponsor = credentials.sponsor_keys(sponsor);
        let ambient = if self.only { credentials.ambient() } else { Ok(None) };
        let mut needed = secrets::needed(!matches!(of_the_sponsor, Ok(None)));
        if self.common.from_replica {
            needed.extend(secrets::replica::NAMES);
        }
        let read = self.raw((sponsor, &self.common.config), self.only, &needed).await?;
        let (role, tokens) = (self.common.aws_role.clone(), self.tokens.clone());
        let how_to_pass_keys = credentials.how_to_pass_keys(sponsor, self.only);
        Ok((read, AwsFromEnvironment { of_the_sponsor, role, tokens, ambient, how_to_pass_keys }))
    }

    async fn look_for_misspelt(&self, read: &Read<'_>, sponsor: &str) -> Result<(), SecretsError> {
        let names = read.names(self.context, sponsor).await;
        let names = read.raw.keys().chain(&names).map(String::as_str);
        secrets::check_spelling(&read.place, &read.raw, names)
    }

    fn mask(&self, secrets: &SponsorSecrets) {
        let password = Connection::parse(&secrets.database_url).map(|connection| connection.masks());
        self.context.mask(secrets.masks().into_iter().chain(password.unwrap_or_default()));
    }

    /// Doppler, if it holds the secrets.
    pub(super) fn doppler(&self) -> Option<&Doppler> {
        match &self.origin {
            Origin::Doppler(doppler) => Some(doppler),
            Origin::File(_) => None,
        }
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
            Origin::File(file) if config == self.common.config => {
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
        let token = token_for((self.common, self.context), doppler, whose, only, &place.to_string()).await?;
        let print = |line: String| self.context.sink.line(&format!("{sponsor}: {line}"));
        let asked = doppler::Place { project, config, token };
        let raw = doppler.fetch(&asked, names, &print).await?;
        Ok(Read { place, raw, doppler: Some((doppler, asked)) })
    }
}

/// One sponsor's secrets and all that is wrong with them.
pub(super) struct ExaminedSecrets {
    /// `None` if the flag is `true`.
    pub(super) flag: Option<Disabled>,
    pub(super) secrets: Result<SponsorSecrets, SecretsError>,
    /// What else is wrong.
    pub(super) also: Vec<SecretsError>,
}

/// What a sponsor uses, as far as its secrets name it.
#[derive(Default)]
pub(super) struct Uses {
    pub(super) url: Option<Secret>,
    pub(super) stores: Vec<StoreName>,
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
    async fn names(&self, context: &RunContext, sponsor: &str) -> Vec<String> {
        let Some((doppler, asked)) = &self.doppler else { return Vec::new() };
        let print = |line: String| context.sink.line(&format!("{sponsor}: {line}"));
        doppler.names(asked, &print).await.unwrap_or_else(|error| {
            let message = format!("{sponsor}: could not look for misspelled names of secrets: {error}");
            context.warn("names of secrets were not checked", &message);
            Vec::new()
        })
    }
}

/// The source of this job's OIDC tokens, or why it has none.
fn id_tokens(common: &CommonOptions, context: &RunContext) -> Result<IdTokens, SecretsError> {
    IdTokens::new(common.credentials.id_token_request()?, context.masker())
}

/// The token for a Doppler project: the variable named after its owner, then `doppler-identity-id`, then `DOPPLER_TOKEN`
/// if exactly one sponsor is selected.
pub(super) async fn token_for(
    (common, context): (&CommonOptions, &RunContext),
    doppler: &Doppler,
    owner: Owner<'_>,
    only: bool,
    place: &str,
) -> Result<Secret, SecretsError> {
    let token = match (&common.doppler_identity, common.credentials.own_token(owner)?) {
        (Some(identity), None) => {
            let print = |line: String| context.sink.line(&line);
            let ask = (|| id_tokens(common, context), context.now());
            context.doppler_sessions.token(doppler, identity, ask, &print).await?
        }
        (Some(_), Some(token)) => {
            let variable = owner.variable();
            let words = format!("{place}: {variable} is set, so `doppler-identity-id` is not used here");
            context.sink.line(&words);
            token
        }
        (None, Some(token)) => token,
        (None, None) => common.credentials.token(owner, only, place)?,
    };
    context.mask([token.clone()]);
    Ok(token)
}

/// Revokes the run's short-lived Doppler tokens. A failure is a warning: it does not change the run's outcome.
pub(super) async fn revoke_tokens(context: &RunContext) {
    let warn = |why: &str| {
        let message =
            format!("could not revoke the short-lived Doppler token: {why}. It expires on its own.");
        context.warn("a token was not revoked", &message);
    };
    tokio::select! {
        // Without a token to revoke, the time after a signal does not matter.
        biased;
        () = context.doppler_sessions.revoke_all(|error| warn(&error.to_string())) => (),
        () = tokio::time::sleep(REVOCATION_TIMEOUT) => warn("no response from Doppler"),
        () = context.stop.passed(Deadline::EndRun) => warn("no response from Doppler in the seconds after the signal"),
    }
}

/// Warns if users other than the owner can read a file with secrets, as ssh does. The file is used nevertheless.
pub(super) fn warn_of_open_file(path: &Path, input: &str, context: &RunContext) {
    if others_can_open(path) {
        let path = path.display();
        let message = format!("other users can read {path} (`{input}`). Run `chmod 600 {path}`.");
        context.warn("other users can read secrets", &message);
    }
}

/// In a thread of its own: a pipe without a writer would block it for ever.
async fn secrets_file(path: &Path, context: &RunContext) -> Result<SecretsFile, Failure> {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || SecretsFile::read(&path));
    context.unless_stopped(async { Ok(read.await.map_err(|error| Failure::Bug(error.to_string()))??) }).await
}
