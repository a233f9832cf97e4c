//! Bad input gets an error that names the thing and says what to do, its own exit code, and costs nothing.

mod databases;
mod manifests;
mod secrets;
mod spelling;
