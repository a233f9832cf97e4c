use proptest::prelude::*;

use super::*;
use crate::report::sample::result;

proptest! {
    #[test]
    fn no_line_of_a_foreign_text_is_a_command(
        text in "(\\PC|[ \t\n\r\u{1b}\u{85}:#]|::error::|##\\[group\\]|::stop-commands::){0,30}",
    ) {
        let inert = inert(&text);
        prop_assert!(!inert.contains(['\r', '\u{1b}']) && !inert.contains("##["), "{inert:?}");
        // The runner breaks lines at each of these.
        for line in inert.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']) {
            prop_assert!(!line.trim_start().starts_with("::"), "{line:?}");
        }
    }

    #[test]
    fn an_annotation_is_one_line_with_one_command(title in "(\\PC|[:,%\n\r]){0,30}", message in "(\\PC|[:%\n\r]){0,30}") {
        let command = annotation(Level::Error, &title, &message).command();
        prop_assert!(!command.contains(['\n', '\r']));
        let (head, data) = command.strip_prefix("::error title=").unwrap().split_once("::").unwrap();
        prop_assert!(!head.contains([':', ',']));
        let unescaped = data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%");
        prop_assert_eq!(unescaped, message);
    }
}

#[test]
fn texts_cannot_break_out_of_their_command() {
    assert_eq!(
        annotation(Level::Error, "a: b, c", "100%\n::set-output name=x::y\r").command(),
        "::error title=a%3A b%2C c::100%25%0A::set-output name=x::y%0D"
    );
    assert_eq!(mask("p\nq"), "::add-mask::p%0Aq");
}

#[test]
fn foreign_lines_are_inert() {
    for line in ["::error::x", "  ::stop-commands::x", "a ##[error]x"] {
        let inert = inert(line);
        assert!(!inert.trim_start().starts_with("::") && !inert.contains("##["), "{inert}");
    }
    assert_eq!(inert("plain :: text"), "plain :: text");
    assert_eq!(inert("table x\n::add-mask::{\nend"), "table x\n\u{200b}::add-mask::{\nend");
}

#[test]
fn eleven_failures_make_ten_annotations_and_the_last_counts() {
    let results: Vec<_> = (0..11).map(|n| result(&format!("s{n}"), Outcome::Failure)).collect();
    let shown: Vec<String> = annotations_of(&results).iter().map(Annotation::command).collect();
    assert_eq!(shown.len(), 10);
    assert!(shown[9].starts_with("::error title=2 more sponsors failed"), "{}", shown[9]);
    assert!(shown[0].starts_with("::error title=s0%3A dump failed::db.example.org"), "{}", shown[0]);
    assert!(shown[0].ends_with("%0ACorrect user and password in DATABASE_URL."));
}

#[test]
fn a_disabled_sponsor_is_a_warning_and_a_success_is_silent() {
    let shown = annotations_of(&[result("a", Outcome::Disabled), result("b", Outcome::Success)]);
    assert_eq!(shown.len(), 1);
    assert!(shown[0].command().starts_with("::warning title=a%3A no backup::"));
    let mut odd = result("c", Outcome::Success);
    odd.warnings.push("rows excluded by request: diary.*".to_owned());
    let shown = annotations_of(&[odd]);
    assert!(shown[0].command().starts_with("::warning title=c%3A warning::rows excluded"));
}
