//! What GitHub's runner makes of a step: the output file, workflow commands, masks, job outputs. Pure; as strict as the
//! runner is, in its words. Knows nothing of our product.

use std::collections::BTreeMap;

/// A workflow command, `::name key=value,key=value::data`, unescaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    /// In lower case, as the runner takes any.
    pub(crate) name: String,
    /// By name, such as `title`.
    pub(crate) properties: BTreeMap<String, String>,
    /// The text after the second `::`.
    pub(crate) data: String,
}

/// Names that the runner acts upon; anything else stays text.
const KNOWN: [&str; 9] =
    ["add-mask", "error", "warning", "notice", "debug", "group", "endgroup", "stop-commands", "echo"];

/// Reads a line as a command, where it is one.
pub(crate) fn command(line: &str) -> Option<Command> {
    let (head, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let name = name.to_ascii_lowercase();
    let pairs = properties.split(',').filter_map(|pair| pair.trim().split_once('='));
    let properties = pairs.map(|(key, value)| (key.to_owned(), unescape_property(value))).collect();
    KNOWN.contains(&name.as_str()).then(|| Command { name, properties, data: unescape(data) })
}

fn unescape(text: &str) -> String {
    text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
}

fn unescape_property(text: &str) -> String {
    unescape(&text.replace("%3A", ":").replace("%2C", ","))
}

/// The commands that the runner would act upon: those between `stop-commands` and its token are text.
pub(crate) fn commands(text: &str) -> Vec<Command> {
    let mut console = Console::default();
    text.lines().filter_map(|line| console.next(line)).collect()
}

/// The runner's memory while it reads a step's lines.
#[derive(Debug, Default)]
pub(crate) struct Console {
    masks: Vec<String>,
    stopped_until: Option<String>,
}

impl Console {
    /// Takes a line in; gives the command in it, if it is to be acted upon.
    fn next(&mut self, line: &str) -> Option<Command> {
        if let Some(token) = &self.stopped_until {
            if line.trim() == format!("::{token}::") {
                self.stopped_until = None;
            }
            return None;
        }
        let command = command(line)?;
        match command.name.as_str() {
            "add-mask" => self.add_mask(&command.data),
            "stop-commands" => self.stopped_until = Some(command.data.clone()),
            _ => {}
        }
        Some(command)
    }

    /// The whole value becomes a mask, and every line of it.
    fn add_mask(&mut self, value: &str) {
        let lines = value.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned);
        self.masks.extend(lines.chain((!value.is_empty()).then(|| value.to_owned())));
        // Longest first, so that no mask spoils a longer one that holds it.
        self.masks.sort_by_key(|mask| std::cmp::Reverse(mask.len()));
    }

    /// A line as it shows in the log, masked by what was announced so far; lines that announce masks do not show.
    pub(crate) fn show(&mut self, line: &str) -> Option<String> {
        let command = self.next(line);
        let hidden = command.is_some_and(|command| command.name == "add-mask");
        (!hidden).then(|| self.mask(line))
    }

    /// A text with every mask replaced.
    pub(crate) fn mask(&self, text: &str) -> String {
        self.masks.iter().fold(text.to_owned(), |text, mask| text.replace(mask, "***"))
    }
}

/// Parses `GITHUB_OUTPUT`, or says why the runner would fail the step.
pub(crate) fn outputs(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut outputs = BTreeMap::new();
    // Only LF ends a line: a CR belongs to the value.
    let mut lines = text.strip_suffix('\n').unwrap_or(text).split('\n');
    while let Some(line) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let (name, value) = match (line.find('='), line.find("<<")) {
            (Some(equals), heredoc) if heredoc.is_none_or(|heredoc| equals < heredoc) => {
                (&line[..equals], line[equals + 1..].to_owned())
            }
            (_, Some(heredoc)) => (&line[..heredoc], until_delimiter(&mut lines, &line[heredoc + 2..])?),
            _ => return Err(format!("Invalid format '{line}'")),
        };
        if name.is_empty() {
            return Err(format!("Invalid format '{line}'. Name must not be empty"));
        }
        outputs.insert(name.to_owned(), value);
    }
    Ok(outputs)
}

fn until_delimiter<'text>(
    lines: &mut impl Iterator<Item = &'text str>,
    delimiter: &str,
) -> Result<String, String> {
    if delimiter.is_empty() {
        return Err("Invalid format: delimiter must not be empty".to_owned());
    }
    let mut value = Vec::new();
    for line in lines {
        if line == delimiter {
            return Ok(value.join("\n"));
        }
        value.push(line);
    }
    Err(format!("Invalid value. Matching delimiter not found '{delimiter}'"))
}
