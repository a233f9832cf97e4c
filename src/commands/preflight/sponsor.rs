//! One sponsor: flag, secrets, what it shares, both buckets, the database, its newest backup and drill.

use std::time::Duration;

use futures_util::future::join;

use super::PreflightRun;
use crate::archive::ArchiveError;
use crate::archive::catalogue::prefix;
use crate::commands::backup_attempts::DEFAULT_TIMEOUT;
use crate::commands::backup_rows::{UNKNOWN, counts};
use crate::commands::buckets::SponsorBuckets;
use crate::commands::publish::{Ended, RedactedFailure};
use crate::commands::row_facts::RowFacts;
use crate::commands::secrets_source::ExaminedSecrets;
use crate::commands::session::SponsorSession;
use crate::databases::postgres::Connection;
use crate::databases::postgres::preflight::{self as database, DatabaseExpectations};
use crate::failure::Failure;
use crate::finding::{Check, Finding, Level};
use crate::layout::key::Bucket;
use crate::record::drill_history;
use crate::report::preflight::in_words;
use crate::secrets::{SponsorSecrets, preflight as secrets};
use crate::sponsors::Sponsor;
use crate::store::preflight as storage;
use crate::store::s3::policy::Purpose;
use crate::store::{StorageExpectations, Store, StoreError};
use crate::verification::previous::{PreviousSearch, SearchFor};
use crate::verification::source::to_source;
use crate::verification::{Conclusion, VerificationError, preflight as verification};

/// Time limit of each part: secrets with the database's identity, both buckets, the database.
pub(super) const PART_TIMEOUT: Duration = Duration::from_secs(120);

const STORAGE: Check =
    Check { name: "storage", about: "Both stores answer all questions within two minutes" };
const DATABASE: Check =
    Check { name: "database", about: "The database answers all questions within two minutes" };

/// What does not belong to one question of a module.
pub(super) const CHECKS: &[Check] = &[DATABASE, STORAGE];

/// A sponsor's stores, as far as they could be opened.
enum Opened {
    Both(Box<SponsorBuckets>),
    /// At least one of them could not.
    Each(Box<[Result<Store, StoreError>; 2]>),
    /// They may be another sponsor's.
    Neither,
}

