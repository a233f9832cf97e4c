//! Sets aside differences that the restore did not cause, and parts that it skipped on purpose, and names them. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::compare::Comparison;

/// Statements that may differ, in the form in which they are shown, each with a phrase for its object.
#[derive(Debug, Default)]
pub struct Aside {
    /// Comments of other roles' objects. Only the owner can set them, so both sides may have others.
    pub comments: BTreeMap<String, String>,
    /// Statements that create existing objects of other roles. The backup may lack them.
    pub besides: BTreeMap<String, String>,
    /// Statements that create parts of the server. A dump of the restored database lacks them.
    pub built_in: BTreeMap<String, String>,
    /// Statements that refresh views that read other servers. The restored database may lack them.
    pub unrefreshed: BTreeMap<String, String>,
}

/// What was set aside in a comparison.
#[derive(Debug, Clone, Default)]
pub(super) struct SetAside {
    /// What is therefore not compared, each as a phrase.
    pub(super) words: Vec<String>,
    /// Number of views without rows.
    pub(super) unrefreshed: u64,
    /// Whether the statements are otherwise equal.
    pub(super) is_all: bool,
}

impl Comparison {
    /// The same comparison without the differences that are set aside.
    #[must_use]
    pub fn setting_aside(mut self, aside: &Aside) -> Self {
        let mut words = BTreeSet::new();
        let mut is_any = false;
        let mut take = |list: &mut Vec<String>, allowed: &BTreeMap<String, String>, not: &[String]| {
            list.retain(|statement| match allowed.get(statement).filter(|_| !not.contains(statement)) {
                Some(what) => {
                    is_any = true;
                    words.insert(what.clone());
                    false
                }
                None => true,
            });
        };
        take(&mut self.unexpected, &aside.besides, &self.missing);
        take(&mut self.missing, &aside.comments, &[]);
        take(&mut self.unexpected, &aside.comments, &[]);
        take(&mut self.missing, &aside.built_in, &[]);
        take(&mut self.missing, &aside.unrefreshed, &[]);
        let is_all = is_any
            && self.missing.is_empty()
            && self.unexpected.is_empty()
            && self.objects == super::objects::Differences::default();
        // An object that is set aside is listed once, without its comment.
        let besides = words.clone();
        words.retain(|what| what.strip_prefix("the comment on ").is_none_or(|of| !besides.contains(of)));
        // These views have no rows, whether their statements were compared or not.
        words.extend(aside.unrefreshed.values().cloned());
        self.aside = SetAside {
            words: words.into_iter().collect(),
            unrefreshed: aside.unrefreshed.len() as u64,
            is_all,
        };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dump::scan::{Columns, Scan};
    use crate::proof::Verdict;
    use crate::proof::compare::Side;

    const DUMP: &str = "CREATE EXTENSION IF NOT EXISTS a WITH SCHEMA s;\nCOMMENT ON EXTENSION a IS 'x';\n\
        CREATE TABLE s.t;\nREFRESH MATERIALIZED VIEW s.v;\n";

    fn compared(restored: &str, aside: &Aside) -> Comparison {
        let scan = |text: &str| {
            let mut scan = Scan::detailed(Columns::default());
            scan.feed(text.as_bytes());
            scan
        };
        let (before, after) = (scan(DUMP), scan(restored));
        let (truth, restored) = (before.truth().unwrap(), after.truth().unwrap());
        let side = |truth, inventory| Side { truth, inventory, majors: (15, 15) };
        Comparison::new(&side(&truth, before.inventory()), &side(&restored, after.inventory()), None)
            .setting_aside(aside)
    }

    fn aside() -> Aside {
        let one = |statement: &str, what: &str| BTreeMap::from([(statement.to_owned(), what.to_owned())]);
        Aside {
            comments: one("COMMENT ON EXTENSION a", "the comment on the extension a"),
            besides: one("CREATE SCHEMA p", "the schema p"),
            ..Aside::default()
        }
    }

    fn told(comparison: &Comparison) -> (Verdict, String) {
        (comparison.verdict(), comparison.set_aside().join("; "))
    }

    #[test]
    fn what_another_role_owns_and_its_comment_do_not_count() {
        let without = DUMP.replace("IS 'x'", "IS 'y'");
        assert_eq!(compared(&without, &Aside::default()).verdict(), Verdict::NotEqual);
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
        let view = BTreeMap::from([(
            "REFRESH MATERIALIZED VIEW s.v".to_owned(),
            "materialized view s.v".to_owned(),
        )]);
        let aside = Aside { unrefreshed: view, ..aside() };
        let without = DUMP.replace("REFRESH MATERIALIZED VIEW s.v;\n", "");
        let comparison = compared(&without, &aside);
        assert_eq!(told(&comparison), (Verdict::RowsEqual, "materialized view s.v".to_owned()));
        assert_eq!(comparison.findings(), Vec::<String>::new());
        assert_eq!(comparison.not_compared(), ["materialized view s.v"]);
    }
}
