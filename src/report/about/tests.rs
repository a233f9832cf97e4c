use super::*;

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
