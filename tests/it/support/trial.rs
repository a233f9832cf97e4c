//! A whole stage for the product: sponsors with databases, buckets, Doppler configs and tokens, and a run wired to them.
//! Sets things up; looks at nothing afterwards.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::database::Database;
use super::doppler::Doppler;
use super::moto::Moto;
use super::place::Place;
use super::postgres::{Cluster, Door};
use super::run::Run;
use super::s3::{REGION, Store};
use super::seconds::Seconds;
use super::sponsor::Sponsor;
use super::tools;

/// Doppler's project of the manifest, and the prefix of the sponsors' projects.
pub(crate) const CORE_PROJECT: &str = "hht-diary-core";

/// What a sponsor of a running trial has.
#[derive(Debug)]
struct Stage {
    database: Database,
    places: [Place; 2],
    token: String,
}

/// A running trial.
#[derive(Debug)]
pub(crate) struct Trial {
    /// Doppler with one project per sponsor, and the core project.
    pub(crate) doppler: Doppler,
    /// The S3 server that holds the buckets.
    pub(crate) store: Store,
    /// `production`, `staging` or `development`.
    pub(crate) environment: String,
    /// The token of the core project.
    pub(crate) core_token: String,
    stages: BTreeMap<String, Stage>,
    seconds: Seconds,
    /// The workspace that all runs share, if sponsors have folders in it.
    job: Option<Arc<TempDir>>,
}

/// A trial in preparation.
#[derive(Debug)]
pub(crate) struct Plan {
    environment: String,
    sponsors: Vec<Sponsor>,
    store: Option<Store>,
    cluster: Option<Door>,
    suffix: String,
    manifest: Option<String>,
    others: Vec<String>,
}

impl Trial {
    /// Production on the shared PostgreSQL and the shared moto.
    pub(crate) fn of(sponsors: impl IntoIterator<Item = Sponsor>) -> Self {
        Self::plan(sponsors).start()
    }

    /// The same, to be changed before it starts.
    pub(crate) fn plan(sponsors: impl IntoIterator<Item = Sponsor>) -> Plan {
        Plan {
            environment: "production".into(),
            sponsors: sponsors.into_iter().collect(),
            store: None,
            cluster: None,
            suffix: format!("-{}", tools::unique()),
            manifest: None,
            others: Vec::new(),
        }
    }

    /// A workflow step wired to this trial, without a `command`: `backup` is what it does.
    pub(crate) fn run(&self) -> Run {
        self.wire(self.job.as_ref().map_or_else(Run::workflow, Run::step_of))
    }

    /// Gives a run this trial's inputs and tokens.
    pub(crate) fn wire(&self, run: Run) -> Run {
        let run = run
            .seconds(&self.seconds)
            .input("environment", &self.environment)
            .input("doppler-api-url", self.doppler.url())
            .env("DOPPLER_TOKEN_CORE", &self.core_token);
        // Inputs about buckets are errors for a sponsor without one.
        let run = match self.job {
            Some(_) => run.env("AWS_ENDPOINT_URL_S3", self.store.endpoint()),
            None => run.input("s3-endpoint-url", self.store.endpoint()).input("s3-force-path-style", "true"),
        };
        self.stages.iter().fold(run, |run, (name, stage)| run.env(token_variable(name), &stage.token))
    }

    /// The Doppler config of this trial's environment.
    pub(crate) fn config(&self) -> &str {
        config_of(&self.environment)
    }

    /// The sponsors, by name.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.stages.keys().map(String::as_str).collect()
    }

    /// A sponsor's database.
    pub(crate) fn database(&self, sponsor: &str) -> &Database {
        &self.stages[sponsor].database
    }

    /// A sponsor's bucket of backups.
    pub(crate) fn bucket(&self, sponsor: &str) -> &str {
        self.backups(sponsor).bucket()
    }

    /// A sponsor's bucket of deployment logs.
    pub(crate) fn log_bucket(&self, sponsor: &str) -> &str {
        self.records(sponsor).bucket()
    }

    /// The place of a sponsor's backups, whatever the kind of store.
    pub(crate) fn backups(&self, sponsor: &str) -> &Place {
        &self.stages[sponsor].places[0]
    }

    /// The place of a sponsor's records, whatever the kind of store.
    pub(crate) fn records(&self, sponsor: &str) -> &Place {
        &self.stages[sponsor].places[1]
    }

    /// The folder of a sponsor's backups.
    pub(crate) fn folder(&self, sponsor: &str) -> &Path {
        self.backups(sponsor).folder()
    }

    /// The folder of a sponsor's records.
    pub(crate) fn log_folder(&self, sponsor: &str) -> &Path {
        self.records(sponsor).folder()
    }

    /// A sponsor's Doppler token.
    pub(crate) fn token(&self, sponsor: &str) -> &str {
        &self.stages[sponsor].token
    }

    /// Sets or takes away a secret of a sponsor.
    pub(crate) fn secret(&self, sponsor: &str, name: &str, value: Option<&str>) {
        self.doppler.set(&project_of(sponsor), self.config(), name, value);
    }

    /// Sets or takes away the manifest.
    pub(crate) fn manifest(&self, text: Option<&str>) {
        self.doppler.set(CORE_PROJECT, self.config(), "SPONSOR_MANIFEST", text);
    }
}

