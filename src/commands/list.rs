//! `list`: being built.

use super::Edge;
use super::publish::Publisher;
use crate::cli::UsageError;
use crate::cli::order::ListOrder;
use crate::failure::Failure;

#[expect(clippy::unused_async, reason = "being built")]
pub(super) async fn run(_order: ListOrder, _edge: &Edge, _publisher: &Publisher<'_>) -> Result<u8, Failure> {
    Err(UsageError::new("this command is being built").into())
}
