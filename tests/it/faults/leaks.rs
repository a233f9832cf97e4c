//! Secrets never appear in any output: logs, outputs, summary, records, objects or command lines. This holds for every
//! failure.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{Database, Moto, Outcome, Run, Running, Sponsor, Store, StrictS3, Trial, tools};

/// Two lines, and every character that any format quotes.
pub(super) const PASSWORD: &str = "p@:/?#%&+ '\"\\canary\nsecond-canary";

/// Every secret value of a trial, by name.
pub(super) fn canaries(trial: &Trial, secret_key: &str) -> Vec<(&'static str, String)> {
    let database = trial.database("callisto");
    let url = database.url();
    let encoded = url.split(['@', ':']).nth(2).unwrap().to_owned();
    assert!(encoded.contains("canary") && encoded != PASSWORD, "{encoded}");
    vec![
        ("core token", trial.core_token.clone()),
        ("token", trial.token("callisto").to_owned()),
        ("database URL", url),
        ("password", PASSWORD.to_owned()),
        ("encoded password", encoded),
        ("secret key", secret_key.to_owned()),
        ("foreign secret", "canary-secret-of-another-service".to_owned()),
    ]
}

pub(super) fn assert_unseen(outcome: &Outcome, canaries: &[(&str, String)]) {
    // Only the commands that announce a mask to the runner contain a secret.
    let printed = format!("{}{}", outcome.stdout, outcome.stderr);
    let unmasked: String = printed.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
    let everything = outcome.everything();
    for (name, canary) in canaries {
        assert!(!unmasked.contains(canary), "{name} was printed: {}", outcome.transcript());
        assert!(!everything.contains(canary), "{name} is seen in {everything}");
    }
}

pub(super) fn trial(store: &Store) -> Trial {
    Trial::plan([Sponsor::named("callisto").password(PASSWORD).diary(2, 5)]).store(store).start()
}

// serves: 11.10(d)/hidden-secrets
/// - fault: A successful backup handles secrets
/// - injected: Canaries in the tokens, the URL, a password with special characters and a newline, the AWS key and a
///   foreign secret
/// - seen: Six masks, and no canary. Exit code 0
/// - left: Outputs that reach the next job, and no canary in any object
#[test]
fn a_successful_backup_masks_every_secret_and_nothing_else() {
    let strict = StrictS3::start();
    let trial = trial(&strict);
    let canaries = canaries(&trial, strict.secret_key());
    let outcome = trial.run().run();
    outcome.assert_code(0);
    assert_unseen(&outcome, &canaries);
    let masks = outcome.masks();
    for (name, canary) in canaries.iter().filter(|(name, _)| *name != "foreign secret") {
        assert!(masks.contains(canary), "{name} is not masked");
    }
    assert_eq!(masks.len(), 6, "an allowlist: {masks:?}");
    let jobs = outcome.job_outputs();
    for name in [
        "backup_location",
        "backup_size",
        "backup_sha256",
        "deployment_log",
        "results",
        "outcome",
        "sponsors",
    ] {
        assert!(jobs.contains_key(name), "{name} does not reach the next job: {jobs:?}");
    }
    for bucket in [trial.bucket("callisto"), trial.log_bucket("callisto")] {
        for key in strict.keys_in(bucket) {
            let object = String::from_utf8_lossy(&strict.get(bucket, &key)).into_owned();
            for (name, canary) in &canaries {
                assert!(!object.contains(canary), "{name} in {key}");
            }
        }
    }
    let asked = trial.doppler.requests();
    assert!(
        asked.iter().all(|asked| !asked.over_broad && !asked.secrets.contains(&"STRIPE_API_KEY".to_owned()))
    );
}

// serves: 11.10(d)/hidden-secrets
/// - fault: Each stage fails while it handles secrets
/// - injected: A revoked token, a missing region, an invalid parameter, a wrong password, a missing backup bucket and a
///   missing log bucket, in a workflow and on a terminal
/// - seen: The failure of that stage without a canary. Exit code 12 to 15
/// - left: No canary in outputs, summary and records
#[test]
fn no_stage_that_fails_shows_a_secret() {
    type Spoil = fn(&Trial);
    let spoiled: [(i32, Spoil); 6] = [
        (12, |trial| trial.doppler.revoke(trial.token("callisto"))),
        (12, |trial| trial.secret("callisto", "SPONSOR_AWS_REGION", None)),
        (13, |trial| {
            let url = trial.database("callisto").url();
            trial.secret("callisto", "DATABASE_URL", Some(&format!("{url}?sslmod=require")));
        }),
        (13, |trial| {
            let database = trial.database("callisto");
            database.psql(&format!("ALTER ROLE \"{}\" PASSWORD 'another'", database.user));
        }),
        (14, |trial| trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some("hht-nowhere"))),
        (15, |trial| trial.secret("callisto", "SPONSOR_AUDIT_LOGS_BUCKET", Some("hht-nowhere"))),
    ];
    // The strict server accepts objects for buckets that do not exist.
    let moto = Moto::shared();
    for (code, spoil) in spoiled {
        for run in [Run::workflow(), Run::terminal().args(["backup", "--outputs"])] {
            // One trial per run: two backups in the same second would get the same key.
            let trial = trial(moto);
            let canaries = canaries(&trial, moto.secret_key());
            spoil(&trial);
            let outcome = trial.wire(run).run();
            outcome.assert_code(code);
            assert_unseen(&outcome, &canaries);
        }
    }
}

