//! Shows the product at work on loopback: the steps of a deployment workflow, the stored objects, a restore with standard
//! tools, and a drill that proves the backup equal. Run it with `script/demo`, which builds the binary first.
//! It shares only the servers with the tests, so you can read it from top to bottom.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a demonstration prints, and panics if a step fails"
)]

#[path = "../tests/it/support/mod.rs"]
mod support;

use std::io::IsTerminal as _;
use std::process::Command;
use std::time::Instant;

use serde_json::Value;
use support::{Cluster, Moto, Outcome, Run, Sponsor, Trial, runner, tools};

const VERSION: &str = "v1.4.2";

fn main() {
    let started = Instant::now();
    let cluster = Cluster::start(tools::distribution_bin_dir());
    let moto = Moto::start();
    let trial = start(&cluster, &moto);
    matrix(&trial);
    let backup = backup(&trial);
    record(&trial, &backup);
    show_objects(&trial);
    get_back(&trial, &cluster, &backup);
    drop(backup);
    list(&trial);
    drill(&trial);
    leave_nothing(cluster, moto);
    println!("\nDone in {:.0} s.", started.elapsed().as_secs_f64());
}

fn start(cluster: &Cluster, moto: &Moto) -> Trial {
    title("Servers and sponsors");
    let trial = Trial::plan([
        Sponsor::named("callisto").diary(1500, 120_000),
        Sponsor::named("titan").diary(900, 80_000),
        Sponsor::named("europa").diary(600, 50_000).flag(Some("false")),
        Sponsor::named("ganymede").empty().disabled(),
    ])
    .cluster(cluster)
    .store(moto)
    .plain_names()
    .start();
    println!("PostgreSQL  127.0.0.1:{}, removed at the end", cluster.port());
    for (sponsor, note) in [
        ("callisto", "backups enabled"),
        ("titan", "backups enabled"),
        ("europa", "backups disabled: its flag is `false`"),
    ] {
        let database = trial.database(sponsor);
        let rows: i64 = database.row_counts().values().sum();
        let size = database.psql("SELECT pg_size_pretty(pg_database_size(current_database()))");
        println!("            {sponsor:<9} {rows:>7} rows, {size:>6}, {note}");
    }
    println!("            ganymede  has `enabled: false` in the manifest");
    println!("S3          {}", moto.endpoint());
    println!("Doppler     {}, scripted: the manifest and one config per sponsor", trial.doppler.url());
    trial
}

fn matrix(trial: &Trial) {
    title("Job 1, step `matrix`: select the sponsors");
    let outcome = trial.run().input("command", "matrix").run();
    show_step(&outcome);
    show_outputs(&outcome);
}

fn backup(trial: &Trial) -> Outcome {
    title("Job 2, step `backup`: back up every sponsor before the deployment");
    let outcome = trial
        .run()
        .input("command", "backup")
        .input("version", VERSION)
        .input("reason", "release 1.4.2: \"diary\" screen, second try")
        .run();
    show_step(&outcome);
    show_outputs(&outcome);
    println!("\nJob summary (GitHub renders this Markdown):\n");
    println!("{}", indented(&outcome.summary()));
    outcome
}

/// The deployment's own record, for the sponsor whose leg of the matrix this would be.
fn record(trial: &Trial, backup: &Outcome) {
    title("Job 3, step `record`: the deployment of callisto succeeded");
    let result = backup.result("callisto");
    let outcome = trial
        .wire(Run::step_after(backup))
        .input("command", "record")
        .input("sponsors", "callisto")
        .input("outcome", "success")
        .input("version", VERSION)
        .input("backup-location", text(&result["backup_location"]))
        .input("backup-size", text(&result["backup_size"]))
        .run();
    show_step(&outcome);
    let location = outcome.output("deployment_log");
    println!("\nThe record, {location}:\n");
    let (bucket, key) = split_location(&location);
    let document = trial.store.get_json(&bucket, &key);
    println!("{}", indented(&serde_json::to_string_pretty(&document).unwrap()));
}

fn show_objects(trial: &Trial) {
    title("Objects in S3");
    for sponsor in ["callisto", "titan", "europa"] {
        for bucket in [trial.bucket(sponsor), trial.log_bucket(sponsor)] {
            let objects = trial.store.objects(bucket);
            println!("s3://{bucket}/{}", if objects.is_empty() { "  (nothing)" } else { "" });
            for object in objects {
                let tags = trial.store.tags(bucket, &object.key);
                let tags: Vec<_> = tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
                println!("  {:>9} B  {}", object.size, object.key);
                if !tags.is_empty() {
                    println!("               {}", tags.join(" "));
                }
            }
        }
    }
}

