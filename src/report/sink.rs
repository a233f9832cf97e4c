//! The only place that writes the log, masks, outputs and the summary.
//!
//! In a workflow everything goes to stdout, where the runner looks for commands. On a terminal stdout carries a command's
//! result, or the outputs with `--outputs`, and people read stderr. If stderr is a pipe or a file, of cron for example,
//! each line begins with its UTC time. A runner notes times itself, and a terminal needs none. `log-file` gets the same
//! lines, always with times.
//!
//! It receives every secret before any text that may contain it, and writes none: what it writes for people is without
//! them; what programs read (outputs, the summary's locations, lists as JSON) is, too, unless a secret may be a part of a
//! name. The words in there were made with [`Sink::redacted`].

mod page;
mod results;
mod streams;

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, TryLockError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::lines::DumpProgress;
use super::outputs::{self, Output};
use super::redaction::Redaction;
use super::workflow::{self, Annotation, annotation};
use streams::{Clock, LogStreams};

/// Where the report goes.
#[derive(Debug, Default)]
pub struct Sink {
    workflow: Option<RunnerFiles>,
    /// Values that the runner masks.
    masks: Mutex<BTreeSet<String>>,
    /// The same, in every spelling.
    secrets: RwLock<Redaction>,
    lines: LogStreams,
    /// Whether more detail is wanted.
    is_detailed: bool,
    /// Whether a terminal prints the outputs.
    prints_outputs: AtomicBool,
    /// Why a result did not reach standard output.
    lost_output: Mutex<Option<ReportError>>,
}

/// The files through which a runner listens.
#[derive(Debug)]
pub struct RunnerFiles {
    /// `GITHUB_OUTPUT`.
    pub output: PathBuf,
    /// `GITHUB_STEP_SUMMARY`.
    pub summary: Option<PathBuf>,
}

/// A runner's file, or standard output, that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{variable} ({path}) cannot be written: {reason}")]
pub struct ReportError {
    variable: &'static str,
    path: String,
    reason: std::io::Error,
}

impl ReportError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self.reason.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "Free space on the disk.",
            ErrorKind::IsADirectory => "Write the path of a file, not of a folder.",
            _ => "Check that the folder exists and is writable.",
        }
    }
}

impl Sink {
    /// A sink for a workflow step.
    ///
    /// # Errors
    /// One of the files cannot be written: found out before anything is done, not after.
    pub fn workflow(files: RunnerFiles) -> Result<Self, ReportError> {
        append("GITHUB_OUTPUT", &files.output, "")?;
        if let Some(summary) = &files.summary {
            append("GITHUB_STEP_SUMMARY", summary, "")?;
        }
        let lines = LogStreams { to_stdout: true, ..LogStreams::default() };
        Ok(Self { workflow: Some(files), lines, ..Self::default() })
    }

    /// A sink for a terminal, or for a pipe.
    #[must_use]
    pub fn terminal() -> Self {
        let bars = std::io::stderr().is_terminal().then(|| (MultiProgress::new(), Mutex::default()));
        Self { lines: LogStreams { bars, ..LogStreams::default() }, ..Self::default() }
    }

    /// Begins each line with its time, unless a terminal or a runner shows it.
    #[must_use]
    pub fn timed(mut self, clock: Clock) -> Self {
        let is_needed = self.workflow.is_none() && self.lines.bars.is_none();
        self.lines.stream_clock = is_needed.then_some(clock);
        self
    }

    /// Shows the lines of [`Self::debug`], as `RUNNER_DEBUG=1` wants.
    #[must_use]
    pub fn detailed(mut self, is_detailed: bool) -> Self {
        self.is_detailed = is_detailed;
        self
    }

    /// Appends every further line to a file as well, with its time.
    ///
    /// # Errors
    /// The file cannot be opened for writing.
    pub fn log_to(&self, path: &Path, clock: Clock) -> Result<(), ReportError> {
        let path_name = || path.display().to_string();
        let opened = self.lines.append_to(path, clock);
        opened.map_err(|reason| ReportError { variable: "`log-file`", path: path_name(), reason })
    }

    /// Columns of the terminal; unknown without one.
    #[must_use]
    pub fn columns(&self) -> Option<usize> {
        let size = || rustix::termios::tcgetwinsize(std::io::stderr()).ok();
        self.lines
            .bars
            .as_ref()
            .and_then(|_| size())
            .map(|size| usize::from(size.ws_col))
            .filter(|columns| *columns > 0)
    }

