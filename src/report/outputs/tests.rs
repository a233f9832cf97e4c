use super::*;
use crate::report::overall;
use crate::report::sample::result;
use crate::verification::Outcome;

#[test]
fn one_sponsor_has_its_own_outputs_and_several_only_results() {
    let one = [result("callisto", Outcome::Success)];
    let one = of_results(&one, overall(&one));
    assert!(one.contains(&("backup_size", "13421773".to_owned())));
    let two = [result("callisto", Outcome::Success), result("titan", Outcome::Failure)];
    let two = of_results(&two, overall(&two));
    assert!(two.contains(&("outcome", "failure".to_owned())));
    assert!(two.contains(&("backup_location", String::new())));
    assert!(two.contains(&("sponsors", "[\"callisto\",\"titan\"]".to_owned())));
}

#[test]
fn results_have_just_the_keys_that_workflows_read() {
    let json = serde_json::to_value(result("callisto", Outcome::Success)).unwrap();
    let keys: Vec<&String> = json.as_object().unwrap().keys().collect();
    let mut expected = [
        "sponsor",
        "outcome",
        "state",
        "stage",
        "message",
        "backup_location",
        "backup_size",
        "backup_sha256",
        "deployment_log",
        "duration_seconds",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
}

#[test]
fn an_output_with_a_masked_value_gets_a_warning_by_name_only() {
    let results = [result("callisto", Outcome::Success)];
    let masks = BTreeSet::from(["diary".to_owned(), "not there".to_owned()]);
    let warnings = dropped(&of_results(&results, overall(&results)), &masks);
    let warnings: Vec<String> = warnings.iter().map(Annotation::command).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].starts_with("::warning title=output backup_location is hidden::"));
    assert!(warnings.iter().all(|warning| !warning.contains("diary")));
}

#[test]
fn every_output_that_is_set_is_defined() {
    let set = of_results(&[], overall(&[]));
    assert!(set.iter().all(|(name, _)| DEFINITIONS.iter().any(|definition| definition.name == *name)));
}

#[test]
fn the_heredoc_form_keeps_lines_and_lines_do_not_break() {
    assert_eq!(heredoc(&[("message", "a\nb=c".to_owned())], "D"), "message<<D\na\nb=c\nD\n");
    assert_eq!(lines(&[("message", "a\nb".to_owned())]), "message=a\\nb\n");
}