/// What an operator types in seven years, without this software.
fn get_back(trial: &Trial, cluster: &Cluster, backup: &Outcome) {
    title("Restore callisto's backup with standard tools");
    let location = text(&backup.result("callisto")["backup_location"]);
    let file = location.rsplit('/').next().unwrap().to_owned();
    let copy = cluster.database("callisto_copy");
    let script = format!(
        "aws s3 cp --no-progress {location} .\n\
         aws s3 cp --no-progress {location}.sha256 .\n\
         sha256sum -c {file}.sha256\n\
         gunzip -c {file} | psql -q -o /dev/null -v ON_ERROR_STOP=1 \"$EMPTY_DATABASE\""
    );
    for line in script.lines() {
        println!("$ {line}");
    }
    let folder = tools::open_folder("demo");
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", &script]).current_dir(folder.path()).env_clear();
    let path =
        [tools::tools_dir().join("bin"), cluster.bin_dir().to_owned(), "/usr/bin".into(), "/bin".into()];
    shell.env("PATH", std::env::join_paths(path).unwrap()).env("HOME", folder.path());
    shell.env("AWS_ACCESS_KEY_ID", trial.store.access_key());
    shell.env("AWS_SECRET_ACCESS_KEY", trial.store.secret_key());
    shell.env("AWS_DEFAULT_REGION", support::REGION).env("AWS_ENDPOINT_URL_S3", trial.store.endpoint());
    shell.env("EMPTY_DATABASE", copy.url());
    println!("{}", indented(&tools::succeed(&mut shell)));
    let (source, restored) = (trial.database("callisto"), &copy);
    for (table, rows) in source.row_counts() {
        println!("  {table:<20} {rows:>7} rows, {:>7} after the restore", restored.row_counts()[&table]);
    }
    assert_eq!(source.content_digest(), restored.content_digest(), "the restored rows differ");
    println!("  Every row's hash is the same in both databases.");
}

/// On a terminal: the same binary, with flags.
fn list(trial: &Trial) {
    title("On a terminal: `sponsor-backup list --sponsors callisto`");
    let run = trial.wire(Run::terminal()).args(["list", "--sponsors", "callisto"]);
    let outcome = run.run();
    outcome.assert_code(0);
    println!("{}", indented(&outcome.stdout));
}

/// Restores into a temporary server, and compares every table and statement.
fn drill(trial: &Trial) {
    title("Weekly, `drill`: prove that callisto's newest backup restores");
    let checks = "-- Every event belongs to a patient of the study.\n\
                  SELECT count(*) = 120000 FROM diary_events JOIN patients USING (patient_id);\n";
    println!("checks.sql, the sponsor's own checks:\n\n{}\n", indented(checks));
    let outcome = trial
        .run()
        .input("command", "drill")
        .input("sponsors", "callisto")
        .input("max-rpo", "6h")
        .input("max-rto", "30m")
        .file("checks.sql", checks)
        .input("drill-checks", "checks.sql")
        .run();
    show_step(&outcome);
    show_outputs(&outcome);
    println!("\nJob summary (GitHub renders this Markdown):\n");
    println!("{}", indented(&outcome.summary()));
    let location = outcome.output("drill_report");
    println!("\nThe report, {location}:\n");
    let (bucket, key) = split_location(&location);
    let report = trial.store.get_json(&bucket, &key);
    println!("{}", indented(&serde_json::to_string_pretty(&report).unwrap()));
    assert_eq!(report["status"], "passed", "the drill did not pass");
}

fn leave_nothing(cluster: Cluster, moto: Moto) {
    title("Clean up");
    let addresses = [format!("127.0.0.1:{}", cluster.port()), moto.endpoint().replace("http://", "")];
    let folder = cluster.folder().to_owned();
    drop((cluster, moto));
    for address in addresses {
        assert!(std::net::TcpStream::connect(&address).is_err(), "{address} still answers");
    }
    assert!(!folder.exists(), "{} still exists", folder.display());
    println!(
        "PostgreSQL and S3 have stopped, and their folders are removed. Doppler ends with this program."
    );
}

fn title(text: &str) {
    let line = format!("━━ {text} {}", "━".repeat(96_usize.saturating_sub(text.chars().count())));
    let bold = std::io::stdout().is_terminal();
    println!("\n{}", if bold { format!("\u{1b}[1m{line}\u{1b}[0m") } else { line });
}

/// The step's log as GitHub shows it: masked, with workflow commands rendered.
fn show_step(outcome: &Outcome) {
    outcome.assert_code(0);
    for line in outcome.visible().lines() {
        match runner::command(line) {
            None => println!("  │ {line}"),
            Some(command) => match command.name.as_str() {
                "group" => println!("  │ ▾ {}", command.data),
                "error" | "warning" | "notice" => {
                    let title =
                        command.properties.get("title").map(|title| format!("{title}: ")).unwrap_or_default();
                    let text = format!("{title}{}", command.data).replace('\n', "\n  │   ");
                    println!("  │ {}: {text}", command.name.to_uppercase());
                }
                _ => {}
            },
        }
    }
    println!("  └ exit code 0 after {:.1} s", outcome.took.as_secs_f64());
}

fn show_outputs(outcome: &Outcome) {
    println!("\nOutputs:");
    for (name, value) in outcome.outputs() {
        match serde_json::from_str::<Vec<Value>>(&value) {
            Ok(items) if items.iter().all(Value::is_object) => {
                println!("  {name} = [");
                items.iter().for_each(|item| println!("    {item}"));
                println!("  ]");
            }
            _ => println!("  {name} = {value}"),
        }
    }
}

fn indented(text: &str) -> String {
    text.trim_end().lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// A JSON string or number as plain text.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn split_location(location: &str) -> (String, String) {
    let rest = location.strip_prefix("s3://").expect("an s3:// location");
    let (bucket, key) = rest.split_once('/').expect("a key");
    (bucket.to_owned(), key.to_owned())
}
