//! The one binary: services, the commands of officials, and what is computed without a server.

use clap::Parser as _;
use hemicycle::cli::{Cli, Command};
use hemicycle::command;
use hemicycle::failure::{Ending, Failure};
use hemicycle::text::say;
use std::process::ExitCode;

/// Made for what a server does most: pieces that one thread allocates and another frees.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let Cli { command } = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            say(&format!("error: the runtime cannot start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let asked = command::damage::read_by(&command);
    let ended = runtime.block_on(async {
        let ended = run(command).await;
        match asked {
            Some(asked) => command::damage::told(asked, ended).await,
            None => ended,
        }
    });
    match ended {
        Ok(ending) => ending.into(),
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("error: {failure}"));
            if let Some(hint) = failure.hint() {
                say(&format!("hint: {hint}"));
            }
            failure.exit_code()
        }
    }
}

async fn run(command: Command) -> Result<Ending, Failure> {
    match command {
        Command::Demo(arguments) => command::demo::run(arguments).await,
        Command::Serve(arguments) => command::serve::run(arguments).await,
        Command::Define(arguments) => command::define::run(arguments).await,
        Command::Submit(arguments) => command::submit::run(arguments).await,
        Command::Replay(arguments) => command::replay::run(arguments).await,
        Command::Watch(arguments) => command::watch::run(arguments).await,
        Command::History(arguments) => command::history::run(arguments).await,
        Command::Review(arguments) => command::review::run(arguments).await,
        Command::Missing(arguments) => command::missing::run(arguments).await,
        Command::Withdraw(arguments) => command::withdraw::run(arguments).await,
        Command::CorrectTurnout(arguments) => command::correct_turnout::run(arguments).await,
        Command::Publish(arguments) => command::publish::run(arguments).await,
        Command::Amend(arguments) => command::amend::run(arguments).await,
        Command::SetStatus(arguments) => command::set_status::run(arguments).await,
        Command::Stage(arguments) => command::stage::run(arguments).await,
        Command::ChangeCandidates(arguments) => command::change_candidates::run(arguments).await,
        Command::DrawLot(arguments) => command::draw_lot::run(arguments).await,
        Command::Declare(arguments) => command::declare::run(arguments).await,
        Command::Certify(arguments) => command::certify::run(arguments).await,
        Command::Allocate(arguments) => command::allocate::run(arguments).await,
        Command::Compare(arguments) => command::compare::run(arguments).await,
        Command::Profiles(arguments) => command::profiles::run(arguments).await,
        Command::Bounds(arguments) => command::bounds::run(arguments).await,
        Command::Selftest(arguments) => command::selftest::run(arguments).await,
        Command::Export(arguments) => command::export::run(arguments).await,
    }
}
