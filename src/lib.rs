//! Backs up every sponsor's database before a deployment, restores and checks backups, and keeps the record.
//!
//! The modules are in the order in which data flows through them. Each uses only modules to its left, and only `commands`
//! knows the order of steps. `tests/architecture.rs` holds these dependency rules.

pub mod stop;
pub mod finding;
pub mod manifest;
pub mod sponsors;
pub mod secrets;
pub mod databases;
pub mod layout;
pub mod store;
pub mod archive;
pub mod verification;
pub mod github;
pub mod record;
pub mod report;

pub mod cli;
pub mod commands;
pub mod failure;

#[cfg(test)]
mod reviewed;
