//! Everything before a backup begins. Nothing here changes anything.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::BackupRun;
use super::state::BackupState;
use crate::archive::backup_manifest::SourceDatabase;
use crate::archive::key::Object;
use crate::archive::memory::BufferPlan;
use crate::archive::s3::policy::Purpose;
use crate::archive::s3::{LockChoice, ObjectAttributes};
use crate::archive::{ArchiveError, Store};
use crate::commands::buckets::{BucketAccess, SponsorBuckets};
use crate::commands::previous::PreviousSearch;
use crate::databases::postgres::client::{self, Client};
use crate::databases::postgres::database::{self, Database};
use crate::databases::postgres::dump::partial;
use crate::databases::postgres::dump::standby::{self, Standby};
use crate::databases::postgres::identity::{Identity, Unidentified};
use crate::databases::postgres::invocation::DumpOptions;
use crate::databases::postgres::server::{self, Money, Server};
use crate::databases::postgres::{Connection, DumpError, query};
use crate::failure::Failure;
use crate::record::RecordError;
use crate::report::disabled::{self, SecretsPlace, SponsorSetup};
use crate::secrets::{Disabled, S3Backups, SecretsError};
use crate::sponsors::Sponsor;

/// A backup that is ready to begin.
pub(super) struct PreparedBackup {
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
    pub(super) labels: ObjectAttributes,
    pub(super) flow: BufferPlan,
    /// The previous backup.
    pub(super) previous: PreviousSearch,
    pub(super) source: Option<SourceDatabase>,
    /// A warning about what a partial backup needs but does not contain.
    pub(super) lacking: Option<String>,
}

/// The result of the preparation.
pub(super) enum Preparation {
    Ready(Box<PreparedBackup>),
    Disabled(Disabled),
}

