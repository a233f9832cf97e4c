//! The one builder that drives the built binary: a cleared environment, then what a runner or a terminal sets.
//! Starts and waits; `outcome` holds the results.

mod container;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::outcome::Outcome;
use super::running::Running;
use super::seconds::Seconds;
use super::tools;

/// A run that ends later than this is killed, and its test fails.
const DEADLINE: Duration = Duration::from_secs(300);

/// What a runner sets for every step, besides files and folders.
const RUNNER: [(&str, &str); 23] = [
    ("CI", "true"),
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_ACTION", "backup"),
    ("GITHUB_ACTOR", "octocat"),
    ("GITHUB_TRIGGERING_ACTOR", "hubot"),
    ("GITHUB_API_URL", "https://api.github.example"),
    ("GITHUB_EVENT_NAME", "workflow_dispatch"),
    ("GITHUB_JOB", "backup"),
    ("GITHUB_REF", "refs/heads/main"),
    ("GITHUB_REF_NAME", "main"),
    ("GITHUB_REF_TYPE", "branch"),
    ("GITHUB_REPOSITORY", "cure-hht/hht_diary"),
    ("GITHUB_REPOSITORY_OWNER", "cure-hht"),
    ("GITHUB_RUN_ATTEMPT", "2"),
    ("GITHUB_RUN_ID", "17342009911"),
    ("GITHUB_RUN_NUMBER", "482"),
    ("GITHUB_SERVER_URL", "https://github.example"),
    ("GITHUB_SHA", "8d3b3ff0c7a1e5d24be1a07b8d9c6f5e4a3b2c1d"),
    ("GITHUB_WORKFLOW", "Deploy production"),
    ("GITHUB_WORKFLOW_REF", "cure-hht/hht_diary/.github/workflows/deploy.yml@refs/heads/main"),
    ("RUNNER_ARCH", "X64"),
    ("RUNNER_NAME", "GitHub Actions 7"),
    ("RUNNER_OS", "Linux"),
];

/// The files that a runner makes afresh for every step.
const COMMAND_FILES: [&str; 5] = ["ENV", "OUTPUT", "PATH", "STATE", "STEP_SUMMARY"];

/// A run in preparation.
#[derive(Debug)]
pub(crate) struct Run {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    path: Vec<PathBuf>,
    folder: Arc<TempDir>,
    /// Folder of the runner's files. Each step gets new ones.
    step: PathBuf,
    deadline: Duration,
    seconds: Seconds,
}

impl Run {
    /// As a step of a workflow.
    pub(crate) fn workflow() -> Self {
        Self::bare(Arc::new(tools::open_folder("run"))).on_runner()
    }

    /// As a person at a terminal: no runner's variables.
    pub(crate) fn terminal() -> Self {
        Self::bare(Arc::new(tools::open_folder("run")))
    }

    /// As a later step of the job that `earlier` was in: the same workspace, new output files.
    pub(crate) fn step_after(earlier: &Outcome) -> Self {
        Self::bare(earlier.folder()).on_runner()
    }

    /// As a step of the job with this folder: the same workspace, new output files.
    pub(super) fn step_of(job: &Arc<TempDir>) -> Self {
        Self::bare(Arc::clone(job)).on_runner()
    }

    fn bare(folder: Arc<TempDir>) -> Self {
        let step = folder.path().join(format!("step-{}", tools::unique()));
        for name in ["workspace", "home", "temp"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        std::fs::create_dir(&step).unwrap();
        let home = folder.path().join("home");
        // A clock far from UTC: local time in a name or a record shows at once.
        let environment = [("HOME", home.as_os_str()), ("TZ", "Pacific/Auckland".as_ref())];
        Self {
            program: tools::binary(),
            arguments: Vec::new(),
            environment: environment.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            path: vec![tools::distribution_bin_dir(), "/usr/bin".into(), "/bin".into()],
            folder,
            step,
            deadline: DEADLINE,
            seconds: Seconds::default(),
        }
    }

    fn on_runner(mut self) -> Self {
        let workspace = self.workspace();
        let temp = self.folder.path().join("temp");
        self = RUNNER.into_iter().fold(self, |run, (name, value)| run.env(name, value));
        self = self.env("GITHUB_WORKSPACE", workspace).env("RUNNER_TEMP", temp);
        for name in COMMAND_FILES {
            let file = self.step.join(name);
            std::fs::write(&file, "").unwrap();
            self = self.env(format!("GITHUB_{name}"), file);
        }
        self
    }

    /// The folder that the run starts in.
    pub(crate) fn workspace(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }

    /// Sets an input as the runner does: `INPUT_` and the name in upper case, hyphens kept.
    pub(crate) fn input(self, name: &str, value: impl Into<OsString>) -> Self {
        self.env(format!("INPUT_{}", name.to_uppercase().replace(' ', "_")), value)
    }

    /// Sets a variable.
    pub(crate) fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Takes a variable away.
    pub(crate) fn unset(mut self, name: &str) -> Self {
        self.environment.remove(std::ffi::OsStr::new(name));
        self
    }

    /// Adds an argument.
    pub(crate) fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    pub(crate) fn args<A: Into<OsString>>(self, arguments: impl IntoIterator<Item = A>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    /// Puts arguments before the others: options of a program that starts the product.
    pub(crate) fn first_arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.splice(0..0, arguments.iter().map(OsString::from).collect::<Vec<_>>());
        self
    }

    /// Writes a file into the workspace.
    pub(crate) fn file(self, name: &str, contents: impl AsRef<[u8]>) -> Self {
        let path = self.workspace().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, contents).unwrap();
        self
    }

    /// Puts a folder first on `PATH`.
    pub(crate) fn path(mut self, folder: &Path) -> Self {
        self.path.insert(0, folder.to_owned());
        self
    }

    /// Leaves these folders alone on `PATH`.
    pub(crate) fn only_path(mut self, folders: &[&Path]) -> Self {
        self.path = folders.iter().map(|folder| folder.to_path_buf()).collect();
        self
    }

    /// Runs something else than the product: for tests of this builder.
    pub(crate) fn program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// Has strace change what the system does for the program and its children: `inject` as after `strace -e inject=`. Other
    /// arguments, such as `-P PATH`, restrict it to calls with that path.
    pub(crate) fn injecting(mut self, inject: &str, other: &[&str]) -> Self {
        let inject = format!("inject={inject}");
        let strace = ["-f", "-qq", "-o", "/dev/null", "-e", "trace=desc,file", "-e", &inject];
        let words = strace.iter().chain(other).map(OsString::from).chain([self.program.clone().into()]);
        self.arguments.splice(0..0, words.collect::<Vec<_>>());
        self.program = tools::strace();
        self
    }

    /// How long the run may take.
    pub(crate) fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Starts in another second than any run of these that has ended.
    pub(super) fn seconds(mut self, seconds: &Seconds) -> Self {
        self.seconds = seconds.clone();
        self
    }

    /// Runs to the end.
    pub(crate) fn run(self) -> Outcome {
        self.start().wait()
    }

    /// Starts, and leaves it running.
    pub(crate) fn start(self) -> Running {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(self.workspace());
        command.env_clear().env("PATH", std::env::join_paths(&self.path).unwrap());
        // Set last, so that a test may even replace PATH.
        command.envs(&self.environment);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.seconds.wait_for_the_next();
        let child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        Running::new(child, self.folder, self.step, self.deadline, self.seconds)
    }
}
