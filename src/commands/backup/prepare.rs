//! Everything before a backup begins. Nothing here changes anything.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::BackupRun;
use super::state::BackupState;
use crate::archive::backup_manifest::SourceDatabase;
use crate::archive::catalogue::prefix;
use crate::archive::memory::BufferPlan;
use crate::commands::buckets::SponsorBuckets;
use crate::commands::session::SponsorSession;
use crate::commands::tenancy_guard::TenancyGuard;
use crate::databases::postgres::client::{self, Client};
use crate::databases::postgres::database::{self, Database};
use crate::databases::postgres::dump::partial;
use crate::databases::postgres::dump::standby::{self, Standby};
use crate::databases::postgres::identity::{Identity, Unidentified};
use crate::databases::postgres::invocation::DumpOptions;
use crate::databases::postgres::server::{self, Money, Server};
use crate::databases::postgres::{Connection, PostgresError, query};
use crate::failure::Failure;
use crate::layout::key::Object;
use crate::record::RecordError;
use crate::report::disabled::{self, SecretsPlace, SponsorSetup};
use crate::secrets::{Ability, Disabled, S3Backups, SecretsError};
use crate::sponsors::Sponsor;
use crate::store::s3::policy::Purpose;
use crate::store::{LockChoice, ObjectAttributes};
use crate::store::{Store, StoreError};
use crate::verification::previous::{PreviousSearch, SearchFor};
use crate::verification::source::{is_one, to_source, words};

/// A backup that is ready to begin.
pub(super) struct PreparedBackup {
    pub(super) connection: Connection,
    pub(super) server: Server,
    /// What pg_dump does not dump of the database itself.
    pub(super) database: Database,
    /// The standby's state, and when it was asked.
    pub(super) standby: Option<(Standby, Timestamp)>,
    pub(super) options: DumpOptions,
    /// Connections that read the database at once.
    pub(super) jobs: usize,
    pub(super) client: Client,
    pub(super) store: Store,
    pub(super) key: String,
    pub(super) labels: ObjectAttributes,
    pub(super) buffers: BufferPlan,
    /// The previous backup.
    pub(super) previous: PreviousSearch,
    pub(super) source: Option<SourceDatabase>,
    /// A warning about what a partial backup needs but does not contain.
    pub(super) lacking: Option<String>,
}

/// A database's server, as it answered.
struct AskedServer {
    connection: Connection,
    server: Server,
    database: Database,
    standby: Option<(Standby, Timestamp)>,
    client: Client,
    lacking: Option<String>,
}

/// The result of the preparation.
pub(super) enum Preparation {
    Ready(Box<PreparedBackup>),
    Disabled(Disabled),
}

