//! Files in, each cut at many places and with single bits flipped; out, whether each of those cost no more than its own
//! record: no process that died, none that had to be ended, no memory beyond the limit.
//!
//!     cargo run --release --example hostile -- FOLDER [CUTS] [FLIPS]
//!
//! 64 cuts and 256 flips a file, unless told otherwise; half of the flips are in the first 4 KiB, where the headers are.
//! Every input is looked at in a child process, by everything but the detectors. A fixed seed: the same inputs every time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use deepscreen::{
    C2paAnalyzer, ErrorKind, HashAnalyzer, Limits, MetadataAnalyzer, Result, Screener, Screening, Source,
    WatermarkAnalyzer, walk,
};

/// The headers of a file are about so long.
const HEAD: usize = 4096;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, usual| match arguments.get(at) {
        None => Some(usual),
        Some(number) => number.parse().ok(),
    };
    let outcome = match (arguments.first().map(String::as_str), number(1, 64), number(2, 256)) {
        (Some("worker"), ..) => worker().map(|()| true),
        (Some(folder), Some(cuts), Some(flips)) => check(Path::new(folder), cuts, flips),
        _ => {
            eprintln!("usage: hostile FOLDER [CUTS] [FLIPS]");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::from(2)
        }
    }
}

fn builder() -> deepscreen::ScreenerBuilder {
    Screener::builder()
        .limits(Limits::default().with_max_time(Duration::from_secs(20)))
        .analyzer(MetadataAnalyzer)
        .analyzer(C2paAnalyzer::new())
        .analyzer(WatermarkAnalyzer)
        .analyzer(HashAnalyzer)
}

fn worker() -> Result<()> {
    std::panic::set_hook(Box::new(|_| {}));
    builder().build()?.serve(std::io::stdin(), std::io::stdout())
}

/// What was done to a file.
#[derive(Clone, Debug)]
enum Damage {
    CutAt(usize),
    Flipped { byte: usize, bit: u8 },
}

fn damages(length: usize, cuts: usize, flips: usize, seed: u64) -> Vec<Damage> {
    // The minimal standard generator of Park and Miller, 1988.
    let mut state = seed % 2_147_483_646 + 1;
    let mut below = |end: usize| {
        state = state * 48_271 % 2_147_483_647;
        state as usize % end.max(1)
    };
    let cut = (0..cuts).map(|cut| Damage::CutAt(cut * length / cuts));
    let flip = (0..flips).map(|flip| {
        let end = if flip % 2 == 0 { length.min(HEAD) } else { length };
        Damage::Flipped { byte: below(end), bit: below(8) as u8 }
    });
    cut.chain(flip).collect()
}

fn damaged(bytes: &[u8], damage: &Damage) -> Vec<u8> {
    match damage {
        Damage::CutAt(length) => bytes[..*length].to_vec(),
        Damage::Flipped { byte, bit } => {
            let mut bytes = bytes.to_vec();
            if let Some(byte) = bytes.get_mut(*byte) {
                *byte ^= 1 << bit;
            }
            bytes
        }
    }
}

/// Why a screening is more than its record; `None` for what may be.
fn harm(screening: &Screening) -> Option<String> {
    let failure = screening.failures.iter().find(|failure| {
        matches!(failure.kind, ErrorKind::Timeout | ErrorKind::EngineUnavailable)
            || failure.message.starts_with("the process that looked at it has died")
            || failure.message == "more memory than the limit"
    })?;
    Some(format!("{}: {}", failure.kind, failure.message))
}

/// Prints what came out, and says whether all went well.
fn check(folder: &Path, cuts: usize, flips: usize) -> Result<bool> {
    let program = std::env::current_exe().unwrap_or_default();
    let start = move || {
        let mut command = std::process::Command::new(&program);
        command.arg("worker");
        command
    };
    let screener = builder().isolated(start).build()?;
    let files: Vec<(PathBuf, u64)> = walk(folder).zip(1..).collect();
    let inputs = files.iter().flat_map(|(path, seed)| {
        let bytes = std::fs::read(path).unwrap_or_default();
        let damages = damages(bytes.len(), cuts, flips, *seed);
        damages.into_iter().map(move |damage| Source::from(damaged(&bytes, &damage)))
    });
    let began = Instant::now();
    let screenings = screener.screen_many(inputs);
    let mut names = files.iter().flat_map(|(path, seed)| {
        let length = path.metadata().map_or(0, |metadata| metadata.len()) as usize;
        damages(length, cuts, flips, *seed).into_iter().map(move |damage| (path, damage))
    });
    let (mut count, mut harmed, mut slowest) = (0_u64, 0_u64, (Duration::ZERO, String::new()));
    let mut outcomes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut panics: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for screening in screenings {
        let Some((path, damage)) = names.next() else { break };
        let name = format!("{} {damage:?}", path.display());
        count += 1;
        let of_media = screening.failures.iter().find(|failure| failure.source == "media");
        *outcomes.entry(of_media.map_or("decoded", |failure| failure.kind.code())).or_default() += 1;
        if let Some(harm) = harm(&screening) {
            harmed += 1;
            println!("HARM {name}: {harm}");
        }
        for failure in screening.failures.iter().filter(|failure| failure.kind == ErrorKind::Panic) {
            panics.entry(failure.message.clone()).or_insert_with(|| (0, name.clone())).0 += 1;
        }
        if screening.elapsed > slowest.0 {
            slowest = (screening.elapsed, name);
        }
    }
    let expected = (files.len() * (cuts + flips)) as u64;
    println!("{} files, {count} inputs of {expected}, {:.0} s", files.len(), began.elapsed().as_secs_f64());
    println!("{outcomes:?}");
    println!("slowest: {:.1} s, {}", slowest.0.as_secs_f64(), slowest.1);
    for (message, (times, first)) in panics {
        println!("caught {times} times: {message} (first: {first})");
    }
    println!("{harmed} did harm");
    Ok(count == expected && harmed == 0)
}
