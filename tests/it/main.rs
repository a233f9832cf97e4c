//! The integration tests: the built binary against real parts, one file per command.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod archive;
mod archive_catalogue;
mod archive_open;
mod backup;
mod bad_input;
mod both_stores;
mod calendar_page;
mod copy;
mod diff;
mod digest;
mod drill;
mod fail_over;
mod families;
mod faults;
mod github;
mod history;
mod hold;
mod init;
mod keyless;
mod list;
mod matrix;
mod memory;
mod metrics;
mod monitoring;
mod notify;
mod preflight;
mod prune;
mod quick_start;
mod recipe;
mod record;
mod records;
mod reach;
mod released;
mod report;
mod restore;
mod runbook_page;
mod schemas;
mod setup_page;
mod shelf;
mod show;
mod stores;
mod support;
mod support_works;
mod terraform;
mod transcripts;
mod troubleshooting_page;
mod verify;
mod which_backup;
