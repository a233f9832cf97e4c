//! Parse, start, run, exit code.

use std::process::ExitCode;

use sponsor_backup::cli::{self, Request};
use sponsor_backup::commands::{self, RunContext, Stop, edge, threads};
use sponsor_backup::failure::Failure;
use sponsor_backup::report::sink::Sink;

fn main() -> ExitCode {
    // Fails only if a provider is installed already, and no other one is linked.
    rustls::crypto::ring::default_provider().install_default().ok();
    let code = threads::run(start());
    ExitCode::from(code.unwrap_or_else(|failure| commands::refuse(&failure, &Sink::terminal())))
}

async fn start() -> u8 {
    let (arguments, variables) = (edge::arguments(), edge::variables());
    let edge = match Stop::on_signals() {
        Ok(stop) => RunContext::read(&variables, stop),
        Err(error) => Err(Failure::Bug(error.to_string())),
    };
    let edge = match edge {
        Ok(edge) => edge,
        Err(failure) => return commands::refuse(&failure, &Sink::terminal()),
    };
    edge.sink.tell_of_panics();
    match cli::parse(&arguments, &variables) {
        Ok(Request::Command { order, outputs }) => commands::run(*order, outputs, edge).await,
        Ok(Request::Text(text)) => {
            edge.sink.text(&text);
            0
        }
        Ok(Request::Nothing(help)) => commands::no_command(&help, &edge.sink),
        Err(error) => commands::refuse(&error.into(), &edge.sink),
    }
}
