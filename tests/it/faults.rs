//! The fault suite: everything that may go wrong around a backup, played with real parts, and what must hold after it.
//! `script/faults` runs it; `docs/reference/faults.md` is made of the rows above its tests, so each test here has one:
//!
//! ```text
//! /// - fault: what goes wrong
//! /// - injected: how the test makes it go wrong
//! /// - seen: what the user is told, and the exit code
//! /// - left: what remains
//! ```
//!
//! A test that plays several faults has a row for each.

mod answers;
mod canaries;
mod changes;
mod checksums;
mod clients;
mod clocks;
mod connection;
mod contents;
mod copies;
mod deadline;
mod doppler;
mod dump;
mod endless;
mod folder;
mod folder_contents;
mod folder_disks;
mod folder_places;
mod foreign;
mod inert;
mod jobs;
mod labels;
mod leaks;
mod locks;
mod looking;
mod machine;
mod moments;
mod only_ones_own;
mod panics;
mod postgres;
mod proof;
mod pruning;
mod requests;
mod s3;
mod sealing;
mod sharing;
mod standby;
mod sources;
mod stop;
mod tenancy;
mod uncertain;
mod upload;
mod waiting;