impl BackupRun<'_> {
    pub(super) async fn prepare(
        &self,
        sponsor: &Sponsor,
        facts: &mut BackupState,
    ) -> Result<Preparation, Failure> {
        let secrets = match self.survey.secrets(sponsor).await? {
            S3Backups::Enabled(secrets) => secrets,
            S3Backups::Disabled(why) => {
                facts.enabled = Some(false);
                return self.disabled(sponsor, facts, why.clone());
            }
        };
        facts.enabled = Some(true);
        self.edge.sink.line(&format!("{}: S3 backup archival is ENABLED", sponsor.name));
        self.survey.judgement().buckets(sponsor)?;
        let way = BucketAccess {
            scope: &self.order.scope,
            edge: self.edge,
            endpoint: &self.order.deployment.endpoint,
            sponsor: &sponsor.name,
            purpose: Purpose::Backup,
        };
        let vault = Arc::new(SponsorBuckets::open(&way, secrets));
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
        facts.warnings.extend(connection.unverified_certificate());
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
        let flow =
            BufferPlan::for_database(server.database_bytes, self.share_bytes, limit_bytes, self.edge.cores)?;
        let (key, labels) = self.object(sponsor, facts, &vault).await?;
        let store = vault.backups.clone();
        let previous = self.previous(sponsor, facts, &store).await?;
        let source = self.source(sponsor, &connection, identity, &previous)?;
        let options = DumpOptions { encoding: Some(server.encoding.clone()), ..self.order.dump.clone() };
        let prepared = PreparedBackup {
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
        Ok(Preparation::Ready(Box::new(prepared)))
    }

    /// The backup's key and labels.
    async fn object(
        &self,
        sponsor: &Sponsor,
        facts: &BackupState,
        vault: &SponsorBuckets,
    ) -> Result<(String, ObjectAttributes), Failure> {
        let suffix = self.order.recipe.suffix();
        let object = Object::Backup { suffix: &suffix };
        let mut labels = self.labelling(facts).labels(&vault.backups, sponsor, object).await?;
        labels.storage_class = Some(self.order.storage_class.clone());
        labels.content_type = "application/octet-stream";
        Ok((object.key(self.order.scope.environment, facts.started), labels))
    }

    /// The previous backup. A bucket with another sponsor's backups is not this sponsor's.
    async fn previous(
        &self,
        sponsor: &Sponsor,
        facts: &BackupState,
        store: &Store,
    ) -> Result<PreviousSearch, Failure> {
        let whose = (sponsor, self.order.scope.environment);
        match PreviousSearch::find(store, whose, facts.started, facts.partial.as_ref()).await? {
            PreviousSearch::AnotherSponsors { owner } => {
                Err(SecretsError::Foreign { bucket: store.bucket().to_owned(), owner }.into())
            }
            previous => Ok(previous),
        }
    }

    /// What a partial backup needs but does not contain. The backup continues if the check fails.
    async fn lacking(&self, connection: &Connection, client: &Client) -> Option<String> {
        partial::ask(connection, client, &self.order.dump).await.unwrap_or_else(|error| {
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

    fn disabled(
        &self,
        sponsor: &Sponsor,
        facts: &mut BackupState,
        why: Disabled,
    ) -> Result<Preparation, Failure> {
        let text = why.to_string();
        let scope = &self.order.scope;
        let project = self.secrets.project(&sponsor.name);
        let path = scope.secrets_file.as_ref().map(|path| path.display().to_string());
        let place = match &path {
            Some(path) => SecretsPlace::File(path),
            None => SecretsPlace::Doppler { project: &project, config: &scope.config },
        };
        let region = sponsor.region.as_deref();
        let set_up = SponsorSetup { sponsor: &sponsor.name, place, region, set: why.set(), why: &text };
        self.edge.sink.block(&disabled::lines(set_up, self.edge.sink.columns()));
        facts.next_step = Some(disabled::next_step(set_up));
        if self.order.require_backup {
            return Err(why.required().into());
        }
        Ok(Preparation::Disabled(why))
    }
}

// Requests to S3 before a dump begins, the same in a dry run and a real run. A dump takes hours, and a refusal would
// otherwise only show at its end.

/// Number of seconds to try, if other backups already use their keys.
const SECONDS_TRIED: usize = 10;
const PAUSE: Duration = Duration::from_millis(50);

impl BackupRun<'_> {
    /// Checks both buckets, and chooses a second whose key is free.
    ///
    /// # Errors
    /// The backup bucket rejects a request. If only the audit-log bucket does, a real backup continues, and a dry run
    /// fails.
    pub(super) async fn ask_storage(
        &self,
        sponsor: &Sponsor,
        facts: &mut BackupState,
        vault: &SponsorBuckets,
    ) -> Result<(), Failure> {
        self.choose_second(facts, vault).await?;
        let certain = matches!(self.order.deployment.lock, LockChoice::Governance | LockChoice::Compliance);
        if certain {
            vault.backups.require_object_lock().await?;
        }
        let prefix = Object::DeploymentLog.key(self.order.scope.environment, facts.started);
        let asked = async {
            vault.audit_logs.holds(&prefix).await?;
            if certain { vault.audit_logs.require_object_lock().await } else { Ok(()) }
        };
        match asked.await {
            Err(error) if self.order.dry_run => Err(RecordError::from(error).into()),
            Err(error) => {
                let (name, bucket, why) = (&sponsor.name, vault.audit_logs.bucket(), error.short_reason());
                let what = format!("cannot use audit-log bucket {bucket}: {why}. The backup continues.");
                self.edge.sink.line(&format!("warning: {name}: {what}"));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Keys have a resolution of one second. If this second's key is taken, the backup uses the next free one.
    async fn choose_second(
        &self,
        facts: &mut BackupState,
        vault: &SponsorBuckets,
    ) -> Result<(), ArchiveError> {
        let key = |facts: &BackupState| {
            Object::Backup { suffix: "" }.key(self.order.scope.environment, facts.started)
        };
        for _ in 0..SECONDS_TRIED {
            if !vault.backups.holds(&key(facts)).await? || self.order.dry_run {
                return Ok(());
            }
            let taken = facts.started;
            while facts.started <= taken {
                tokio::time::sleep(PAUSE).await;
                facts.started = self.edge.now();
            }
        }
        Err(ArchiveError::AlreadyExists { location: vault.backups.location(&key(facts)) })
    }
}

// Whether `DATABASE_URL` still leads to the database of the previous backup.

impl BackupRun<'_> {
    /// The database as the manifest describes it, or `None` if it cannot be identified. The server's start time does
    /// not count, because servers restart.
    ///
    /// # Errors
    /// The previous backup is of another database, and `accept-new-source` does not name the sponsor.
    pub(super) fn source(
        &self,
        sponsor: &Sponsor,
        connection: &Connection,
        identity: Option<&Identity>,
        previous: &PreviousSearch,
    ) -> Result<Option<SourceDatabase>, SecretsError> {
        let source = identity.map(|identity| to_source(connection, identity));
        let (name, is_accepted) = (&sponsor.name, self.order.accept_new_source.contains(&sponsor.name));
        let was = match previous {
            // The comparison of contents already warns about this.
            PreviousSearch::None | PreviousSearch::AnotherSponsors { .. } | PreviousSearch::Unknown(_) => {
                return Ok(source);
            }
            PreviousSearch::Backup { description, .. } => description.source.as_ref(),
        };
        match (&source, was) {
            (Some(is), Some(was)) if !is_one(is, was) => {
                let (is, was) = (words(is), words(was));
                if !is_accepted {
                    return Err(SecretsError::OtherSource { sponsor: name.clone(), is, was });
                }
                self.edge.sink.line(&format!(
                    "{name}: new source database, as accepted by `accept-new-source`: {is} (before: {was})"
                ));
            }
            (Some(_), None) => {
                let words = format!("{name}: the previous backup does not record its source database");
                self.edge.sink.line(&words);
            }
            // The survey of databases already warned about this.
            (None, _) | (Some(_), Some(_)) => {}
        }
        Ok(source)
    }
}

fn to_source(connection: &Connection, identity: &Identity) -> SourceDatabase {
    SourceDatabase {
        place: connection.place(),
        system_identifier: identity.system_identifier.clone(),
        database_oid: identity.database_oid,
        database: identity.database.clone(),
        server_started_at: identity.server_started_at,
        in_recovery: identity.in_recovery,
    }
}

fn is_one(is: &SourceDatabase, was: &SourceDatabase) -> bool {
    is.system_identifier == was.system_identifier
        && is.database_oid == was.database_oid
        && is.database == was.database
}

/// A database as text.
pub(super) fn words(source: &SourceDatabase) -> String {
    let SourceDatabase { place, system_identifier, database_oid, database, .. } = source;
    format!("{place} (system identifier {system_identifier}, database {database} with OID {database_oid})")
}
