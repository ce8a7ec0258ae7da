//! What the examples print about the pictures in `fixtures/sample`. The service has a test of its own.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod support;

use std::process::Command;

fn printed(mut command: Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn screen_file_is_what_the_readmes_show_and_prints_a_verdict() {
    let example = include_str!("../examples/screen_file.rs");
    let (_, code) = example.split_once("\n\n").unwrap();
    for name in ["README.md", "README.vi.md", "crates/deepscreen/README.md"] {
        let readme = std::fs::read_to_string(support::root().join(name)).unwrap();
        assert!(readme.contains(&format!("```rust,no_run\n{code}```\n")), "{name} shows something else");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(support::root().join("fixtures/sample/valley.jpg"), folder.path().join("upload.jpg"))
        .unwrap();
    let mut command = support::example("screen_file");
    command.current_dir(folder.path());
    assert!(printed(command).starts_with("no_indication Some("));
}

#[test]
fn screen_folder_names_what_failed_and_counts() {
    let mut command = support::example("screen_folder");
    command.arg("fixtures/sample");
    let printed = printed(command);
    assert!(printed.contains("cut.jpg: truncated: the file ends before the picture does\n"), "{printed}");
    assert!(printed.ends_with("5 pictures: 0 likely manipulated, 0 to review\n"), "{printed}");
}

#[test]
fn examples_are_short() {
    for (example, most) in [
        (include_str!("../examples/screen_file.rs"), 40),
        (include_str!("../examples/screen_folder.rs"), 40),
        (include_str!("../examples/service.rs"), 80),
    ] {
        assert!(
            example.lines().count() < most,
            "{} is as long as {most} lines",
            example.lines().next().unwrap()
        );
    }
}
