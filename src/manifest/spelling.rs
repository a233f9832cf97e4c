//! Which known name a misspelt one was meant to be. Pure.

/// Letters that may be wrong, missing, additional or swapped with their neighbor. In a short name two typos make another
/// word: `reason` is not a `region`.
fn most(known: &str) -> usize {
    if known.len() <= 6 { 1 } else { 2 }
}

/// The missing name that `typed` differs from by a typo or two. Case, `-` and `_` do not count.
#[must_use]
pub fn meant<'a>(typed: &str, missing: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = plain(typed);
    let away = |known: &str| strsim::damerau_levenshtein(&typed, &plain(known));
    let near =
        missing.into_iter().map(|known| (away(known), known)).filter(|(away, known)| *away <= most(known));
    near.min_by_key(|(away, _)| *away).map(|(_, known)| known)
}

fn plain(name: &str) -> String {
    name.trim().to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_is_recognized_and_another_word_is_not() {
        let known = ["name", "enabled", "region", "may_share_with"];
        for (typed, expected) in [
            ("enabeld", Some("enabled")),
            ("enbled", Some("enabled")),
            ("enabledd", Some("enabled")),
            ("Enabled", Some("enabled")),
            ("regoin", Some("region")),
            ("rgion", Some("region")),
            ("may-share-with", Some("may_share_with")),
            ("may_shar_wiht", Some("may_share_with")),
            ("disabled", None),
            ("enabled_at", None),
            ("nmae", Some("name")),
            ("node", None),
            ("reason", None),
            ("repo", None),
            ("tag", None),
            ("portal", None),
            ("mobile_module", None),
        ] {
            assert_eq!(meant(typed, known), expected, "{typed}");
        }
    }
}
