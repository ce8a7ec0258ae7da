//! A stranger's model is loaded and run in a process of its own first: it may ask for more memory than there is, or
//! bring an engine down, and no check of its file can rule that out.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use deepscreen::{Contract, Detector, FaceDetector};

use crate::args::{EngineArguments, TrialArguments};
use crate::text::Text;
use crate::{Failed, Outcome};

/// A network that takes longer for one picture is of no use, or loops.
const PATIENCE: Duration = Duration::from_secs(120);

/// Tries a model in a child process.
pub(crate) fn try_model(
    contract: &Contract,
    folder: &Path,
    engine: &EngineArguments,
    text: Text,
) -> Result<(), Failed> {
    let name = folder.join(contract.weights());
    try_in_child(&name, &["--".into(), folder.into()], &contract.to_toml(), engine, text)
}

/// Tries a network that finds faces in a child process.
pub(crate) fn try_faces(path: &Path, engine: &EngineArguments, text: Text) -> Result<(), Failed> {
    try_in_child(path, &["--finds-faces".into(), "--".into(), path.into()], "", engine, text)
}

fn try_in_child(
    name: &Path,
    arguments: &[OsString],
    input: &str,
    engine: &EngineArguments,
    text: Text,
) -> Result<(), Failed> {
    let failed = |error: std::io::Error| Failed::Message(text.trial_impossible(name, &error));
    let program = std::env::current_exe().map_err(failed)?;
    let mut child = Command::new(program)
        .args(["--lang", text.language().code(), "trial"])
        .args(engine.as_flags())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut pipe) = child.stdin.take() {
        // A child that has died already says more by its status.
        let _ = pipe.write_all(input.as_bytes());
    }
    let mut messages = child.stderr.take();
    // What a native library writes could fill the pipe: read beside the waiting.
    let reader = std::thread::spawn(move || {
        let mut message = Vec::new();
        let _ = messages.as_mut().map(|pipe| pipe.take(1 << 20).read_to_end(&mut message));
        String::from_utf8_lossy(&message).into_owned()
    });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return Err(Failed::Message(text.trial_took_too_long(name, PATIENCE)));
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let message = reader.join().unwrap_or_default();
    judge(status, &message, name, text)
}

fn judge(status: ExitStatus, message: &str, name: &Path, text: Text) -> Result<(), Failed> {
    match status.code() {
        Some(0) => Ok(()),
        Some(2) => {
            let message = message.trim_end();
            let own = message.rfind("deepscreen: ").map(|at| &message[at + "deepscreen: ".len()..]);
            Err(Failed::Message(own.unwrap_or(message).to_owned()))
        }
        _ => Err(Failed::Message(text.trial_died(name, &status.to_string()))),
    }
}

/// The child's side: the contract on standard input, nothing on standard output.
pub(crate) fn run(arguments: &TrialArguments) -> Result<Outcome, Failed> {
    // Should whoever waits be killed, a network that loops would go on for ever. It has not ended by then, so this is
    // no clean exit.
    std::thread::spawn(|| {
        std::thread::sleep(PATIENCE + Duration::from_secs(10));
        std::process::abort();
    });
    let options = arguments.engine.options().with_threads(1);
    if arguments.finds_faces {
        FaceDetector::open(&arguments.folder, &options)?;
        return Ok(Outcome::Done);
    }
    let mut contract = String::new();
    std::io::stdin().read_to_string(&mut contract)?;
    let contract = Contract::from_toml(&contract)?;
    let detector = Detector::with_contract(contract, &arguments.folder, &options)?;
    detector
        .self_test()
        .map_err(|error| error.about(arguments.folder.join(detector.contract().weights()).display()))?;
    Ok(Outcome::Done)
}
