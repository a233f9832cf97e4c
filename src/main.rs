//! Parse, start, run, exit code.

use std::process::ExitCode;

use sponsor_backup::cli::{self, Request};
use sponsor_backup::commands::{self, Edge, Stop, edge};
use sponsor_backup::failure::Failure;
use sponsor_backup::report::sink::Sink;

fn main() -> std::io::Result<ExitCode> {
    // The only provider that is linked; a second installation would fail, and there is none.
    rustls::crypto::ring::default_provider().install_default().ok();
    let runtime = tokio::runtime::Runtime::new()?;
    let code = runtime.block_on(start());
    // What the system does in threads of its own, a look-up of a name for example, cannot be called off: nobody waits.
    runtime.shutdown_background();
    Ok(ExitCode::from(code))
}

async fn start() -> u8 {
    let (arguments, variables) = (edge::arguments(), edge::variables());
    let stop = Stop::on_signals().map_err(|error| Failure::Bug(error.to_string()));
    let edge = match stop.and_then(|stop| Edge::read(&variables, stop)) {
        Ok(edge) => edge,
        Err(failure) => {
            let lines = [Some(failure.to_string()), failure.hint()];
            Sink::terminal().block(&lines.into_iter().flatten().collect::<Vec<_>>());
            return failure.stage_and_code().1;
        }
    };
    edge.sink.tell_of_panics();
    match cli::parse(&arguments, &variables) {
        Ok(Request::Order(order)) => commands::run(*order, edge).await,
        Ok(Request::Text(text)) => {
            edge.sink.text(&text);
            0
        }
        Err(error) => commands::refuse(&error.into(), &edge),
    }
}
