use super::*;

#[test]
fn help_is_short_and_begins_with_a_capital() {
    let helps = INPUTS.iter().chain([&COMMAND]).map(|input| (input.name, input.help));
    for (name, help) in helps.chain(Command::ALL.map(|command| (command.name(), command.about()))) {
        let plain = help.replace('`', "");
        assert!(plain.chars().count() <= 80, "{name}: {} characters", plain.chars().count());
        assert!(plain.starts_with(char::is_uppercase), "{name}: {help}");
        assert!(!help.ends_with('.') && !help.contains("whether") && !help.contains(';'), "{name}: {help}");
    }
    for input in INPUTS {
        assert!(input.more.is_empty() || input.more.ends_with('.'), "{}: {}", input.name, input.more);
        // The runner reads an expression in `action.yml` as one, and fails.
        assert!(!input.description().contains("${{"), "{}", input.name);
    }
}
