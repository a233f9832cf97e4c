//! `restore --to-sql`: some tables of a backup as SQL. It uses no database.

use std::sync::OnceLock;
use std::time::Duration;

use super::extract::{Output, extract, told};
use super::record;
use super::sql_file::SqlFile;
use super::tables::{plan_lines, show_notes};
use crate::archive::Identities;
use crate::cli::UsageError;
use crate::cli::options::{RestoreOptions, SqlOutput, TablesOptions};
use crate::commands::buckets::SponsorBuckets;
use crate::commands::publish::{Ended, Publisher};
use crate::commands::secrets_source::SecretsSource;
use crate::commands::selected_backup::SelectedBackup;
use crate::commands::session::{Completed, Sessions, SponsorSession};
use crate::commands::stored::StoredBackup;
use crate::commands::tenancy_guard::TenancyGuard;
use crate::commands::{RunContext, sponsor_selection};
use crate::databases::postgres::restore::tables::{BROKEN, Extracted, head, tail};
use crate::databases::postgres::sql::selection::{Ground, Note, Plan, shown_name};
use crate::failure::{Doing, Failure, TimedOut};
use crate::report::restore as text;
use crate::report::restore::Restored;
use crate::secrets::S3Backups;
use crate::sponsors::Sponsor;
use crate::store::s3::policy::Purpose;
use crate::verification::conclusion::VerifyCounts;
use crate::verification::{Conclusion, counted};

/// How long the last line of a broken output may take.
const LAST_LINE: Duration = Duration::from_secs(1);

/// Everything that one extraction needs.
struct SqlRun<'a> {
    options: &'a RestoreOptions,
    tables: &'a TablesOptions,
    output: &'a SqlOutput,
    context: &'a RunContext,
    sessions: Sessions<'a>,
    identities: Identities,
    /// The sponsor's stores, once they are open.
    buckets: OnceLock<SponsorBuckets>,
}

pub(super) async fn run(
    options: &RestoreOptions,
    identities: Identities,
    context: &RunContext,
    publisher: &Publisher<'_>,
) -> Result<u8, Failure> {
    let tables = options.tables.as_ref();
    let Some((tables, output)) = tables.and_then(|tables| Some((tables, tables.to_sql.as_ref()?))) else {
        return Err(Failure::Bug("no target and no output".to_owned()));
    };
    SqlFile::check(output, &context.workspace)?;
    let selected = sponsor_selection::select_some(&options.common, context).await?;
    let [sponsor] = selected.sponsors.as_slice() else {
        let problem = format!("`restore` takes one sponsor, but {} are selected", selected.sponsors.len());
        return Err(UsageError::new(problem).hint("Name one in `sponsors`.").into());
    };
    let secrets = SecretsSource::open(&options.common, context, &selected.sponsors).await?;
    let guard = TenancyGuard::of_secrets(&secrets, &selected, Some(options.reading.timeout), context).await;
    let sessions = Sessions { common: &options.common, context, guard, publisher };
    let buckets = OnceLock::new();
    let run = SqlRun { options, tables, output, context, sessions, identities, buckets };
    let (ended, written) = Box::pin(run.sponsor(sponsor)).await;
    publisher.results_with(vec![ended], Vec::new(), &text::chapter_of_sql(&written))
}

