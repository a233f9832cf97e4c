use super::*;

#[test]
fn only_a_record_of_ours_of_this_second_is_a_trace() {
    let at: Timestamp = "2026-11-20T12:59:55Z".parse().unwrap();
    let production = Environment::Production;
    let prefixes: Vec<String> = prefixes(production, at).into_iter().collect();
    assert_eq!(prefixes[0], "deployments/2026/11/20/deployment-prod-20261120-1259");
    assert_eq!(prefixes[1], "deployments/2026/11/20/deployment-prod-20261120-1300");
    assert!(can_be(production, at, "deployments/2026/11/20/deployment-prod-20261120-130004.json"));
    assert!(!can_be(production, at, "deployments/2026/11/20/deployment-prod-20261120-130005.json"));
    let record = |event: &str, sponsor: &str, at: &str| {
        format!(
            r#"{{"event":"{event}","sponsor":"{sponsor}","environment":"production",
                    "deployment_timestamp":"{at}","tool_version":"0.1.0","outcome":"failure"}}"#
        )
    };
    let is_ours = |text: String| is_of(text.as_bytes(), "callisto", production, at);
    assert!(is_ours(record("backup", "callisto", "2026-11-20T12:59:55.7Z")));
    assert!(is_ours(record("pre-deployment-backup", "callisto", "2026-11-20T12:59:55Z")));
    assert!(!is_ours(record("deployment", "callisto", "2026-11-20T12:59:55Z")));
    assert!(!is_ours(record("backup", "titan", "2026-11-20T12:59:55Z")));
    assert!(!is_ours(record("backup", "callisto", "2026-11-20T12:59:56Z")));
    // The record of the shell step that came before this program.
    assert!(!is_ours(
        r#"{"deployment_timestamp":"2026-11-20T12:59:55Z","environment":"production"}"#.to_owned()
    ));
}