impl BackupRun<'_> {
    /// Checks everything, from the flag to the previous backup.
    pub(super) async fn prepare(
        &self,
        session: &SponsorSession<'_>,
        state: &mut BackupState,
    ) -> Result<Preparation, Failure> {
        let sponsor = session.sponsor;
        let secrets = match session.secrets().await? {
            S3Backups::Enabled(secrets) => secrets,
            S3Backups::Disabled(why) => {
                state.enabled = Some(false);
                return self.disabled(sponsor, state, why.clone());
            }
        };
        state.enabled = Some(true);
        let enabled = if [&secrets.backups, &secrets.audit_logs].iter().any(|store| store.needs_aws()) {
            "S3 backup archival is ENABLED".to_owned()
        } else {
            format!("backups are enabled and go to {}", secrets.backups.words())
        };
        self.context.sink.line(&format!("{}: {enabled}", sponsor.name));
        let endpoint = &self.options.deployment.endpoint;
        let buckets = Arc::new(session.open_buckets(secrets, endpoint, Purpose::Backup)?);
        state.buckets = Some(Arc::clone(&buckets));
        self.ask_storage(sponsor, state, &buckets).await?;
        let connection = Connection::parse(&secrets.database_url).map_err(PostgresError::from)?;
        self.guard().conflicts().database(sponsor)?;
        state.warnings.extend(self.guard().conflicts().warnings(sponsor));
        let clients = self.clients.as_ref().map_err(Clone::clone)?;
        let identity = self.identity(sponsor)?;
        let asked = self.ask_server(state, connection, clients).await?;
        let jobs = self.jobs(&asked.server, &asked.connection, clients).await?;
        let buffers = self.buffers(&asked.server, jobs)?;
        let (key, labels) = self.object(sponsor, state, &buckets).await?;
        let store = buckets.backups.clone();
        let previous = self.previous(sponsor, state, &buckets).await?;
        let source = self.source(sponsor, &asked.connection, identity, &previous)?;
        let AskedServer { connection, server, database, standby, client, lacking } = asked;
        let options = DumpOptions { encoding: Some(server.encoding.clone()), ..self.options.dump.clone() };
        let prepared = PreparedBackup {
            connection,
            server,
            database,
            standby,
            options,
            jobs,
            client,
            store,
            key,
            labels,
            buffers,
            previous,
            source,
            lacking,
        };
        Ok(Preparation::Ready(Box::new(prepared)))
    }

    fn guard(&self) -> &TenancyGuard {
        &self.sessions.guard
    }

    /// Asks the database's server all that a dump depends on, and chooses the client for it.
    async fn ask_server(
        &self,
        state: &mut BackupState,
        connection: Connection,
        clients: &[Client],
    ) -> Result<AskedServer, Failure> {
        // Any psql can ask. The newest supports most parameters.
        let newest = clients.last().ok_or(PostgresError::NoClient)?;
        let connection = query::fixed_to_one_host(connection, newest).await?;
        state.warnings.extend(connection.unverified_certificate());
        let server = server::ask(&connection, newest).await?;
        server.check_encoding(&connection)?;
        if self.options.dump.schemas.is_empty() {
            server.check_mappings(&connection, newest).await?;
        }
        let standby = self.standby(&server, &connection, newest).await?;
        let connection = connection.with_settings(&server.to_pin(Money::Plain));
        state.server_version = Some(server.version.clone());
        let oldest = server.major.max(connection.oldest_client());
        let client = client::choose(clients, oldest, &connection.place())?.clone();
        state.pg_dump_version = Some(client.version.clone());
        let database = database::ask(&connection, newest).await?;
        state.warnings.extend(database.rows_left_out());
        let lacking = self.lacking(&connection, newest).await;
        Ok(AskedServer { connection, server, database, standby, client, lacking })
    }

    /// The backup's key and labels.
    async fn object(
        &self,
        sponsor: &Sponsor,
        state: &BackupState,
        buckets: &SponsorBuckets,
    ) -> Result<(String, ObjectAttributes), Failure> {
        let suffix = self.options.seal_options.suffix();
        let object = Object::Backup { suffix: &suffix };
        let source = self.attribute_source(state);
        let lock = source.ask_lock(&buckets.backups, sponsor).await?;
        let mut labels = source.attributes(sponsor, object, lock);
        let has_classes = buckets.backups_name.has(Ability::StorageClasses);
        labels.storage_class = has_classes.then(|| self.options.storage_class.clone());
        labels.content_type = "application/octet-stream";
        Ok((object.key(self.options.common.environment, state.started), labels))
    }

    /// The previous backup. A store with another sponsor's backups is not this sponsor's.
    async fn previous(
        &self,
        sponsor: &Sponsor,
        state: &BackupState,
        buckets: &SponsorBuckets,
    ) -> Result<PreviousSearch, Failure> {
        let whose = (sponsor, self.options.common.environment);
        let wanted = SearchFor::Baseline { partial: state.partial.as_ref(), limits: self.options.limits };
        let found = PreviousSearch::find(&buckets.backups, whose, state.started, wanted);
        match found.await? {
            PreviousSearch::AnotherSponsors { owner } => {
                Err(SecretsError::Foreign { place: buckets.backups_name.words(), owner }.into())
            }
            previous => Ok(previous),
        }
    }

    /// What a partial backup needs but does not contain. The backup continues if the check fails.
    async fn lacking(&self, connection: &Connection, client: &Client) -> Option<String> {
        partial::ask(connection, client, &self.options.dump).await.unwrap_or_else(|error| {
            Some(format!("could not check whether this partial backup can be restored alone: {error}"))
        })
    }

    /// The standby's state. Fails if it lags too much.
    async fn standby(
        &self,
        server: &Server,
        connection: &Connection,
        client: &Client,
    ) -> Result<Option<(Standby, Timestamp)>, PostgresError> {
        if !server.is_standby {
            return Ok(None);
        }
        let asked_at = self.context.now();
        let standby = standby::ask(connection, client).await?;
        standby.check(connection, self.options.max_replica_lag)?;
        Ok(Some((standby, asked_at)))
    }

    /// The database's identity. A backup continues if the server answers but cannot be identified.
    fn identity(&self, sponsor: &Sponsor) -> Result<Option<&Identity>, Failure> {
        let Some(database) = self.guard().database(sponsor) else { return Ok(None) };
        match database.identity.as_ref().map_err(Clone::clone)? {
            Ok(identity) => Ok(Some(identity)),
            Err(Unidentified(reason)) => {
                let unknown = format!("cannot identify the database at {}", database.connection.place());
                let result = "it was not compared with other sponsors' databases or the previous backup's";
                self.context.sink.line(&format!("{}: {unknown}, so {result}: {reason}", sponsor.name));
                Ok(None)
            }
        }
    }

    fn disabled(
        &self,
        sponsor: &Sponsor,
        state: &mut BackupState,
        why: Disabled,
    ) -> Result<Preparation, Failure> {
        let text = why.to_string();
        let common = &self.options.common;
        let project = self.secrets.project(&sponsor.name);
        let path = common.secrets_file.as_ref().map(|path| path.display().to_string());
        let place = match &path {
            Some(path) => SecretsPlace::File(path),
            None => SecretsPlace::Doppler { project: &project, config: &common.config },
        };
        let region = sponsor.region.as_deref();
        let set_up = SponsorSetup { sponsor: &sponsor.name, place, region, set: why.set(), why: &text };
        self.context.sink.block(&disabled::lines(set_up, self.context.sink.columns()));
        state.next_step = Some(disabled::next_step(set_up));
        if self.options.require_backup {
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
    /// Checks both stores, and chooses a second whose key is free.
    ///
    /// # Errors
    /// The store of the backups rejects a request. If only that of the records does, a real backup continues, and a dry
    /// run fails.
    pub(super) async fn ask_storage(
        &self,
        sponsor: &Sponsor,
        state: &mut BackupState,
        buckets: &SponsorBuckets,
    ) -> Result<(), Failure> {
        buckets.backups.check_writable().await?;
        self.choose_second(state, buckets).await?;
        self.remove_dead_uploads(sponsor, buckets).await?;
        let certain = matches!(self.options.deployment.lock, LockChoice::Governance | LockChoice::Compliance);
        if certain {
            buckets.backups.require_object_lock().await?;
        }
        let prefix = Object::DeploymentLog.key(self.options.common.environment, state.started);
        let asked = async {
            buckets.audit_logs.check_writable().await?;
            buckets.audit_logs.holds(&prefix).await?;
            if certain { buckets.audit_logs.require_object_lock().await } else { Ok(()) }
        };
        match asked.await {
            Err(error) if self.options.common.dry_run => Err(RecordError::from(error).into()),
            Err(error) => {
                let (name, store, why) =
                    (&sponsor.name, buckets.audit_logs.location(""), error.short_reason());
                let what = format!("cannot use audit-log store {store}: {why}. The backup continues.");
                self.context.sink.line(&format!("warning: {name}: {what}"));
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Removes what killed runs left in the backup store, and shows it.
    async fn remove_dead_uploads(
        &self,
        sponsor: &Sponsor,
        buckets: &SponsorBuckets,
    ) -> Result<(), StoreError> {
        if self.options.common.dry_run {
            return Ok(());
        }
        let below = prefix(self.options.common.environment);
        for location in buckets.backups.remove_dead_uploads(&below).await? {
            let words =
                format!("{}: removed an unfinished upload of an earlier run: {location}", sponsor.name);
            self.context.sink.line(&words);
        }
        Ok(())
    }

    /// Keys have a resolution of one second. If this second's key is taken, the backup uses the next free one.
    async fn choose_second(
        &self,
        state: &mut BackupState,
        buckets: &SponsorBuckets,
    ) -> Result<(), StoreError> {
        let key = |state: &BackupState| {
            Object::Backup { suffix: "" }.key(self.options.common.environment, state.started)
        };
        for _ in 0..SECONDS_TRIED {
            if !buckets.backups.holds(&key(state)).await? || self.options.common.dry_run {
                return Ok(());
            }
            let taken = state.started;
            while state.started <= taken {
                tokio::time::sleep(PAUSE).await;
                state.started = self.context.now();
            }
        }
        Err(StoreError::AlreadyExists { location: buckets.backups.location(&key(state)) })
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
        let name = &sponsor.name;
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
                if !self.options.accept_new_source.contains(name) {
                    return Err(SecretsError::OtherSource { sponsor: name.clone(), is, was });
                }
                let what = "new source database, as accepted by `accept-new-source`";
                self.context.sink.line(&format!("{name}: {what}: {is} (before: {was})"));
            }
            (Some(_), None) => {
                let words = format!("{name}: the previous backup does not record its source database");
                self.context.sink.line(&words);
            }
            // The survey of databases already warned about this.
            (None, _) | (Some(_), Some(_)) => {}
        }
        Ok(source)
    }
}
