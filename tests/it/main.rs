//! The integration tests: the built binary against real parts, one file per command.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking"
)]

mod archive;
mod backup;
mod bad_input;
mod faults_upload;
mod matrix;
mod record;
mod report;
mod schemas;
mod stop;
mod support;
mod support_works;
