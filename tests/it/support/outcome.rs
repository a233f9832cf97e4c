//! What came of a run, as the runner and its readers see it: exit code, outputs, summary, records, masks, annotations.
//! Reads; judges only what the runner itself would refuse.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::runner::{self, Console};
use super::schemas;

/// The runner drops a summary that is larger.
const LARGEST_SUMMARY: usize = 1024 * 1024;

/// Where a line was printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Error,
}

/// A printed line, without its end.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(super) stream: Stream,
    pub(super) text: String,
}

/// What a run took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usage {
    pub(super) took: Duration,
    pub(super) peak_memory: u64,
}

/// A run that has ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error, without the times at the beginning of its lines: what a terminal shows.
    pub(crate) stderr: String,
    /// Standard error as it was written: a pipe, so that each line begins with its time.
    pub(crate) stderr_with_times: String,
    /// The folder it ran in; gone when the last outcome of its job is dropped.
    pub(crate) workspace: PathBuf,
    /// Wall clock.
    pub(crate) took: Duration,
    /// The largest resident memory of the process itself in bytes, sampled every few milliseconds.
    pub(crate) peak_memory: u64,
    lines: Vec<Line>,
    folder: Arc<TempDir>,
    step: PathBuf,
}

impl Outcome {
    pub(super) fn new(
        status: ExitStatus,
        mut lines: Vec<Line>,
        folder: Arc<TempDir>,
        step: PathBuf,
        usage: Usage,
    ) -> Self {
        let printed = |lines: &[Line], stream| {
            let ours = lines.iter().filter(|line| line.stream == stream);
            ours.map(|line| format!("{}\n", line.text)).collect::<String>()
        };
        let workspace = folder.path().join("workspace");
        let stderr_with_times = printed(&lines, Stream::Error);
        for line in lines.iter_mut().filter(|line| line.stream == Stream::Error) {
            line.text = without_time(&line.text).to_owned();
        }
        let (stdout, stderr) = (printed(&lines, Stream::Out), printed(&lines, Stream::Error));
        Self {
            code: status.code(),
            signal: status.signal(),
            stdout,
            stderr,
            stderr_with_times,
            workspace,
            took: usage.took,
            peak_memory: usage.peak_memory,
            lines,
            folder,
            step,
        }
    }

    pub(super) fn folder(&self) -> Arc<TempDir> {
        Arc::clone(&self.folder)
    }

    /// Panics with everything printed unless this was the exit code.
    #[track_caller]
    pub(crate) fn assert_code(&self, code: i32) -> &Self {
        let (seen, signal) = (self.code, self.signal);
        assert!(
            seen == Some(code),
            "exit code {seen:?} (signal {signal:?}) in place of {code}\n{}",
            self.transcript()
        );
        self
    }

    /// Everything printed, for a failing test's message.
    pub(crate) fn transcript(&self) -> String {
        format!("--- stdout ---\n{}--- stderr ---\n{}", self.stdout, self.stderr)
    }

    /// The step's outputs; panics with the runner's words where it would fail the step.
    #[track_caller]
    pub(crate) fn outputs(&self) -> BTreeMap<String, String> {
        let text = self.command_file("OUTPUT");
        runner::outputs(&text)
            .unwrap_or_else(|error| panic!("the runner would refuse GITHUB_OUTPUT: {error}\n{text}"))
    }

    /// One output; panics when it was not set.
    #[track_caller]
    pub(crate) fn output(&self, name: &str) -> String {
        let outputs = self.outputs();
        let value = outputs.get(name);
        value.cloned().unwrap_or_else(|| panic!("no output {name} in {outputs:?}\n{}", self.transcript()))
    }

    /// The outputs that another job would get: the runner drops empty ones, and those that a mask would change.
    pub(crate) fn job_outputs(&self) -> BTreeMap<String, String> {
        let mut console = Console::default();
        for line in &self.lines {
            let _shown = console.show(&line.text);
        }
        let passed = self.outputs().into_iter();
        passed.filter(|(_, value)| !value.is_empty() && console.mask(value) == *value).collect()
    }

    /// The output `results`, taken apart.
    #[track_caller]
    pub(crate) fn results(&self) -> Vec<Value> {
        serde_json::from_str(&self.output("results")).unwrap()
    }

    /// The result of one sponsor.
    #[track_caller]
    pub(crate) fn result(&self, sponsor: &str) -> Value {
        let results = self.results();
        let found = results.iter().find(|result| result["sponsor"] == sponsor);
        found.cloned().unwrap_or_else(|| panic!("no result of {sponsor} in {results:#?}"))
    }

    /// The job summary; panics where the runner would drop it.
    pub(crate) fn summary(&self) -> String {
        let text = self.command_file("STEP_SUMMARY");
        assert!(text.len() <= LARGEST_SUMMARY, "the runner drops a summary of {} bytes", text.len());
        text
    }

