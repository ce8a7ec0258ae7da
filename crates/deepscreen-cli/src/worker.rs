//! The process that looks at pictures for another, with `--isolate`.

use crate::args::{EngineArguments, JudgingArguments, LimitArguments};
use crate::text::Text;
use crate::{Failed, Outcome, setup};

/// Does so until there is nothing more to look at. The parent has tried the models of strangers.
pub(crate) fn run(
    judging: &JudgingArguments,
    limits: &LimitArguments,
    engine: &EngineArguments,
    text: Text,
) -> Result<Outcome, Failed> {
    let mut judging = judging.clone();
    judging.detectors.trust_models = true;
    let engine = EngineArguments { threads: Some(1), ..engine.clone() };
    let screener = setup::screener(&judging, limits, &engine, text)?;
    screener.serve(std::io::stdin(), std::io::stdout().lock())?;
    Ok(Outcome::Done)
}
