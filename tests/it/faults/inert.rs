//! Foreign text can contain commands for the runner, Markdown for the summary, or escape sequences for a terminal. The
//! program prints it as plain text.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::{Action, Cluster, Outcome, Proxy, Run, Sponsor, Trial, Trouble, tools};

/// Commands that a runner, a terminal, Markdown or HTML would execute.
const ORDERS: [&str; 16] = [
    "::error title=owned::owned",
    "  ::warning::owned",
    "::add-mask::callisto",
    "::stop-commands::owned",
    "::set-output name=owned::owned",
    "##[group]owned",
    "##[error]owned",
    "over\r::error::owned",
    "over\u{1b}[2K\u{1b}[1Aowned",
    "owned<<ghadelimiter_owned",
    "outcome=success",
    "```",
    "| a | b |",
    "<img src=x onerror=owned()><details open><!--",
    "[owned](https://evil.example) https://evil.example www.evil.example",
    "@octocat #1 # owned",
];

/// The workflow commands that a run prints itself.
const OWN: [&str; 5] = ["add-mask", "error", "warning", "group", "endgroup"];

/// The text outside of code blocks, where Markdown and HTML take effect.
fn outside_of_code(summary: &str) -> String {
    let (mut outside, mut fence) = (String::new(), None::<String>);
    for line in summary.lines() {
        let ticks: String = line.chars().take_while(|character| *character == '`').collect();
        match &fence {
            Some(open) if ticks.len() >= open.len() && line == ticks => fence = None,
            Some(_) => {}
            None if ticks.len() >= 3 => fence = Some(ticks),
            None => {
                outside.push_str(line);
                outside.push('\n');
            }
        }
    }
    assert!(fence.is_none(), "a block has no end: {summary}");
    outside
}

/// The run printed only its own workflow commands, and wrote only its own outputs.
#[track_caller]
fn assert_inert(outcome: &Outcome, sponsor: &str) {
    let both = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(!both.contains(['\r', '\u{1b}']) && !both.contains("##["), "{}", outcome.transcript());
    let commands = both.lines().map(str::trim_start).filter_map(|line| line.strip_prefix("::"));
    let names: BTreeSet<&str> = commands.filter_map(|command| command.split([' ', ':']).next()).collect();
    assert!(names.iter().all(|name| OWN.contains(name)), "{names:?}: {}", outcome.transcript());
    assert!(!outcome.masks().contains(&"callisto".to_owned()), "{}", outcome.transcript());
    // The program's own annotation can quote foreign text. Foreign text must not become an annotation itself.
    for kind in ["error", "warning", "notice"] {
        for annotation in outcome.annotations(kind) {
            assert!(!annotation.starts_with("owned"), "{annotation}");
        }
    }
    let outputs = outcome.outputs();
    assert!(!outputs.contains_key("owned"), "{outputs:?}");
    assert_ne!(outputs["outcome"], "success");
    let outside = outside_of_code(&outcome.summary());
    for mark in
        ["<img", "<details open", "<!--", "](https://evil", "://evil", "www.evil", "@octocat", "| a | b |"]
    {
        assert!(!outside.contains(mark), "{mark} in {outside}");
    }
    assert_eq!(outcome.log(sponsor)["outcome"], "failure");
}

fn callisto() -> Trial {
    Trial::of([Sponsor::named("callisto").empty()])
}

