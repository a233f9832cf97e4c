//! Any stream of bytes becomes one object in a store, or nothing does.
//!
//! It does not know what the bytes are, or which kinds of stores exist. [`seal()`] compresses, encrypts, hashes, counts and
//! uploads while it reads, and returns a [`PendingUpload`] that is not visible yet. [`PendingUpload::commit`] makes it
//! visible, [`PendingUpload::abandon`] takes it back.
//!
//! And back: [`catalogue::catalogue`] finds the backups in a listing, and [`open()`] reads one of them, undoes all of
//! that and measures it again.

pub mod backup_manifest;
pub mod catalogue;
pub mod checksum;
pub mod codec;
pub mod encryption;
pub mod level;
pub mod memory;
pub mod open;
pub mod pending;
pub mod pieces;
pub mod seal;
pub mod transfer;

mod error;

pub use codec::Codec;
pub use encryption::{Identities, Recipients};
pub use error::ArchiveError;
pub use open::{Opened, Reader, SealedObject, open, open_pieces};
pub use pending::PendingUpload;
pub use pieces::Selection;
pub use seal::{Block, BlockSource, Progress, SealOptions, seal};
