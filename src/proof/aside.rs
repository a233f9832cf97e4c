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
mod tests;
