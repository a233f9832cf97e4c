//! The blocks of `docs/setup.md`, by name: the heading above and a number.

use std::collections::BTreeMap;

pub(crate) const TEXT: &str = include_str!("../../../docs/setup.md");

/// A fenced block.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// `Lifecycle 1`
    pub(crate) name: String,
    /// `sh`, `sql`, `yaml` or `text`.
    pub(crate) language: String,
    pub(crate) text: String,
}

/// All blocks, in the page's order.
pub(crate) fn blocks() -> Vec<Block> {
    let (mut heading, mut counts) = ("", BTreeMap::<&str, u32>::new());
    let (mut blocks, mut open) = (Vec::new(), None::<Block>);
    for line in TEXT.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                let count = counts.entry(heading).or_default();
                *count += 1;
                let name = format!("{heading} {count}");
                open = Some(Block { name, language: language.to_owned(), text: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {
                if let Some(title) = line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")) {
                    heading = title;
                }
            }
        }
    }
    blocks
}

/// The commands between backticks in the text: those that begin with a program of the page, or with a verb of SQL.
pub(crate) fn inline_commands() -> Vec<&'static str> {
    let programs =
        ["aws", "chmod", "docker", "doppler", "eval", "gh", "man", "psql", "sponsor-backup", "terraform"];
    let verbs = ["ALTER", "CREATE", "DROP", "GRANT"];
    let prose = TEXT.split("```").step_by(2);
    let spans = prose.flat_map(|text| text.split('`').skip(1).step_by(2));
    let is_command = |span: &&str| {
        let first = span.split(' ').next().unwrap_or_default();
        span.contains(' ') && programs.iter().chain(&verbs).any(|known| *known == first)
    };
    let mut found: Vec<&str> = spans.filter(is_command).collect();
    found.sort_unstable();
    found.dedup();
    found
}
