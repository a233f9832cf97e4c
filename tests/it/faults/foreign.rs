//! Others say what they were given: children their environment, S3 and Doppler the request. Nothing of it is seen.

use std::os::unix::fs::PermissionsExt as _;

use secrecy::ExposeSecret as _;
use tempfile::TempDir;

use super::leaks::{PASSWORD, assert_unseen, canaries, trial};
use crate::support::{Action, Cluster, Doppler, Moto, Outcome, Proxy, Run, Sponsor, Trial, Trouble, tools};

/// pg_dump and psql as scripts; what is not spoiled is the real one.
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

/// In each way that a shell knows.
const TELL_ALL: &str = "exec >&2; /usr/bin/env; export -p; set; echo \"fatal: it was '$PGPASSWORD'\"; exit 1";

/// The two surroundings of a run, the first at debug level.
fn surroundings(command: &str) -> [Run; 2] {
    let debug = Run::workflow().env("RUNNER_DEBUG", "1").env("ACTIONS_STEP_DEBUG", "true");
    [debug.input("command", command), Run::terminal().args([command, "--outputs"])]
}

/// A private key that opens nothing here.
fn identity() -> String {
    age::x25519::Identity::generate().to_string().expose_secret().to_owned()
}

/// Nothing of this is printed or kept, in whatever spelling; the passwords have the word `canary` on each line.
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
/// - injected: a stand-in that prints `env`, `export -p` and `set` to stderr; at debug level and on a terminal
/// - seen: the failure of the dump, and that its words are not shown; exit 13
/// - left: no canary in streams, outputs, summary and records, in S3 and here
///
/// - fault: psql prints its environment when it fails
/// - injected: the same in place of psql
/// - seen: the same; exit 13
/// - left: the same
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

/// - fault: psql prints its environment while it restores
/// - injected: the same stand-in where a restore asks and loads; an age identity in the environment
/// - seen: the failure of the restore; exit 13 or 16
/// - left: no canary of the target's password, its URL or the identity, which is masked
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
/// - injected: 403 and 400 for the dump, the record and the listing, with the password, the URL, the AWS key, the session
///   token and the tokens as `Message`, as `Code`, or in a body that is no XML
/// - seen: the failure without them; exit 14 or 15
/// - left: no canary in streams, outputs, summary and records
#[test]
fn an_error_of_s3_shows_no_secret() {
    let moto = Moto::shared();
    let session = "session/canary+token==of-somebody";
    for (at, command, code) in [(".sql.gz", "backup", 14), ("deployment-", "backup", 15), ("", "list", 14)] {
        for (way, run) in (0..3).zip(surroundings(command).into_iter().chain(surroundings(command))) {
            let trial = trial(moto);
            let proxy = Proxy::before(moto.endpoint());
            let all = canaries(&trial, moto.secret_key());
            // What is never asked for cannot be known.
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
            // These keys win over Doppler's, which are the same, and bring a session token.
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
/// - injected: the AWS key as `x-amzn-requestid` of an error
/// - seen: `(request ***)`; exit 14
/// - left: no key in streams, outputs and summary
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
/// - injected: 400 with the token in `messages`, in `x-request-id` and in HTML; 503 with the core token that stays
/// - seen: the refusal with `***`; exit 12
/// - left: no token in streams, outputs, summary and records
///
/// - fault: Doppler sends the token elsewhere
/// - injected: 302 with the token in `Location`
/// - seen: `status 302`; exit 12
/// - left: no request there, and no token anywhere
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

/// - fault: a password that is also a word of what people need
/// - injected: the password `callisto`, the sponsor's own name, and the password `true`
/// - seen: a warning that names each output which GitHub hides; exit 0
/// - left: outputs, summary and record that tell the true bucket and sponsor
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
