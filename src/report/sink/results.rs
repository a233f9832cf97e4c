//! A command's result: a table for people, or a JSON document for programs.

use super::Sink;

impl Sink {
    /// Shows a table with its title. If a document of it follows, a workflow shows the title alone, and a terminal nothing.
    pub fn table(&self, title: &str, lines: impl FnOnce() -> Vec<String>, document_follows: bool) {
        match (self.is_workflow(), document_follows) {
            (true, false) => self.group(title, &lines()),
            (true, true) => self.line(title),
            (false, false) => {
                self.text(&format!("{title}\n"));
                self.text_lines(lines());
            }
            (false, true) => {}
        }
    }

    /// Shows a JSON document, given as its lines: folded away in a workflow, alone on standard output of a terminal. Only a workflow
    /// has all of it in memory.
    pub fn document(&self, title: &str, lines: impl IntoIterator<Item = String>) {
        if self.is_workflow() {
            self.group(title, &lines.into_iter().collect::<Vec<_>>());
        } else {
            self.text_lines(lines);
        }
    }

    fn text_lines(&self, lines: impl IntoIterator<Item = String>) {
        for line in lines {
            self.text(&(line + "\n"));
        }
    }
}
