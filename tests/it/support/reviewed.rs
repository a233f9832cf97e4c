//! What a run shows, kept for review in `tests/snapshots`: what differs from run to run is replaced, and nothing else.
//! After a change: `INSTA_UPDATE=always cargo test --test it NAME`, and read the difference aloud.

use super::outcome::Outcome;

/// What differs from run to run, and its replacement. Each applies to what the one before it left.
const CHANGING: &[(&str, &str)] = &[
    (r"/tmp/[^ \n`]*?/workspace", "[workspace]"),
    (r"(127\.0\.0\.1|localhost):\d+", "$1:[port]"),
    (r"\d{4}/\d{2}/\d{2}", "[date]"),
    (r"\d{8}-\d{6}", "[time]"),
    (r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?(Z| UTC)?", "[time]"),
    (r"\b[0-9a-f]{64}\b", "[sha256]"),
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "[uuid]"),
    (r"\b[0-9a-f]{12}\b", "[sha256]"),
    (r"pw((-|%2D|%252D))[0-9a-f]{32}", "pw$1[password]"),
    (r"\b([a-z]+)_[0-9a-f]{8}_(new|restored)\b", "${1}_[id]_$2"),
    (r"\b([a-z]+)_[0-9a-f]{8}\b", "${1}_[id]"),
    (r"system identifier \d+", "system identifier [id]"),
    (r"with OID \d+", "with OID [id]"),
    (r#"(backup_size"?|duration_seconds"?|_bytes"|_minutes)([:=] ?)\d+(\.\d+)?"#, "$1$2[number]"),
    (r#"("tool_version": )"[^"]*""#, "$1[version]"),
    (r"\b(\d+m )?\d+(\.\d+)? ?(ms|s|min)\b", "[duration]"),
    (r"\b\d+(\.\d+)? (B|KiB|MiB|GiB)\b", "[size]"),
    (r"(eu-west-1)-[0-9a-f]{8}\b", "$1-[id]"),
    (r"\b\d+ bytes\b", "[number] bytes"),
    (r"/[^ \n]*/bin/pg_dump", "[folder]/pg_dump"),
    (r"\d+ in (flight|parallel)", "[number] in $1"),
    (r"\d+\.\d+ \(Debian [^)]*\)", "[version]"),
    (r"pg_dump \(?\d+(\.\d+)*", "pg_dump [version]"),
    (r"PostgreSQL (\d+(\.\d+)*|\[version\])", "PostgreSQL [version]"),
];

impl Outcome {
    /// Fails if the exit code or what was printed is not what was reviewed last.
    #[track_caller]
    pub(crate) fn assert_reviewed(&self, name: &str) -> &Self {
        let code = self.code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        reviewed(name, &format!("exit code {code}\n{}", self.transcript()));
        self
    }

    /// The same of the log alone: on a terminal without outputs, in a workflow as its readers see it.
    #[track_caller]
    pub(crate) fn assert_log_reviewed(&self, name: &str) -> &Self {
        let code = self.code.map_or_else(|| "none".to_owned(), |code| code.to_string());
        let log = if self.stderr.is_empty() { self.visible() } else { self.stderr.clone() };
        reviewed(name, &format!("exit code {code}\n{log}"));
        self
    }
}

/// Fails if a text is not the one that was reviewed last.
#[track_caller]
pub(crate) fn reviewed(name: &str, text: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots");
    insta::with_settings!(
        {
            snapshot_path => folder,
            prepend_module_to_snapshot => false,
            omit_expression => true,
            filters => CHANGING.to_vec(),
        },
        { insta::assert_snapshot!(name, text) }
    );
}
