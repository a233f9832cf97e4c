use proptest::prelude::*;
use serde_json::Value;

use super::ping::{Signal, body};
use super::*;
use crate::record::recovery::FailedBackup;
use crate::report::sample::result;
use crate::secrets::Secret;
use secrecy::ExposeSecret as _;

fn run(exit_code: u8) -> NotifyingRun {
    NotifyingRun {
        id: "msg_1".to_owned(),
        command: "backup",
        subject: Subject::Backup,
        environment: "production".to_owned(),
        exit_code,
        is_stopped: false,
        at: "2026-11-20T12:00:00Z".parse().unwrap(),
        version: Some("v1.4.2".to_owned()),
        reason: None,
        actor: Some("hubot".to_owned()),
        url: Some("https://github.example/o/r/actions/runs/1".to_owned()),
    }
}

fn part(sponsor: &str, outcome: Outcome) -> SponsorPart {
    let code = (outcome == Outcome::Failure).then_some(13);
    SponsorPart::new(&result(sponsor, outcome), code, &EarlierEvents::default(), None)
}

fn slack_of(notification: &Notification) -> Value {
    serde_json::from_str(&slack::message(notification)).unwrap()
}

/// The limits of Block Kit, and ours for the whole.
fn assert_valid(message: &Value) {
    let whole = message.to_string();
    assert!(whole.chars().count() < 12_000, "{}", whole.chars().count());
    assert!(message["text"].as_str().is_some_and(|text| !text.is_empty()));
    let blocks = message["blocks"].as_array().unwrap();
    assert!(blocks.len() <= 50);
    for block in blocks {
        let (text, limit) = match block["type"].as_str().unwrap() {
            "header" => (&block["text"], 150),
            "section" => (&block["text"], 3_000),
            "context" => {
                assert_eq!(block["elements"].as_array().unwrap().len(), 1);
                (&block["elements"][0], 3_000)
            }
            other => panic!("{other}"),
        };
        assert!((1..limit).contains(&text["text"].as_str().unwrap().chars().count()), "{text}");
        assert!(text["type"] == "mrkdwn" && text["verbatim"] == true || text["type"] == "plain_text");
    }
}

#[test]
fn a_message_names_what_failed_and_why() {
    let parts = vec![part("callisto", Outcome::Success), part("titan", Outcome::Failure)];
    let message = slack_of(&Notification::new(run(13), parts));
    assert_valid(&message);
    let text = message["text"].as_str().unwrap();
    assert!(
        text.starts_with("❌ Backup, production: 1 of 2 failed\n*titan* (dump): db.example.org"),
        "{text}"
    );
    assert!(text.ends_with("\n<https://github.example/o/r/actions/runs/1|run>"), "{text}");
    assert!(!text.contains("callisto"), "{text}");
    let about = &message["blocks"][2]["elements"][0]["text"];
    let version = env!("CARGO_PKG_VERSION");
    let link = "<https://github.example/o/r/actions/runs/1|run>";
    assert_eq!(about, &format!("{link} · version v1.4.2 · by hubot · sponsor-backup {version}"));
}

#[test]
fn of_many_failures_twenty_are_shown() {
    let parts = (0..57).map(|number| part(&format!("s{number}"), Outcome::Failure)).collect();
    let message = slack_of(&Notification::new(run(13), parts));
    assert_valid(&message);
    let text = message["text"].as_str().unwrap();
    assert_eq!(text.matches("(dump): db.example.org").count(), 20, "{text}");
    assert!(text.contains("\n… and 37 more\n"), "{text}");
    assert!(text.starts_with("❌ Backup, production: 57 of 57 failed"), "{text}");
}

