//! `verify`: reads stored backups to their end and compares the bytes with everything that their manifests say.

mod round;

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;

use super::buckets::{BucketAccess, SponsorBuckets};
use super::history::{AttemptStatus, BackupAttempt, Candidate, Latest, Place};
use super::limit::TimeLimit;
use super::publish::{Completed, Ended, Publisher};
use super::scope::{self, SecretsSource};
use super::survey::TenancyGuard;
use super::{RunContext, stored};
use crate::archive::catalogue::{BackupKey, Incomplete, catalogue, prefix};
use crate::archive::s3::policy::Purpose;
use crate::archive::{ArchiveError, Identities, Store};
use crate::cli::UsageError;
use crate::cli::order::{VerifyOptions, WhichBackup};
use crate::failure::{Doing, Failure, TimedOut};
use crate::secrets::S3Backups;
use crate::sponsors::Sponsor;
use round::{Checked, SponsorVerification};

/// What all sponsors of a run share.
struct VerifyRun<'a> {
    order: &'a VerifyOptions,
    edge: &'a RunContext,
    survey: TenancyGuard,
    identities: Identities,
}

/// One sponsor's backups, with the token that stops reading them.
struct SponsorBackups<'a> {
    place: Place<'a>,
    stop: &'a CancellationToken,
}

pub(super) async fn run(
    order: VerifyOptions,
    edge: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let identities = stored::identities(&order.opening, edge).await?;
    let selected = scope::select_some(&order.scope, edge).await?;
    let sponsors = &selected.sponsors;
    if sponsors.len() > 1 && matches!(order.opening.which, WhichBackup::Location { .. }) {
        let problem = "`backup` names a backup of one sponsor, but several are selected";
        return Err(UsageError::new(problem).hint("Name that sponsor in `sponsors`.").into());
    }
    let secrets = SecretsSource::open(&order.scope, edge, sponsors).await?;
    let survey = TenancyGuard::of_secrets(&secrets, &selected, Some(order.opening.timeout), edge).await;
    let run = VerifyRun { order: &order, edge, survey, identities };
    let mut ended = Vec::new();
    for sponsor in sponsors {
        ended.push(Box::pin(run.sponsor(sponsor, publisher)).await);
    }
    publisher.results(ended)
}

