//! Runs one sponsor's steps, in every command: time limit, panics, buckets, result. A failure, a timeout or a panic of one
//! sponsor does not stop the others.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::{FutureExt as _, StreamExt as _};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::RunContext;
use super::backup_attempts::BackupHistory;
use super::buckets::{BucketAccess, SponsorBuckets};
use super::publish::{Ended, Publisher, RedactedFailure};
use super::tenancy_guard::TenancyGuard;
use crate::cli::options::CommonOptions;
use crate::failure::{Cancelled, Failure, TimedOut};
use crate::record::head::RecordHead;
use crate::report::SponsorResult;
use crate::secrets::{Disabled, S3Backups, SecretsError, SponsorSecrets};
use crate::sponsors::{Environment, Sponsor};
use crate::stop::Deadline;
use crate::store::s3::policy::Purpose;
use crate::store::{Endpoint, Store, StoreError};
use crate::verification::Conclusion;

/// How a sponsor's steps ended, if nothing failed.
pub(super) enum Completed {
    /// All that was asked for was done.
    Done,
    /// The sponsor's flag is off, and why.
    Disabled(Disabled),
    /// The steps ended at the plan.
    Planned,
}

/// What the sponsors of a run share, in every command.
pub(super) struct Sessions<'a> {
    pub(super) common: &'a CommonOptions,
    pub(super) context: &'a RunContext,
    pub(super) guard: TenancyGuard,
    pub(super) publisher: &'a Publisher<'a>,
}

/// One sponsor's part of a run.
pub(super) struct SponsorSession<'a> {
    sessions: &'a Sessions<'a>,
    pub(super) sponsor: &'a Sponsor,
    pub(super) limit: TimeLimit<'a>,
    /// Start of the sponsor's part, in whole seconds. A backup may move to the next free second, see `BackupState`.
    pub(super) started: Timestamp,
    begun: Instant,
}

impl<'a> Sessions<'a> {
    /// Begins a sponsor's part. Its time limit, if the command has one, includes what [`TenancyGuard`] took for it.
    pub(super) fn begin(&'a self, sponsor: &'a Sponsor, limit: Option<TimedOut>) -> SponsorSession<'a> {
        self.context.notifications.sponsor_begins(&sponsor.name);
        SponsorSession {
            sessions: self,
            sponsor,
            limit: TimeLimit::start(self.context, limit, self.guard.took(sponsor)),
            started: self.context.now(),
            begun: Instant::now(),
        }
    }

    /// Ends a part that panicked outside of its steps.
    pub(super) fn end_broken(&self, sponsor: &Sponsor, failure: &Failure) -> Ended {
        self.begin(sponsor, None).end_failed(failure)
    }
}

