//! `deepscreen scan`: files and folders in, one line or record for each input out.

use std::fmt::Write;
use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf, absolute};
use std::time::{Duration, Instant};

use deepscreen::store::{Looked, Scan, Store};
use deepscreen::{Label, Language, Screener, Screening, Summary};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use crate::args::{FailOn, ScanArguments};
use crate::output::{Report, cause, check_apart};
use crate::text::Text;
use crate::{Failed, Outcome, heat_maps, inputs, interrupt, setup};

pub(crate) fn run(arguments: &ScanArguments, text: Text) -> Result<Outcome, Failed> {
    if arguments.group && arguments.store.is_some() {
        return Err(Failed::Message(text.groups_are_not_stored()));
    }
    check_apart(arguments.out.as_ref(), arguments.store.as_ref(), text)?;
    let roots = inputs::roots(&arguments.paths, text)?;
    // Below these, what is not seen is gone; of a list of files there are none.
    let folders: Vec<PathBuf> = match &arguments.store {
        Some(_) => roots.iter().filter(|root| !root.is_file()).cloned().collect(),
        None => Vec::new(),
    };
    let mut paths = inputs::files(roots);
    let store = arguments.store.as_ref().map(Store::open_or_create).transpose()?;
    if let Some(store) = &store {
        let own = own_files(store.path());
        paths.retain(|path| !is_one_of(path, &own));
    }
    let screener = setup::screener(&arguments.judging, &arguments.limits, &arguments.engine, text)?;
    if paths.is_empty() {
        eprintln!("deepscreen: {}", text.no_files(&arguments.paths));
    }
    // Groups are known when all is done: there Ctrl-C ends at once, as ever.
    if !arguments.group {
        interrupt::watch(text);
    }
    let scan = match &store {
        Some(store) => match begin(store, &screener, arguments, text)? {
            Some(scan) => Some(scan),
            None => return Ok(interrupted(paths.len(), arguments, text)),
        },
        None => None,
    };
    let files = paths.len();
    let mut seeing = Seeing::open(arguments, &paths, text)?;
    let summary = match scan {
        Some(scan) => stored(scan, &folders, paths, &mut seeing)?,
        None if arguments.group => screener.screen_grouped(paths, |screening| {
            let _ = seeing.see(&Looked::New(&screening));
        }),
        None => screened(&screener, paths, &mut seeing),
    };
    let left = files - seeing.seen;
    seeing.finish(&summary, &screener.replay().engine)?;
    if left > 0 { Ok(interrupted(left, arguments, text)) } else { Ok(outcome(&arguments.fail_on, &summary)) }
}

/// As long as the user wants no end.
fn until_interrupted(paths: Vec<PathBuf>) -> impl Iterator<Item = PathBuf> {
    paths.into_iter().take_while(|_| !interrupt::happened())
}

fn screened(screener: &Screener, paths: Vec<PathBuf>, seeing: &mut Seeing<'_>) -> Summary {
    let start = Instant::now();
    let mut summary = Summary::default();
    for screening in screener.screen_many(until_interrupted(paths)) {
        summary.count(&screening);
        if seeing.see(&Looked::New(&screening)).is_break() {
            break;
        }
    }
    summary.elapsed = start.elapsed();
    summary
}

fn stored(
    mut scan: Scan<'_>,
    folders: &[PathBuf],
    paths: Vec<PathBuf>,
    seeing: &mut Seeing<'_>,
) -> Result<Summary, Failed> {
    let files = paths.len();
    let lines = |screening: &Screening| {
        [Language::English, Language::Vietnamese].map(|language| cause(screening, Text::new(language)))
    };
    let done = scan.run(until_interrupted(paths), lines, |looked| seeing.see(&looked))?;
    if seeing.seen == files && seeing.broken.is_none() {
        scan.finish(folders)?;
    }
    Ok(done.summary)
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

/// What SQLite and the lock keep beside a store is not to be screened.
fn own_files(store: &Path) -> Vec<PathBuf> {
    let name = |end: &str| {
        let mut name = store.as_os_str().to_owned();
        name.push(end);
        absolute(name).unwrap_or_default()
    };
    ["", "-wal", "-shm", "-journal", "-lock"].map(name).into()
}

fn is_one_of(path: &Path, files: &[PathBuf]) -> bool {
    // Cheap for all others.
    files.iter().any(|file| file.file_name() == path.file_name())
        && absolute(path).is_ok_and(|path| files.contains(&path))
}

/// What is shown while files are looked at.
struct Seeing<'a> {
    report: Report,
    progress: ProgressBar,
    heat_maps: Option<&'a Path>,
    text: Text,
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
            seen: 0,
            known: 0,
            broken: None,
        })
    }

    fn see(&mut self, looked: &Looked<'_>) -> ControlFlow<()> {
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

    fn finish(self, summary: &Summary, engine: &str) -> Result<(), Failed> {
        self.progress.finish_and_clear();
        match self.broken {
            Some(error) => Err(error),
            None => self.report.finish(summary, &self.text.summary(summary, engine, self.known)),
        }
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
