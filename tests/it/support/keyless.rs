//! A trial without a stored secret: GitHub's tokens, Doppler's identity, AWS roles and their STS around the usual stage.
//! Sets things up; looks at nothing afterwards.

use std::ops::Deref;
use std::time::Duration;

use super::doppler_identities::Identity;
use super::oidc::{GitHub, SUBJECT, SUBJECT_WITH_IDS};
use super::run::Run;
use super::sessions::Sessions;
use super::sponsor::Sponsor;
use super::strict_s3::StrictS3;
use super::sts::{Role, Sts};
use super::trial::{CORE_PROJECT, Trial, project_of, token_variable};

/// The one thing that a workflow holds; no secret.
pub(crate) const IDENTITY: &str = "3f2b6c1e-9a54-4c0d-8a11-5d2f3b7c9e10";

/// A running trial without secrets.
#[derive(Debug)]
pub(crate) struct Keyless {
    /// What any trial has.
    pub(crate) trial: Trial,
    /// Who speaks for the job.
    pub(crate) github: GitHub,
    /// Who gives sessions of roles.
    pub(crate) sts: Sts,
    /// What S3 knows of them.
    pub(crate) sessions: Sessions,
    names: Vec<String>,
    _s3: StrictS3,
}

impl Deref for Keyless {
    type Target = Trial;
    fn deref(&self) -> &Trial {
        &self.trial
    }
}

impl Keyless {
    /// Sponsors with small diaries, each with its role and without keys.
    pub(crate) fn of(names: &[&str]) -> Self {
        Self::with(names.iter().map(|name| Sponsor::named(name)), names)
    }

    /// The same with sponsors of the test's own.
    pub(crate) fn with(sponsors: impl IntoIterator<Item = Sponsor>, names: &[&str]) -> Self {
        let (s3, sessions) = StrictS3::with_sessions();
        let keyless = sponsors.into_iter().zip(names).map(|(sponsor, name)| {
            let sponsor = sponsor.secret("SPONSOR_AWS_ACCESS_KEY_ID", None);
            let sponsor = sponsor.secret("SPONSOR_AWS_SECRET_ACCESS_KEY", None);
            sponsor.secret("SPONSOR_AWS_ROLE_ARN", Some(&role_of(name)))
        });
        let trial = Trial::plan(keyless).store(&s3).plain_names().start();
        let github = GitHub::start();
        let sts = Sts::start(&github.issuer, &sessions);
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        for name in &names {
            let buckets = vec![trial.bucket(name).to_owned(), trial.log_bucket(name).to_owned()];
            sts.role(&role_of(name), Role { subjects: subjects(), buckets });
        }
        let keyless = Self { trial, github, sts, sessions, names, _s3: s3 };
        keyless.doppler.identity(IDENTITY, keyless.identity());
        keyless
    }

    /// Lets a sponsor's role reach another bucket, too.
    pub(crate) fn add_bucket(&self, sponsor: &str, bucket: &str) {
        let own = [self.bucket(sponsor), self.log_bucket(sponsor), bucket].map(str::to_owned);
        self.sts.role(&role_of(sponsor), Role { subjects: subjects(), buckets: own.into() });
    }

    /// The identity as it is set up at first; its tokens last for ten minutes.
    pub(crate) fn identity(&self) -> Identity {
        let projects = self.names.iter().map(|name| project_of(name));
        Identity {
            issuer: self.github.issuer.clone(),
            audience: self.doppler.url(),
            subjects: subjects(),
            projects: projects.chain([CORE_PROJECT.to_owned()]).collect(),
            lifetime: Duration::from_secs(600),
        }
    }

    /// A step of a workflow that holds nothing but the identity's id.
    pub(crate) fn run(&self) -> Run {
        let run = self.trial.run().unset("DOPPLER_TOKEN_CORE");
        let run = self.names.iter().fold(run, |run, name| run.unset(&token_variable(name)));
        run.input("doppler-identity-id", IDENTITY)
            .env("ACTIONS_ID_TOKEN_REQUEST_URL", self.github.url())
            .env("ACTIONS_ID_TOKEN_REQUEST_TOKEN", self.github.bearer())
            .env("AWS_ENDPOINT_URL_STS", self.sts.url())
    }

    /// Everything short-lived that this trial gave out, by what it is: none of it may be seen.
    pub(crate) fn canaries(&self) -> Vec<(&'static str, String)> {
        let words = self.github.given().into_iter().map(|token| ("ID token", token));
        let lent = self.doppler.lent().into_iter().map(|lent| ("Doppler token", lent.token));
        let sessions = self.sessions.all().into_iter();
        let keys =
            sessions.flat_map(|session| [("secret key", session.secret), ("session token", session.token)]);
        let bearer = ("bearer token", self.github.bearer().to_owned());
        words.chain(lent).chain(keys).chain([bearer]).collect()
    }
}

/// A sponsor's role.
pub(crate) fn role_of(sponsor: &str) -> String {
    format!("arn:aws:iam::123456789012:role/sponsor-backup/{sponsor}")
}

/// Both forms of GitHub's subject, as our documents ask users to write it.
fn subjects() -> Vec<String> {
    [SUBJECT, SUBJECT_WITH_IDS].map(str::to_owned).to_vec()
}