#[test]
fn foreign_marks_have_no_effect() {
    let mut bad = part("titan", Outcome::Failure);
    bad.message = Some("<!channel> *b* _i_ pg_dump `c` ~s~ & <https://x|y>\n> q\0\u{202e}".to_owned());
    let message = slack_of(&Notification::new(run(13), vec![bad]));
    assert_valid(&message);
    let shown = message["blocks"][1]["text"]["text"].as_str().unwrap();
    let expected = "&lt;!channel&gt; ∗b∗ ＿i＿ pg_dump ˋcˋ ∼s∼ &amp; &lt;https://x|y&gt; &gt; q";
    assert_eq!(shown, format!("*titan* (dump): {expected}"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_is_in_it_a_message_keeps_to_the_limits(
        message in "(\\PC|[<>&*_~`\"\\\\\u{0}\u{202e}\n]|<!here>){0,60}",
        reason in "(\\PC|[<>&\"\\\\]){0,60}",
        repeated in 0_usize..40,
        url in "(https://)?[ -~]{0,400}",
        failed in 0_usize..60,
        recovered in 0_usize..60,
    ) {
        let (message, reason) = (message.repeat(repeated), reason.repeat(repeated));
        let bad = (0..failed).map(|number| {
            SponsorPart { message: Some(message.clone()), ..part(&format!("s{number}"), Outcome::Failure) }
        });
        let well = (0..recovered).map(|number| {
            SponsorPart { recovered: true, ..part(&format!("{number}{}", "r".repeat(80)), Outcome::Success) }
        });
        let run = NotifyingRun { reason: Some(reason), url: Some(url), ..run(13) };
        let whole = Notification::new(run, bad.chain(well).collect());
        let shown = slack_of(&whole);
        assert_valid(&shown);
        let told = shown.to_string();
        for forbidden in ["<!", "<@", "\u{202e}"] {
            prop_assert!(!told.contains(forbidden), "{}", told);
        }
        // Of links, only that to the run.
        prop_assert!(told.matches('<').count() == told.matches("|run>").count());
        let refused = NotifyingRun { reason: None, ..super::tests::run(10) };
        assert_valid(&slack_of(&Notification::of_a_refusal(refused, "manifest", &message)));
        prop_assert!(body(&whole).len() <= 100_000);
    }
}

#[test]
fn a_message_is_sent_after_a_failure_and_its_recovery() {
    let failing = Notification::new(run(13), vec![part("titan", Outcome::Failure)]);
    let well = Notification::new(run(0), vec![part("titan", Outcome::Success)]);
    let recovering = SponsorPart { recovered: true, ..part("titan", Outcome::Success) };
    let recovered = Notification::new(run(0), vec![recovering, part("rhea", Outcome::Disabled)]);
    let stopped = Notification::new(NotifyingRun { is_stopped: true, ..run(143) }, Vec::new());
    let disabled = Notification::new(run(0), vec![part("titan", Outcome::Disabled)]);
    for (notification, outcome, on_failure) in [
        (&failing, "failure", true),
        (&well, "success", false),
        (&recovered, "success", true),
        (&stopped, "cancelled", true),
        (&disabled, "disabled", false),
        (&Notification::of_a_refusal(run(10), "manifest", "none"), "failure", true),
    ] {
        assert_eq!(notification.outcome.name(), outcome);
        assert_eq!(notification.is_wanted(NotifyWhen::Failure), on_failure, "{outcome}");
        assert!(notification.is_wanted(NotifyWhen::Always));
        assert!(!notification.is_wanted(NotifyWhen::Never));
    }
    assert!(slack_of(&recovered)["text"].as_str().unwrap().contains("recovered\nRecovered: titan"));
}

/// In a matrix, the record is the one job that sees all: also that a deployment was skipped because a backup failed.
#[test]
fn a_record_reports_the_deployment_and_the_backup_before_it() {
    let saved = result("titan", Outcome::Success);
    let failed =
        FailedBackup { stage: Some("dump".to_owned()), message: Some("connection refused".to_owned()) };
    let without_backup = EarlierEvents { follows_failure: false, failed_backup: Some(failed) };
    for (earlier, deployed, outcome, line) in [
        (EarlierEvents::default(), RecordedOutcome::Success, "success", "titan: success"),
        (EarlierEvents::default(), RecordedOutcome::Skipped, "skipped", "titan: skipped"),
        (EarlierEvents::default(), RecordedOutcome::Cancelled, "cancelled", "titan: cancelled"),
        (
            EarlierEvents::default(),
            RecordedOutcome::Failure,
            "failure",
            "titan: failure (deployment): the deployment failed",
        ),
        (without_backup, RecordedOutcome::Skipped, "failure", "titan: failure (dump): connection refused"),
    ] {
        let part = SponsorPart::new(&saved, None, &earlier, Some(deployed));
        assert_eq!(part.line(), line);
        let whole = Notification::new(run(0), vec![part]);
        assert_eq!(whole.outcome.name(), outcome);
        assert_eq!(whole.is_wanted(NotifyWhen::Failure), outcome == "failure", "{line}");
        let signal = Signal::of_part(&whole.sponsors[0], &whole);
        let expected = match outcome {
            "success" => Signal::Success,
            "failure" => Signal::Fail,
            _ => Signal::Log,
        };
        assert_eq!((signal, Signal::of_run(&whole)), (expected, expected), "{line}");
    }
}

#[test]
fn a_signal_is_a_path_of_its_check() {
    let rid = uuid::Uuid::nil();
    let url = |signal: Signal, check: &str| signal.url(&Secret::from(check), rid).expose_secret().to_owned();
    for (signal, expected) in [
        (Signal::Start, "https://hc.example/key/start?rid="),
        (Signal::Success, "https://hc.example/key?rid="),
        (Signal::Failed(13), "https://hc.example/key/13?rid="),
        (Signal::Fail, "https://hc.example/key/fail?rid="),
        (Signal::Log, "https://hc.example/key/log?rid="),
    ] {
        assert_eq!(url(signal, "https://hc.example/key"), format!("{expected}{rid}"));
        assert_eq!(url(signal, "https://hc.example/key/"), format!("{expected}{rid}"));
    }
    assert_eq!(
        url(Signal::Fail, "https://hc.example/a?create=1"),
        format!("https://hc.example/a/fail?create=1&rid={rid}")
    );
}