/// - fault: pg_dump's stderr contains workflow commands, escape sequences, Markdown and HTML
/// - injected: A stand-in that prints `::error::`, `::add-mask::`, `::stop-commands::`, a group, carriage returns, an
///   output's delimiter, code fences, tables, tags, links and mentions
/// - seen: The failed dump, with `an error that is not shown`. Exit code 13
/// - left: Only our own annotations, masks, groups and outputs. A summary without foreign Markdown. A record without
///   the text
#[test]
fn what_pg_dump_says_is_not_repeated() {
    let trial = callisto();
    let folder = tools::open_folder("orders");
    let said = folder.path().join("said");
    std::fs::write(&said, ORDERS.join("\n")).unwrap();
    let real = |name: &str| Cluster::shared().bin_dir().join(name).display().to_string();
    let version = format!("if [ \"$1\" = --version ]; then exec {} --version; fi", real("pg_dump"));
    let scripts = [
        ("pg_dump", format!("{version}\n/bin/cat {} >&2\nexit 1", said.display())),
        ("psql", format!("exec {} \"$@\"", real("psql"))),
    ];
    for (name, script) in scripts {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let outcome = trial.run().path(folder.path()).run();
    outcome.assert_code(13);
    assert_inert(&outcome, "callisto");
    let message = outcome.log("callisto")["message"].as_str().unwrap().to_owned();
    assert!(!ORDERS.iter().any(|order| message.contains(order.trim())), "{message}");
    assert!(message.contains("an error that is not shown"), "{message}");
    let terminal = trial.wire(Run::terminal().args(["backup", "--outputs"])).path(folder.path()).run();
    assert!(!terminal.stderr.contains(['\r', '\u{1b}']), "{}", terminal.transcript());
    assert!(!terminal.stderr.contains("owned<<ghadelimiter_owned"), "{}", terminal.transcript());
}

/// - fault: An error of Doppler contains workflow commands, Markdown and HTML
/// - injected: The same text as `messages` of a 400, and of a 503 that the program retries
/// - seen: The error with this text as plain text. Exit code 12
/// - left: The same
#[test]
fn what_doppler_says_is_text() {
    let trial = callisto();
    let body = serde_json::json!({"messages": ORDERS}).to_string();
    for status in [503, 400] {
        let trouble = Trouble::Answer { status, headers: Vec::new(), body: body.clone() };
        trial.doppler.trouble_for(trial.token("callisto"), &trouble, 1);
    }
    let outcome = trial.run().run();
    outcome.assert_code(12);
    assert!(outcome.stdout.contains("status 503: "), "{}", outcome.transcript());
    assert_inert(&outcome, "callisto");
}

/// - fault: An error of S3 contains workflow commands, Markdown and HTML
/// - injected: The same text as `Message` and as `Code` of a 403 for every upload
/// - seen: The failure with this text as plain text. Exit code 14
/// - left: The same
#[test]
fn what_s3_says_is_text() {
    let words = ORDERS.join("\n").replace('&', "&amp;").replace('<', "&lt;").replace('\u{1b}', "");
    for body in [
        format!("<Error><Code>AccessDenied</Code><Message>{words}</Message></Error>"),
        format!("<Error><Code>{words}</Code><Message>no</Message></Error>"),
    ] {
        let trial = callisto();
        let proxy = Proxy::before(trial.store.endpoint());
        proxy.rule(move |seen| {
            let is_dump = seen.method == "PUT" && seen.path.contains(".sql.gz");
            if is_dump { Action::Status(403, body.clone()) } else { Action::Pass }
        });
        let outcome = trial.run().input("s3-endpoint-url", proxy.endpoint()).run();
        outcome.assert_code(14);
        assert!(outcome.stdout.contains("owned<<ghadelimiter_owned"), "{}", outcome.transcript());
        assert_inert(&outcome, "callisto");
    }
}

/// - fault: A field of the manifest contains workflow commands, Markdown and HTML
/// - injected: `region`, `repo` and `tag` of a disabled sponsor, and of an enabled one in the job matrix
/// - seen: The steps to enable the sponsor, with this text as plain text. The matrix with it as JSON. Exit code 0
/// - left: Only our own commands, masks and outputs
///
/// - fault: `reason` and `version` contain them
/// - injected: The same text in both inputs
/// - seen: The summary shows them as text. Exit code 0
/// - left: A record with the exact text
#[test]
fn what_people_type_is_text() {
    let words = ORDERS.join("\n");
    let quoted = serde_json::to_string(&words).unwrap();
    let manifest = format!(
        "sponsors:\n  - {{name: callisto, code: CAL, enabled: true, region: {quoted}, repo: {quoted}, tag: {quoted}}}\n"
    );
    let sponsor = Sponsor::named("callisto").empty().flag(None);
    let trial = Trial::plan([sponsor]).manifest(&manifest).start();
    // Without these, the steps show examples with the region of the manifest.
    for secret in ["SPONSOR_BACKUPS_BUCKET", "SPONSOR_AUDIT_LOGS_BUCKET", "SPONSOR_AWS_REGION"] {
        trial.secret("callisto", secret, None);
    }
    let run = trial.run().input("reason", words.clone()).input("version", words.clone());
    let outcome = run.run();
    outcome.assert_code(0);
    assert!(outcome.stdout.contains("cd infrastructure/terraform/sponsors/callisto && terraform apply"));
    assert_typed(&outcome);
    let log = outcome.log("callisto");
    assert_eq!((log["reason"].as_str(), log["version"].as_str()), (Some(words.trim()), Some(words.trim())));
    let matrix = trial.run().input("command", "matrix").run();
    matrix.assert_code(0);
    assert_typed(&matrix);
    let told: serde_json::Value = serde_json::from_str(&matrix.output("matrix")).unwrap();
    assert_eq!(told["include"][0]["region"], words.as_str());
}

#[track_caller]
fn assert_typed(outcome: &Outcome) {
    assert!(!outcome.stdout.contains(['\r', '\u{1b}']) && !outcome.stdout.contains("##["));
    let ours = outcome.stdout.lines().map(str::trim_start).filter(|line| line.starts_with("::"));
    for line in ours {
        let known = ["::add-mask::dp.", "::warning title=callisto%3A no backup::"];
        assert!(known.iter().any(|known| line.starts_with(known)), "{line}");
    }
    assert!(!outcome.outputs().contains_key("owned"), "{:?}", outcome.outputs());
    let outside = outside_of_code(&outcome.summary());
    for mark in ["<img", "<details open", "<!--", "](https://evil", "://evil", "@octocat"] {
        assert!(!outside.contains(mark), "{mark} in {outside}");
    }
}

/// - fault: A backup location in an input contains workflow commands, Markdown and HTML
/// - injected: The same text as `backup` of a `verify`, and as `backup-location` of a `record`
/// - seen: `holds no backup` with the text as plain text and exit code 14, or a usage error and exit code 2
/// - left: Only our own commands and outputs, and a table with only its own columns
#[test]
fn a_place_that_is_typed_is_text() {
    let trial = callisto();
    let place = format!("s3://{}/{}", trial.bucket("callisto"), ORDERS.join("\n"));
    let outcome = trial.run().input("command", "verify").input("backup", place.clone()).run();
    assert!([Some(2), Some(14)].contains(&outcome.code), "{}", outcome.transcript());
    let both = outcome.stdout.clone();
    assert!(!both.contains(['\r', '\u{1b}']) && !both.contains("##["), "{both}");
    assert!(outcome.annotations("error").iter().all(|annotation| !annotation.starts_with("owned")));
    let recorded = trial.run().input("command", "record").input("outcome", "success");
    let recorded = recorded.input("backup-location", place).run();
    recorded.assert_code(2);
    let summary = recorded.summary();
    for summary in [outcome.summary(), summary] {
        let rows = outside_of_code(&summary);
        let columns = |row: &str| row.replace("\\|", "").matches('|').count();
        let table: BTreeSet<usize> = rows.lines().filter(|line| line.starts_with('|')).map(columns).collect();
        assert!(table.len() <= 1, "{summary}");
    }
}
