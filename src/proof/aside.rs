//! Differences that are none of the restore's, and what was not restored on purpose: set aside, and named. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::compare::Comparison;

/// Statements that may differ, as they are shown, each with what it is about in words.
#[derive(Debug, Default)]
pub struct Aside {
    /// Only the owner of what they describe may run them: either side may have others.
    pub comments: BTreeMap<String, String>,
    /// They make what was there before and is not ours: the backup need not have them.
    pub besides: BTreeMap<String, String>,
    /// They refresh views that read other servers: the restored database need not have them.
    pub unrefreshed: BTreeMap<String, String>,
}

/// What was set aside of a comparison.
#[derive(Debug, Clone, Default)]
pub(super) struct SetAside {
    /// What is not compared for it, each in words.
    pub(super) words: Vec<String>,
    /// How many of them are views without rows.
    pub(super) unrefreshed: u64,
    /// Whether the statements differ in nothing else.
    pub(super) is_all: bool,
}

impl Comparison {
    /// The same without the differences that are set aside.
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
        take(&mut self.missing, &aside.unrefreshed, &[]);
        let is_all = is_any
            && self.missing.is_empty()
            && self.unexpected.is_empty()
            && self.objects == super::objects::Differences::default();
        // They have no rows, whether their statements were compared or not.
        words.extend(aside.unrefreshed.values().cloned());
        self.aside = SetAside {
            words: words.into_iter().collect(),
            unrefreshed: aside.unrefreshed.len() as u64,
            is_all,
        };
        self
    }
}
