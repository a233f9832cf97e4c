//! What can be backed up, one module per kind of database.

pub mod postgres;
