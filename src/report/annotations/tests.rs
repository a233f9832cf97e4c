use super::*;
use crate::report::sample::result;

#[test]
fn eleven_failures_make_ten_annotations_and_the_last_counts() {
    let results: Vec<_> = (0..11).map(|n| result(&format!("s{n}"), Outcome::Failure)).collect();
    let shown: Vec<String> = of_results(&results).iter().map(Annotation::command).collect();
    assert_eq!(shown.len(), 10);
    assert!(shown[9].starts_with("::error title=2 more sponsors failed"), "{}", shown[9]);
    assert!(shown[0].starts_with("::error title=s0%3A dump failed::db.example.org"), "{}", shown[0]);
    assert!(shown[0].ends_with("%0ACorrect user and password in DATABASE_URL."));
}

#[test]
fn a_disabled_sponsor_is_a_warning_and_a_success_is_silent() {
    let shown = of_results(&[result("a", Outcome::Disabled), result("b", Outcome::Success)]);
    assert_eq!(shown.len(), 1);
    assert!(shown[0].command().starts_with("::warning title=a%3A no backup::"));
    let mut odd = result("c", Outcome::Success);
    odd.warnings.push("rows excluded by request: diary.*".to_owned());
    let shown = of_results(&[odd]);
    assert!(shown[0].command().starts_with("::warning title=c%3A warning::rows excluded"));
}
