//! `verify`: reads stored backups to their end and compares the bytes with everything that their manifests say.

mod round;

use super::backup_attempts::{AttemptStatus, BackupAttempt, BackupHistory, Candidate, Latest};
use super::publish::{Ended, Publisher};
use super::secrets_source::SecretsSource;
use super::session::{Completed, Sessions, SponsorSession, TimeLimit, contained};
use super::tenancy_guard::TenancyGuard;
use super::{RunContext, sponsor_selection, stored, which_backup};
use crate::archive::catalogue::{BackupKey, Incomplete, catalogue, prefix};
use crate::archive::{ArchiveError, Identities};
use crate::cli::UsageError;
use crate::cli::options::{VerifyOptions, WhichBackup};
use crate::failure::{Doing, Failure, TimedOut};
use crate::secrets::S3Backups;
use crate::sponsors::Sponsor;
use crate::store::s3::policy::Purpose;
use crate::store::{Store, StoreError};
use round::{Checked, SponsorVerification};

/// What all sponsors of a run share.
struct VerifyRun<'a> {
    options: &'a VerifyOptions,
    context: &'a RunContext,
    sessions: Sessions<'a>,
    identities: Identities,
}

/// One sponsor's backups, with the limit for reading them.
struct SponsorBackups<'a> {
    place: BackupHistory<'a>,
    limit: &'a TimeLimit<'a>,
}

pub(super) async fn run(
    options: VerifyOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let identities = stored::identities(&options.reading, context).await?;
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let sponsors = &selected.sponsors;
    if sponsors.len() > 1 && matches!(options.reading.which, WhichBackup::Location(_)) {
        let problem = "`backup` names a backup of one sponsor, but several are selected";
        return Err(UsageError::new(problem).hint("Name that sponsor in `sponsors`.").into());
    }
    let secrets = SecretsSource::open(&options.common, context, sponsors).await?;
    let timeout = options.reading.timeout;
    let guard = TenancyGuard::of_secrets(&secrets, &selected, Some(timeout), context).await;
    let sessions = Sessions { common: &options.common, context, guard, publisher };
    let run = VerifyRun { options: &options, context, sessions, identities };
    let mut ended = Vec::new();
    for sponsor in sponsors {
        let broken = |failure| run.sessions.end_broken(sponsor, &failure);
        ended.push(contained(Box::pin(run.sponsor(sponsor)), broken).await);
    }
    publisher.results(ended)
}

