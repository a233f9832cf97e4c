//! What a message says, and after which runs one is sent.

use serde_json::Value;

use super::{Sinks, assert_quiet, callisto, lose_database, warnings};
use crate::support::{Sponsor, Trial};

/// Slack's limits, checked as its server does.
fn assert_block_kit(message: &Value) {
    assert!(message.to_string().chars().count() < 12_000);
    let blocks = message["blocks"].as_array().unwrap();
    assert!((2..=50).contains(&blocks.len()), "{message:#}");
    assert_eq!(blocks[0]["type"], "header");
    assert!(blocks[0]["text"]["text"].as_str().unwrap().chars().count() <= 150);
    for block in &blocks[1..] {
        let text = match block["type"].as_str().unwrap() {
            "section" => &block["text"],
            "context" => &block["elements"][0],
            other => panic!("{other}"),
        };
        assert_eq!(text["type"], "mrkdwn");
        let text = text["text"].as_str().unwrap();
        assert!((1..3_000).contains(&text.chars().count()), "{text}");
    }
}

#[test]
fn each_outcome_is_notified_as_the_input_says() {
    let trial = callisto();
    let sinks = Sinks::start();
    let run = |notify: &str| sinks.wire(trial.run()).input("notify", notify);
    run("never").run().assert_code(0);
    run("failure").run().assert_code(0);
    run("always").input("dry-run", "true").run().assert_code(0);
    // The default of `backup`.
    sinks.wire(trial.run()).run().assert_code(0);
    assert_eq!((sinks.messages().len(), sinks.documents().len()), (0, 0));
    let outcome = run("always").input("version", "v1.4.2").run();
    outcome.assert_code(0);
    assert_quiet(&outcome);
    let [document] = <[Value; 1]>::try_from(sinks.documents()).unwrap();
    let result = outcome.result("callisto");
    for (key, expected) in [
        ("event", Value::from("backup")),
        ("outcome", "success".into()),
        ("exit_code", 0.into()),
        ("recovered", false.into()),
        ("environment", "production".into()),
        ("version", "v1.4.2".into()),
        ("actor", "hubot".into()),
        ("run_url", "https://github.example/cure-hht/hht_diary/actions/runs/17342009911".into()),
    ] {
        assert_eq!(document[key], expected, "{key}");
    }
    let part = &document["sponsors"][0];
    for (key, output) in [
        ("sponsor", "sponsor"),
        ("state", "state"),
        ("backup_location", "backup_location"),
        ("backup_size_bytes", "backup_size"),
        ("backup_sha256", "backup_sha256"),
    ] {
        assert_eq!(part[key], result[output], "{key}");
    }
    let text = sinks.messages()[0]["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("✅ Backup, production: succeeded\n<https://github.example/"), "{text}");
}

#[test]
fn one_run_is_one_message_and_a_recovery_is_reported_once() {
    let trial = Trial::of(["callisto", "titan"].map(|name| Sponsor::named(name).diary(1, 3)));
    let sinks = Sinks::start();
    let run = || sinks.wire(trial.run()).input("notify", "failure");
    let url = trial.database("titan").url();
    run().run().assert_code(0);
    assert_eq!(sinks.documents().len(), 0);

    lose_database(&trial, "titan");
    run().run().assert_code(13);
    let [failed] = <[Value; 1]>::try_from(sinks.documents()).unwrap();
    assert_eq!((&failed["outcome"], &failed["exit_code"]), (&"failure".into(), &13.into()));
    assert_eq!(failed["sponsors"][0]["outcome"], "success");
    let titan = &failed["sponsors"][1];
    assert_eq!((&titan["outcome"], &titan["stage"]), (&"failure".into(), &"dump".into()));
    let text = sinks.messages()[0]["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("❌ Backup, production: 1 of 2 failed\n*titan* (dump): "), "{text}");
    assert_block_kit(&sinks.messages()[0]);

    trial.secret("titan", "DATABASE_URL", Some(&url));
    run().run().assert_code(0);
    run().run().assert_code(0);
    let [_, recovered] = <[Value; 2]>::try_from(sinks.documents()).unwrap();
    assert_eq!((&recovered["outcome"], &recovered["recovered"]), (&"success".into(), &true.into()));
    let each = [&recovered["sponsors"][0]["recovered"], &recovered["sponsors"][1]["recovered"]];
    assert_eq!(each, [&Value::from(false), &Value::from(true)]);
    let text = sinks.messages()[1]["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("✅ Backup, production: recovered\nRecovered: titan\n"), "{text}");
}

/// Nor does the check mark claim more than is known.
#[test]
fn a_partial_backup_is_not_a_plain_success() {
    let trial = Trial::of([Sponsor::named("callisto").diary(1, 3)]);
    let sinks = Sinks::start();
    let run = sinks.wire(trial.run()).input("notify", "always");
    run.input("exclude-table-data", "diary_events").run().assert_code(0);
    let text = sinks.messages()[0]["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("⚠️ Backup, production: succeeded, 1 partial\n"), "{text}");
    let without = sinks.wire(trial.run().input("notify", "always")).env("SLACK_WEBHOOK_URL", "");
    let unheard = without.env("NOTIFY_WEBHOOK_URL", "").env("NOTIFY_WEBHOOK_SECRET", "").run();
    unheard.assert_code(0);
    assert!(unheard.annotations("warning").concat().contains("no message is sent"), "{}", unheard.visible());
}

/// A wrong input is seen by its author, and sends nothing.
#[test]
fn a_run_that_reaches_no_sponsor_is_notified() {
    let trial = callisto();
    let sinks = Sinks::start();
    let run = || sinks.wire(trial.run()).input("notify", "failure");
    run().input("compression", "brotli").run().assert_code(2);
    assert_eq!(sinks.documents().len(), 0);
    trial.manifest(Some("sponsors: 1"));
    run().run().assert_code(10);
    let [document] = <[Value; 1]>::try_from(sinks.documents()).unwrap();
    assert_eq!((&document["stage"], &document["sponsors"]), (&"manifest".into(), &Value::Array(vec![])));
    assert!(sinks.messages()[0]["text"].as_str().unwrap().contains("\n*manifest*: "));
    assert_block_kit(&sinks.messages()[0]);
    run().input("command", "matrix").run().assert_code(10);
    assert_eq!(sinks.documents()[1]["event"], "matrix");
}

/// Without any input: the fan-in job of a matrix reports what its legs did not.
#[test]
fn a_record_notifies_of_a_failed_deployment_or_backup() {
    let trial = callisto();
    let sinks = Sinks::start();
    let record = |outcome: &str, id: &str| {
        let run = sinks.wire(trial.run()).input("command", "record").input("outcome", outcome);
        run.env("GITHUB_RUN_ID", id).run().assert_code(0);
    };
    let url = trial.database("callisto").url();
    record("success", "1");
    record("skipped", "2");
    record("cancelled", "3");
    assert_eq!(sinks.documents().len(), 0);
    record("failure", "4");
    record("success", "5");
    // The backup is silent, and so the deployment is skipped.
    lose_database(&trial, "callisto");
    sinks.wire(trial.run()).env("GITHUB_RUN_ID", "6").run().assert_code(13);
    record("skipped", "6");
    trial.secret("callisto", "DATABASE_URL", Some(&url));
    record("success", "7");
    record("success", "8");
    let seen: Vec<(String, Value, bool)> = sinks
        .documents()
        .iter()
        .map(|document| {
            let part = &document["sponsors"][0];
            assert_eq!((&document["event"], &document["exit_code"]), (&"record".into(), &0.into()));
            (
                document["outcome"].as_str().unwrap().to_owned(),
                part["stage"].clone(),
                document["recovered"] == true,
            )
        })
        .collect();
    let expected = [
        ("failure", "deployment".into(), false),
        ("success", Value::Null, true),
        ("failure", "dump".into(), false),
        ("success", Value::Null, true),
    ];
    assert_eq!(seen, expected.map(|(outcome, stage, recovered)| (outcome.to_owned(), stage, recovered)));
}

#[test]
fn hostile_words_stay_words() {
    let trial = callisto();
    let sinks = Sinks::start();
    let hostile = "<!channel> *bold* `code` & <https://evil.example|run> \u{202e}\u{2067}".repeat(400);
    assert!(hostile.len() > 20_000);
    let stranger = "<!here>*x*\u{202e}";
    trial.secret(
        "callisto",
        "DATABASE_URL",
        Some(&format!("postgres://{stranger}:secret-of-app@127.0.0.1:1/app")),
    );
    let run = sinks.wire(trial.run()).input("notify", "failure").input("reason", &hostile);
    let outcome = run.input("version", "<@U1>\u{7}").run();
    assert!(outcome.code.is_some_and(|code| code > 2), "{}", outcome.transcript());
    let [message] = <[Value; 1]>::try_from(sinks.messages()).unwrap();
    assert_block_kit(&message);
    let shown = message.to_string();
    for forbidden in ["<!", "<@", "*bold*", "<https://evil", "`", "\u{202e}", "\u{2067}", "\\u0007"] {
        assert!(!shown.contains(forbidden), "{forbidden} in {shown}");
    }
    assert!(shown.contains("&lt;!channel&gt;"), "{shown}");
    let document = sinks.documents().remove(0);
    assert!(document["reason"].as_str().unwrap().starts_with("<!channel> *bold*"), "{document:#}");
    assert!(!document.to_string().contains('\u{202e}'));
    assert!(warnings(&outcome).is_empty());
}

/// A list that exceeds its limit has no record, and is notified all the same.
#[test]
fn a_command_without_records_is_notified_of_its_failure() {
    let trial = callisto();
    let sinks = Sinks::start();
    let list = || sinks.wire(trial.run()).input("command", "list").input("max-backup-age", "8h");
    list().input("notify", "failure").run().assert_code(17);
    assert_eq!(sinks.documents()[0]["event"], "list");
    assert_eq!(sinks.documents()[0]["sponsors"][0]["stage"], "proof");
    // A list does not prove that backups run.
    assert!(sinks.seen("ping").is_empty());
}