    /// What was added to `GITHUB_ENV`, `GITHUB_PATH` or `GITHUB_STATE`, by the name after `GITHUB_`.
    pub(crate) fn command_file(&self, name: &str) -> String {
        std::fs::read_to_string(self.step.join(name)).unwrap()
    }

    /// The records in the workspace's `deployment-logs`, with their paths below it, sorted; one that breaks its schema
    /// ends the test.
    #[track_caller]
    pub(crate) fn logs(&self) -> Vec<(String, Value)> {
        let logs = self.documents();
        logs.iter().for_each(|(path, log)| schemas::check_log(path, log));
        logs
    }

    /// The one record of one sponsor.
    #[track_caller]
    pub(crate) fn log(&self, sponsor: &str) -> Value {
        self.only("record", sponsor, &self.logs())
    }

    /// The same as [`Self::logs`], with any content: for tests of this support.
    pub(crate) fn documents(&self) -> Vec<(String, Value)> {
        self.documents_in("deployment-logs")
    }

    /// The drills' reports in the workspace's `drill-reports`, with their paths below it, sorted; one that breaks its
    /// schema ends the test.
    #[track_caller]
    pub(crate) fn drill_reports(&self) -> Vec<(String, Value)> {
        let reports = self.documents_in("drill-reports");
        reports.iter().for_each(|(path, report)| schemas::check_drill(path, report));
        reports
    }

    /// The one drill's report of one sponsor.
    #[track_caller]
    pub(crate) fn drill_report(&self, sponsor: &str) -> Value {
        self.only("drill report", sponsor, &self.drill_reports())
    }

    /// The one record of a restore or a verification of one sponsor in the workspace: `restore-records`.
    #[track_caller]
    pub(crate) fn record_in(&self, folder: &str, sponsor: &str) -> Value {
        let records = self.documents_in(folder);
        for (path, record) in &records {
            match folder {
                "restore-records" => schemas::check_restore(path, record),
                _ => schemas::check_verification(path, record),
            }
        }
        self.only("record", sponsor, &records)
    }

    #[track_caller]
    fn only(&self, what: &str, sponsor: &str, all: &[(String, Value)]) -> Value {
        let ours: Vec<_> = all.iter().filter(|(path, _)| path.starts_with(&format!("{sponsor}/"))).collect();
        assert_eq!(ours.len(), 1, "{what}s of {sponsor} in {all:#?}\n{}", self.transcript());
        ours[0].1.clone()
    }

    fn documents_in(&self, folder: &str) -> Vec<(String, Value)> {
        let root = self.workspace.join(folder);
        let mut found = Vec::new();
        json_below(&root, &root, &mut found);
        found.sort_by(|left, right| left.0.cmp(&right.0));
        found
    }

    /// Every value that was announced as a mask.
    pub(crate) fn masks(&self) -> Vec<String> {
        self.commands().filter(|command| command.name == "add-mask").map(|command| command.data).collect()
    }

    /// Annotations of a kind (`error`, `warning`, `notice`) in order; those with a title as `title: message`.
    pub(crate) fn annotations(&self, kind: &str) -> Vec<String> {
        let ours = self.commands().filter(|command| command.name == kind);
        ours.map(|command| match command.properties.get("title") {
            Some(title) => format!("{title}: {}", command.data),
            None => command.data,
        })
        .collect()
    }

    fn commands(&self) -> impl Iterator<Item = runner::Command> {
        runner::commands(&self.lines.iter().map(|line| format!("{}\n", line.text)).collect::<String>())
            .into_iter()
    }

    /// Everything a reader of the run's log sees, in order: masked from the moment on when a mask was announced.
    pub(crate) fn visible(&self) -> String {
        let mut console = Console::default();
        let shown = self.lines.iter().filter_map(|line| console.show(&line.text));
        shown.map(|line| line + "\n").collect()
    }

    /// Everything that leaves the run: the visible log, the files of the step and of the workspace. For canaries.
    pub(crate) fn everything(&self) -> String {
        let files = ["ENV", "OUTPUT", "PATH", "STATE", "STEP_SUMMARY"].map(|name| self.step.join(name));
        let step = files.iter().filter_map(|file| std::fs::read_to_string(file).ok()).collect::<String>();
        let documents = [self.logs(), self.drill_reports()].concat();
        let documents = documents.iter().map(|(_, document)| document.to_string()).collect::<String>();
        format!("{}{step}{documents}", self.visible())
    }
}

/// A line without the UTC time that it begins with: `2026-11-28T10:20:59Z `.
fn without_time(line: &str) -> &str {
    let is_time = |time: &str| time.len() == 20 && time.parse::<jiff::Timestamp>().is_ok();
    line.split_once(' ').filter(|(time, _)| is_time(time)).map_or(line, |(_, rest)| rest)
}

fn json_below(root: &Path, folder: &Path, found: &mut Vec<(String, Value)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            json_below(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((
                name,
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())),
            ));
        }
    }
}
