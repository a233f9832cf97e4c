//! `diff`: what changed between two backups, from their manifests. Reads no dump, so that frozen backups are compared, too.

use std::time::Duration;

use super::backup_attempts::BackupHistory;
use super::publish::{Ended, Publisher};
use super::secrets_source::SecretsSource;
use super::session::{Sessions, SponsorSession, contained};
use super::tenancy_guard::TenancyGuard;
use super::{RunContext, sponsor_selection, stored, which_backup};
use crate::archive::backup_manifest::BackupManifest;
use crate::archive::catalogue::BackupKey;
use crate::cli::UsageError;
use crate::cli::options::DiffOptions;
use crate::failure::Failure;
use crate::layout::key::SECOND;
use crate::report::SponsorResult;
use crate::report::diff::{ComparedSide, DiffReport};
use crate::secrets::Disabled;
use crate::sponsors::Sponsor;
use crate::verification::backup_diff::BackupDiff;
use crate::verification::previous::{self, EarlierBackup};
use crate::verification::{Conclusion, VerificationError};

/// Default `timeout` of a run. An upload that began earlier belongs to a run that has ended.
const AN_UPLOAD: Duration = Duration::from_secs(6 * 3600);

struct DiffRun<'a> {
    options: &'a DiffOptions,
    context: &'a RunContext,
    sessions: Sessions<'a>,
}

/// A backup and its manifest.
struct Described {
    backup: BackupKey,
    manifest: BackupManifest,
}

impl Described {
    fn side<'a>(&'a self, location: &'a str) -> ComparedSide<'a> {
        ComparedSide { location, at: self.backup.at, manifest: &self.manifest }
    }
}

/// What is left of a comparison that was shown.
#[derive(Default)]
struct Shown {
    /// For the job summary.
    chapter: String,
    /// What of it exceeds a limit.
    failure: Option<Failure>,
}

pub(super) async fn run(
    options: DiffOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let sponsor = selected.only_one("diff")?;
    let secrets = SecretsSource::open(&options.common, context, &selected.sponsors).await?;
    let guard = TenancyGuard::of_secrets(&secrets, &selected, None, context).await;
    let sessions = Sessions { common: &options.common, context, guard, publisher };
    let run = DiffRun { options: &options, context, sessions };
    let broken = |failure| (run.sessions.end_broken(sponsor, &failure), String::new());
    let (ended, chapter) = contained(Box::pin(run.sponsor(sponsor)), broken).await;
    publisher.results_with(vec![ended], Vec::new(), &chapter)
}

impl DiffRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor) -> (Ended, String) {
        let session = self.sessions.begin(sponsor, None);
        let mut result = session.result(Conclusion::of_listing(2));
        let compared = session.limit.unless_stopped(Box::pin(self.compare(&session, &mut result)));
        let failed = |failure: &Failure| Some(session.redacted(failure));
        match session.run(compared).await {
            // What was shown is all that the log needs.
            Ok(Ok(Shown { chapter, failure: None })) if result.warnings.is_empty() => {
                ((result, None), chapter)
            }
            Ok(Ok(Shown { chapter, failure })) => {
                (session.end(result, failure.as_ref().and_then(failed)), chapter)
            }
            Ok(Err(disabled)) => (session.end_disabled(&disabled), String::new()),
            Err(failure) => (session.end_failed(&failure), String::new()),
        }
    }

    async fn compare(
        &self,
        session: &SponsorSession<'_>,
        result: &mut SponsorResult,
    ) -> Result<Result<Shown, Disabled>, Failure> {
        let place = match session.history_to_read(&self.options.endpoint, AN_UPLOAD).await? {
            Ok(place) => place,
            Err(disabled) => return Ok(Err(disabled)),
        };
        let [before, after] = self.backups(&place, result).await?;
        let locations = [&before, &after].map(|side| place.location(&side.backup));
        let [was, is] = [&locations[0], &locations[1]].map(String::as_str);
        let diff = BackupDiff::between(&before.manifest, &after.manifest);
        let earlier = before.backup.at.strftime(SECOND).to_string();
        let findings = diff.findings(&self.options.limits, &earlier);
        let report = DiffReport {
            before: before.side(was),
            after: after.side(is),
            diff: &diff,
            limits: &self.options.limits,
            findings: &findings,
        };
        self.print(&report);
        result.message = Some(format!("compared with the backup of {earlier}"));
        result.backup_location = Some(is.to_owned());
        result.backup_size = Some(after.manifest.stored.bytes);
        result.backup_sha256 = Some(after.manifest.stored.sha256.clone());
        let (chapter, hint) = (report.chapter(), report.hint());
        let failure = VerificationError { place: is.to_owned(), findings, hint };
        let failure = (!failure.findings.is_empty()).then(|| failure.into());
        Ok(Ok(Shown { chapter, failure }))
    }

    /// The two backups, the older one first: a limit is always about what was lost since.
    async fn backups(
        &self,
        place: &BackupHistory<'_>,
        result: &mut SponsorResult,
    ) -> Result<[Described; 2], Failure> {
        let one = described(place, which_backup::find_any(place, &self.options.which).await?).await?;
        let Some(against) = &self.options.against else {
            return Ok([before(place, &one, result).await?, one]);
        };
        let other = described(place, which_backup::find_any(place, against).await?).await?;
        if one.backup.key == other.backup.key {
            let location = place.location(&one.backup);
            return Err(UsageError::new(format!("`backup` and `against` are both {location}"))
                .hint("Name two backups, or unset `against` for the one before.")
                .into());
        }
        Ok(if other.backup.at <= one.backup.at { [other, one] } else { [one, other] })
    }

    fn print(&self, report: &DiffReport<'_>) {
        let sink = &self.context.sink;
        if self.options.json {
            sink.document(&report.title(), report.json().lines().map(str::to_owned));
        } else {
            sink.table(&report.title(), || report.lines(), false);
        }
    }
}

async fn described(place: &BackupHistory<'_>, backup: BackupKey) -> Result<Described, Failure> {
    let whose = (place.sponsor, place.environment);
    let (manifest, _) = Box::pin(stored::manifest(&place.backups, whose, &backup)).await?;
    Ok(Described { backup, manifest })
}

/// The newest backup of the same scope before a backup.
async fn before(
    place: &BackupHistory<'_>,
    one: &Described,
    result: &mut SponsorResult,
) -> Result<Described, Failure> {
    let whose = (place.sponsor, place.environment);
    let (at, partial) = (one.backup.at, one.manifest.partial.as_ref());
    match Box::pin(previous::before(&place.backups, whose, at, partial)).await? {
        Some(EarlierBackup { backup, description, unread }) => {
            result.warnings.extend(unread.map(|reason| {
                let location = place.location(&backup);
                format!("compared with {location}, since a newer backup cannot be read: {reason}")
            }));
            Ok(Described { backup, manifest: *description })
        }
        None => {
            let scope = if partial.is_some() { " of the same parts of the database" } else { "" };
            let which = format!("{scope} before {}", at.strftime(SECOND));
            Err(place.no_backup(which).await.into())
        }
    }
}
