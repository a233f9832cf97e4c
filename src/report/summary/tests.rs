use super::*;
use crate::report::sample::result;

const TITLE: Title<'_> = Title {
    subject: Subject::Backup,
    environment: "production",
    about: "2026-11-20 12:00:00 UTC",
    dry_run: false,
};

#[test]
fn the_verdict_comes_first_and_failures_say_what_to_do() {
    let results = [
        result("callisto", Outcome::Success),
        result("titan", Outcome::Failure),
        result("europa", Outcome::Disabled),
    ];
    crate::reviewed::text("summary", &of_results(TITLE, &results));
}

#[test]
fn ten_thousand_sponsors_fit_the_limit_and_are_all_listed() {
    let results: Vec<_> = (0..10_000).map(|n| result(&format!("sponsor-{n}"), Outcome::Success)).collect();
    let text = of_results(TITLE, &results);
    assert!(text.len() < 1 << 20, "{} bytes", text.len());
    assert_eq!(text.matches("✅\u{a0}backed\u{a0}up").count(), 10_000);
}

#[test]
fn ten_thousand_failures_fit_the_limit_and_the_rest_is_counted() {
    let results: Vec<_> = (0..10_000).map(|n| result(&format!("sponsor-{n}"), Outcome::Failure)).collect();
    let text = of_results(TITLE, &results);
    assert!(text.len() < 1 << 20, "{} bytes", text.len());
    assert!(text.contains("more. The output `results` has them all."));
}

#[test]
fn a_headline_counts_disabled_sponsors_separately() {
    let headline = |outcomes: &[Outcome]| {
        let results: Vec<_> = outcomes.iter().map(|outcome| result("callisto", *outcome)).collect();
        of_results(TITLE, &results).lines().next().unwrap().to_owned()
    };
    let (done, disabled) = (Outcome::Success, Outcome::Disabled);
    assert_eq!(
        [headline(&[done, disabled, done]), headline(&[disabled, disabled]), headline(&[done])],
        [
            "## ⚠️ Backup, production: 2 of 3 backed up, 1 not enabled",
            "## ⚠️ Backup, production: 2 of 2 not enabled, nothing backed up",
            "## ✅ Backup, production: 1 of 1 backed up",
        ]
    );
}

#[test]
fn a_message_cannot_end_its_own_block() {
    let text = of_failure(TITLE, "manifest", "a\n```\n# not a heading", Some("Do this."));
    assert!(text.contains("````text\na\n```\n# not a heading\n````\n"), "{text}");
}

#[test]
fn absent_facts_are_left_out_and_foreign_words_are_text() {
    let about = About {
        version: Some("v2.4.0"),
        reason: Some("<b>new</b> forms"),
        actor: Some("octocat"),
        run_id: Some("17"),
        attempt: Some("2"),
        url: Some("https://github.example/a/b/actions/runs/17"),
        at: Timestamp::UNIX_EPOCH,
        seconds: 12.34,
    };
    let end = "1970-01-01 00:00:00 UTC · 12.3s";
    let run = "[run 17, attempt 2](https://github.example/a/b/actions/runs/17)";
    assert_eq!(about.line(), format!("**v2.4.0** · &lt;b>new&lt;/b> forms · by octocat · {run} · {end}"));
    let none =
        About { version: None, reason: None, actor: None, run_id: None, attempt: None, url: None, ..about };
    assert_eq!(none.line(), end);
}