impl SqlRun<'_> {
    async fn sponsor(&self, sponsor: &Sponsor) -> (Ended, Restored) {
        let limit = TimedOut::new(self.options.reading.timeout, Doing::Archive);
        let session = self.sessions.begin(sponsor, Some(limit));
        let mut written = Restored { place: self.place(), ..Restored::default() };
        let done = session.run(Box::pin(self.write(&session, &mut written))).await;
        let mut result = session.result(match &done {
            Ok(Completed::Done) => Conclusion::of_reading(VerifyCounts { verified: 1, not_verified: 0 }),
            Ok(Completed::Planned) => Conclusion::planned(),
            Ok(Completed::Disabled(_)) => Conclusion::disabled(),
            Err(_) => Conclusion::failed(None),
        });
        result.warnings.clone_from(&written.passed);
        super::fill(&mut result, &written);
        let ended = record::end(
            &session,
            (self.options, self.buckets.get()),
            (done, result),
            &written,
            text::line_of_sql,
        )
        .await;
        (ended, written)
    }

    fn place(&self) -> String {
        match self.output {
            SqlOutput::Stream => "standard output".to_owned(),
            SqlOutput::File(path) => path.display().to_string(),
        }
    }

    async fn write(
        &self,
        session: &SponsorSession<'_>,
        written: &mut Restored,
    ) -> Result<Completed, Failure> {
        let limit = &session.limit;
        let secrets = match limit.unless_stopped(async { Ok(session.secrets().await?) }).await? {
            S3Backups::Disabled(why) => return Ok(Completed::Disabled(why.clone())),
            S3Backups::Enabled(secrets) => secrets,
        };
        let reading = &self.options.reading;
        let purpose = Purpose::Restore { thaw: reading.thaw };
        let opened = session.open_buckets(secrets, &reading.endpoint, purpose)?;
        let buckets = self.buckets.get_or_init(|| opened);
        let history = session.history(buckets, reading.timeout);
        let found = SelectedBackup::find(history, reading, Some(&self.identities));
        let mut chosen = limit.unless_stopped(Box::pin(found)).await?;
        loop {
            super::sponsor::note(written, &chosen.stored);
            let done = Box::pin(self.one(session, &chosen.stored, written)).await;
            written.passed = chosen.passed();
            match done {
                Ok(completed) => return Ok(completed),
                // What is on standard output already cannot be taken back.
                Err(failure) if *self.output == SqlOutput::Stream => return Err(failure),
                Err(failure) => limit.unless_stopped(Box::pin(chosen.replace(failure))).await?,
            }
        }
    }

    async fn one(
        &self,
        session: &SponsorSession<'_>,
        stored: &StoredBackup,
        written: &mut Restored,
    ) -> Result<Completed, Failure> {
        let mut writing = Writing { run: self, session, stored, key: new_key(), file: None };
        let selection = (self.tables.selection.clone(), Ground::Unknown);
        let done = match extract(stored, selection, &mut writing, session.limit.stop()).await {
            Ok(Some(extracted)) => writing.finish(extracted).await,
            Ok(None) => return Ok(Completed::Planned),
            Err(failure) => Err(failure),
        };
        match done {
            Ok(extracted) => {
                written.tables = extracted.tables();
                show_notes(self.context, session.sponsor, written, &extracted);
                Ok(Completed::Done)
            }
            Err(failure) => {
                if let Some(mut file @ SqlFile::Stream) = writing.file.take() {
                    // The reader may be gone or not read, and the failure is known already.
                    tokio::time::timeout(LAST_LINE, file.write(BROKEN.as_bytes())).await.ok();
                }
                Err(failure)
            }
        }
    }
}

/// psql obeys its own commands in the rows only with this key, which their author cannot know.
fn new_key() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// The output of one backup.
struct Writing<'a> {
    run: &'a SqlRun<'a>,
    session: &'a SponsorSession<'a>,
    stored: &'a StoredBackup,
    key: String,
    file: Option<SqlFile>,
}

impl Writing<'_> {
    async fn finish(&mut self, extracted: Extracted) -> Result<Extracted, Failure> {
        if let Some(file) = &mut self.file {
            file.write(&tail(&extracted, &self.key)).await?;
        }
        if let Some(file @ SqlFile::File(_)) = self.file.take() {
            file.finish().await?;
        }
        Ok(extracted)
    }
}

impl Output for Writing<'_> {
    async fn begin(&mut self, plan: &Plan, notes: &[Note]) -> Result<bool, Failure> {
        let context = self.run.context;
        let is_planned = self.run.options.common.dry_run;
        let target = vec![("SQL to", self.run.place())];
        context.sink.block(&plan_lines(
            (self.session.sponsor, is_planned),
            self.stored,
            target,
            (plan, notes),
        ));
        if is_planned {
            return Ok(false);
        }
        let description = &self.stored.description;
        let told = told(self.stored).unwrap_or_default();
        let mut about = vec![
            format!("Tables of a backup, by sponsor-backup {}", env!("CARGO_PKG_VERSION")),
            format!("Backup: {} of {}", self.stored.location, description.started_at),
        ];
        about.extend(plan.with_rows.iter().map(|name| {
            let rows = told.get(name).map_or(0, |(rows, _)| *rows);
            format!("Table: {} ({})", shown_name(name), counted(rows, "row"))
        }));
        about.push("Load it in one transaction: psql --no-psqlrc --file=FILE DATABASE".to_owned());
        let mut file = SqlFile::create(self.run.output, &context.workspace)?;
        file.write(&head(&about, &self.key)).await?;
        self.file = Some(file);
        Ok(true)
    }

    async fn send(&mut self, sql: &[u8]) -> Result<(), Failure> {
        match &mut self.file {
            // A reader that does not read must not outlast a stop.
            Some(file) => {
                let written = async { Ok(file.write(sql).await?) };
                self.session.limit.unless_stopped(written).await
            }
            None => Ok(()),
        }
    }
}
