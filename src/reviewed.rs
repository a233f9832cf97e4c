//! Texts as people read them, kept for review in `tests/snapshots`. After a change: `INSTA_UPDATE=always cargo test`, and
//! read the difference aloud.

/// Fails if the text is not the one that was reviewed last.
pub(crate) fn text(name: &str, text: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots");
    insta::with_settings!(
        { snapshot_path => folder, prepend_module_to_snapshot => false, omit_expression => true },
        { insta::assert_snapshot!(name, text) }
    );
}

/// The same for every error of a kind: its message and its hint, as the log shows them.
pub(crate) fn errors(name: &str, errors: impl IntoIterator<Item = (String, Option<String>)>) {
    let shown = errors.into_iter().map(|(message, hint)| {
        format!("{}\n", crate::report::lines::failure(None, &message, hint.as_deref()).join("\n"))
    });
    text(name, &shown.collect::<Vec<_>>().join("\n"));
}
