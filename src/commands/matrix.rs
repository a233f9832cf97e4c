//! `matrix`: manifest → selection → outputs.

use super::{Edge, scope};
use crate::cli::order::MatrixOrder;
use crate::failure::Failure;
use crate::record::Outcome;
use crate::report::outputs::json;
use crate::sponsors::matrix::matrix;

pub(super) async fn run(order: &MatrixOrder, edge: &Edge) -> Result<u8, Failure> {
    let sponsors = scope::select(&order.scope, edge).await?.sponsors;
    let matrix = matrix(&sponsors, order.max_jobs);
    let names: Vec<&str> = sponsors.iter().map(|sponsor| sponsor.name.as_str()).collect();
    edge.sink.line(&format!("{} sponsors in {} jobs", names.len(), matrix.include.len()));
    edge.sink.outputs(&[
        ("matrix", json(&matrix)),
        ("sponsors", json(&names)),
        ("count", matrix.include.len().to_string()),
        ("results", "[]".to_owned()),
        ("outcome", Outcome::Success.name().to_owned()),
    ])?;
    Ok(0)
}
