//! What an isolated screener survives: an analyzer here does harm with pictures of some widths, as a decoder with a hole
//! could with some files, and costs no more than their own records.
//!
//!     cargo run --example isolation -- fixtures/sample

use std::path::PathBuf;
use std::time::Duration;

use deepscreen::{Analyzer, Evidence, HashAnalyzer, Language, Limits, Media, Result, Screener, walk};

struct Harmful;

impl Analyzer for Harmful {
    fn id(&self) -> &str {
        "harmful@1"
    }

    fn analyze(&self, media: &Media) -> Result<Vec<Evidence>> {
        match media.pixels()?.width() {
            101 => loop {
                std::thread::park();
            },
            102 => std::process::abort(),
            103 => drop((0..1 << 12).map(|_| vec![1_u8; 1 << 20]).collect::<Vec<_>>()),
            104 => println!("{}", overflow(media.bytes(), 1)),
            _ => {}
        }
        Ok(Vec::new())
    }
}

#[expect(unconditional_recursion)]
fn overflow(bytes: &[u8], depth: u64) -> u64 {
    let taken = [depth; 1 << 12];
    overflow(bytes, depth + 1) + taken[bytes.len() % taken.len()]
}

fn main() -> Result<()> {
    let limits = Limits::default().with_max_time(Duration::from_secs(5)).with_max_memory(512 << 20);
    let builder = Screener::builder().limits(limits).analyzer(HashAnalyzer).analyzer(Harmful);
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if arguments == [PathBuf::from("worker")] {
        return builder.build()?.serve(std::io::stdin(), std::io::stdout());
    }
    let start = || {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap_or_default());
        command.arg("worker");
        command
    };
    let screener = builder.isolated(start).build()?;
    for screening in screener.screen_many(arguments.into_iter().flat_map(walk)) {
        println!("{}", screening.to_json(Language::English));
    }
    Ok(())
}
