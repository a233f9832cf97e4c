//! The layout of a sponsor's two stores: key, tags, metadata and retention of every object that the product writes. Pure.

pub mod key;
pub mod tags;