    /// How often a reading is worth taking.
    #[must_use]
    pub fn progress_interval(&self) -> Duration {
        if self.lines.bars.is_some() { Duration::from_millis(200) } else { Duration::from_secs(10) }
    }

    /// Whether a person reads standard error on a terminal.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.lines.bars.is_some()
    }

    /// A question at a terminal. Its line stays open for the answer.
    pub fn ask(&self, question: &str) {
        self.lines.stream(&self.shown(question));
    }

    /// Whether a runner reads what is written.
    #[must_use]
    pub fn is_workflow(&self) -> bool {
        self.workflow.is_some()
    }

    /// Words without any secret in any spelling: for what is kept in a record or a result.
    #[must_use]
    pub fn redacted(&self, text: &str) -> String {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner).prose(text)
    }

    /// Reports panics from now on: the place, and the message without any secret.
    pub fn report_panics(self: &Arc<Self>) {
        let sink = Arc::clone(self);
        std::panic::set_hook(Box::new(move |panic| sink.panicked(panic)));
    }

    fn panicked(&self, panic: &PanicHookInfo<'_>) {
        let place = panic.location().map_or_else(|| "somewhere".to_owned(), ToString::to_string);
        let words = panic.payload_as_str().unwrap_or("no message");
        // Nothing may be waited for here: this thread may hold it itself. Then the place has to do.
        let words = match self.secrets.try_read() {
            Ok(secrets) => secrets.prose(words),
            Err(TryLockError::Poisoned(secrets)) => secrets.into_inner().prose(words),
            Err(TryLockError::WouldBlock) => "its message is not shown".to_owned(),
        };
        self.lines.write_at_once(&indented(&workflow::inert(&format!("panicked at {place}: {words}"))));
    }

    /// Makes a terminal print the outputs from now on.
    pub fn print_outputs(&self) {
        self.prints_outputs.store(true, Ordering::Relaxed);
    }

    /// A command's result for programs: on a terminal, unless the outputs, which hold it too, are printed there.
    pub fn result(&self, text: &str) {
        if self.prints_results() {
            self.text(text);
        }
    }

    /// Whether [`Self::result`] prints.
    #[must_use]
    pub fn prints_results(&self) -> bool {
        self.workflow.is_none() && !self.prints_outputs.load(Ordering::Relaxed)
    }

    /// Rows that the user asked for on standard output, byte by byte: they are not a part of the log.
    ///
    /// # Errors
    /// Standard output cannot be written, even if its reader has gone away.
    pub fn bytes(bytes: &[u8]) -> std::io::Result<()> {
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(bytes)?;
        stdout.flush()
    }

    /// A text that was asked for, `--help` for example.
    pub fn text(&self, text: &str) {
        let text = workflow::visible(&self.data(text));
        let written = std::io::stdout().lock().write_all(text.as_bytes());
        // If the reader has gone away, for example `head`, the run does not fail.
        let lost = written.err().filter(|error| error.kind() != ErrorKind::BrokenPipe);
        if let Some(reason) = lost {
            let mut kept = self.lost_output.lock().unwrap_or_else(PoisonError::into_inner);
            *kept = Some(ReportError { variable: "standard output", path: "/dev/stdout".to_owned(), reason });
        }
    }

    /// Why a result did not reach standard output, for example because the disk is full.
    #[must_use]
    pub fn lost_output(&self) -> Option<ReportError> {
        self.lost_output.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The help, shown to someone who did not ask for it. Not a part of the log: it has no times.
    pub fn help(&self, text: &str) {
        self.lines.untimed(text.lines());
    }

    /// A line for people.
    pub fn line(&self, line: &str) {
        self.lines.write(&[self.shown(line)]);
    }

    /// A line of more detail, for `RUNNER_DEBUG=1`: `debug: …`.
    pub fn debug(&self, line: impl FnOnce() -> String) {
        if self.is_detailed {
            self.line(&format!("debug: {}", line()));
        }
    }

    /// Whether lines of more detail are shown.
    #[must_use]
    pub fn is_detailed(&self) -> bool {
        self.is_detailed
    }

    /// Lines that belong together; other sponsors' lines never come between them. Folded away in a workflow.
    pub fn group(&self, title: &str, lines: &[String]) {
        let plain = lines.iter().map(|line| self.shown(line));
        let plain: Vec<String> = std::iter::once(self.shown(title)).chain(plain).collect();
        if self.workflow.is_some() {
            let lines: Vec<String> = lines.iter().map(|line| indented(&self.redacted(line))).collect();
            self.lines.write_apart(&workflow::group(&self.redacted(title), &lines), &plain);
        } else {
            self.lines.write(&plain);
        }
    }

    /// Lines that belong together and must be seen.
    pub fn block(&self, lines: &[String]) {
        self.lines.write(&lines.iter().map(|line| self.shown(line)).collect::<Vec<_>>());
    }

    /// Hides a value in everything that is written from now on, and in everything that the runner shows.
    pub fn mask(&self, value: &str) {
        if value.trim().is_empty() {
            return;
        }
        // Once is enough, and one thread's word is written before another's line that may hold it.
        let mut masks = self.masks.lock().unwrap_or_else(PoisonError::into_inner);
        if masks.insert(value.to_owned()) {
            self.secrets.write().unwrap_or_else(PoisonError::into_inner).add(value);
            if self.workflow.is_some() {
                self.lines.command(&[workflow::mask(value)]);
            }
        }
    }

    /// Annotations, as workflow commands; a terminal shows the same facts in the verdict.
    pub fn annotations(&self, annotations: &[Annotation]) {
        if self.workflow.is_some() {
            let clean = |Annotation { level, title, message }: &Annotation| {
                let [title, message] = [title, message].map(|text| workflow::inert(&self.redacted(text)));
                annotation(*level, &title, &message).command()
            };
            self.lines.command(&annotations.iter().map(clean).collect::<Vec<_>>());
        }
    }

    /// Shows how far a sponsor's dump has come.
    pub fn progress(&self, reading: DumpProgress<'_>) {
        let Some((all, bars)) = &self.lines.bars else { return self.line(&reading.line()) };
        let mut bars = bars.lock().unwrap_or_else(PoisonError::into_inner);
        let bar = bars.entry(reading.sponsor.to_owned()).or_insert_with(|| {
            let style = ProgressStyle::with_template("{spinner} {prefix}  {msg}");
            let bar = ProgressBar::new_spinner().with_prefix(reading.sponsor.to_owned());
            all.add(style.map_or_else(|_| bar.clone(), |style| bar.clone().with_style(style)))
        });
        bar.set_message(self.shown(&reading.message()));
        bar.tick();
    }

    /// Takes a sponsor's bar away.
    pub fn progress_ended(&self, sponsor: &str) {
        let Some((_, bars)) = &self.lines.bars else { return };
        if let Some(bar) = bars.lock().unwrap_or_else(PoisonError::into_inner).remove(sponsor) {
            bar.finish_and_clear();
        }
    }

    /// Sets the step's outputs; a terminal prints them only after [`Self::print_outputs`]. GitHub drops a job's output
    /// that contains a masked value, without an error. A password that is part of a bucket's name causes that, so a
    /// warning names each such output.
    ///
    /// # Errors
    /// The runner's file cannot be written.
    pub fn outputs(&self, outputs: &[Output]) -> Result<(), ReportError> {
        match &self.workflow {
            Some(files) => {
                let masks = self.masks.lock().unwrap_or_else(PoisonError::into_inner).clone();
                self.annotations(&outputs::dropped(outputs, &masks));
                let delimiter = format!("ghadelimiter_{}", uuid::Uuid::new_v4());
                let text = self.data(&outputs::heredoc(outputs, &delimiter));
                append("GITHUB_OUTPUT", &files.output, &text)
            }
            None => {
                if self.prints_outputs.load(Ordering::Relaxed) {
                    self.text(&outputs::lines(outputs));
                }
                Ok(())
            }
        }
    }

    /// Adds to the job's summary. A terminal has none.
    ///
    /// # Errors
    /// The runner's file cannot be written.
    pub fn summary(&self, markdown: &str) -> Result<(), ReportError> {
        match self.workflow.as_ref().and_then(|files| files.summary.as_deref()) {
            Some(path) => {
                let text = workflow::visible(&self.data(markdown)) + "\n";
                append("GITHUB_STEP_SUMMARY", path, &text)
            }
            None => Ok(()),
        }
    }

    /// A line without secrets. What follows a line break in it may be the words of others, so it is indented: it cannot
    /// pass for a line of the log.
    fn shown(&self, line: &str) -> String {
        indented(&workflow::inert(&self.redacted(line)))
    }

    fn data(&self, text: &str) -> String {
        self.secrets.read().unwrap_or_else(PoisonError::into_inner).data(text)
    }
}

/// A text whose further lines begin with blanks.
fn indented(text: &str) -> String {
    text.replace('\n', "\n    ")
}

fn append(variable: &'static str, path: &Path, text: &str) -> Result<(), ReportError> {
    let written = OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|reason| ReportError { variable, path: path.display().to_string(), reason })
}
