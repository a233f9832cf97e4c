use super::*;
use crate::cli::inputs::{Command, INPUTS};

#[test]
fn completions_of_every_shell_know_every_command_and_flag() {
    for (shell, _) in SHELLS {
        let text = completions(shell).unwrap();
        let flag = |name: &str| text.contains(&format!("-l {name}")) || text.contains(&format!("--{name}"));
        assert!(INPUTS.iter().all(|input| flag(input.name)), "{shell}");
        assert!(Command::ALL.iter().all(|command| text.contains(command.name())), "{shell}");
    }
    assert!(completions("tcsh").is_err());
}

#[test]
fn manual_pages_have_flags_examples_and_names() {
    let whole = page(None).unwrap();
    assert!(whole.contains(".TH sponsor-backup 1") && whole.contains("DOPPLER_TOKEN_CORE"), "{whole}");
    for command in Command::ALL {
        let text = page(Some(command.name())).unwrap();
        assert!(text.contains(&format!(".TH sponsor-backup-{} 1", command.name())), "{text}");
        assert!(text.contains(".SH \"EXAMPLES") && text.contains("\\-\\-environment"), "{text}");
        assert!(!text.contains("EXTRA"), "{text}");
    }
    assert!(page(Some("bake")).is_err());
}
