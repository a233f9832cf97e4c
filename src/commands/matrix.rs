//! `matrix`: manifest → selection → outputs.

use super::publish::{Heard, Publisher};
use super::{Edge, scope};
use crate::cli::order::MatrixOrder;
use crate::failure::Failure;
use crate::proof::Conclusion;
use crate::report::outputs::{self, json};
use crate::report::workflow::{Level, annotation};
use crate::sponsors::matrix::matrix;

pub(super) async fn run(order: &MatrixOrder, edge: &Edge, publisher: &Publisher<'_>) -> Result<u8, Failure> {
    let sponsors = scope::select(&order.scope, edge).await?.sponsors;
    let matrix = matrix(&sponsors, order.max_jobs);
    let names: Vec<&str> = sponsors.iter().map(|sponsor| sponsor.name.as_str()).collect();
    edge.sink.line(&format!("{} sponsors in {} jobs", names.len(), matrix.include.len()));
    let mut all = vec![
        ("matrix", json(&matrix)),
        ("sponsors", json(&names)),
        ("count", matrix.include.len().to_string()),
        ("results", "[]".to_owned()),
    ];
    all.extend(outputs::of_a_conclusion(Conclusion::of_listing(names.len())));
    edge.sink.outputs(&all)?;
    if names.is_empty() {
        // No job comes after this one that could say so.
        let text = "The manifest enables no sponsor: nothing is backed up, and nothing fails.";
        edge.sink.annotations(&[annotation(Level::Warning, "nobody is enabled", text)]);
        return Ok(0);
    }
    publisher.heard.set(Heard::Results(Vec::new())).ok();
    Ok(0)
}
