//! Prints the metadata of files and folders: one JSON object a file, with its fields, faults and the bytes that were read.
//!
//! `cargo run --release -p deepscreen --example metadata -- photos`

use deepscreen::{Limits, Metadata, walk};
use serde_json::json;

fn main() {
    let limits = Limits::default();
    for path in std::env::args_os().skip(1).flat_map(walk) {
        // Reads with seeks: a few kilobytes of a camera's picture, and no pixels.
        match Metadata::open(&path, &limits) {
            Ok(metadata) => {
                let fields: Vec<_> = metadata.fields().collect();
                let faults: Vec<_> =
                    metadata.faults().iter().map(|fault| (&fault.field, fault.kind.code())).collect();
                let read = metadata.bytes_read();
                println!("{}", json!({"path": path, "fields": fields, "faults": faults, "bytes_read": read}));
            }
            Err(error) => eprintln!("{error:#}"),
        }
    }
}
