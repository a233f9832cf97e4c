//! `list`: shows what each selected sponsor's backup store holds, and what the manifests say about it.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use futures_util::{StreamExt as _, TryStreamExt as _};

use super::backup_attempts::{BackupAttempt, BackupHistory, DEFAULT_TIMEOUT};
use super::backup_rows::{BackupRows, counts};
use super::publish::{Ended, Publisher};
use super::row_facts::{HiddenPieces, RowFacts};
use super::secrets_source::SecretsSource;
use super::session::{Sessions, SponsorSession, contained};
use super::tenancy_guard::TenancyGuard;
use super::{RunContext, sponsor_selection};
use crate::archive::backup_manifest::HeldTable;
use crate::archive::catalogue::{BackupKey, prefix};
use crate::cli::UsageError;
use crate::cli::options::ListOptions;
use crate::failure::Failure;
use crate::report::listing::{self, BackupList, ListedBackup};
use crate::secrets::Disabled;
use crate::sponsors::Sponsor;
use crate::verification::limits::{Measured, freshness};
use crate::verification::{Conclusion, VerificationError};

/// Backups that are looked at in parallel.
const IN_FLIGHT: usize = 16;

/// Shared by all sponsors of a run.
struct ListRun<'a> {
    options: &'a ListOptions,
    context: &'a RunContext,
    sessions: Sessions<'a>,
    rows: BackupRows<'a>,
}

/// What a row is about.
enum Listed {
    /// An attempt that listings show.
    Attempt(BackupAttempt),
    /// A backup under delete markers.
    Hidden(BackupKey),
}

impl Listed {
    fn backup(&self) -> &BackupKey {
        match self {
            Self::Attempt(attempt) => &attempt.backup,
            Self::Hidden(backup) => backup,
        }
    }
}

/// What was found for one sponsor.
struct SponsorListing {
    list: BackupList,
    /// Which other environments hold backups, if this one holds none.
    elsewhere: Option<String>,
}

pub(super) async fn run(
    options: ListOptions,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let secrets = SecretsSource::open(&options.common, context, &selected.sponsors).await?;
    let guard = TenancyGuard::of_secrets(&secrets, &selected, None, context).await;
    let sessions = Sessions { common: &options.common, context, guard, publisher };
    let run = ListRun {
        options: &options,
        context,
        sessions,
        rows: BackupRows::new(context, options.with.as_deref()),
    };
    let (mut ended, mut lists) = (Vec::new(), Vec::new());
    for sponsor in &selected.sponsors {
        let broken = |failure| run.sessions.end_broken(sponsor, &failure);
        ended.push(contained(Box::pin(run.sponsor(sponsor, &mut lists)), broken).await);
    }
    if options.json {
        context.sink.document("The backups as JSON", listing::json_lines(&lists));
    }
    publisher.lists(ended, &lists)
}

