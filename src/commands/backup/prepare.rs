//! Everything before a backup begins. Nothing here changes anything.

use std::sync::Arc;

use jiff::Timestamp;

use super::super::previous::Previous;
use super::super::vault::{Vault, Way};
use super::Run;
use super::facts::Facts;
use crate::archive::Store;
use crate::archive::description::SourceDatabase;
use crate::archive::flow::Flow;
use crate::archive::key::Object;
use crate::archive::s3::Labels;
use crate::archive::s3::policy::Purpose;
use crate::dump::client::{self, Client};
use crate::dump::database::{self, Database};
use crate::dump::identity::{Identity, Unidentified};
use crate::dump::invocation::DumpOptions;
use crate::dump::lacking;
use crate::dump::query;
use crate::dump::server::{self, Money, Server};
use crate::dump::standby::{self, Standby};
use crate::dump::{Connection, DumpError};
use crate::failure::Failure;
use crate::report::disabled::{self, Place, SetUp};
use crate::secrets::{Archival, Disabled, SecretsError};
use crate::sponsors::Sponsor;

/// A backup that is ready to begin.
pub(super) struct Prepared {
    pub(super) connection: Connection,
    pub(super) server: Server,
    /// What pg_dump does not dump of the database itself.
    pub(super) database: Database,
    /// The standby's state, and when it was asked.
    pub(super) standby: Option<(Standby, Timestamp)>,
    pub(super) options: DumpOptions,
    pub(super) client: Client,
    pub(super) store: Store,
    pub(super) key: String,
    pub(super) labels: Labels,
    pub(super) flow: Flow,
    /// The previous backup.
    pub(super) previous: Previous,
    pub(super) source: Option<SourceDatabase>,
    /// A warning about what a partial backup needs but does not contain.
    pub(super) lacking: Option<String>,
}

/// The result of the preparation.
pub(super) enum Outcome {
    Ready(Box<Prepared>),
    Disabled(Disabled),
}

