//! The program `deepscreen`: reads arguments, asks the library, prints what a person or a program can read.
//!
//! Results go to standard output, progress and messages to standard error. Exit status: 0 done; 1 done, and a
//! `--fail-on` condition was met; 2 wrong usage, or nothing could be done; 130 ended by Ctrl-C.
#![forbid(unsafe_code)]

mod added_models;
mod args;
mod bank;
mod bare;
mod bench;
#[cfg(feature = "pull")]
mod catalog;
mod doctor;
#[cfg(feature = "pull")]
mod download;
mod hash;
mod heat_maps;
mod help;
mod inputs;
mod inspect;
mod interrupt;
mod models;
mod output;
#[cfg(feature = "pull")]
mod pull;
mod results;
mod scan;
mod setup;

mod text;
mod time;
mod trial;
mod watch;
mod worker;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::{Arguments, Command, InspectArguments, ScanArguments};
use text::Text;

/// What a command came to, where it did not fail.
enum Outcome {
    /// Done.
    Done,
    /// Done, and something that the user asked to be told about was found.
    Found,
    /// The user wanted an end before everything was done.
    Interrupted,
}

fn main() -> ExitCode {
    quieten_caught_panics();
    let language = text::language_of_environment();
    let matches = help::localised(Arguments::command(), language).get_matches();
    let arguments = match Arguments::from_arg_matches(&matches) {
        Ok(arguments) => arguments,
        Err(error) => error.exit(),
    };
    let text = Text::new(arguments.lang.unwrap_or(language));
    let outcome = match &arguments.command {
        Command::Scan(ScanArguments { judging, limits, engine, .. })
        | Command::Inspect(InspectArguments { judging, limits, engine, .. })
            if limits.worker =>
        {
            worker::run(judging, limits, engine, text)
        }
        Command::Scan(scan) => scan::run(scan, text),
        Command::Results(results) => results::run(results, text),
        Command::Inspect(inspect) => inspect::run(inspect, text),
        Command::Hash(hash) => hash::run(hash, text),
        Command::Bank(bank) => bank::run(bank, text),
        Command::Bench(bench) => bench::run(bench, text),
        Command::Models(models) => models::run(models, text),
        Command::Doctor(doctor) => doctor::run(doctor, text),
        Command::Trial(arguments) => trial::run(arguments),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "deepscreen", &mut script);
            output::print(&script)
        }
        Command::Man => {
            let mut page = Vec::new();
            let man = clap_mangen::Man::new(Arguments::command());
            man.render(&mut page).map_err(Failed::from).and_then(|()| output::print(&page))
        }
    };
    match outcome {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Found) => ExitCode::from(1),
        Ok(Outcome::Interrupted) => ExitCode::from(interrupt::STATUS),
        // Whoever reads the output has seen enough: `deepscreen scan photos | head`.
        Err(Failed::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failed) => {
            let _ = writeln!(anstream::stderr(), "deepscreen: {}", failed.message(text));
            ExitCode::from(2)
        }
    }
}

/// Why a command could do nothing.
enum Failed {
    /// The library says so.
    Library(deepscreen::Error),
    /// What was found cannot be written.
    Output(std::io::Error),
    /// No model and no folder has this name.
    NoSuchModel(String),
    /// The environment names no place for the user's models.
    NoModelFolder,
    /// A message in the user's language.
    Message(String),
}

impl Failed {
    fn message(&self, text: Text) -> String {
        match self {
            Self::Library(error) => format!("{error:#}"),
            Self::Output(error) => text.output_failed(error),
            Self::NoSuchModel(id) => text.no_such_model(id, models::can_be_pulled(id)),
            Self::NoModelFolder => text.no_model_folder(),
            Self::Message(message) => message.clone(),
        }
    }
}

impl From<deepscreen::Error> for Failed {
    fn from(error: deepscreen::Error) -> Self {
        Self::Library(error)
    }
}

impl From<std::io::Error> for Failed {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

/// A decoder's panic costs one record and is told there: it must not look like a crash of the program.
fn quieten_caught_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !deepscreen::panic_is_caught() {
            usual(panic);
        }
    }));
}
