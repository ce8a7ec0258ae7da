//! What the README shows is what the program prints.
//!
//! After a change that is meant: `UPDATE_README=1 cargo test -p deepscreen-cli --test readme`.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

#[test]
fn the_readmes_example_is_real_output() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for name in ["README.md", "README.vi.md"] {
        let path = root.join(name);
        let readme = std::fs::read_to_string(&path).unwrap();
        let mut updated = String::new();
        let mut rest = readme.as_str();
        let mut examples = 0;
        while let Some(start) = rest.find("```console\n$ deepscreen ") {
            let body = start + "```console\n".len();
            let end = body + rest[body..].find("```").unwrap();
            let (command, shown) = rest[body..end].split_once('\n').unwrap();
            let printed = output(command.trim_start_matches("$ deepscreen "), &root);
            if std::env::var_os("UPDATE_README").is_none() {
                assert_eq!(timeless(shown), timeless(&printed), "{name}: {command}");
            }
            updated.push_str(&rest[..body]);
            updated.push_str(&format!("{command}\n{printed}"));
            rest = &rest[end..];
            examples += 1;
        }
        assert!(examples > 0, "{name} shows no example");
        if std::env::var_os("UPDATE_README").is_some() {
            std::fs::write(&path, updated + rest).unwrap();
        }
    }
}

/// What the program prints on the embedded engine, which everybody has.
fn output(arguments: &str, root: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deepscreen"));
    command.current_dir(root).env("LANG", "C").env_remove("LC_ALL").env_remove("LC_MESSAGES");
    let output = command.args(arguments.split(' ')).args(["--engine", "rten"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Without the figures that are others in each run: the first two numbers of the summary after the count.
fn timeless(text: &str) -> String {
    text.lines()
        .map(|line| match line.split_once(", ").zip(line.find("(")) {
            Some(((pictures, _), bracket)) if line.contains("rten") => {
                let engine = line[bracket..].find(", ").map_or("", |at| &line[bracket + at..]);
                format!("{pictures}{engine}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect()
}
