//! `deepscreen scan`: files and folders in, one line or record for each input out.

use std::fmt::Write;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf, absolute};
use std::time::{Duration, Instant};

use deepscreen::store::{Looked, Scan, Store};
use deepscreen::{Label, Language, Screener, Screening, Summary};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::args::{FailOn, ScanArguments, ScanFormat};
use crate::inputs::Own;
use crate::output::{Report, cause, check_apart};
use crate::text::Text;
use crate::watch::Watch;
use crate::{Failed, Outcome, heat_maps, inputs, interrupt, setup};

pub(crate) fn run(arguments: &ScanArguments, text: Text) -> Result<Outcome, Failed> {
    check(arguments, text)?;
    let roots = inputs::roots(&arguments.paths, text)?;
    let own = Own::of(arguments);
    let mut paths = inputs::files(roots.clone());
    paths.retain(|path| !own.holds(path));
    let store = arguments.store.as_ref().map(Store::open_or_create).transpose()?;
    let screener = setup::screener(&arguments.judging, &arguments.limits, &arguments.engine, text)?;
    if paths.is_empty() && !arguments.watch {
        eprintln!("deepscreen: {}", text.no_files(&arguments.paths));
    }
    // Groups are known when all is done: there Ctrl-C ends at once, as ever.
    if !arguments.group {
        interrupt::watch(text);
    }
    let how = match &store {
        Some(store) => match begin(store, &screener, arguments, text)? {
            Some(scan) => How::Stored(scan),
            None => return Ok(interrupted(paths.len(), arguments, text)),
        },
        None if arguments.group => How::Grouped,
        None => How::Alone,
    };
    let files = paths.len();
    let mut seeing = Seeing::open(arguments, &paths, text)?;
    let mut watch = arguments.watch.then(|| Watch::begin(&roots, &paths, own, text));
    let mut scan = Round { how, screener: &screener };
    scan.look_at(paths, &mut seeing)?;
    let left = files - seeing.seen;
    if watch.is_some() {
        seeing.report.flush()?;
        seeing.progress.finish_and_clear();
    }
    while seeing.broken.is_none()
        && let Some(paths) = watch.as_mut().and_then(Watch::next)
    {
        scan.look_at(paths, &mut seeing)?;
        seeing.report.flush()?;
    }
    if left == 0 && seeing.broken.is_none() {
        scan.finish(&roots)?;
    }
    let summary = seeing.finish(&screener.replay().engine)?;
    if left > 0 { Ok(interrupted(left, arguments, text)) } else { Ok(outcome(&arguments.fail_on, &summary)) }
}

/// What cannot go together.
fn check(arguments: &ScanArguments, text: Text) -> Result<(), Failed> {
    if arguments.group && arguments.store.is_some() {
        return Err(Failed::Message(text.groups_are_not_stored()));
    }
    if arguments.watch
        && (arguments.group || matches!(arguments.format, ScanFormat::Html | ScanFormat::Sarif))
    {
        return Err(Failed::Message(text.watching_never_ends().to_owned()));
    }
    check_apart(arguments.out.as_ref(), arguments.store.as_ref(), text)
}

/// How files are looked at.
enum How<'a> {
    Alone,
    /// With near-duplicates.
    Grouped,
    Stored(Scan<'a>),
}

/// Looks at files, once or whenever there are new ones.
struct Round<'a> {
    how: How<'a>,
    screener: &'a Screener,
}

impl Round<'_> {
    fn look_at(&mut self, paths: Vec<PathBuf>, seeing: &mut Seeing<'_>) -> Result<(), Failed> {
        let start = Instant::now();
        // As long as the user wants no end.
        let wanted = paths.iter().cloned().take_while(|_| !interrupt::happened());
        match &mut self.how {
            How::Alone => {
                for screening in self.screener.screen_many(wanted) {
                    if seeing.see(&Looked::New(&screening)).is_break() {
                        break;
                    }
                }
            }
            How::Grouped => {
                self.screener.screen_grouped(paths, |screening| {
                    let _ = seeing.see(&Looked::New(&screening));
                });
            }
            How::Stored(scan) => {
                let lines = |screening: &Screening| {
                    [Language::English, Language::Vietnamese]
                        .map(|language| cause(screening, Text::new(language)))
                };
                scan.run(wanted, lines, |looked| seeing.see(&looked))?;
            }
        }
        seeing.summary.elapsed += start.elapsed();
        Ok(())
    }

    /// Says that everything below these was looked at: what was not seen there is gone.
    fn finish(self, roots: &[PathBuf]) -> Result<(), Failed> {
        match self.how {
            How::Stored(scan) => Ok(scan.finish(roots)?),
            How::Alone | How::Grouped => Ok(()),
        }
    }
}

