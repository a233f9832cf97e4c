use super::*;
use crate::databases::postgres::proof::{Side, Verdict};
use crate::databases::postgres::sql::Scan;

const DUMP: &str = "CREATE EXTENSION IF NOT EXISTS a WITH SCHEMA s;\nCOMMENT ON EXTENSION a IS 'x';\n\
        CREATE TABLE s.t;\nREFRESH MATERIALIZED VIEW s.v;\n";

fn compared(restored: &str, aside: &Exemptions) -> Comparison {
    let (before, after) = (Scan::of(DUMP), Scan::of(restored));
    let (contents, restored) = (before.contents().unwrap(), after.contents().unwrap());
    let side = |contents, inventory| Side { contents, inventory, majors: (15, 15) };
    Comparison::new(&side(&contents, before.inventory()), &side(&restored, after.inventory()), None)
        .setting_aside(aside)
}

fn aside() -> Exemptions {
    let one = |statement: &str, what: &str| BTreeMap::from([(statement.to_owned(), what.to_owned())]);
    Exemptions {
        comments: one("COMMENT ON EXTENSION a", "the comment on the extension a"),
        besides: one("CREATE SCHEMA p", "the schema p"),
        ..Exemptions::default()
    }
}

fn told(comparison: &Comparison) -> (Verdict, String) {
    (comparison.verdict(), comparison.set_aside().join("; "))
}

#[test]
fn what_another_role_owns_and_its_comment_do_not_count() {
    let without = DUMP.replace("IS 'x'", "IS 'y'");
    assert_eq!(compared(&without, &Exemptions::default()).verdict(), Verdict::NotEqual);
    assert_eq!(
        told(&compared(&without, &aside())),
        (Verdict::Equal, "the comment on the extension a".to_owned())
    );
    let besides = format!("{DUMP}CREATE SCHEMA p;\n");
    assert_eq!(told(&compared(&besides, &aside())), (Verdict::Equal, "the schema p".to_owned()));
    assert_eq!(told(&compared(DUMP, &aside())), (Verdict::Equal, String::new()));
}

#[test]
fn any_other_difference_counts() {
    for (from, to) in [
        ("CREATE TABLE s.t;", "CREATE TABLE s.t (a int);"),
        ("WITH SCHEMA s", "WITH SCHEMA r"),
        ("REFRESH MATERIALIZED VIEW s.v;\n", ""),
        ("CREATE TABLE s.t;", "CREATE TABLE s.t;\nCREATE TABLE s.u;"),
    ] {
        let changed = DUMP.replace("IS 'x'", "IS 'y'").replace(from, to);
        assert_eq!(compared(&changed, &aside()).verdict(), Verdict::NotEqual, "{to}");
    }
}

#[test]
fn a_view_that_was_not_refreshed_makes_nothing_equal() {
    let view =
        BTreeMap::from([("REFRESH MATERIALIZED VIEW s.v".to_owned(), "materialized view s.v".to_owned())]);
    let aside = Exemptions { unrefreshed: view, ..aside() };
    let without = DUMP.replace("REFRESH MATERIALIZED VIEW s.v;\n", "");
    let comparison = compared(&without, &aside);
    assert_eq!(told(&comparison), (Verdict::RowsEqual, "materialized view s.v".to_owned()));
    assert_eq!(comparison.findings(), Vec::<String>::new());
    assert_eq!(comparison.not_compared(), ["materialized view s.v"]);
}
