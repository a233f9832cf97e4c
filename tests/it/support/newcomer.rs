//! A person at a terminal who copies commands from a page: one bash with the real `aws`, `psql` and `sponsor-backup`, and stand-ins
//! for `doppler` and `gh` that accept only what the real ones accept.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::doppler::Doppler;
use super::s3::{REGION, Store};
use super::terminal::Terminal;
use super::tools;

#[derive(Debug)]
pub(crate) struct Newcomer {
    folder: TempDir,
    environment: Vec<(String, String)>,
    path: Vec<PathBuf>,
}

impl Newcomer {
    /// Logged in to Doppler, GitHub and an S3 server, whose `keys` are an administrator's.
    pub(crate) fn at(doppler: &Doppler, store: &Store) -> Self {
        let newcomer = Self {
            folder: tools::open_folder("newcomer"),
            environment: Vec::new(),
            path: vec![tools::distribution_bin_dir(), "/usr/bin".into(), "/bin".into()],
        };
        for folder in ["bin", "home", "work"] {
            std::fs::create_dir(newcomer.folder.path().join(folder)).unwrap();
        }
        let python = tools::python_tool("python3");
        for (name, text, arguments) in [
            ("doppler", include_str!("stand_ins/doppler.py"), vec![doppler.url(), doppler.service_account()]),
            ("gh", include_str!("stand_ins/gh.py"), vec![newcomer.github().display().to_string()]),
        ] {
            let file = newcomer.folder.path().join(format!("{name}.py"));
            std::fs::write(&file, text).unwrap();
            newcomer.program(name, &format!("exec {python:?} {file:?} {} \"$@\"", arguments.join(" ")));
        }
        newcomer.program("aws", &format!("exec {:?} \"$@\"", tools::python_tool("aws")));
        newcomer.ours(&doppler.url(), store);
        let home = newcomer.folder.path().join("home").display().to_string();
        newcomer
            .env("HOME", home)
            .env("AWS_ENDPOINT_URL", store.endpoint())
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", store.access_key())
            .env("AWS_SECRET_ACCESS_KEY", store.secret_key())
    }

    /// Puts the product on the `PATH`, for this Doppler and S3 server. The person's own keys are not the sponsor's.
    fn ours(&self, doppler: &str, store: &Store) {
        self.program(
            "sponsor-backup",
            &format!(
                "exec env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY 'INPUT_DOPPLER-API-URL={doppler}' \
                 AWS_ENDPOINT_URL_S3={} INPUT_S3-FORCE-PATH-STYLE=true {:?} \"$@\"",
                store.endpoint(),
                tools::binary()
            ),
        );
    }

    /// From now on AWS is this server, which knows the same keys. A terminal needs what is returned typed into it.
    pub(crate) fn moves_to(&self, doppler: &Doppler, store: &Store) -> String {
        self.ours(&doppler.url(), store);
        format!("export AWS_ENDPOINT_URL={}\n", store.endpoint())
    }

    /// The folder that `~` is.
    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The folder that commands start in.
    pub(crate) fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// What `gh` sent, as JSON lines.
    pub(crate) fn github(&self) -> PathBuf {
        self.folder.path().join("github.jsonl")
    }

    /// Puts a script on the person's `PATH`.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let path = self.folder.path().join("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Runs a script to its end, with these lines to type when a command asks; gives what was printed on both streams.
    #[track_caller]
    pub(crate) fn follow(&self, script: &str, typed: &[&str]) -> String {
        let (answers, log) = (self.folder.path().join("typed"), self.folder.path().join("log"));
        std::fs::write(&answers, typed.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        let file = self.folder.path().join("script");
        std::fs::write(&file, script).unwrap();
        let out = std::fs::File::create(&log).unwrap();
        let mut bash = self.bash();
        bash.args(["-euo", "pipefail"]).arg(&file);
        bash.stdin(std::fs::File::open(&answers).unwrap());
        bash.stderr(Stdio::from(out.try_clone().unwrap())).stdout(Stdio::from(out));
        let status = bash.status().unwrap();
        let printed = std::fs::read_to_string(log).unwrap();
        assert!(status.success(), "{status}: {printed}");
        printed
    }

    /// A bash that stays open for one block after the other.
    pub(crate) fn terminal(&self) -> Terminal {
        Terminal::open(self.bash(), self.folder.path().join(format!("terminal-{}", tools::unique())))
    }

    fn bash(&self) -> Command {
        let mut bash = Command::new("bash");
        bash.current_dir(self.work()).env_clear();
        bash.env("PATH", self.search_path()).envs(self.environment.iter().cloned());
        bash
    }

    fn search_path(&self) -> std::ffi::OsString {
        let own = self.folder.path().join("bin");
        std::env::join_paths(std::iter::once(&own).chain(&self.path).map(PathBuf::as_path)).unwrap()
    }
}

/// A folder and all that is in it.
pub(crate) fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    tools::run("cp", ["-R".as_ref(), from.join(".").as_os_str(), to.as_os_str()]);
}