/// Waits for another scan that has the store; `None` where the user does not want to.
fn begin<'a>(
    store: &'a Store,
    screener: &'a Screener,
    arguments: &ScanArguments,
    text: Text,
) -> Result<Option<Scan<'a>>, Failed> {
    // Heat maps are written when a picture is screened: in another folder they are missing.
    let maps = arguments.judging.heat_maps.as_ref().map(absolute).transpose()?;
    let with = maps.map_or_else(String::new, |folder| format!("heat maps in {folder:?}"));
    let (start, patience) = (Instant::now(), Duration::from_secs(arguments.store_wait));
    let mut is_said = false;
    while !interrupt::happened() {
        if let Some(scan) = store.scan(screener, &with)? {
            return Ok(Some(scan));
        }
        if start.elapsed() >= patience {
            return Err(Failed::Message(text.store_is_taken(store.path(), patience)));
        }
        if !std::mem::replace(&mut is_said, true) {
            eprintln!("deepscreen: {}", text.waits_for_store(store.path(), patience));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(None)
}

fn interrupted(left: usize, arguments: &ScanArguments, text: Text) -> Outcome {
    eprintln!("deepscreen: {}", text.interrupted(left, &arguments.paths, arguments.store.as_deref()));
    Outcome::Interrupted
}

/// What is shown while files are looked at.
struct Seeing<'a> {
    report: Report,
    progress: ProgressBar,
    heat_maps: Option<&'a Path>,
    text: Text,
    summary: Summary,
    seen: usize,
    known: u64,
    /// Once nothing can be written any more (a full disk, a closed pipe) there is no use in going on.
    broken: Option<Failed>,
}

impl<'a> Seeing<'a> {
    fn open(arguments: &'a ScanArguments, paths: &[PathBuf], text: Text) -> Result<Self, Failed> {
        Ok(Self {
            report: Report::open(arguments, paths, text)?,
            progress: progress(paths.len(), text),
            heat_maps: arguments.judging.heat_maps.as_deref(),
            text,
            summary: Summary::default(),
            seen: 0,
            known: 0,
            broken: None,
        })
    }

    fn see(&mut self, looked: &Looked<'_>) -> ControlFlow<()> {
        match looked {
            Looked::New(screening) => self.summary.count(screening),
            Looked::Known(stored) => self.summary.count_stored(stored),
        }
        if self.broken.is_none() {
            let report = &mut self.report;
            let added = self.progress.suspend(|| match looked {
                Looked::New(screening) => report.add(screening),
                Looked::Known(stored) => report.add_stored(stored),
            });
            let drawn = match (looked, self.heat_maps) {
                (Looked::New(screening), Some(folder)) => {
                    heat_maps::write(screening, folder, self.text).map(drop)
                }
                _ => Ok(()),
            };
            self.broken = added.and(drawn).err();
        }
        self.seen += 1;
        if matches!(looked, Looked::Known(_)) {
            self.known += 1;
            if !self.progress.is_hidden() {
                self.progress.set_message(self.text.known_before(self.known));
            }
        }
        self.progress.inc(1);
        if self.broken.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn finish(self, engine: &str) -> Result<Summary, Failed> {
        self.progress.finish_and_clear();
        if let Some(error) = self.broken {
            return Err(error);
        }
        self.report.finish(&self.summary, &self.text.summary(&self.summary, engine, self.known))?;
        Ok(self.summary)
    }
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
    let template = format!("{{wide_bar}} {{pos}}/{{len}}  {{msg}}  {{rate}}  {}", text.time_left());
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
