//! The examples, as programs.

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// An example, to be run from the root of the workspace. `cargo test` has built it, unless it was told to build one
/// test alone: then this finds none, or an old one.
pub(crate) fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().and_then(Path::parent).unwrap().join("examples");
    let program = folder.join(name).with_extension(std::env::consts::EXE_EXTENSION);
    assert!(program.exists(), "{} is not built: cargo build --example {name}", program.display());
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}
