//! Workflows as act and the linters know them. GitHub has learned keys that they refuse, each of them a line of its own.

/// `queue: max`: GitHub, May 2026. `deployment: false`: an environment without a deployment object.
const NEWER: [&str; 2] = ["queue: max", "deployment: false"];

/// The text without the lines that act and the linters do not know yet.
pub(crate) fn without_newer_keys(text: &str) -> String {
    text.split_inclusive('\n').filter(|line| !NEWER.contains(&line.trim())).collect()
}
