//! Screens a folder and prints what a person should look at.
//!
//! cargo run --release -p deepscreen --example screen_folder -- PHOTOS

use deepscreen::{Detector, EngineOptions, HashAnalyzer, Label, Language, Screener, walk};

fn main() -> deepscreen::Result<()> {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: screen_folder FOLDER");
        std::process::exit(2);
    };
    let screener = Screener::builder()
        .analyzer(Detector::bundled(&EngineOptions::default())?)
        .analyzer(HashAnalyzer)
        .build()?;
    let summary = screener.screen_paths(walk(folder.as_os_str()), |screening| {
        let path = screening.input.path.as_deref().map(|path| path.display().to_string()).unwrap_or_default();
        for reason in &screening.verdict.reasons {
            println!("{path}: {}", reason.message(Language::English));
        }
        for failure in &screening.failures {
            println!("{path}: {}: {}", failure.kind, failure.message);
        }
    });
    println!(
        "{} pictures: {} likely manipulated, {} to review",
        summary.pictures,
        summary.with(Label::LikelyManipulated),
        summary.with(Label::NeedsReview)
    );
    Ok(())
}