impl SponsorSession<'_> {
    /// Runs the sponsor's steps. A panic becomes a failure, and a step that was stopped fails with what stopped it.
    pub(super) async fn run<T>(&self, steps: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        fenced(steps).await.map_err(|failure| self.limit.cause(failure))
    }

    /// The sponsor's secrets, or why its backups are disabled.
    ///
    /// # Errors
    /// They cannot be used.
    pub(super) async fn secrets(&self) -> Result<&S3Backups, SecretsError> {
        self.sessions.guard.secrets(self.sponsor).await
    }

    /// The sponsor's stores. Nothing is read from them yet.
    ///
    /// # Errors
    /// Another sponsor uses one of them, or an input was set that they cannot honor.
    pub(super) fn open_buckets(
        &self,
        secrets: &SponsorSecrets,
        endpoint: &Endpoint,
        purpose: Purpose,
    ) -> Result<SponsorBuckets, Failure> {
        Ok(SponsorBuckets::open(&self.access(secrets, endpoint, purpose)?, secrets)?)
    }

    /// The store of the backups and that of the records, each by itself.
    ///
    /// # Errors
    /// As [`Self::open_buckets`], except for a store that cannot be opened.
    pub(super) fn open_each(
        &self,
        secrets: &SponsorSecrets,
        endpoint: &Endpoint,
        purpose: Purpose,
    ) -> Result<[Result<Store, StoreError>; 2], Failure> {
        Ok(SponsorBuckets::open_each(&self.access(secrets, endpoint, purpose)?, secrets).0)
    }

    fn access<'s>(
        &'s self,
        secrets: &SponsorSecrets,
        endpoint: &'s Endpoint,
        purpose: Purpose,
    ) -> Result<BucketAccess<'s>, Failure> {
        let Sessions { common, context, guard, .. } = self.sessions;
        guard.conflicts().places(self.sponsor)?;
        guard.answers(self.sponsor)?;
        common.store_inputs.check(&self.sponsor.name, secrets)?;
        Ok(BucketAccess { common, context, endpoint, sponsor: self.sponsor, purpose })
    }

    /// The sponsor's backup attempts for a command that only reads, or why its backups are disabled.
    ///
    /// # Errors
    /// As [`Self::secrets`] and [`Self::open_buckets`].
    pub(super) async fn history_to_read(
        &self,
        endpoint: &Endpoint,
        upload_timeout: Duration,
    ) -> Result<Result<BackupHistory<'_>, Disabled>, Failure> {
        let secrets = match self.secrets().await? {
            S3Backups::Disabled(why) => return Ok(Err(why.clone())),
            S3Backups::Enabled(secrets) => secrets,
        };
        let buckets = self.open_buckets(secrets, endpoint, Purpose::Read { thaw: false })?;
        Ok(Ok(self.history(&buckets, upload_timeout)))
    }

    /// The sponsor's backup attempts. An upload that began longer ago than `upload_timeout` belongs to no run any more.
    pub(super) fn history(&self, buckets: &SponsorBuckets, upload_timeout: Duration) -> BackupHistory<'_> {
        BackupHistory {
            backups: buckets.backups.clone(),
            audit_logs: buckets.audit_logs.clone(),
            sponsor: self.sponsor,
            environment: self.sessions.common.environment,
            upload_timeout,
            context: self.sessions.context,
        }
    }

    pub(super) fn context(&self) -> &RunContext {
        self.sessions.context
    }

    pub(super) fn environment(&self) -> Environment {
        self.sessions.common.environment
    }

    /// How long it has taken so far.
    pub(super) fn took(&self) -> Duration {
        self.begun.elapsed()
    }

    /// The result, as far as every command fills it in.
    pub(super) fn result(&self, conclusion: Conclusion) -> SponsorResult {
        SponsorResult::new(&self.sponsor.name, conclusion, self.took().as_secs_f64())
    }

    /// What its record begins with.
    pub(super) fn record_head(&self, conclusion: Conclusion, failure: Option<RedactedFailure>) -> RecordHead {
        let Sessions { common, context, .. } = self.sessions;
        let mut head = RecordHead::new((self.sponsor, common.environment), conclusion, &context.run);
        head.duration_seconds = (self.took().as_secs_f64() * 1000.0).round() / 1000.0;
        if let Some(RedactedFailure { stage, message, .. }) = failure {
            (head.stage, head.message) = (Some(stage), Some(message));
        }
        head
    }

    /// A failure as it is reported and recorded.
    pub(super) fn redacted(&self, failure: &Failure) -> RedactedFailure {
        RedactedFailure::of(failure, &self.sessions.context.sink)
    }

    /// Ends the part of a sponsor whose flag is off.
    pub(super) fn end_disabled(&self, disabled: &Disabled) -> Ended {
        let mut result = self.result(Conclusion::disabled());
        result.message = Some(disabled.to_string());
        self.end(result, None)
    }

    /// Ends a part of which nothing is known but its failure.
    pub(super) fn end_failed(&self, failure: &Failure) -> Ended {
        self.end(self.result(Conclusion::failed(None)), Some(self.redacted(failure)))
    }

    /// Ends the sponsor's part: shows the result, with the failure if there is one.
    pub(super) fn end(&self, mut result: SponsorResult, failure: Option<RedactedFailure>) -> Ended {
        for warning in &mut result.warnings {
            *warning = self.sessions.context.sink.redacted(warning);
        }
        let code = failure.map(|failure| failure.fail(&mut result));
        self.sessions.publisher.show_sponsor(&result);
        (result, code)
    }
}

