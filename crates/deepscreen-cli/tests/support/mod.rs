//! The program as tests run it, and with a folder of models of its own and a model to put there.
// Each test takes what it needs.
#![allow(dead_code)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use deepscreen_models::AI_IMAGE;

/// What a run gave.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A user's home: the folder of models is in it, and so is whatever a test needs.
pub(crate) struct Home(tempfile::TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    /// Where the model of this id is or would be.
    pub(crate) fn model(&self, id: &str) -> PathBuf {
        self.path("models").join(id)
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = program();
        // No proxy before the local server.
        for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "all_proxy", "https_proxy", "http_proxy"] {
            command.env_remove(name);
        }
        command.env("DEEPSCREEN_MODELS", self.path("models")).env("XDG_CACHE_HOME", self.path("cache"));
        command.current_dir(self.0.path());
        command
    }

    /// Arguments are words, so paths are relative to the home.
    pub(crate) fn run(&self, arguments: &str) -> Run {
        finish(self.command().args(arguments.split_whitespace()))
    }

    /// A picture that models can look at.
    pub(crate) fn write_picture(&self) {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/images/photo_table.jpg");
        std::fs::copy(source, self.path("table.jpg")).unwrap();
    }
}

/// Of the bundled model, as if others had made it.
pub(crate) fn contract() -> String {
    AI_IMAGE.contract.replace("id = \"ai-image\"", "id = \"theirs\"")
}

/// The program: with the embedded engine alone, the language of nobody's machine, and no models of the user who tests.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deepscreen"));
    for name in ["ORT_DYLIB_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR"]
    {
        command.env_remove(name);
    }
    command.env("DEEPSCREEN_MODELS", "no/models/here");
    command
}

pub(crate) fn finish(command: &mut Command) -> Run {
    finish_with(command, "")
}

/// With something on standard input.
pub(crate) fn finish_with(command: &mut Command, input: &str) -> Run {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Run { status: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}
