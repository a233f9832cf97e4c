//! How large files and functions are, in numbers.

use std::fmt;

use crate::source::Source;

/// Sizes of a group of files.
pub(crate) struct Figures {
    files: Vec<usize>,
    functions: Vec<usize>,
    /// Lines of code, so neither blank nor only a comment.
    code: usize,
    /// Lines that are only a `//` comment, without docstrings.
    comments: usize,
}

impl Figures {
    pub(crate) fn of<'a>(sources: impl Iterator<Item = &'a Source>) -> Self {
        let mut figures = Self { files: Vec::new(), functions: Vec::new(), code: 0, comments: 0 };
        for source in sources {
            figures.files.push(source.text.lines().count());
            figures.functions.extend(source.function_lengths().into_iter().map(|(_, _, lines)| lines));
            for line in source.text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                let is_docstring = line.starts_with("///") || line.starts_with("//!");
                match line.starts_with("//") {
                    true if !is_docstring => figures.comments += 1,
                    true => {}
                    false => figures.code += 1,
                }
            }
        }
        figures
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total: usize = self.files.iter().sum();
        write!(f, "{} files, {total} lines, {} per file; ", self.files.len(), spread(&self.files))?;
        write!(f, "{} functions, {} lines each; ", self.functions.len(), spread(&self.functions))?;
        write!(f, "one `//` line per {} lines of code", self.code / self.comments.max(1))
    }
}

/// Median, 90th percentile and maximum.
fn spread(values: &[usize]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let at = |percent: usize| sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1)));
    let [median, most, all] = [50, 90, 100].map(|percent| at(percent).copied().unwrap_or_default());
    format!("median {median}, 90 % at most {most}, longest {all}")
}