impl VerifyRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor) -> Ended {
        let limit = TimedOut::new(self.options.reading.timeout, Doing::Archive);
        let session = self.sessions.begin(sponsor, Some(limit));
        let mut round = SponsorVerification::begin(&sponsor.name, self.context, self.options.skip_frozen);
        let done = session.run(Box::pin(self.verify(&session, &mut round))).await;
        round.end(&session, done, self.options).await
    }

    /// Verifies the backups that were asked for. An error ends it early.
    async fn verify(
        &self,
        session: &SponsorSession<'_>,
        round: &mut SponsorVerification<'_>,
    ) -> Result<Completed, Failure> {
        let secrets = session.limit.unless_stopped(async { Ok(session.secrets().await?) }).await?;
        let secrets = match secrets {
            S3Backups::Disabled(why) => return Ok(Completed::Disabled(why.clone())),
            S3Backups::Enabled(secrets) => secrets,
        };
        let reading = &self.options.reading;
        let purpose = Purpose::Verify { thaw: reading.thaw };
        let buckets = session.open_buckets(secrets, &reading.endpoint, purpose)?;
        let place = session.history(&buckets, reading.timeout);
        round.buckets = Some(buckets);
        let shelf = SponsorBackups { place, limit: &session.limit };
        if self.options.common.dry_run {
            return self.plan(&shelf).await;
        }
        if self.options.all {
            self.all(&shelf, round).await?
        } else {
            self.one(&shelf, round).await?
        }
        Ok(Completed::Done)
    }

    /// Shows what would be read, without reading any dump.
    async fn plan(&self, shelf: &SponsorBackups<'_>) -> Result<Completed, Failure> {
        let (place, reading) = (&shelf.place, &self.options.reading);
        let whose = (place.sponsor, place.environment);
        let backups = if self.options.all {
            self.all_whole(shelf).await?
        } else if reading.which == WhichBackup::Latest {
            let newest = async {
                let mut latest = Latest::of(place.clone(), reading.allow_older).await?;
                latest.newest().await
            };
            vec![shelf.limit.unless_stopped(newest).await?]
        } else {
            let found = Box::pin(which_backup::find(place, &reading.which));
            vec![shelf.limit.unless_stopped(found).await?]
        };
        for backup in &backups {
            let described =
                stored::describe(&place.backups, whose, backup.clone(), Some(&self.identities), false);
            shelf.limit.unless_stopped(Box::pin(described)).await?;
        }
        let title = format!("{}: would be verified", place.sponsor.name);
        let lines = backups.iter().map(|backup| format!("  {}", place.location(backup)));
        self.context.sink.block(&std::iter::once(title).chain(lines).collect::<Vec<_>>());
        Ok(Completed::Planned)
    }

    /// Every backup, if none of the attempts is unfinished or lacks a part.
    async fn all_whole(&self, shelf: &SponsorBackups<'_>) -> Result<Vec<BackupKey>, Failure> {
        let place = &shelf.place;
        let attempts = shelf.limit.unless_stopped(async { Ok(place.attempts().await?) }).await?;
        let counts = |attempt: &&BackupAttempt| {
            matches!(attempt.standing, AttemptStatus::Lacks(_) | AttemptStatus::Unfinished { .. })
        };
        if let Some(attempt) = attempts.iter().find(counts) {
            let words = attempt.standing.words().unwrap_or_default();
            return Err(stored::proof(&place.location(&attempt.backup), vec![words]));
        }
        let whole = |attempt: &BackupAttempt| matches!(attempt.standing, AttemptStatus::Whole(_));
        let whole: Vec<BackupKey> =
            attempts.into_iter().filter(whole).map(|attempt| attempt.backup).collect();
        if whole.is_empty() {
            let none = async { Ok(place.no_backup(String::new()).await) };
            return Err(shelf.limit.unless_stopped(none).await?.into());
        }
        Ok(whole)
    }

    /// The backup that was asked for. An incomplete one is a finding, everything else that stops it is a failure.
    async fn one(
        &self,
        shelf: &SponsorBackups<'_>,
        round: &mut SponsorVerification<'_>,
    ) -> Result<(), Failure> {
        let which = &self.options.reading.which;
        if *which == WhichBackup::Latest {
            return Box::pin(self.latest(shelf, round)).await;
        }
        let (place, store) = (&shelf.place, &shelf.place.backups);
        let judged = match shelf.limit.unless_stopped(Box::pin(which_backup::find(place, which))).await {
            Ok(backup) => {
                let location = place.location(&backup);
                let judged = self.judge(shelf, backup).await;
                round.location = Some(location.clone());
                judged.map(|judged| (location, judged))
            }
            Err(failure) => Err(failure),
        };
        let failure = match judged {
            Ok((location, judged)) => return round.only(&location, judged),
            Err(failure) => failure,
        };
        if matches!(
            &failure,
            Failure::Archive(ArchiveError::NoBackup { .. } | ArchiveError::Store(StoreError::Missing { .. }))
        ) && let Some(left) = shelf.limit.unless_stopped(self.left_of(store, which)).await?
        {
            let location = place.location(&left.backup);
            round.location = Some(location.clone());
            round.left(&location, &AttemptStatus::Lacks(left));
            return Ok(());
        }
        Err(failure)
    }

    /// The incomplete backup that `backup` names, if there is one.
    async fn left_of(&self, store: &Store, which: &WhichBackup) -> Result<Option<Incomplete>, Failure> {
        let environment = self.options.common.environment;
        let prefix = prefix(environment);
        let named = match which {
            WhichBackup::Location(location) => stored::key_in(store, location),
            WhichBackup::Key(key) => Some(&**key),
            _ => None,
        };
        let folder = match (which, named) {
            (WhichBackup::At(at), _) => format!("{prefix}{}", at.strftime("%Y/%m/%d/")),
            (_, Some(key)) => key.to_owned(),
            (_, None) => return Ok(None),
        };
        let is_meant = |backup: &BackupKey| match which {
            WhichBackup::At(at) => backup.at == *at,
            _ => named == Some(&*backup.key),
        };
        let left = catalogue(environment, store.list(&folder).await?).incomplete;
        Ok(left.into_iter().find(|left| is_meant(&left.backup)))
    }

    /// The newest attempt. If it is not a backup, that is a finding, unless `allow-older` accepts an older one.
    async fn latest(
        &self,
        shelf: &SponsorBackups<'_>,
        round: &mut SponsorVerification<'_>,
    ) -> Result<(), Failure> {
        let allow_older = self.options.reading.allow_older;
        let latest = async { Ok(Latest::of(shelf.place.clone(), allow_older).await?) };
        let mut latest = shelf.limit.unless_stopped(latest).await?;
        loop {
            let (backup, judged) = match shelf.limit.unless_stopped(latest.next()).await? {
                Candidate::Bad(backup, words) => (backup, Checked::Bad(vec![words])),
                Candidate::Backup(backup) => {
                    let judged = self.judge(shelf, backup.clone()).await?;
                    (backup, judged)
                }
            };
            let location = shelf.place.location(&backup);
            if let Checked::Bad(findings) = &judged
                && latest.passes_over(&location, findings)
            {
                continue;
            }
            round.location = Some(location.clone());
            round.warnings.extend(latest.passed());
            return round.only(&location, judged);
        }
    }

    /// Every attempt, one at a time. A bad one does not stop the next.
    async fn all(
        &self,
        shelf: &SponsorBackups<'_>,
        round: &mut SponsorVerification<'_>,
    ) -> Result<(), Failure> {
        let place = &shelf.place;
        let attempts = shelf.limit.unless_stopped(async { Ok(place.attempts().await?) }).await?;
        let (mut left_over, mut is_newest, mut found) = (Vec::new(), true, false);
        for BackupAttempt { backup, standing } in attempts {
            let location = place.location(&backup);
            match standing {
                AttemptStatus::Whole(_) if shelf.is_a_partners(&backup).await? => {}
                AttemptStatus::Whole(_) => {
                    (is_newest, found) = (false, true);
                    self.next(shelf, backup, round).await?;
                }
                AttemptStatus::Lacks(left) => left_over.push(left),
                // A later backup made up for this one. The bucket's lifecycle removes it.
                AttemptStatus::Unfinished { .. } if is_newest => {
                    found = true;
                    round.left(&location, &standing);
                }
                other => place.say(&format!("{location}: {}", other.words().unwrap_or_default())),
            }
        }
        for left in left_over {
            found |= self.left_over(shelf, left, round).await?;
        }
        if found {
            return Ok(());
        }
        let none = async { Ok(place.no_backup(String::new()).await) };
        Err(shelf.limit.unless_stopped(none).await?.into())
    }

    /// A backup without all of its parts. Another run may have just finished it. Returns whether it is ours.
    async fn left_over(
        &self,
        shelf: &SponsorBackups<'_>,
        left: Incomplete,
        round: &mut SponsorVerification<'_>,
    ) -> Result<bool, Failure> {
        let (place, backup) = (&shelf.place, left.backup.clone());
        let is_whole = async { Ok(place.is_whole_by_now(&left).await?) };
        if shelf.limit.unless_stopped(is_whole).await? {
            if !shelf.is_a_partners(&backup).await? {
                self.next(shelf, backup, round).await?;
            }
            return Ok(true);
        }
        let location = place.location(&backup);
        match shelf.limit.unless_stopped(async { Ok(place.look_closer(left).await?) }).await? {
            AttemptStatus::PartnersRest => Ok(false),
            foreign @ AttemptStatus::Foreign(_) => {
                let words = foreign.words().unwrap_or_default();
                place.warn("not a backup", &format!("{location}: {words}"));
                Ok(false)
            }
            standing => {
                round.left(&location, &standing);
                Ok(true)
            }
        }
    }

    async fn next(
        &self,
        shelf: &SponsorBackups<'_>,
        backup: BackupKey,
        round: &mut SponsorVerification<'_>,
    ) -> Result<(), Failure> {
        let location = shelf.place.location(&backup);
        match self.judge(shelf, backup).await {
            Ok(judged) => round.add(&location, judged),
            // A stop ends the round, and so does what would meet the next backup too.
            Err(failure @ (Failure::Cancelled(_) | Failure::TimedOut(_))) => return Err(failure),
            Err(failure) if failure.is_stop() => return Err(failure),
            Err(Failure::Archive(error)) if error.affects_every_request() => return Err(error.into()),
            Err(failure) => round.fail(&location, failure),
        }
        Ok(())
    }
}
