//! Which known name a misspelt one was meant to be. Pure.

/// Letters that may be wrong, missing, additional or swapped with their neighbor. In a short name two typos make another
/// word: `reason` is not a `region`.
fn most(known: &str) -> usize {
    if known.len() <= 6 { 1 } else { 2 }
}

/// The missing name that `typed` differs from by a typo or two. Case, `-` and `_` do not count.
#[must_use]
pub fn suggest<'a>(typed: &str, missing: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
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
mod tests;
