//! `deepscreen scan`: files and folders in, one line or record for each input out.

use std::cell::Cell;
use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

use deepscreen::{Label, Screening, Summary};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::args::{FailOn, ScanArguments};
use crate::output::Report;
use crate::text::Text;
use crate::{Failed, Outcome, heat_maps, inputs, setup};

pub(crate) fn run(arguments: &ScanArguments, text: Text) -> Result<Outcome, Failed> {
    let paths = inputs::collect(&arguments.paths, text)?;
    let screener = setup::screener(&arguments.judging, &arguments.engine, text)?;
    if paths.is_empty() {
        eprintln!("deepscreen: {}", text.no_files(&arguments.paths));
    }
    let mut report = Report::open(arguments, &paths, text)?;
    let progress = progress(paths.len(), text);
    // Once nothing can be written any more (a full disk, a closed pipe) there is no use in going on.
    let broken = Cell::new(None);
    let each = |screening: Screening| {
        if !is_set(&broken) {
            let added = progress.suspend(|| report.add(&screening));
            let drawn = || match &arguments.judging.heat_maps {
                Some(folder) => heat_maps::write(&screening, folder, text).map(drop),
                None => Ok(()),
            };
            broken.set(added.and_then(|()| drawn()).err());
        }
        progress.inc(1);
    };
    let summary = if arguments.group {
        screener.screen_grouped(paths, each)
    } else {
        screener.screen_paths(paths.into_iter().take_while(|_| !is_set(&broken)), each)
    };
    progress.finish_and_clear();
    if let Some(error) = broken.take() {
        return Err(error);
    }
    report.finish(&summary, &screener.replay().engine)?;
    Ok(outcome(&arguments.fail_on, &summary))
}

fn is_set<T>(cell: &Cell<Option<T>>) -> bool {
    let value = cell.take();
    let set = value.is_some();
    cell.set(value);
    set
}

fn outcome(conditions: &[FailOn], summary: &Summary) -> Outcome {
    let met = |condition: &FailOn| match condition {
        FailOn::Flagged => summary.with(Label::LikelyManipulated) > 0,
        FailOn::Review => summary.with(Label::NeedsReview) > 0,
        FailOn::Unreadable => summary.unreadable > 0,
    };
    if conditions.iter().any(met) { Outcome::Found } else { Outcome::Done }
}

/// On standard error, and only where that is a terminal.
pub(crate) fn progress(inputs: usize, text: Text) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(inputs as u64);
    let template = format!("{{wide_bar}} {{pos}}/{{len}}  {{rate}}  {}", text.time_left());
    if let Ok(style) = ProgressStyle::with_template(&template) {
        // The usual rate has four places.
        let rate = |state: &ProgressState, out: &mut dyn Write| {
            let _ = write!(out, "{:.1}/s", state.per_sec());
        };
        bar.set_style(style.with_key("rate", rate));
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
