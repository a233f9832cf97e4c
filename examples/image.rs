//! The image as GitHub's runner starts it, against real servers on loopback: a backup, a drill, and cancellations. Run it
//! with `script/image`, which builds the image first and names it in `SPONSOR_BACKUP_IMAGE`.
//! Panics if a scene fails.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "it prints how far it is, and panics if a scene fails"
)]

#[path = "../tests/it/support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use support::{Action, Cluster, Moto, Outcome, Proxy, Run, Running, Sponsor, Trial, tools};

/// GitHub kills a cancelled step ten seconds after its first signal; we want to be done in half that time.
const GONE_WITHIN: Duration = Duration::from_secs(5);
/// The account of a hosted runner. Everything that it mounts belongs to it.
const RUNNER: &str = "1001:118";

type Scene = (&'static str, fn(&Stage));

const SCENES: [Scene; 5] = [
    ("the image starts the program, which knows its version", told),
    ("a backup, by an image that has no shell", backup),
    ("a drill of that backup", drill),
    ("cancelled in the middle of an upload", cancelled_upload),
    ("cancelled in the middle of a drill, with orphans about", cancelled_drill),
];

struct Stage {
    cluster: Cluster,
    moto: Moto,
    image: String,
}

impl Stage {
    fn trial(&self, sponsors: impl IntoIterator<Item = Sponsor>) -> Trial {
        Trial::plan(sponsors).cluster(&self.cluster).store(&self.moto).start()
    }

    /// A step of a workflow, in a container.
    fn step(&self, run: Run, options: &[&str]) -> Container {
        let name = format!("sponsor-backup-{}", tools::unique());
        tools::as_root(&["chown", "-R", RUNNER, &run.workspace().parent().unwrap().display().to_string()]);
        let running = run.deadline(Duration::from_secs(90)).in_container(&self.image, &name, options).start();
        Container { name, running }
    }
}

struct Container {
    name: String,
    running: Running,
}

impl Container {
    /// The machine's number of the container's first process.
    fn first_process(&self) -> u32 {
        docker(["inspect", "--format", "{{.State.Pid}}", &self.name]).trim().parse().unwrap()
    }

    /// Waits for the end. Returns the outcome and how long it took, and asserts that the container is gone.
    fn ends(self) -> (Outcome, Duration) {
        let asked = Instant::now();
        let outcome = self.running.wait();
        let took = asked.elapsed();
        let there = docker(["ps", "--all", "--quiet", "--filter", &format!("name={}", self.name)]);
        assert_eq!(there, "", "the container still exists");
        (outcome, took)
    }
}

fn main() {
    let image = std::env::var("SPONSOR_BACKUP_IMAGE").expect("SPONSOR_BACKUP_IMAGE: run script/image");
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let stage = Stage { cluster: Cluster::start(tools::distribution_bin_dir()), moto: Moto::start(), image };
    let mut passed = 0;
    for (name, play) in SCENES.iter().filter(|(name, _)| name.contains(&wanted)) {
        let started = Instant::now();
        println!("{name}");
        play(&stage);
        println!("  passed after {:.1} s", started.elapsed().as_secs_f64());
        passed += 1;
    }
    assert!(passed > 0, "no scene's name contains `{wanted}`");
    println!("{passed} passed, 0 failed");
}

/// The image's configuration: its user, its entry point, and no variables except `PATH`.
fn told(stage: &Stage) {
    let config = docker(["image", "inspect", "--format", "{{json .Config}}", &stage.image]);
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    // GitHub forbids a user: it could write neither the workspace nor the files for outputs.
    assert_eq!(config["User"].as_str().unwrap_or_default(), "");
    let entry: Vec<_> =
        config["Entrypoint"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    assert!(!entry.iter().any(|word| word.ends_with("sh")), "{entry:?} needs a shell");
    let variables = config["Env"].as_array().unwrap();
    assert!(
        variables.iter().all(|variable| variable.as_str().unwrap().starts_with("PATH=")),
        "{variables:?}"
    );
    for label in ["title", "description", "licenses", "source", "revision", "version"] {
        let value = &config["Labels"][format!("org.opencontainers.image.{label}")];
        assert!(value.as_str().is_some_and(|value| !value.is_empty()), "no label {label}");
    }
    let version = docker(["run", "--rm", &stage.image, "--version"]);
    assert_eq!(version.trim(), format!("sponsor-backup {}", env!("CARGO_PKG_VERSION")));
}

fn backup(stage: &Stage) {
    let trial = stage.trial(two());
    let run = trial.run().input("command", "backup").input("version", "v1.4.2");
    // dash and bash are what they are not.
    let shells = ["--volume", "/dev/null:/usr/bin/dash", "--volume", "/dev/null:/usr/bin/bash"];
    let (outcome, took) = stage.step(run, &shells).ends();
    outcome.assert_code(0);
    assert_eq!(outcome.output("outcome"), "success");
    for sponsor in ["callisto", "titan"] {
        let location = outcome.result(sponsor)["backup_location"].as_str().unwrap().to_owned();
        let keys = trial.store.keys_in(trial.bucket(sponsor));
        assert_eq!(keys.len(), 3, "{keys:?}");
        assert!(keys.iter().any(|key| location.ends_with(key)), "{location} in {keys:?}");
        assert_eq!(trial.store.keys_in(trial.log_bucket(sponsor)).len(), 1);
        assert_eq!(outcome.log(sponsor)["outcome"], "success");
        assert!(outcome.summary().contains(sponsor));
    }
    println!("  a backup of two sponsors took {:.1} s", took.as_secs_f64());
}

fn drill(stage: &Stage) {
    let trial = stage.trial(two());
    stage.step(trial.run(), &[]).ends().0.assert_code(0);
    let run = trial.run().input("command", "drill").input("sponsors", "callisto").input("max-rpo", "1h");
    // Only the runner can enter its folder for temporary files. PostgreSQL's server runs as another account.
    tools::as_root(&["chmod", "700", &temp(&run.workspace()).display().to_string()]);
    let (outcome, took) = stage.step(run, &[]).ends();
    outcome.assert_code(0);
    assert_eq!(
        (outcome.output("drill_status"), outcome.output("rpo_compliant")),
        ("passed".into(), "true".into())
    );
    assert_eq!(outcome.drill_report("callisto")["status"], "passed");
    assert!(outcome.output("drill_report").starts_with("s3://"));
    assert_nothing_in_temp(&outcome.workspace);
    println!("  a drill took {:.1} s", took.as_secs_f64());
}

/// A way to stop a container: its name, what is done, and the exit code that must follow.
type Way = (&'static str, fn(&Container), i32);

/// The runner signals docker's client, which hands it on; people say `docker stop` and `docker kill`.
const SIGNALS: [Way; 4] = [
    ("the runner's SIGINT", |container| container.running.signal("INT"), 130),
    ("the runner's SIGTERM", |container| container.running.signal("TERM"), 143),
    ("docker kill --signal INT", |container| drop(docker(["kill", "--signal", "INT", &container.name])), 130),
    ("docker stop", |container| drop(docker(["stop", "--time", "20", &container.name])), 143),
];

fn cancelled_upload(stage: &Stage) {
    let trial = stage.trial([Sponsor::named("callisto").empty()]);
    trial.database("callisto").load_noise(48);
    for (what, signal, code) in SIGNALS {
        let proxy = Proxy::before(trial.store.endpoint());
        let second = |seen: &support::Seen| seen.query.contains("partNumber=2");
        proxy.spoil(1, Action::Delay(Duration::from_secs(600)), second);
        let run = trial.run().input("s3-endpoint-url", proxy.endpoint()).input("memory-limit", "24MiB");
        let container = stage.step(run, &[]);
        wait_for("the second part", || proxy.requests().iter().any(second));
        assert_eq!(trial.store.uploads(trial.bucket("callisto")).len(), 1);
        let outcome = stopped(container, what, signal, code);
        assert_eq!(trial.store.keys_in(trial.bucket("callisto")), Vec::<String>::new());
        assert_eq!(trial.store.uploads(trial.bucket("callisto")), Vec::<String>::new());
        wait_for("its sessions to end", || trial.database("callisto").sessions() == 0);
        assert_eq!(outcome.log("callisto")["outcome"], "cancelled");
    }
}

fn cancelled_drill(stage: &Stage) {
    let trial = stage.trial([Sponsor::named("callisto")]);
    stage.step(trial.run(), &[]).ends().0.assert_code(0);
    for (what, signal, code) in SIGNALS {
        let run = trial.run().input("command", "drill").input("drill-checks", "checks.sql");
        let container = stage.step(run.file("checks.sql", "SELECT pg_sleep(600) IS NOT NULL;\n"), &[]);
        wait_for("the check", || container_runs(&container, "SELECT"));
        orphans_are_buried(&container);
        let outcome = stopped(container, what, signal, code);
        assert_eq!(outcome.drill_report("callisto")["status"], "cancelled");
        assert_nothing_in_temp(&outcome.workspace);
    }
}

fn stopped(container: Container, what: &str, signal: fn(&Container), code: i32) -> Outcome {
    let asked = Instant::now();
    signal(&container);
    let (outcome, _) = container.ends();
    let took = asked.elapsed();
    outcome.assert_code(code);
    assert!(took < GONE_WITHIN, "{what}: gone only after {took:?}");
    println!("  {what}: exit code {code} after {:.1} s", took.as_secs_f64());
    outcome
}

/// A process whose parent is gone becomes a child of the container's first one. That one has to ask for its end, or its
/// entry in the table of processes stays.
fn orphans_are_buried(container: &Container) {
    for _ in 0..5 {
        docker(["exec", &container.name, "sh", "-c", "sleep 0.2 & exit 0"]);
    }
    std::thread::sleep(Duration::from_millis(600));
    let first = container.first_process();
    let dead: Vec<String> = processes().filter(|status| field(status, "PPid") == first.to_string()).collect();
    let dead: Vec<_> = dead.iter().filter(|status| field(status, "State").starts_with('Z')).collect();
    assert!(dead.is_empty(), "{} dead processes are left in the container", dead.len());
}

/// Whether a process with this word in its command line is in the container.
fn container_runs(container: &Container, word: &str) -> bool {
    Command::new("docker")
        .args(["top", &container.name])
        .output()
        .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(word))
}

fn processes() -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| std::fs::read_to_string(entry.path().join("status")).ok())
}

fn field<'a>(status: &'a str, name: &str) -> &'a str {
    let lines = status.lines().filter_map(|line| line.split_once(':'));
    lines.filter(|(key, _)| *key == name).map(|(_, value)| value.trim()).next().unwrap_or_default()
}

/// What the container sees as `RUNNER_TEMP`.
fn temp(workspace: &Path) -> PathBuf {
    workspace.parent().unwrap().join("temp")
}

fn assert_nothing_in_temp(workspace: &Path) {
    let left: Vec<PathBuf> =
        std::fs::read_dir(temp(workspace)).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, Vec::<PathBuf>::new());
}

fn two() -> [Sponsor; 2] {
    [Sponsor::named("callisto"), Sponsor::named("titan")]
}

fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    tools::wait_for(what, Duration::from_secs(60), || holds().then_some(()));
}

fn docker<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    tools::run("docker", arguments)
}
