//! `--isolate`: the program starts itself again, with the same arguments, as the process that looks at pictures.

use std::ffi::OsString;
use std::process::Command;

use crate::args::{EngineArguments, JudgingArguments, LimitArguments};
use crate::text::Text;
use crate::{Failed, Outcome, setup};

/// What starts such a process.
pub(crate) fn command(text: Text) -> Result<impl Fn() -> Command + Send + Sync + 'static, Failed> {
    let program = std::env::current_exe().map_err(|error| Failed::Message(text.worker_impossible(&error)))?;
    let mut arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    // Behind the subcommand, before which no other word can stand that reads alike.
    let subcommand = arguments.iter().position(|argument| argument == "scan" || argument == "inspect");
    arguments.insert(subcommand.map_or(0, |at| at + 1), "--worker".into());
    Ok(move || {
        let mut command = Command::new(&program);
        command.args(&arguments);
        command
    })
}

/// The child's side. The parent has tried the models of strangers.
pub(crate) fn run(
    judging: &JudgingArguments,
    limits: &LimitArguments,
    engine: &EngineArguments,
    text: Text,
) -> Result<Outcome, Failed> {
    let mut judging = judging.clone();
    judging.detectors.trust_models = true;
    let engine = EngineArguments { threads: Some(1), ..engine.clone() };
    let screener = setup::screener(&judging, limits, &engine, text)?;
    screener.serve(std::io::stdin(), std::io::stdout().lock())?;
    Ok(Outcome::Done)
}
