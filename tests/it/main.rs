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
mod credentials;
mod drill;
mod faults_doppler;
mod faults_s3;
mod faults_upload;
mod list;
mod locks;
mod matrix;
mod memory;
mod postgres;
mod postgres_clients;
mod record;
mod report;
mod restore;
mod schemas;
mod shelf;
mod stop;
mod support;
mod support_works;
mod verify;