impl VerifyRun<'_> {
    /// Verifies one sponsor. Its failure, even a panic, leaves the other sponsors alone.
    async fn sponsor(&self, sponsor: &Sponsor, publisher: &Publisher<'_>) -> Ended {
        let begun = Instant::now();
        let over = TimedOut::new(self.order.opening.timeout, Doing::Archive);
        let clock = TimeLimit::start(self.edge, over, self.survey.took(sponsor));
        let mut round = SponsorVerification::begin(&sponsor.name, self.edge, self.order.skip_frozen);
        let done = AssertUnwindSafe(self.verify(sponsor, &mut round, clock.stop())).catch_unwind().await;
        let done = done.unwrap_or_else(|_| Err(Failure::Bug("panicked (see the lines above)".to_owned())));
        let done = done.map_err(|failure| clock.cause(failure));
        let ended = round.end(done, self.order.opening.thaw, begun.elapsed());
        publisher.sponsor(&ended.0);
        ended
    }

    /// Fills the round. An error ends it early.
    async fn verify(
        &self,
        sponsor: &Sponsor,
        round: &mut SponsorVerification<'_>,
        stop: &CancellationToken,
    ) -> Result<Completed<()>, Failure> {
        let secrets = async { Ok(self.survey.secrets_of_its_own(sponsor).await?) };
        let secrets = match unless_stopped(stop, secrets).await? {
            S3Backups::Disabled(why) => return Ok(Completed::Disabled(why.to_string())),
            S3Backups::Enabled(secrets) => secrets,
        };
        let way = BucketAccess {
            scope: &self.order.scope,
            edge: self.edge,
            endpoint: &self.order.opening.endpoint,
            sponsor: &sponsor.name,
            purpose: Purpose::Read { thaw: self.order.opening.thaw },
        };
        let whose = (sponsor, self.order.scope.environment);
        let place = SponsorBuckets::open(&way, secrets).place(whose, self.order.opening.timeout, self.edge);
        let shelf = SponsorBackups { place, stop };
        if self.order.dry_run {
            return self.plan(&shelf).await;
        }
        if self.order.all {
            self.all(&shelf, round).await?
        } else {
            self.one(&shelf, round).await?
        }
        Ok(Completed::Done(()))
    }

    /// Shows what would be read, without reading any dump.
    async fn plan(&self, shelf: &SponsorBackups<'_>) -> Result<Completed<()>, Failure> {
        let place = &shelf.place;
        let backups: Vec<BackupKey> = if self.order.all {
            let attempts = unless_stopped(shelf.stop, async { Ok(place.attempts().await?) }).await?;
            let counts = |attempt: &&BackupAttempt| {
                matches!(attempt.standing, AttemptStatus::Lacks(_) | AttemptStatus::Unfinished { .. })
            };
            let not_whole = attempts.iter().find(counts);
            let not_whole = not_whole
                .and_then(|attempt| Some((place.location(&attempt.backup), attempt.standing.words()?)));
            if let Some((location, words)) = not_whole {
                return Err(stored::proof(&location, vec![words]));
            }
            let whole = |attempt: &BackupAttempt| matches!(attempt.standing, AttemptStatus::Whole(_));
            let whole: Vec<BackupKey> =
                attempts.into_iter().filter(whole).map(|attempt| attempt.backup).collect();
            if whole.is_empty() {
                let none = async { Ok(Box::pin(place.no_backup()).await) };
                return Err(unless_stopped(shelf.stop, none).await?.into());
            }
            whole
        } else if self.order.opening.which == WhichBackup::Latest {
            let newest = async {
                let mut latest = Latest::of(place.clone(), self.order.opening.allow_older).await?;
                latest.newest().await
            };
            vec![unless_stopped(shelf.stop, newest).await?]
        } else {
            let whose = (place.sponsor, place.environment);
            let found = Box::pin(stored::find(&place.backups, whose, &self.order.opening.which));
            vec![unless_stopped(shelf.stop, found).await?]
        };
        let whose = (place.sponsor, place.environment);
        for backup in &backups {
            let described = stored::describe(&place.backups, whose, backup.clone(), &self.identities, false);
            unless_stopped(shelf.stop, Box::pin(described)).await?;
        }
        let title = format!("{}: would be verified", place.sponsor.name);
        let lines = backups.iter().map(|backup| format!("  {}", place.location(backup)));
        self.edge.sink.block(&std::iter::once(title).chain(lines).collect::<Vec<_>>());
        Ok(Completed::Planned)
    }

    /// The backup that was asked for. An incomplete one is a finding, everything else that stops it is a failure.
    async fn one(
        &self,
        shelf: &SponsorBackups<'_>,
        round: &mut SponsorVerification<'_>,
    ) -> Result<(), Failure> {
        let which = &self.order.opening.which;
        if *which == WhichBackup::Latest {
            return Box::pin(self.latest(shelf, round)).await;
        }
        let (place, store) = (&shelf.place, &shelf.place.backups);
        let whose = (place.sponsor, place.environment);
        let judged = match unless_stopped(shelf.stop, Box::pin(stored::find(store, whose, which))).await {
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
        if matches!(&failure, Failure::Archive(ArchiveError::NoBackup { .. } | ArchiveError::Missing { .. }))
            && let Some(left) = unless_stopped(shelf.stop, self.left_of(store, which)).await?
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
        let environment = self.order.scope.environment;
        let prefix = prefix(environment);
        let folder = match which {
            WhichBackup::At(at) => format!("{prefix}{}", at.strftime("%Y/%m/%d/")),
            WhichBackup::Location { bucket, key } if bucket == store.bucket() => key.clone(),
            _ => return Ok(None),
        };
        let is_meant = |backup: &BackupKey| match which {
            WhichBackup::At(at) => backup.at == *at,
            WhichBackup::Location { key, .. } => backup.key == *key,
            WhichBackup::Latest => false,
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
        let allow_older = self.order.opening.allow_older;
        let latest = async { Ok(Latest::of(shelf.place.clone(), allow_older).await?) };
        let mut latest = unless_stopped(shelf.stop, latest).await?;
        loop {
            let (backup, judged) = match unless_stopped(shelf.stop, latest.next()).await? {
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
        let attempts = unless_stopped(shelf.stop, async { Ok(place.attempts().await?) }).await?;
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
        let none = async { Ok(Box::pin(place.no_backup()).await) };
        Err(unless_stopped(shelf.stop, none).await?.into())
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
        if unless_stopped(shelf.stop, is_whole).await? {
            if !shelf.is_a_partners(&backup).await? {
                self.next(shelf, backup, round).await?;
            }
            return Ok(true);
        }
        let location = place.location(&backup);
        match unless_stopped(shelf.stop, async { Ok(place.look_closer(left).await?) }).await? {
            AttemptStatus::Anothers => Ok(false),
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
            Err(Failure::Archive(error)) if error.stopped().is_some() || error.affects_every_request() => {
                return Err(error.into());
            }
            Err(failure) => round.fail(failure),
        }
        Ok(())
    }
}

/// Waits, unless a stop comes first.
async fn unless_stopped<T>(
    stop: &CancellationToken,
    wait: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(ArchiveError::Stopped.into()),
        done = wait => done,
    }
}
