//! Any stream of bytes becomes one object in S3, or nothing does.
//!
//! It does not know what the bytes are. [`seal()`] compresses, encrypts, hashes, counts and uploads while it reads, and
//! returns a [`PendingUpload`] that is not visible yet. [`PendingUpload::commit`] makes it visible, [`PendingUpload::abandon`]
//! aborts it.
//!
//! And back: [`catalogue::catalogue`] finds the backups in a listing, and [`open()`] reads one of them, undoes all of
//! that and measures it again.

pub mod backup_manifest;
pub mod catalogue;
pub mod checksum;
pub mod codec;
pub mod encryption;
pub mod key;
pub mod lifecycle;
pub mod memory;
pub mod open;
pub mod parts;
pub mod pending;
pub mod preflight;
pub mod s3;
pub mod seal;
pub mod tags;
pub mod thaw;

mod error;
mod upload;

pub use codec::Codec;
pub use encryption::{Identities, Recipients};
pub use error::ArchiveError;
pub use open::{Opened, Reader, SealedObject, open};
pub use pending::PendingUpload;
pub use s3::Store;
pub use seal::{Progress, SealOptions, seal};
pub use upload::Upload;
