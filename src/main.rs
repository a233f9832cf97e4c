//! Parse, start, run, exit code.

use std::process::ExitCode;

use sponsor_backup::cli;
use sponsor_backup::commands::{self, RunContext, context, threads};
use sponsor_backup::failure::Failure;
use sponsor_backup::report::sink::Sink;
use sponsor_backup::stop::Stop;

fn main() -> ExitCode {
    // Fails only if a provider is installed already, and no other one is linked.
    rustls::crypto::ring::default_provider().install_default().ok();
    let code = threads::run(start());
    ExitCode::from(code.unwrap_or_else(|failure| commands::refuse(&failure, &Sink::terminal())))
}

async fn start() -> u8 {
    let (arguments, variables) = (context::arguments(), context::variables());
    let context = match Stop::on_signals() {
        Ok(stop) => RunContext::read(&variables, stop),
        Err(error) => Err(Failure::Bug(error.to_string())),
    };
    let context = match context {
        Ok(context) => context,
        Err(failure) => return commands::refuse(&failure, &Sink::terminal()),
    };
    context.sink.report_panics();
    match cli::parse(&arguments, &variables) {
        Ok(request) => Box::pin(commands::answer(request, context)).await,
        Err(error) => commands::refuse(&error.into(), &context.sink),
    }
}
