use super::*;

fn entry<'a>(sponsor: &'a str, at: Timestamp, text: &'a str) -> Entry<'a> {
    let (object, environment) = (Object::DeploymentLog, Environment::Production);
    Entry { object, sponsor, environment, at, document: text.as_bytes() }
}

// serves: 11.10(e)/not-replaced
#[test]
fn a_second_record_of_the_same_second_takes_the_next_one() {
    let workspace = tempfile::tempdir().unwrap();
    let at: Timestamp = "2026-12-31T23:59:59Z".parse().unwrap();
    let append = |text: &str| append_locally(workspace.path(), entry("callisto", at, text));
    let paths = [append("one").unwrap(), append("two").unwrap()];
    assert_eq!(paths[0], Path::new("deployment-logs/callisto/deployment-prod-20261231-235959.json"));
    assert_eq!(paths[1], Path::new("deployment-logs/callisto/deployment-prod-20270101-000000.json"));
    let read = |path: &PathBuf| std::fs::read_to_string(workspace.path().join(path)).unwrap();
    assert_eq!((read(&paths[0]), read(&paths[1])), ("one".to_owned(), "two".to_owned()));
    // Many copies at once.
    (2..60).for_each(|at| drop(append(&at.to_string()).unwrap()));
    assert!(append("too many").is_err());
}

#[test]
fn a_workspace_that_cannot_be_written_is_named() {
    let error = append_locally(Path::new("/dev/null"), entry("io", Timestamp::UNIX_EPOCH, "")).unwrap_err();
    assert!(error.to_string().starts_with("cannot write record deployment-logs/io: "), "{error}");
    let asked = can_append_locally(Path::new("/dev/null")).unwrap_err();
    assert!(asked.to_string().starts_with("cannot write record deployment-logs: "), "{asked}");
    can_append_locally(tempfile::tempdir().unwrap().path()).unwrap();
}

#[test]
fn a_record_is_looked_for_in_the_minute_after_its_backup() {
    let at: Timestamp = "2026-11-20T12:59:55Z".parse().unwrap();
    let production = Environment::Production;
    let prefixes: Vec<String> = record_prefixes(production, at).into_iter().collect();
    assert_eq!(prefixes[0], "deployments/2026/11/20/deployment-prod-20261120-1259");
    assert_eq!(prefixes[1], "deployments/2026/11/20/deployment-prod-20261120-1300");
    assert!(can_be_key_of_record(
        production,
        at,
        "deployments/2026/11/20/deployment-prod-20261120-130054.json"
    ));
    assert!(!can_be_key_of_record(
        production,
        at,
        "deployments/2026/11/20/deployment-prod-20261120-130055.json"
    ));
}
