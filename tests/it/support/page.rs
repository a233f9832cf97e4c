//! The blocks of a page, by name (the heading above and a number), and the commands within its sentences.

use std::collections::BTreeMap;

/// What commands within sentences begin with: a program, or a verb of SQL.
const PROGRAMS: [&str; 19] = [
    "age-keygen",
    "apt-get",
    "aws",
    "chmod",
    "df",
    "docker",
    "doppler",
    "eval",
    "gh",
    "man",
    "openssl",
    "psql",
    "sponsor-backup",
    "terraform",
    "ALTER",
    "CREATE",
    "DROP",
    "GRANT",
    "SELECT",
];

/// A fenced block.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// `Lifecycle 1`
    pub(crate) name: String,
    /// `sh`, `sql`, `yaml` or `text`.
    pub(crate) language: String,
    /// Without the indentation of its fence.
    pub(crate) text: String,
}

/// All blocks, in the page's order.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let (mut heading, mut counts) = ("", BTreeMap::<&str, u32>::new());
    let (mut blocks, mut open) = (Vec::new(), None::<(usize, Block)>);
    for line in page.lines() {
        let indent = line.len() - line.trim_start().len();
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(language)) => {
                let count = counts.entry(heading).or_default();
                *count += 1;
                let name = format!("{heading} {count}");
                open = Some((indent, Block { name, language: language.to_owned(), text: String::new() }));
            }
            (Some(_), Some(_)) => blocks.extend(open.take().map(|(_, block)| block)),
            (Some((of_fence, block)), None) => {
                block.text.push_str(&line[indent.min(*of_fence)..]);
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

/// The block with this name.
#[track_caller]
pub(crate) fn block(page: &str, name: &str) -> Block {
    let found = blocks(page).into_iter().find(|block| block.name == name);
    found.unwrap_or_else(|| panic!("the page has no block {name}"))
}

/// The commands between backticks in the text, without repetition.
pub(crate) fn inline_commands(page: &str) -> Vec<&str> {
    let prose = page.split("```").step_by(2);
    let spans = prose.flat_map(|text| text.split('`').skip(1).step_by(2));
    let is_command = |span: &&str| {
        let first = span.split(' ').next().unwrap_or_default();
        // `history --check` is short for a command of ours.
        let is_short =
            span.split_once(" --").is_some_and(|(word, _)| word.bytes().all(|b| b.is_ascii_lowercase()));
        is_short || span.contains(' ') && PROGRAMS.contains(&first)
    };
    let mut found: Vec<&str> = spans.filter(is_command).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// The rows of tables with three columns: the cells, without what is around them.
pub(crate) fn rows(page: &str) -> Vec<[&str; 3]> {
    page.lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .filter_map(|line| line.split(" | ").collect::<Vec<_>>().try_into().ok())
        .collect()
}