impl ListRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor, lists: &mut Vec<BackupList>) -> Ended {
        let session = self.sessions.begin(sponsor, None);
        match session.run(session.limit.unless_stopped(Box::pin(self.list(&session)))).await {
            Ok(Ok(listed)) => self.end_listed(&session, listed, lists),
            Ok(Err(disabled)) => self.end_disabled(&session, &disabled),
            Err(failure) => session.end_failed(&failure),
        }
    }

    /// Shows a list. If no failure follows, the list itself is all that the log needs.
    fn end_listed(
        &self,
        session: &SponsorSession<'_>,
        SponsorListing { mut list, elsewhere }: SponsorListing,
        lists: &mut Vec<BackupList>,
    ) -> Ended {
        let judged = self.judge(&list);
        let mut result = session.result(match &judged {
            Ok(_) => Conclusion::of_listing(list.rows.len()),
            Err(_) => Conclusion::failed(None),
        });
        list.newest = judged.as_ref().ok().copied().flatten();
        let elsewhere = elsewhere.map(|other| {
            self.context.sink.line(&format!("{}: {other}; check `environment`", session.sponsor.name));
            format!(" ({other})")
        });
        result.message = Some(list.words() + &elsewhere.unwrap_or_default());
        result.warnings.extend(list.problems());
        self.show(&list);
        lists.push(list);
        match judged {
            Ok(_) => (result, None),
            Err(failure) => session.end(result, Some(session.redacted(&failure))),
        }
    }

    /// A watcher must not accept an age that was not checked.
    fn end_disabled(&self, session: &SponsorSession<'_>, disabled: &Disabled) -> Ended {
        let name = &session.sponsor.name;
        self.context.sink.line(&format!("{name}: {disabled}, so no backup was looked for"));
        if self.options.max_backup_age.is_none() {
            return session.end_disabled(disabled);
        }
        let findings = vec!["no backups are taken, so their age was not checked".to_owned()];
        let hint = "Set the flag to `true`, or leave the sponsor out of `sponsors`.".to_owned();
        let unwatched = Failure::from(VerificationError { place: disabled.to_string(), findings, hint });
        session.end_failed(&unwatched)
    }

    async fn list(&self, session: &SponsorSession<'_>) -> Result<Result<SponsorListing, Disabled>, Failure> {
        let place = match session.history_to_read(&self.options.endpoint, DEFAULT_TIMEOUT).await? {
            Ok(place) => place,
            Err(disabled) => return Ok(Err(disabled)),
        };
        let (mut rows, of) = if self.options.max_backup_age.is_some() {
            let attempts = place.attempts().await?;
            (self.rows.newest(&place, attempts, &RowFacts::of_a_watcher()).await?, None)
        } else {
            Box::pin(self.newest_rows(&place)).await?
        };
        if let Some(with) = &self.options.with {
            let sponsor = &session.sponsor.name;
            show_rows_of(with, sponsor, &mut rows)?;
        }
        let elsewhere = if rows.is_empty() && of.is_none() { place.elsewhere().await } else { None };
        let (sponsor, place) =
            (session.sponsor.name.clone(), place.backups.location(&prefix(place.environment)));
        let watched = self.options.max_backup_age.is_some();
        let with = self.options.with.clone();
        let list = BackupList { sponsor, place, rows, watched, newest: None, with, of };
        Ok(Ok(SponsorListing { list, elsewhere }))
    }

    /// The rows of the newest attempts, hidden ones too, since a moment and up to the limit. And how many there are, if there are more.
    async fn newest_rows(
        &self,
        place: &BackupHistory<'_>,
    ) -> Result<(Vec<ListedBackup>, Option<usize>), Failure> {
        let attempts = place.attempts().await?;
        let hidden = HiddenPieces::of(place).await?;
        let unlisted = hidden.as_ref().map(|hidden| hidden.unlisted(&attempts)).unwrap_or_default();
        let mut all: Vec<Listed> = attempts.into_iter().map(Listed::Attempt).collect();
        all.extend(unlisted.into_iter().map(Listed::Hidden));
        all.sort_by(|one, other| {
            let (one, other) = (one.backup(), other.backup());
            (other.at, &one.key).cmp(&(one.at, &other.key))
        });
        let count = all.len();
        let since = self.options.since.map(|since| since.begin(self.context.now()));
        all.retain(|listed| since.is_none_or(|since| listed.backup().at >= since));
        all.truncate(self.options.limit.map_or(usize::MAX, NonZeroUsize::get));
        let of = (count > all.len()).then_some(count);
        let oldest = all.last().map(|listed| listed.backup().at);
        let facts = RowFacts::of(place, hidden, (oldest, all.len())).await?;
        let facts = &facts;
        let row = |listed: Listed| async move {
            match listed {
                Listed::Attempt(attempt) => self.rows.row(place, attempt, facts).await,
                Listed::Hidden(backup) => Ok(Some(self.rows.hidden_row(place, &backup, facts))),
            }
        };
        let rows = futures_util::stream::iter(all).map(row).buffered(IN_FLIGHT);
        Ok((rows.try_filter_map(|row| async { Ok(row) }).try_collect().await?, of))
    }

    /// Checks a list against `max-backup-age`. Returns the age of the newest backup, with its limit.
    fn judge(&self, list: &BackupList) -> Result<Option<Measured>, Failure> {
        let Some(limit) = self.options.max_backup_age else { return Ok(None) };
        let taken = list.rows.iter().filter(|row| counts(row)).map(|row| row.timestamp);
        Ok(Some(freshness(&list.place, taken, self.context.now(), limit)?))
    }

    fn show(&self, list: &BackupList) {
        self.context.sink.table(&list.title(), || list.lines(), self.options.json);
    }
}

/// Notes the rows of the table that was asked for. A name without a schema must mean one table in all backups.
fn show_rows_of(with: &str, sponsor: &str, rows: &mut [ListedBackup]) -> Result<(), UsageError> {
    let names: BTreeSet<String> = rows.iter().flat_map(|row| &row.named).map(HeldTable::qualified).collect();
    if rows.iter().any(ListedBackup::is_a_backup) && names.is_empty() {
        let environment = rows.first().map(|row| row.environment).unwrap_or_default();
        return Err(UsageError::new(format!("no {environment} backup of {sponsor} holds a table {with}"))
            .hint("Check `with`. `sponsor-backup show` lists the tables of a backup."));
    }
    if names.len() > 1 {
        let names = names.into_iter().collect::<Vec<_>>().join(", ");
        return Err(UsageError::new(format!("{with} is the name of several tables of {sponsor}: {names}"))
            .hint("Write one of them in `with`, with its schema."));
    }
    for row in rows {
        let held = row.named.first();
        (row.table, row.table_rows) = (held.map(HeldTable::qualified), held.map(|table| table.rows));
    }
    Ok(())
}
