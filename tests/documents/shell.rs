//! Just enough of a shell to read the simple commands of a block: words, quotes, comments, variables, redirections.

use std::collections::BTreeMap;

/// A simple command: the variables set for it, and its words.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Simple {
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) words: Vec<String>,
}

/// The simple commands of a block, in order. A variable that the block has set is replaced by its value.
pub(crate) fn commands(block: &str) -> Vec<Simple> {
    let mut set: BTreeMap<String, String> = BTreeMap::new();
    let mut all = Vec::new();
    for words in split(block) {
        let mut command = Simple::default();
        let mut redirected = false;
        for word in words {
            if std::mem::take(&mut redirected) {
                continue;
            }
            let word = expanded(&word, &set);
            match assignment(&word).filter(|_| command.words.is_empty()) {
                _ if word.ends_with(['>', '<']) => redirected = true,
                _ if word.contains('>') && !word.contains("://") => {}
                Some((name, value)) => drop(command.variables.insert(name, value)),
                None => command.words.push(word),
            }
        }
        if command.words.is_empty() {
            set.append(&mut command.variables);
        } else {
            all.push(command);
        }
    }
    all
}

fn assignment(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once('=')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then(|| (name.to_owned(), value.to_owned()))
}

fn expanded(word: &str, set: &BTreeMap<String, String>) -> String {
    // Longer names first: `$backups` is not `$backup` and an `s`.
    set.iter().rev().fold(word.to_owned(), |word, (name, value)| {
        word.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value)
    })
}

/// The words of each command, without quotes.
fn split(block: &str) -> Vec<Vec<String>> {
    let (mut commands, mut words, mut word) = (Vec::new(), Vec::new(), None::<String>);
    let mut quote = None;
    let mut rest = block.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        match (quote, c) {
            (None, '\\') if next == Some('\n') => drop(rest.next()),
            (Some(q), c) if q == c => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                word.get_or_insert_default();
                quote = Some(c);
            }
            (None, '#') if word.is_none() => while rest.next_if(|c| *c != '\n').is_some() {},
            (None, ' ') => words.extend(word.take()),
            (None, '\n' | ';' | '|' | '&' | '(' | ')' | '{' | '}')
                if !word.as_deref().is_some_and(|word| word.ends_with(['>', '$']) || word.contains("${")) =>
            {
                words.extend(word.take());
                commands.push(std::mem::take(&mut words));
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word.take());
    commands.push(words);
    commands.retain(|words| !words.is_empty());
    commands
}

#[test]
fn commands_are_read_as_a_shell_reads_them() {
    let block = "# a comment\nat=s3://b/k\nX=1 tool run \"a b\" --at \"$at\" \\\n  --last # why\n*/5 * * * * . /e && tool \
                 list >/tmp/x 2>&1 || cat /tmp/x\n";
    let found: Vec<Simple> =
        commands(block).into_iter().filter(|command| command.words[0] == "tool").collect();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].variables, BTreeMap::from([("X".to_owned(), "1".to_owned())]));
    assert_eq!(found[0].words, ["tool", "run", "a b", "--at", "s3://b/k", "--last"]);
    assert_eq!(found[1].words, ["tool", "list"]);
}
