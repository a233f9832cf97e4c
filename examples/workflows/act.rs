//! One repository as a user has it, and act that runs its workflows on this machine.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::known::without_newer_keys;
use crate::support::{IDENTITY, Keyless, Trial, token_variable, tools};

/// Where `script/setup-checks` puts act and node when `SPONSOR_BACKUP_CHECKS` names no other place. Keep both in step.
const DEFAULT_CHECKS: &str = "/var/tmp/sponsor-backup-checks-2";
/// No workflow here takes longer; one that hangs is ended, and its scene fails.
const SECONDS: &str = "240";
const OURS: &str = "cure-hht/sponsor-backup";
const UPLOAD: &str = "actions/upload-artifact";
const CHECKOUT: &str = "actions/checkout";

/// Replaces the users' own step: it notes that it ran and with which values, and fails if a file asks for it.
const DEPLOY: &str = "\
#!/bin/sh
echo \"$(date -u +%Y-%m-%dT%H:%M:%SZ) $VERSION $SPONSORS\" >>\"$DEPLOYED\"
# What is recorded later bears a later second.
sleep 1.1
while test -e \"$DEPLOYED-goes-on\"; do sleep 0.1; done
test ! -e \"$DEPLOYED-fails\"
";

/// A repository with our workflows, unchanged but for the lines that act does not know.
pub(crate) struct Repository {
    folder: TempDir,
    secrets: BTreeMap<String, String>,
    /// What `vars` holds.
    variables: BTreeMap<&'static str, String>,
    /// What the runner sets for every step.
    environment: BTreeMap<&'static str, String>,
}

/// A run that has ended.
pub(crate) struct Ran {
    /// act's own exit code.
    pub(crate) code: Option<i32>,
    lines: Vec<Value>,
    stderr: String,
    artifacts: PathBuf,
}

impl Repository {
    /// With the tokens of a trial's environment as secrets, and the trial's servers behind the action.
    pub(crate) fn of(trial: &Trial, sponsors: &[&str]) -> Self {
        let mut repository = Self::bare(trial);
        repository.secrets.insert("DOPPLER_TOKEN_CORE".to_owned(), trial.core_token.clone());
        let tokens = sponsors.iter().map(|name| (token_variable(name), trial.token(name).to_owned()));
        repository.secrets.extend(tokens);
        repository
    }

    /// Without a secret: with an identity's id alone, and a scripted GitHub's word for its jobs. The real one vouches only for
    /// a job with `id-token: write`, and names its environment; here, since act knows neither, each job gets the same word.
    pub(crate) fn without_secrets(keyless: &Keyless) -> Self {
        let mut repository = Self::bare(&keyless.trial);
        repository.variables.insert("DOPPLER_IDENTITY_ID", IDENTITY.to_owned());
        repository.environment.extend([
            ("ACTIONS_ID_TOKEN_REQUEST_URL", keyless.github.url()),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", keyless.github.bearer().to_owned()),
            ("AWS_ENDPOINT_URL_STS", keyless.sts.url()),
        ]);
        repository
    }

    fn bare(trial: &Trial) -> Self {
        let folder = tools::open_folder("workflows");
        let root = folder.path();
        let workflows = root.join("repository/.github/workflows");
        std::fs::create_dir_all(&workflows).unwrap();
        for made in ["home", "temp", "programs", "action", "upload", "checkout"] {
            std::fs::create_dir(root.join(made)).unwrap();
        }
        for file in std::fs::read_dir(source("docs/workflows")).unwrap() {
            let file = file.unwrap();
            let text = std::fs::read_to_string(file.path()).unwrap();
            std::fs::write(workflows.join(file.file_name()), without_newer_keys(&text)).unwrap();
        }
        let deploy = root.join("repository/deploy");
        std::fs::write(&deploy, DEPLOY).unwrap();
        std::fs::set_permissions(&deploy, std::fs::Permissions::from_mode(0o755)).unwrap();
        stand_ins(root, trial);
        let (secrets, variables, environment) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let repository = Self { folder, secrets, variables, environment };
        repository.commit();
        repository
    }

    /// With one more secret.
    pub(crate) fn with_secret(mut self, name: &str, value: &str) -> Self {
        self.secrets.insert(name.to_owned(), value.to_owned());
        self
    }

    /// With one of its workflows changed, for what act cannot play: a cancelled job, a refused approval, a caller's mistake.
    pub(crate) fn changed(self, workflow: &str, from: &str, to: &str) -> Self {
        let path = self.folder.path().join("repository/.github/workflows").join(workflow);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{workflow} has not one `{from}`");
        std::fs::write(path, text.replace(from, to)).unwrap();
        self
    }

