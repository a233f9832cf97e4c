//! Room 6: loads a dump's text into a database, either on a temporary server of its own or into the database that the
//! user named.
//! | It does not fetch the text, and it does not decide whether the result equals the backup.

pub mod clearing;
pub mod ground;
pub mod load;
pub mod locks;
pub mod others;
pub mod partial;
pub mod plan;
pub mod reactions;
pub mod reading;
pub mod room;
pub mod script;
pub mod state;
pub mod target;
pub mod throwaway;
pub mod tools;
pub mod visit;

mod adapted;
mod complaints;
mod error;
mod isolation;
mod leftovers;
mod psql;
mod remedy;
mod sent;
mod session;

pub use error::{Owner, RestoreError, objects_in_words};
pub use load::{LeftOut, Load, Loaded, Manner, OnError};
pub use plan::Plan;
pub use state::TargetState;
pub use target::{Form, Target};
pub use throwaway::Throwaway;
pub use tools::Tools;
pub use visit::Visit;