/// Runs all sponsors' parts, some at once. They end in any order, and are reported in the manifest's. A slow sponsor does not
/// keep those after it waiting, as `buffered` would.
pub(super) async fn in_parallel<'a, T, F: Future<Output = T>>(
    sponsors: &'a [Sponsor],
    at_once: usize,
    part: impl Fn(&'a Sponsor) -> F,
) -> Vec<T> {
    let parts = sponsors.iter().enumerate().map(|(at, sponsor)| {
        let part = Box::pin(part(sponsor));
        async move { (at, part.await) }
    });
    let mut ended: Vec<(usize, T)> =
        futures_util::stream::iter(parts).buffer_unordered(at_once).collect().await;
    ended.sort_by_key(|(at, _)| *at);
    ended.into_iter().map(|(_, ended)| ended).collect()
}

/// Runs a sponsor's whole part. A panic in its steps is a failure already. One around them, for example while the record is
/// saved, also ends only this part: `broken` says how.
pub(super) async fn contained<T>(part: impl Future<Output = T>, broken: impl FnOnce(Failure) -> T) -> T {
    fenced(async { Ok(part.await) }).await.unwrap_or_else(broken)
}

/// Runs something in which a panic is only a failure. The panic hook has shown where it was.
pub(super) async fn fenced<T>(steps: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let done = AssertUnwindSafe(steps).catch_unwind().await;
    done.unwrap_or_else(|_| Err(Failure::Bug("panicked (see the lines above)".to_owned())))
}

/// The time limit of one sponsor's steps. When it expires, the steps see the same token as after a signal, and only this
/// type knows which of the two it was.
pub(super) struct TimeLimit<'a> {
    context: &'a RunContext,
    stop: CancellationToken,
    /// `None` for commands without `timeout`.
    over: Option<TimedOut>,
    /// When the limit expires. `None` while it is paused.
    end: watch::Sender<Option<tokio::time::Instant>>,
    _ticking: AbortOnDropHandle<()>,
}

impl<'a> TimeLimit<'a> {
    /// Starts with the time that is left: `spent` passed before the sponsor's part.
    fn start(context: &'a RunContext, over: Option<TimedOut>, spent: Duration) -> Self {
        let left = over.map(|over| over.after().saturating_sub(spent));
        let (end, ends) = watch::channel(left.map(|left| tokio::time::Instant::now() + left));
        let stop = context.stop.child();
        let ticking = tokio::spawn(cancel_at(ends, stop.clone()));
        Self { context, stop, over, end, _ticking: AbortOnDropHandle::new(ticking) }
    }

    /// Cancelled when the limit expires or a signal comes.
    pub(super) fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Runs something that does not count. The limit then continues with the time that was left.
    pub(super) async fn paused<T>(&self, wait: impl Future<Output = T>) -> T {
        let now = tokio::time::Instant::now;
        let left = self.end.send_replace(None).map(|end| end.saturating_duration_since(now()));
        let done = wait.await;
        self.end.send_replace(left.map(|left| now() + left));
        done
    }

    /// Runs something that can be dropped at any moment.
    ///
    /// # Errors
    /// Its own error, or what stopped it.
    pub(super) async fn unless_stopped<T>(
        &self,
        wait: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(self.why()),
            done = wait => done,
        }
    }

    /// A stopped step only reports that it was stopped. This returns who stopped it. A failure that came first stays
    /// the cause.
    fn cause(&self, failure: Failure) -> Failure {
        if self.stop.is_cancelled() && failure.is_stop() { self.why() } else { failure }
    }

    fn why(&self) -> Failure {
        match (self.context.stop.signal(), self.over) {
            (Some(signal), Some(over)) => Failure::Cancelled(Cancelled::during(signal, over.doing())),
            (None, Some(over)) => Failure::TimedOut(over),
            (_, None) => self.context.cancelled(),
        }
    }
}

/// Cancels the token when the end has come. The end can be moved, or taken away.
async fn cancel_at(mut ends: watch::Receiver<Option<tokio::time::Instant>>, stop: CancellationToken) {
    loop {
        let end = *ends.borrow_and_update();
        let over = async {
            match end {
                Some(end) => tokio::time::sleep_until(end).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = over => return stop.cancel(),
            changed = ends.changed() => if changed.is_err() { return },
        }
    }
}

/// Undoes what was started. A stop does not interrupt it, but after a signal it gets only a few seconds. `None` if
/// they passed.
pub(super) async fn undo_in_time<T>(context: &RunContext, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = work => Some(done),
        () = context.stop.passed(Deadline::Undo) => None,
    }
}

#[cfg(test)]
mod tests;
