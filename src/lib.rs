//! Backs up every sponsor's database before a deployment, and keeps the record.
//!
//! The rooms stand in the order in which data walks through them; a room uses the rooms to its left only, and only
//! `commands` knows two rooms at once. `tests/architecture.rs` holds that law.

pub mod manifest;
pub mod sponsors;
pub mod secrets;
pub mod dump;
pub mod archive;
pub mod restore;
pub mod proof;
pub mod record;
pub mod report;

pub mod cli;
pub mod commands;
pub mod failure;

#[cfg(test)]
mod reviewed;