impl Run<'_> {
    pub(super) async fn prepare(&self, sponsor: &Sponsor, facts: &mut Facts) -> Result<Outcome, Failure> {
        let secrets = match self.survey.secrets(sponsor).await? {
            Archival::Enabled(secrets) => secrets,
            Archival::Disabled(why) => {
                facts.enabled = Some(false);
                return self.disabled(sponsor, facts, why.clone());
            }
        };
        facts.enabled = Some(true);
        self.edge.sink.line(&format!("{}: S3 backup archival is ENABLED", sponsor.name));
        self.survey.judgement().buckets(sponsor)?;
        let way = Way {
            scope: &self.order.scope,
            edge: self.edge,
            endpoint: &self.order.deployment.endpoint,
            sponsor: &sponsor.name,
            purpose: Purpose::Backup,
        };
        let vault = Arc::new(Vault::open(&way, secrets));
        facts.vault = Some(Arc::clone(&vault));
        self.ask_storage(sponsor, facts, &vault).await?;
        let connection = Connection::parse(&secrets.database_url).map_err(DumpError::from)?;
        self.survey.judgement().database(sponsor)?;
        facts.warnings.extend(self.survey.judgement().warnings(sponsor));
        let clients = self.clients.as_ref().map_err(Clone::clone)?;
        // Any psql can ask. The newest supports most parameters.
        let identity = self.identity(sponsor)?;
        let newest = clients.last().ok_or(DumpError::NoClient)?;
        let connection = query::settled(connection, newest).await?;
        let server = server::ask(&connection, newest).await?;
        server.check_encoding(&connection)?;
        if self.order.dump.schemas.is_empty() {
            server.check_mappings(&connection, newest).await?;
        }
        let standby = self.standby(&server, &connection, newest).await?;
        let connection = connection.with_settings(&server.to_pin(Money::Plain));
        facts.server_version = Some(server.version.clone());
        let client =
            client::choose(clients, server.major.max(connection.oldest_client()), &connection.place())?
                .clone();
        facts.pg_dump_version = Some(client.version.clone());
        let database = database::ask(&connection, newest).await?;
        facts.warnings.extend(server::left_to_extensions(&connection, newest).await?);
        let lacking = self.lacking(&connection, newest).await;
        let limit_bytes = self.budget.limit_bytes();
        let flow = Flow::plan(server.database_bytes, self.share_bytes, limit_bytes, self.edge.cores)?;
        let (key, labels) = self.object(sponsor, facts, &vault).await?;
        let store = vault.backups.clone();
        let previous = self.previous(sponsor, facts, &store).await?;
        let source = self.source(sponsor, &connection, identity, &previous)?;
        let options = DumpOptions { encoding: Some(server.encoding.clone()), ..self.order.dump.clone() };
        let prepared = Prepared {
            connection,
            server,
            database,
            standby,
            options,
            client,
            store,
            key,
            labels,
            flow,
            previous,
            source,
            lacking,
        };
        Ok(Outcome::Ready(Box::new(prepared)))
    }

    /// The backup's key and labels.
    async fn object(
        &self,
        sponsor: &Sponsor,
        facts: &Facts,
        vault: &Vault,
    ) -> Result<(String, Labels), Failure> {
        let suffix = self.order.recipe.suffix();
        let object = Object::Backup { suffix: &suffix };
        let mut labels = self.labelling(facts).labels(&vault.backups, sponsor, object).await?;
        labels.storage_class = Some(self.order.storage_class.clone());
        labels.content_type = "application/octet-stream";
        Ok((object.key(self.order.scope.environment, facts.started), labels))
    }

    /// The previous backup. A bucket with another sponsor's backups is not this sponsor's.
    async fn previous(&self, sponsor: &Sponsor, facts: &Facts, store: &Store) -> Result<Previous, Failure> {
        let whose = (sponsor, self.order.scope.environment);
        match Previous::find(store, whose, facts.started, facts.partial.as_ref()).await? {
            Previous::AnotherSponsors { owner } => {
                Err(SecretsError::Foreign { bucket: store.bucket().to_owned(), owner }.into())
            }
            previous => Ok(previous),
        }
    }

    /// What a partial backup needs but does not contain. The backup continues if the check fails.
    async fn lacking(&self, connection: &Connection, client: &Client) -> Option<String> {
        lacking::ask(connection, client, &self.order.dump).await.unwrap_or_else(|error| {
            Some(format!("could not check whether this partial backup can be restored alone: {error}"))
        })
    }

    /// The standby's state. Fails if it lags too much.
    async fn standby(
        &self,
        server: &Server,
        connection: &Connection,
        client: &Client,
    ) -> Result<Option<(Standby, Timestamp)>, DumpError> {
        if !server.is_standby {
            return Ok(None);
        }
        let asked_at = self.edge.now();
        let standby = standby::ask(connection, client).await?;
        standby.check(connection, self.order.max_replica_lag)?;
        Ok(Some((standby, asked_at)))
    }

    /// The database's identity. A backup continues if the server answers but cannot be identified.
    fn identity(&self, sponsor: &Sponsor) -> Result<Option<&Identity>, Failure> {
        let Some(database) = self.survey.database(sponsor) else { return Ok(None) };
        match database.identity.as_ref().map_err(Clone::clone)? {
            Ok(identity) => Ok(Some(identity)),
            Err(Unidentified(reason)) => {
                let unknown = format!("cannot identify the database at {}", database.connection.place());
                let result = "it was not compared with other sponsors' databases or the previous backup's";
                self.edge.sink.line(&format!("{}: {unknown}, so {result}: {reason}", sponsor.name));
                Ok(None)
            }
        }
    }

    fn disabled(&self, sponsor: &Sponsor, facts: &mut Facts, why: Disabled) -> Result<Outcome, Failure> {
        let text = why.to_string();
        let scope = &self.order.scope;
        let project = self.secrets.project(&sponsor.name);
        let path = scope.secrets_file.as_ref().map(|path| path.display().to_string());
        let place = match &path {
            Some(path) => Place::File(path),
            None => Place::Doppler { project: &project, config: &scope.config },
        };
        let region = sponsor.region.as_deref();
        let set_up = SetUp { sponsor: &sponsor.name, place, region, set: why.set(), why: &text };
        self.edge.sink.block(&disabled::lines(set_up, self.edge.sink.columns()));
        facts.next_step = Some(disabled::next_step(set_up));
        if self.order.require_backup {
            return Err(SecretsError::Required { disabled: why }.into());
        }
        Ok(Outcome::Disabled(why))
    }
}