impl Plan {
    /// In another environment.
    pub(crate) fn environment(mut self, name: &str) -> Self {
        name.clone_into(&mut self.environment);
        self
    }

    /// With the same manifest and secrets in the config of another environment, too.
    pub(crate) fn also(mut self, environment: &str) -> Self {
        self.others.push(environment.to_owned());
        self
    }

    /// With buckets on another S3 server, which has to allow its `keys` to use them.
    pub(crate) fn store(mut self, store: &Store) -> Self {
        self.store = Some(store.clone());
        self
    }

    /// With databases on another PostgreSQL.
    pub(crate) fn cluster(mut self, cluster: &Cluster) -> Self {
        self.cluster = Some(cluster.door());
        self
    }

    /// With the buckets' canonical names: for a server that no other test uses.
    pub(crate) fn plain_names(mut self) -> Self {
        self.suffix.clear();
        self
    }

    /// With a manifest of the test's own in place of the sponsors'.
    pub(crate) fn manifest(mut self, text: &str) -> Self {
        self.manifest = Some(text.to_owned());
        self
    }

    /// Makes it all.
    pub(crate) fn start(self) -> Trial {
        let doppler = Doppler::start();
        let store = self.store.clone().unwrap_or_else(|| Store::clone(Moto::shared()));
        let config = config_of(&self.environment);
        let manifest = self.manifest.clone().unwrap_or_else(|| manifest(&self.sponsors));
        for other in &self.others {
            doppler.config(CORE_PROJECT, config_of(other), [("SPONSOR_MANIFEST", &manifest)]);
        }
        let core_token = doppler.config(CORE_PROJECT, config, [("SPONSOR_MANIFEST", manifest)]);
        let has_folders = self.sponsors.iter().any(|sponsor| sponsor.in_folders);
        let job = has_folders.then(|| Arc::new(tools::open_folder("run")));
        let stage = |sponsor: &Sponsor| self.stage(sponsor, &store, &doppler, job.as_deref());
        let stages = self.sponsors.iter().map(|sponsor| (sponsor.name.clone(), stage(sponsor)));
        Trial {
            stages: stages.collect(),
            job,
            doppler,
            store,
            environment: self.environment,
            core_token,
            seconds: Seconds::default(),
        }
    }

    fn stage(&self, sponsor: &Sponsor, store: &Store, doppler: &Doppler, job: Option<&TempDir>) -> Stage {
        let cluster = self.cluster.clone().unwrap_or_else(|| Cluster::shared().door());
        let database = cluster.database(&sponsor.name, &sponsor.password);
        if let Some((patients, events)) = sponsor.rows {
            database.load_diary(patients, events);
        }
        let place = |kind: &str| match job.filter(|_| sponsor.in_folders) {
            Some(job) => {
                Place::new_folder(job.path().join("workspace/stores").join(&sponsor.name).join(kind))
            }
            None => {
                let name = format!("hht-diary-{kind}-{}-{REGION}{}", sponsor.name, self.suffix);
                Place::new_bucket(store, name)
            }
        };
        let places = [place("backups"), place("audit-logs")];
        let secrets = sponsor.secrets(&database, &places, store.keys());
        let project = project_of(&sponsor.name);
        for other in &self.others {
            doppler.config(&project, config_of(other), secrets.clone());
        }
        let token = doppler.config(&project, config_of(&self.environment), secrets);
        Stage { database, places, token }
    }
}

/// Doppler's project of a sponsor.
pub(crate) fn project_of(sponsor: &str) -> String {
    format!("hht-diary-{sponsor}")
}

/// The variable that holds a sponsor's token.
pub(crate) fn token_variable(sponsor: &str) -> String {
    format!("DOPPLER_TOKEN_{}", sponsor.to_uppercase().replace('-', "_"))
}

fn config_of(environment: &str) -> &str {
    if environment == "development" { "dev" } else { environment }
}

fn manifest(sponsors: &[Sponsor]) -> String {
    let mut text = String::from("sponsors:\n");
    for sponsor in sponsors {
        let Sponsor { name, code, enabled, .. } = sponsor;
        write!(
            text,
            "  - name: {name}\n    code: {code}\n    enabled: {enabled}\n    repo: cure-hht/sponsor-{name}\n"
        )
        .unwrap();
        writeln!(text, "    tag: v1.4.2\n    mobile_module: true\n    portal: true\n    region: {REGION}")
            .unwrap();
    }
    text
}
