//! Whatever reads foreign bytes, fed with mutations of good and bad inputs: a property must hold for every one of them.
//!
//! Each target runs for `FUZZ_SECONDS`, 2 by default; `script/fuzz 180` runs all of them longer. The seed is printed
//! and can be given again as `FUZZ_SEED`. An input that breaks a property is made smaller and kept in
//! `tests/fixtures/fuzz/TARGET/`, where it is the first that every later run tries.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "fuzz/cli.rs"]
mod cli;
#[path = "fuzz/connection.rs"]
mod connection;
#[path = "fuzz/decode.rs"]
mod decode;
#[path = "fuzz/dice.rs"]
mod dice;
#[path = "fuzz/doppler.rs"]
mod doppler;
#[path = "fuzz/engine.rs"]
mod engine;
#[path = "fuzz/manifest.rs"]
mod manifest;
#[path = "fuzz/scan.rs"]
mod scan;
#[path = "fuzz/secrets.rs"]
mod secrets;
#[path = "fuzz/stored.rs"]
mod stored;