/// Locks a table until it is dropped, so that pg_dump waits.
struct Lock(std::process::Child);

impl Lock {
    fn on(table: &str, database: &Database) -> Self {
        let mut psql = Command::new(tools::distribution_bin_dir().join("psql"));
        psql.env_clear().env("PGPASSWORD", &database.password);
        psql.args(["-Xqt", "-h", "127.0.0.1", "-U", &database.user, "-d", &database.name, "-p"]);
        psql.arg(database.port.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = psql.spawn().unwrap();
        let script = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;\n\\echo locked\n");
        child.stdin.as_mut().unwrap().write_all(script.as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "locked\n");
        Self(child)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The end of its input ends psql and its transaction.
        drop(self.0.stdin.take());
        let _ended = self.0.wait();
    }
}

fn read(pid: u32, file: &str) -> Option<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/{file}")).ok()?;
    Some(String::from_utf8_lossy(&bytes).replace('\0', " "))
}

/// The pid of pg_dump once it runs. The calls of psql and `pg_dump --version` before it do not count.
fn pg_dump_of(running: &Running) -> u32 {
    tools::wait_for("pg_dump", Duration::from_secs(30), || {
        let commands =
            running.children().into_iter().map(|pid| (pid, read(pid, "cmdline").unwrap_or_default()));
        commands.into_iter().find(|(_, command)| command.contains("/pg_dump --format")).map(|(pid, _)| pid)
    })
}

// serves: 11.10(d)/hidden-secrets
/// - fault: Other users of the machine inspect the processes
/// - injected: `/proc/*/cmdline` and `environ` while pg_dump runs
/// - seen: Success. Exit code 0
/// - left: No canary in any command line, and only pg_dump's own password in its environment
#[test]
fn no_command_line_holds_a_secret_and_pg_dump_inherits_nothing() {
    let strict = StrictS3::start();
    let trial = trial(&strict);
    let database = trial.database("callisto");
    let lock = Lock::on("diary_events", database);
    let running = trial.run().start();
    let pid = pg_dump_of(&running);
    let (command, environment) = (read(pid, "cmdline").unwrap(), read(pid, "environ").unwrap());
    let own = read(running.pid(), "cmdline").unwrap();
    drop(lock);
    let outcome = running.wait();
    outcome.assert_code(0);
    for (name, canary) in canaries(&trial, strict.secret_key()) {
        assert!(!command.contains(&canary) && !own.contains(&canary), "{name} in {command} or {own}");
        assert!(name == "password" || !environment.contains(&canary), "{name} in pg_dump's environment");
    }
    assert!(!command.contains(&database.user), "the connection stands in the environment: {command}");
    for variable in ["PGPASSWORD=", "PGTZ=UTC", "PGAPPNAME=sponsor-backup"] {
        assert!(environment.contains(variable), "{variable}");
    }
    for inherited in ["GITHUB_", "INPUT_", "DOPPLER", "AWS_", "HOME="] {
        assert!(!environment.contains(inherited), "{inherited} in pg_dump's environment");
    }
}

/// - fault: A person writes a secret into `version` or `reason`
/// - injected: The sponsor's token in both, for a backup, a record and a hold
/// - seen: `***` instead of it. Exit code 0
/// - left: No token in any backup, record or manifest
#[test]
fn no_document_keeps_a_secret_that_a_person_wrote_into_a_reason() {
    let trial = Trial::of([Sponsor::named("callisto").in_folders()]);
    let token = trial.token("callisto").to_owned();
    let told = |run: Run| run.input("version", format!("v1-{token}")).input("reason", format!("is {token}"));
    told(trial.run()).run().assert_code(0);
    told(trial.run()).input("command", "record").input("outcome", "success").run().assert_code(0);
    let reason = format!("is {token}");
    let hold = trial.wire(Run::terminal()).args(["hold", "add", "--reason", &reason]).run();
    hold.assert_code(0);
    let mut reasons = 0;
    for place in [trial.backups("callisto"), trial.records("callisto")] {
        for key in place.keys().into_iter().filter(|key| key.ends_with(".json")) {
            let document = String::from_utf8(place.get(&key)).unwrap();
            assert!(!document.contains(&token), "{key}: {document}");
            reasons += document.matches("is ***").count();
        }
    }
    assert_eq!(reasons, 4, "in the manifest's metadata and in three records");
}
