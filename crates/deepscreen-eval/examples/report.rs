//! Scores in, a report out: `cargo run -p deepscreen-eval --example report -- SCORES.csv FOLDER [vi]`.

use std::env;

use deepscreen::Language;
use deepscreen_eval::ScoreTable;
use deepscreen_eval::comparison::Comparison;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [scores, folder, rest @ ..] = &arguments[..] else {
        return Err("usage: report SCORES.csv FOLDER [vi]".into());
    };
    let language = rest.first().and_then(|code| Language::from_code(code)).unwrap_or_default();
    let trial = Comparison::default().of_scores(scores.clone(), ScoreTable::read(scores)?);
    let tiers = trial.tiers.clone();
    trial.report()?.write(folder, &tiers, language)?;
    Ok(())
}