    /// With other tokens.
    pub(crate) fn all_tokens(mut self, token: &str) -> Self {
        self.secrets.values_mut().for_each(|value| token.clone_into(value));
        self
    }

    fn commit(&self) {
        let git = |args: &[&str]| {
            let mut git = self.clean("git");
            git.args(["-c", "user.name=octocat", "-c", "user.email=octocat@example.com"]).args(args);
            tools::succeed(git.current_dir(self.folder.path().join("repository")));
        };
        git(&["init", "--quiet", "--initial-branch=main"]);
        git(&["remote", "add", "origin", "https://github.com/cure-hht/hht_diary.git"]);
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "--message=x"]);
        git(&["tag", "v1.4.2"]);
        // What is on main has moved on since the version that is deployed.
        std::fs::write(self.folder.path().join("repository/later"), "").unwrap();
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "--message=later"]);
    }

    /// The commit of a version.
    pub(crate) fn commit_of(&self, version: &str) -> String {
        let mut git = self.clean("git");
        git.current_dir(self.folder.path().join("repository"))
            .args(["rev-parse", &format!("{version}^{{commit}}")]);
        String::from_utf8(git.output().unwrap().stdout).unwrap().trim().to_owned()
    }

    /// From now on this job's clock is ahead by this number of minutes.
    pub(crate) fn let_the_clock_run_ahead(&self, job: &str, minutes: u32) {
        let date = self.folder.path().join("programs/date");
        let script = format!(
            "#!/bin/sh\nif [ \"$GITHUB_JOB\" = {job} ]; then exec /bin/date --date '{minutes} minutes' \"$@\"; fi\n\
             exec /bin/date \"$@\"\n"
        );
        std::fs::write(&date, script).unwrap();
        std::fs::set_permissions(&date, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Nothing of this process's environment reaches a step: not its tokens, not its own runner's files.
    fn clean(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let root = self.folder.path();
        let programs = root.join("programs");
        let path =
            [programs, checks().join("bin"), tools::distribution_bin_dir(), "/usr/bin".into(), "/bin".into()];
        let mut command = Command::new(program);
        command.env_clear().env("PATH", std::env::join_paths(path).unwrap());
        command.env("HOME", root.join("home")).env("TMPDIR", root.join("temp"));
        command
    }

    /// Each deployment's line: time, version, sponsors.
    pub(crate) fn deployed(&self) -> Vec<String> {
        let noted = std::fs::read_to_string(self.folder.path().join("deployed")).unwrap_or_default();
        noted.lines().map(str::to_owned).collect()
    }

    /// From now on the users' own step fails.
    pub(crate) fn let_deployments_fail(&self) {
        std::fs::write(self.folder.path().join("deployed-fails"), "").unwrap();
    }

    /// Deployments last until this ends, which happens as soon as one has begun.
    pub(crate) fn during_a_deployment<T>(
        &self,
        run: impl FnOnce() -> T,
        meanwhile: impl FnOnce() + Send,
    ) -> T {
        let goes_on = self.folder.path().join("deployed-goes-on");
        std::fs::write(&goes_on, "").unwrap();
        let deployed = self.folder.path().join("deployed");
        std::thread::scope(|scope| {
            scope.spawn(|| {
                tools::wait_for("a deployment", std::time::Duration::from_secs(240), || {
                    deployed.exists().then_some(())
                });
                meanwhile();
                std::fs::remove_file(&goes_on).unwrap();
            });
            run()
        })
    }

    /// Runs a workflow to its end, as after this event.
    pub(crate) fn run(&self, workflow: &str, event: &str, payload: &Value) -> Ran {
        let root = self.folder.path();
        let run = root.join(format!("run-{}", tools::unique()));
        let artifacts = run.join("artifacts");
        std::fs::create_dir_all(&artifacts).unwrap();
        std::fs::write(run.join("event.json"), payload.to_string()).unwrap();
        let secrets = self.secrets.iter().map(|(name, value)| format!("{name}={value}\n"));
        std::fs::write(run.join("secrets"), secrets.collect::<String>()).unwrap();
        let mut act = self.clean("timeout");
        act.args(["--kill-after=10", SECONDS]).arg(checks().join("bin/act")).args([event, "--json"]);
        act.current_dir(root.join("repository"))
            .arg("--workflows")
            .arg(format!(".github/workflows/{workflow}"));
        act.arg("--eventpath").arg(run.join("event.json")).arg("--secret-file").arg(run.join("secrets"));
        act.args(["--platform", "ubuntu-24.04=-self-hosted", "--actor", "octocat", "--no-cache-server"]);
        for (action, folder) in self.actions() {
            act.arg("--local-repository").arg(format!("{action}={}", root.join(folder).display()));
        }
        let environment = [
            ("SPONSOR_BACKUP_BINARY", tools::binary()),
            ("ARTIFACTS", artifacts.clone()),
            ("DEPLOYED", root.join("deployed")),
            ("REPOSITORY", root.join("repository")),
        ];
        for (name, value) in environment {
            act.arg("--env").arg(format!("{name}={}", value.display()));
        }
        for (option, values) in [("--env", &self.environment), ("--var", &self.variables)] {
            act.args(values.iter().flat_map(|(name, value)| [option.to_owned(), format!("{name}={value}")]));
        }
        let output = act.output().unwrap();
        let stdout = String::from_utf8_lossy(&output.stdout);
        let lines =
            stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| json!({"msg": line})));
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Ran { code: output.status.code(), lines: lines.collect(), stderr, artifacts }
    }

    /// What the workflows use, as they name and pin it, and its replacement.
    fn actions(&self) -> BTreeMap<String, &'static str> {
        let mut found = BTreeMap::new();
        for file in std::fs::read_dir(self.folder.path().join("repository/.github/workflows")).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            let used = text.lines().filter_map(|line| line.split_once("uses: ")?.1.split_whitespace().next());
            for action in used.filter(|action| !action.starts_with("./")) {
                let (name, _) = action.split_once('@').expect(action);
                let folder = match name {
                    OURS => "action",
                    UPLOAD => "upload",
                    CHECKOUT => "checkout",
                    other => panic!("nothing stands in for {other}"),
                };
                found.insert(action.to_owned(), folder);
            }
        }
        found
    }
}

