use super::*;

fn shown(object: Object<'_>, environment: Environment, pre_migration: bool, years: Option<u16>) -> String {
    let keeping =
        TagValues { sponsor: "callisto", environment, pre_migration, retention_years: years, partial: false };
    let tags = tags(object, keeping).into_iter().map(|(name, value)| format!("{name}={value}"));
    tags.collect::<Vec<_>>().join(" ")
}

#[test]
fn tags_are_the_ones_of_the_field() {
    let backup = Object::Backup { suffix: ".sql.gz" };
    assert_eq!(
        shown(backup, Environment::Production, true, Some(7)),
        "environment=production type=database-backup sponsor=callisto pre-migration=true retention-years=7 fda-compliant=true object-lock=unknown"
    );
    assert_eq!(
        shown(Object::DeploymentLog, Environment::Staging, false, None),
        "environment=staging type=deployment-log sponsor=callisto retention-days=30 object-lock=unknown"
    );
    assert_eq!(
        shown(backup, Environment::Development, false, None),
        "environment=development type=database-backup sponsor=callisto retention-days=7 object-lock=unknown"
    );
}

#[test]
fn a_partial_backup_is_not_compliant_and_its_lock_is_tagged() {
    let keeping = TagValues {
        sponsor: "callisto",
        environment: Environment::Production,
        pre_migration: true,
        retention_years: Some(7),
        partial: true,
    };
    let tags = tags(Object::Backup { suffix: ".sql.gz" }, keeping);
    assert!(tags.contains(&("fda-compliant".to_owned(), "false".to_owned())), "{tags:?}");
    assert!(tags.len() <= 10);
    let locked = with_lock(&tags, "governance");
    assert_eq!((locked.len(), locked.last().unwrap().1.as_str()), (tags.len(), "governance"));
}
