//! Parse, start, run, exit code.

use std::process::ExitCode;

use sponsor_backup::cli::{self, Request, Variables};
use sponsor_backup::commands::{self, Edge, Stop};
use sponsor_backup::failure::Failure;
use sponsor_backup::report::sink::Sink;

#[tokio::main]
async fn main() -> ExitCode {
    // The only provider that is linked; a second installation would fail, and there is none.
    rustls::crypto::ring::default_provider().install_default().ok();
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let variables: Variables = std::env::vars_os().filter_map(text).collect();
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    ExitCode::from(start(&arguments.collect::<Vec<_>>(), &variables).await)
}

async fn start(arguments: &[String], variables: &Variables) -> u8 {
    let stop = Stop::on_signals().map_err(|error| Failure::Bug(error.to_string()));
    let edge = match stop.and_then(|stop| Edge::read(variables, stop)) {
        Ok(edge) => edge,
        Err(failure) => {
            Sink::terminal().block(&[failure.to_string(), failure.hint().unwrap_or_default()]);
            return failure.stage_and_code().1;
        }
    };
    edge.sink.tell_of_panics();
    match cli::parse(arguments, variables) {
        Ok(Request::Order(order)) => commands::run(*order, edge).await,
        Ok(Request::Text(text)) => {
            edge.sink.text(&text);
            0
        }
        Err(error) => commands::refuse(&error.into(), &edge),
    }
}