/// The action as `action.yml` has it, with other defaults for the servers' addresses, and without an image.
fn stand_ins(root: &Path, trial: &Trial) {
    let text = std::fs::read_to_string(source("action.yml")).unwrap();
    let mut action: Value = serde_saphyr::from_str(&text).unwrap();
    let local = [
        ("doppler-api-url", trial.doppler.url()),
        ("s3-endpoint-url", trial.store.endpoint().to_owned()),
        ("s3-force-path-style", "true".to_owned()),
    ];
    for (name, value) in local {
        assert!(action["inputs"][name].is_object(), "the action has no input {name} any more");
        action["inputs"][name]["default"] = value.into();
    }
    action["runs"] = json!({"using": "node24", "main": "run.cjs"});
    // JSON is YAML, too.
    std::fs::write(root.join("action/action.yml"), action.to_string()).unwrap();
    let here = source("examples/workflows/stand_ins");
    std::fs::copy(here.join("run.cjs"), root.join("action/run.cjs")).unwrap();
    for (of, to) in [("upload-artifact", "upload"), ("checkout", "checkout")] {
        for name in ["action.yml", "run.cjs"] {
            std::fs::copy(here.join(of).join(name), root.join(to).join(name)).unwrap();
        }
    }
}

impl Ran {
    /// How each job ended, by its name without the workflow's: those that were skipped are not there. A leg of a matrix is
    /// what its steps were, since act says `failure` of every leg that ends after another one's failure.
    pub(crate) fn jobs(&self) -> BTreeMap<String, String> {
        let mut jobs: BTreeMap<String, String> = BTreeMap::new();
        for line in &self.lines {
            let Some((_, job)) = line["job"].as_str().and_then(|job| job.rsplit_once('/')) else { continue };
            let (step, whole) = (line["stepResult"].as_str(), line["jobResult"].as_str());
            let Some(result) = step.or(whole) else { continue };
            let known = jobs.entry(job.trim().to_owned()).or_insert_with(|| result.to_owned());
            if step == Some("failure") {
                result.clone_into(known);
            }
        }
        jobs
    }

    /// The artifacts' names, each with its files.
    pub(crate) fn artifacts(&self) -> BTreeMap<String, Vec<PathBuf>> {
        let folders = std::fs::read_dir(&self.artifacts).unwrap().map(|entry| entry.unwrap());
        folders.map(|entry| (entry.file_name().into_string().unwrap(), files(&entry.path()))).collect()
    }

    /// Everything that steps and runner said.
    pub(crate) fn log(&self) -> String {
        let said = self.lines.iter().map(|line| {
            let text = line["msg"].as_str().unwrap_or_default().trim_end();
            format!("    {} | {text}\n", line["job"].as_str().unwrap_or_default().trim_end())
        });
        said.collect::<String>() + &self.stderr
    }
}

/// Who looks at a failure wants to see what ran.
impl Drop for Ran {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}    jobs: {:?}\n    artifacts: {:?}", self.log(), self.jobs(), self.artifacts());
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn checks() -> PathBuf {
    std::env::var_os("SPONSOR_BACKUP_CHECKS").map_or_else(|| DEFAULT_CHECKS.into(), PathBuf::from)
}

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
