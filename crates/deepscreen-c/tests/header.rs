//! The header is what cbindgen makes of the source.
//!
//! After a change that is meant: `UPDATE_HEADER=1 cargo test -p deepscreen-c --test header`.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::path::Path;

#[test]
fn the_header_says_what_the_source_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(folder.join("cbindgen.toml")).unwrap();
    let mut builder = cbindgen::Builder::new().with_config(config);
    // The two files with what C sees, rather than the crate: that would ask cargo about every dependency.
    for file in ["src/status.rs", "src/lib.rs"] {
        builder = builder.with_src(folder.join(file));
    }
    let mut made = Vec::new();
    builder.generate().unwrap().write(&mut made);
    let made = String::from_utf8(made).unwrap();
    let path = folder.join("include/deepscreen.h");
    if std::env::var_os("UPDATE_HEADER").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let header = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(header == made, "include/deepscreen.h is not what cbindgen makes: UPDATE_HEADER=1 writes it");
}
