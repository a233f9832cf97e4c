//! The real Terraform, if this machine has it and a mirror of its provider for AWS.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::module::folder;

/// As in a shell, with settings for a server that is not AWS.
const LOCAL: &str = r#"
provider "aws" {
  skip_metadata_api_check = true
  s3_use_path_style       = true
}

provider "aws" {
  alias                   = "replica"
  skip_metadata_api_check = true
  s3_use_path_style       = true
}
"#;

/// Names the folder that contains `registry.terraform.io`.
const MIRROR: &str = "SPONSOR_BACKUP_TERRAFORM_MIRROR";

/// Terraform with a copy of our folder, in which it may write.
pub(crate) struct Terraform {
    copy: TempDir,
}

impl Terraform {
    /// `None`, and a line that names the test, if this machine lacks a part.
    pub(crate) fn here(test: &str) -> Option<Self> {
        let missing = match (program(), mirror()) {
            (None, _) => "terraform is not installed".to_owned(),
            (_, None) => format!("no mirror of the provider for AWS was found. Set {MIRROR}"),
            (Some(()), Some(mirror)) => return Some(Self::new(&mirror)),
        };
        not_run(test, &missing);
        None
    }

    fn new(mirror: &Path) -> Self {
        let copy = tempfile::tempdir().unwrap();
        copy_all(&folder(), &copy.path().join("terraform"));
        let config =
            format!("provider_installation {{\n  filesystem_mirror {{\n    path = {mirror:?}\n  }}\n}}\n");
        std::fs::write(copy.path().join("cli.tfrc"), config).unwrap();
        Self { copy }
    }

    pub(crate) fn path(&self, folder: &str) -> PathBuf {
        self.copy.path().join("terraform").join(folder)
    }

    pub(super) fn run(&self, folder: &str, args: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new("terraform");
        command.args(args).current_dir(self.path(folder)).envs(environment.iter().copied());
        command.envs(self.environment()).output().unwrap()
    }

    /// What Terraform must find in the environment of its commands.
    pub(crate) fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("TF_CLI_CONFIG_FILE", self.copy.path().join("cli.tfrc").display().to_string()),
            ("CHECKPOINT_DISABLE", "1".to_owned()),
            ("TF_IN_AUTOMATION", "1".to_owned()),
            ("NO_COLOR", "1".to_owned()),
        ]
    }

    /// Adds the settings for a server that is not AWS.
    pub(crate) fn use_local_server(&self, root: &str) {
        std::fs::write(self.path(root).join("providers_override.tf"), LOCAL).unwrap();
    }

    #[track_caller]
    pub(super) fn succeed(&self, folder: &str, args: &[&str], environment: &[(&str, &str)]) -> String {
        let output = self.run(folder, args, environment);
        let [stdout, stderr] =
            [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text).into_owned());
        assert!(output.status.success(), "terraform {args:?} in {folder}: {stdout}\n{stderr}");
        stdout
    }

    #[track_caller]
    pub(super) fn init(&self, folder: &str) {
        self.succeed(folder, &["init", "-backend=false", "-input=false"], &[]);
    }
}

fn program() -> Option<()> {
    Command::new("terraform").arg("version").env("CHECKPOINT_DISABLE", "1").output().ok().map(drop)
}

/// The folder that is named, or one where Terraform or a machine's owner keep mirrors.
fn mirror() -> Option<PathBuf> {
    let named = std::env::var_os(MIRROR).map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".terraform.d/plugins"));
    let usual = ["/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins"].map(PathBuf::from);
    let others = ["/opt", "/usr/share", "/usr/local/share"].into_iter().flat_map(|parent| {
        let folders = std::fs::read_dir(parent).into_iter().flatten();
        folders.filter_map(|entry| Some(entry.ok()?.path())).collect::<Vec<_>>()
    });
    let mut all = named.into_iter().chain(home).chain(usual).chain(others);
    all.find(|folder| folder.join("registry.terraform.io/hashicorp/aws").is_dir())
}

/// Past the capture of test output, and into a file that `script/test` prints and removes.
fn not_run(test: &str, why: &str) {
    let line = format!("NOT RUN: {test}: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("not-run");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(test.replace("::", "-")), line).unwrap();
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() && name != ".terraform" {
            copy_all(&path, &target);
        } else if !name.starts_with(".terraform") && !name.contains(".tfstate") {
            std::fs::copy(path, target).unwrap();
        }
    }
}
