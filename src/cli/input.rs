//! What there is to say of one input, and how it is written down. The list of all is in `inputs.rs`.

use std::marker::PhantomData;

use super::command::Command;

/// One input.
#[derive(Debug, Clone, Copy)]
pub struct Input {
    /// `some-name`: the flag `--some-name` and the variable `INPUT_SOME-NAME`.
    pub name: &'static str,
    /// The group in which people look for it, a heading of the help.
    pub heading: &'static str,
    /// The placeholder of its value in the help, such as `FILE`.
    pub value_name: &'static str,
    /// Another variable that sets it, after flag and `INPUT_*`. Empty: none.
    pub variable: &'static str,
    /// Its value if nothing is set. Empty: none.
    pub default: &'static str,
    /// Its value if the flag has none. Empty: the flag needs one.
    pub bare: &'static str,
    /// What it is for, at most 80 characters of Markdown without the marks.
    pub help: &'static str,
    /// What else there is to say, in whole sentences of Markdown. Empty: nothing.
    pub more: &'static str,
    /// Whether it is `true` or `false`.
    pub boolean: bool,
    /// The commands that fail without it.
    pub required_by: &'static [Command],
    /// The commands that read it.
    pub commands: &'static [Command],
    /// Of these, the ones whose command line also takes its value as a word, without the flag.
    pub positional: &'static [Command],
}

impl Input {
    /// Help and everything else there is to say, as Markdown.
    #[must_use]
    pub fn description(&self) -> String {
        let required = match self.required_by {
            [] => String::new(),
            all if all == self.commands => "Required. ".to_owned(),
            some => {
                let names: Vec<String> = some.iter().map(|command| format!("`{}`", command.name())).collect();
                format!("Required by {}. ", names.join(" and "))
            }
        };
        let end = if self.more.is_empty() { "" } else { ". " };
        format!("{required}{}{end}{}", self.help, self.more)
    }

    /// Whether every command of the action reads it.
    #[must_use]
    pub fn is_common(&self) -> bool {
        Command::OF_THE_ACTION.iter().all(|command| self.commands.contains(command))
    }

    /// Whether a workflow can set it. `sponsor` there is a misspelled `sponsors`, which must not select every sponsor.
    #[must_use]
    pub fn is_of_the_action(&self) -> bool {
        Command::OF_THE_ACTION.iter().any(|command| self.commands.contains(command))
    }
}

/// An input whose value is a `T`.
pub(super) struct Handle<T> {
    pub(super) input: Input,
    value: PhantomData<fn() -> T>,
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> std::marker::Copy for Handle<T> {}

impl<T> Handle<T> {
    pub(super) const fn or(mut self, default: &'static str) -> Self {
        self.input.default = default;
        self
    }

    pub(super) const fn bare(mut self, bare: &'static str) -> Self {
        self.input.bare = bare;
        self
    }

    pub(super) const fn more(mut self, more: &'static str) -> Self {
        self.input.more = more;
        self
    }

    pub(super) const fn variable(mut self, variable: &'static str) -> Self {
        self.input.variable = variable;
        self
    }

    pub(super) const fn positional(mut self, commands: &'static [Command]) -> Self {
        self.input.positional = commands;
        self
    }

    pub(super) const fn required(mut self) -> Self {
        self.input.required_by = self.input.commands;
        self
    }

    pub(super) const fn required_by(mut self, commands: &'static [Command]) -> Self {
        self.input.required_by = commands;
        self
    }
}

/// An input of these commands.
pub(super) const fn input<T>(
    heading: &'static str,
    name: &'static str,
    value_name: &'static str,
    commands: &'static [Command],
    help: &'static str,
) -> Handle<T> {
    let input = Input {
        name,
        heading,
        value_name,
        variable: "",
        default: "",
        bare: "",
        help,
        more: "",
        boolean: false,
        required_by: &[],
        commands,
        positional: &[],
    };
    Handle { input, value: PhantomData }
}

/// An input that is `true` or `false`; by default `false`.
pub(super) const fn boolean(
    heading: &'static str,
    name: &'static str,
    commands: &'static [Command],
    help: &'static str,
) -> Handle<bool> {
    let mut handle = input(heading, name, "true|false", commands, help).or("false");
    handle.input.boolean = true;
    handle
}
