//! Child processes, S3 and Doppler repeat what the program sent them: their environment or the request. The program
//! shows nothing of it.

use std::os::unix::fs::PermissionsExt as _;

use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::leaks::{PASSWORD, assert_unseen, canaries, trial};
use crate::support::{Action, Cluster, Doppler, Moto, Outcome, Proxy, Run, Sponsor, Trial, Trouble, tools};

/// pg_dump and psql as scripts. A program without a script is the real one.
fn clients(pg_dump: Option<&str>, psql: Option<&str>) -> TempDir {
    let folder = tools::open_folder("talkative");
    for (name, script) in [("pg_dump", pg_dump), ("psql", psql)] {
        let real = Cluster::shared().bin_dir().join(name).display().to_string();
        let version = format!("if [ \"$1\" = --version ]; then exec {real} --version; fi");
        let script = script.map_or_else(|| format!("exec {real} \"$@\""), str::to_owned);
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{version}\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

/// Every way in which a shell can print its environment.
const TELL_ALL: &str = "exec >&2; /usr/bin/env; export -p; set; echo \"fatal: it was '$PGPASSWORD'\"; exit 1";

/// The two settings of a run: a workflow at debug level, and a terminal.
fn surroundings(command: &str) -> [Run; 2] {
    let debug = Run::workflow().env("RUNNER_DEBUG", "1").env("ACTIONS_STEP_DEBUG", "true");
    [debug.input("command", command), Run::terminal().args([command, "--outputs"])]
}

/// A private key that decrypts nothing here.
fn identity() -> String {
    age::x25519::Identity::generate().to_string().expose_secret().to_owned()
}

/// No secret is printed or stored, in any encoding. The passwords contain `canary` on each line.
#[track_caller]
fn assert_silent(trial: &Trial, outcome: &Outcome) {
    assert_unseen(outcome, &canaries(trial, trial.store.secret_key()));
    let printed = format!("{}{}", outcome.stdout, outcome.stderr);
    let unmasked: String = printed.lines().filter(|line| !line.starts_with("::add-mask::")).collect();
    let everything = unmasked + &outcome.everything();
    assert!(!everything.contains("canary"), "{everything}");
    for bucket in [trial.bucket("callisto"), trial.log_bucket("callisto")] {
        for key in trial.store.keys_in(bucket) {
            let object = String::from_utf8_lossy(&trial.store.get(bucket, &key)).into_owned();
            let beside = format!("{:?}{:?}", trial.store.head(bucket, &key), trial.store.tags(bucket, &key));
            assert!(!object.contains("canary") && !beside.contains("canary"), "{key}: {object} {beside}");
        }
    }
}

/// - fault: pg_dump prints its environment when it fails
/// - injected: A stand-in that prints `env`, `export -p` and `set` to stderr, at debug level and on a terminal
/// - seen: The failed dump, with `an error that is not shown`. Exit code 13
/// - left: No secret in streams, outputs, summary and records, in S3 and in the workspace
///
/// - fault: psql prints its environment when it fails
/// - injected: The same stand-in instead of psql
/// - seen: The same. Exit code 13
/// - left: The same
#[test]
fn a_child_that_prints_its_environment_shows_no_password() {
    for clients in [clients(Some(TELL_ALL), None), clients(None, Some(TELL_ALL))] {
        for run in surroundings("backup") {
            let trial = trial(Moto::shared());
            let outcome = trial.wire(run).path(clients.path()).run();
            outcome.assert_code(13);
            let message = outcome.log("callisto")["message"].to_string();
            assert!(message.contains("an error that is not shown"), "{message}");
            assert_silent(&trial, &outcome);
        }
    }
}

/// - fault: psql prints its environment during a restore
/// - injected: The same stand-in for the queries and the load of a restore, with an age identity in the environment
/// - seen: The failed restore. Exit code 13 or 16
/// - left: No trace of the target's password, its URL or the identity, which is masked
#[test]
fn a_psql_that_prints_its_environment_shows_no_password() {
    let trial = trial(Moto::shared());
    trial.run().run().assert_code(0);
    let clients = clients(None, Some(TELL_ALL));
    for run in surroundings("restore") {
        let (target, identity) = (Cluster::shared().database_with_password("target", PASSWORD), identity());
        let run = trial.wire(run).env("TARGET_DATABASE_URL", target.url()).env("AGE_IDENTITY", &identity);
        let outcome = run.path(clients.path()).run();
        assert!([Some(13), Some(16)].contains(&outcome.code), "{}", outcome.transcript());
        let printed = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(printed.contains("an error that is not shown"), "{}", outcome.transcript());
        assert_unseen(&outcome, &[("target", target.url()), ("identity", identity.clone())]);
        assert_silent(&trial, &outcome);
        assert!(outcome.stdout.contains("::add-mask::") == outcome.masks().contains(&identity));
    }
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// - fault: S3 quotes secrets in its errors
/// - injected: 403 and 400 for the dump, the record and the listing, with the password, the URL, the AWS key, the
///   session token and the tokens as `Message`, as `Code`, or in a body that is not XML
/// - seen: The failure without them. Exit code 14 or 15
/// - left: No secret in streams, outputs, summary and records
#[test]
fn an_error_of_s3_shows_no_secret() {
    let moto = Moto::shared();
    let session = "session/canary+token==of-somebody";
    for (at, command, code) in [(".sql.gz", "backup", 14), ("deployment-", "backup", 15), ("", "list", 14)] {
        for (way, run) in (0..3).zip(surroundings(command).into_iter().chain(surroundings(command))) {
            let trial = trial(moto);
            let proxy = Proxy::before(moto.endpoint());
            let all = canaries(&trial, moto.secret_key());
            // The program never requests this secret, so it cannot recognize it.
            let known = all.iter().filter(|(name, _)| *name != "foreign secret");
            let quoted: Vec<String> = known.map(|(_, canary)| xml(canary)).collect();
            let quoted = format!("{} {session}", quoted.join(" "));
            let (status, body) = match way {
                0 => (403, format!("<Error><Code>AccessDenied</Code><Message>{quoted}</Message></Error>")),
                1 => (400, format!("<Error><Code>{quoted}</Code><Message>no</Message></Error>")),
                _ => (403, format!("<html>{quoted}")),
            };
            proxy.rule(move |seen| {
                let meant = if at.is_empty() { seen.method == "GET" } else { seen.method == "PUT" };
                let spoiled = meant && seen.path.contains(at);
                if spoiled { Action::Status(status, body.clone()) } else { Action::Pass }
            });
            // These keys have priority over the same keys from Doppler, and come with a session token.
            trial.secret("callisto", "SPONSOR_AWS_ACCESS_KEY_ID", None);
            trial.secret("callisto", "SPONSOR_AWS_SECRET_ACCESS_KEY", None);
            let run = trial.wire(run).input("s3-endpoint-url", proxy.endpoint());
            let run = run.env("AWS_ACCESS_KEY_ID", moto.access_key()).env("AWS_SESSION_TOKEN", session);
            let outcome = run.env("AWS_SECRET_ACCESS_KEY", moto.secret_key()).run();
            outcome.assert_code(code);
            let printed = format!("{}{}", outcome.stdout, outcome.stderr);
            assert_eq!(printed.contains("***"), way < 2, "{}", outcome.transcript());
            assert_silent(&trial, &outcome);
        }
    }
}

/// - fault: S3 quotes a secret in a header
/// - injected: The AWS key as `x-amzn-requestid` of an error
/// - seen: `(request ***)`. Exit code 14
/// - left: No key in streams, outputs and summary
#[test]
fn a_header_of_s3_shows_no_secret() {
    let moto = Moto::shared();
    let trial = trial(moto);
    trial.secret("callisto", "SPONSOR_BACKUPS_BUCKET", Some("hht-nowhere"));
    let proxy = Proxy::before(moto.endpoint());
    let key = "wJalrXUtnFEMI/canary/bPxRfiCYEXAMPLEKEY";
    trial.secret("callisto", "SPONSOR_AWS_SECRET_ACCESS_KEY", Some(key));
    proxy.rule(move |_| Action::ChangeHeader("x-amzn-requestid", key.to_owned()));
    for run in surroundings("list") {
        let outcome = trial.wire(run).input("s3-endpoint-url", proxy.endpoint()).run();
        outcome.assert_code(14);
        let printed = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(printed.contains("(request ***)"), "{}", outcome.transcript());
        assert_silent(&trial, &outcome);
    }
}

/// - fault: Doppler quotes the token in its errors
/// - injected: 400 with the token in `messages`, in `x-request-id` and in HTML. 503 for every request, with the core
///   token
/// - seen: The error with `***` instead of the token. Exit code 12
/// - left: No token in streams, outputs, summary and records
///
/// - fault: Doppler redirects to another server, with the token in the URL
/// - injected: 302 with the token in `Location`
/// - seen: `status 302`. Exit code 12
/// - left: No request to the other server, and no token in any output
#[test]
fn an_error_of_dopplers_shows_no_token() {
    let trial = trial(Moto::shared());
    let elsewhere = Doppler::start();
    let token = trial.token("callisto").to_owned();
    let json = format!(r#"{{"messages":["bad token {token}","Bearer%20{token}"],"success":false}}"#);
    let answers = [
        (400, "x-request-id", token.clone(), json),
        (400, "x-request-id", token.clone(), format!("<html>{token}")),
        (302, "location", format!("{}/?token={token}", elsewhere.url()), String::new()),
    ];
    for (status, name, value, body) in answers {
        for run in surroundings("backup") {
            let headers = vec![(name, value.clone())];
            let trouble = Trouble::Answer { status, headers, body: body.clone() };
            trial.doppler.trouble_for(&token, &trouble, 1);
            let outcome = trial.wire(run).run();
            outcome.assert_code(12);
            let message = outcome.log("callisto")["message"].to_string();
            assert_eq!(message.contains("(request ***)"), status == 400, "{message}");
            assert_silent(&trial, &outcome);
        }
    }
    assert_eq!(elsewhere.requests().len(), 0);
    let core = trial.core_token.clone();
    let body = format!(r#"{{"messages":["{core}"]}}"#);
    trial.doppler.trouble_for(&core, &Trouble::Answer { status: 503, headers: Vec::new(), body }, 5);
    let outcome = trial.run().run();
    outcome.assert_code(12);
    assert!(outcome.stdout.contains("status 503: ***"), "{}", outcome.transcript());
    assert_silent(&trial, &outcome);
}

/// - fault: A password equals a common value in outputs
/// - injected: The password `callisto`, which is the sponsor's name, and the password `true`
/// - seen: A warning for each output that GitHub hides. Exit code 0
/// - left: Outputs, summary and record with the correct bucket and sponsor
#[test]
fn a_password_that_is_a_word_changes_no_fact() {
    for password in ["callisto", "true"] {
        let trial = Trial::of([Sponsor::named("callisto").empty().password(password)]);
        let location = format!("s3://{}/", trial.bucket("callisto"));
        let workflow = trial.run().run();
        workflow.assert_code(0);
        assert!(workflow.output("backup_location").starts_with(&location));
        assert_eq!(workflow.output("sponsors"), "[\"callisto\"]");
        assert!(workflow.summary().contains(&location), "{}", workflow.summary());
        let warned = workflow.annotations("warning").join("\n").contains("output backup_location is hidden");
        assert_eq!(warned, password == "callisto");
        let terminal = trial.wire(Run::terminal().args(["backup", "--outputs"])).run();
        terminal.assert_code(0);
        assert!(terminal.stdout.contains(&location), "{}", terminal.transcript());
        for outcome in [workflow, terminal] {
            let log = outcome.log("callisto");
            assert_eq!(log["sponsor"], "callisto");
            assert!(log["backup_location"].as_str().unwrap().starts_with(&location), "{log}");
        }
    }
}