impl PreflightRun<'_> {
    pub(super) async fn sponsor(&self, sponsor: &Sponsor) -> (Vec<Finding>, Ended) {
        let session = self.sessions.begin(sponsor, None);
        let findings = session.run(Box::pin(self.findings(&session))).await;
        let redact = |finding| super::redacted(finding, self.context);
        let findings = findings.map(|findings| findings.into_iter().map(redact).collect::<Vec<_>>());
        match findings {
            Ok(findings) => {
                let ended = conclude(&session, &findings);
                (findings, ended)
            }
            Err(failure) => (Vec::new(), session.end_failed(&failure)),
        }
    }

    /// Reads everything, which a signal ends at once. Then probes, which undoes what it began.
    async fn findings(&self, session: &SponsorSession<'_>) -> Result<Vec<Finding>, Failure> {
        let mut findings = self.secrets(session);
        let Some(Ok(ExaminedSecrets { secrets: Ok(secrets), .. })) = self.examined.get(&session.sponsor.name)
        else {
            return Ok(findings);
        };
        let conflicts = self.sessions.guard.conflicts();
        let odd = conflicts.warnings(session.sponsor).collect();
        let database_conflict = conflicts.database(session.sponsor).err();
        // What may be another sponsor's is not looked at.
        let (buckets, bucket_conflict) = match self.open_buckets(session, secrets) {
            Ok(buckets) => (Opened::Both(Box::new(buckets)), None),
            Err(Failure::Secrets(error)) => (Opened::Neither, Some(error)),
            Err(Failure::Archive(ArchiveError::Store(error))) => match self.open_each(session, secrets) {
                Ok(stores) => (Opened::Each(Box::new(stores)), None),
                Err(_) => {
                    findings.push(storage::unusable(&error, Bucket::Backups));
                    (Opened::Neither, None)
                }
            },
            Err(failure) => return Err(failure),
        };
        let is_own_database = database_conflict.is_none();
        let was_compared =
            self.sessions.guard.database(session.sponsor).is_some_and(|database| database.identity.is_ok());
        let both = [bucket_conflict, database_conflict].into_iter().flatten();
        findings.extend(verification::tenancy(both, odd, was_compared));
        let expected = self.storage_expectations(session, secrets);
        let storage = async {
            match &buckets {
                Opened::Both(buckets) => {
                    in_time(STORAGE, Box::pin(self.storage(session, buckets, expected))).await
                }
                Opened::Each(stores) => {
                    in_time(STORAGE, Box::pin(storage::check_each(stores, expected))).await
                }
                Opened::Neither => Vec::new(),
            }
        };
        let database = async {
            if is_own_database {
                in_time(DATABASE, Box::pin(self.database(secrets))).await
            } else {
                Vec::new()
            }
        };
        let read = async { Ok(join(database, storage).await) };
        let (database, storage) = session.limit.unless_stopped(Box::pin(read)).await?;
        findings.extend(database);
        findings.extend(storage);
        if let Opened::Both(buckets) = &buckets
            && self.options.write_probe
        {
            let SponsorBuckets { backups, audit_logs, .. } = &**buckets;
            let probed = storage::probe_writes(backups, audit_logs, expected, session.limit.stop());
            findings.extend(Box::pin(probed).await);
        }
        Ok(findings)
    }

    /// The flag and the secrets, with all that is wrong with them.
    fn secrets(&self, session: &SponsorSession<'_>) -> Vec<Finding> {
        match self.examined.get(&session.sponsor.name) {
            None => Vec::new(),
            Some(Err(error)) => vec![secrets::unusable(error)],
            Some(Ok(ExaminedSecrets { flag, secrets, also })) => {
                let mut findings = vec![secrets::flag(flag.as_ref())];
                match secrets {
                    Ok(secrets) => {
                        findings.extend(secrets::usable(secrets, session.sponsor.region.as_deref()))
                    }
                    Err(error) => findings.push(secrets::unusable(error)),
                }
                findings.extend(also.iter().map(secrets::unusable));
                findings
            }
        }
    }

    async fn database(&self, secrets: &SponsorSecrets) -> Vec<Finding> {
        let connection = match Connection::parse(&secrets.database_url) {
            Ok(connection) => connection,
            Err(error) => return vec![database::unusable_url(&error.into())],
        };
        let expected = DatabaseExpectations { max_replica_lag: self.options.max_replica_lag };
        database::check(&connection, self.clients.as_deref(), expected).await
    }

    fn open_buckets(
        &self,
        session: &SponsorSession<'_>,
        secrets: &SponsorSecrets,
    ) -> Result<SponsorBuckets, Failure> {
        let purpose = Purpose::Preflight { write_probe: self.options.write_probe };
        session.open_buckets(secrets, &self.options.deployment.endpoint, purpose)
    }

    fn open_each(
        &self,
        session: &SponsorSession<'_>,
        secrets: &SponsorSecrets,
    ) -> Result<[Result<Store, StoreError>; 2], Failure> {
        let purpose = Purpose::Preflight { write_probe: false };
        session.open_each(secrets, &self.options.deployment.endpoint, purpose)
    }

    fn storage_expectations<'s>(
        &'s self,
        session: &'s SponsorSession<'_>,
        secrets: &'s SponsorSecrets,
    ) -> StorageExpectations<'s> {
        let options = self.options;
        StorageExpectations {
            environment: options.common.environment,
            sponsor: &session.sponsor.name,
            region: secrets.aws.as_ref().map_or("", |aws| &aws.region),
            lock: options.deployment.lock,
            retention_years: options.deployment.retention_years,
            storage_class: &options.storage_class,
            max_rto: options.max_rto,
            now: session.started,
        }
    }

    async fn storage(
        &self,
        session: &SponsorSession<'_>,
        buckets: &SponsorBuckets,
        expected: StorageExpectations<'_>,
    ) -> Vec<Finding> {
        let mut findings = storage::check(&buckets.backups, &buckets.audit_logs, expected).await;
        findings.extend(self.source(session, buckets).await);
        findings.push(self.last_backup(session, buckets).await);
        findings.push(self.last_drill(session, buckets).await);
        findings
    }

    /// The database of the previous backup, as a backup compares it. `None` if the database was never asked, which is another
    /// finding.
    async fn source(&self, session: &SponsorSession<'_>, buckets: &SponsorBuckets) -> Option<Finding> {
        let sponsor = session.sponsor;
        let database = self.sessions.guard.database(sponsor)?;
        let is = database
            .identity
            .as_ref()
            .map(|found| found.as_ref().map(|identity| to_source(&database.connection, identity)));
        let whose = (sponsor, self.options.common.environment);
        let previous =
            PreviousSearch::find(&buckets.backups, whose, session.started, SearchFor::Newest).await;
        Some(verification::source(&sponsor.name, is, &previous))
    }

    async fn last_backup(&self, session: &SponsorSession<'_>, buckets: &SponsorBuckets) -> Finding {
        let place = session.history(buckets, DEFAULT_TIMEOUT);
        let newest = async {
            let attempts = place.attempts().await?;
            self.rows.newest(&place, attempts, &RowFacts::of_a_watcher()).await
        };
        match newest.await {
            Ok(rows) => {
                let unread = rows.iter().find(|row| row.status == UNKNOWN && !rows.iter().any(counts));
                if let Some(row) = unread {
                    let problem = row.problem.as_deref().unwrap_or("its manifest cannot be read");
                    let what = format!("{}: {problem}", row.location);
                    return verification::unread_backups(what, None, self.options.max_backup_age.is_some());
                }
                let location = place.backups.location(&prefix(place.environment));
                let taken = rows.iter().filter(|row| counts(row)).map(|row| row.timestamp).collect();
                verification::last_backup(
                    (&location, place.environment),
                    taken,
                    session.started,
                    self.options.max_backup_age,
                )
            }
            Err(error) => {
                let is_limited = self.options.max_backup_age.is_some();
                verification::unread_backups(&error, error.hint(), is_limited)
            }
        }
    }

    async fn last_drill(&self, session: &SponsorSession<'_>, buckets: &SponsorBuckets) -> Finding {
        let (environment, name) = (self.options.common.environment, &session.sponsor.name);
        match drill_history::newest_passed(&buckets.audit_logs, environment, name).await {
            Ok(passed) => {
                verification::last_drill(passed, session.started, self.options.max_drill_age, environment)
            }
            Err(error) => {
                verification::unread_drills(&error, error.hint(), self.options.max_drill_age.is_some())
            }
        }
    }
}

/// A part's findings, or that it took too long.
async fn in_time(check: Check, part: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    tokio::time::timeout(PART_TIMEOUT, part).await.unwrap_or_else(|_| {
        vec![check.fail(
            "no answer to all questions within 2m",
            "A backup would wait as long, and may fail.",
            "Check the network between this machine and the server.",
        )]
    })
}

/// The sponsor's result: a failure if one of the findings is.
fn conclude(session: &SponsorSession<'_>, findings: &[Finding]) -> Ended {
    let of = |level| findings.iter().filter(move |finding| finding.level == level).map(in_words);
    let mut result = session.result(Conclusion::of_preflight(findings));
    result.message = Some(crate::report::preflight::counts(findings));
    result.warnings = of(Level::Warn).collect();
    let failed: Vec<String> = of(Level::Fail).collect();
    if failed.is_empty() {
        return (result, None);
    }
    let hint = "Fix the findings in this order, then run `preflight` again.".to_owned();
    let found = VerificationError { place: session.sponsor.name.clone(), findings: failed, hint };
    let failure: RedactedFailure = session.redacted(&Failure::from(found));
    let code = failure.fail(&mut result);
    (result, Some(code))
}
