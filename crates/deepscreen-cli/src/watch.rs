//! `scan --watch`: folders in, the files that have come or changed out, once they are at rest.
//!
//! What the system tells of changes only says when to look: what is new is seen by comparing sizes and times, so that no
//! event that is lost, or that a network share never sends, loses a file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use crate::inputs::{self, Own};
use crate::interrupt;
use crate::text::Text;

/// A file is at rest once its size and time have stayed so long.
const REST: Duration = Duration::from_secs(1);

/// How often is looked without being told of a change, where the system tells of them.
const UNTOLD: Duration = Duration::from_secs(60);

/// How often is looked where it does not.
const NEVER_TOLD: Duration = Duration::from_secs(2);

/// How soon the user's wish to end is seen.
const MOMENT: Duration = Duration::from_millis(100);

/// Looking through the folders takes no more than this share of the time.
const SHARE: u32 = 10;

/// Files below some folders, as they come and change.
pub(crate) struct Watch {
    roots: Vec<PathBuf>,
    own: Own,
    known: HashMap<PathBuf, Known>,
    /// How often was looked.
    looks: u64,
    /// How long the last look took.
    took: Duration,
    /// Says that something has changed; `None` where the system does not.
    told: Option<Told>,
}

struct Told {
    changes: Receiver<()>,
    _watcher: RecommendedWatcher,
}

struct Known {
    stamp: Stamp,
    since: Instant,
    is_given: bool,
    /// The last look that saw it.
    look: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    /// `None` for what is no file, or gone.
    fn of(path: &Path) -> Option<Self> {
        let metadata = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some(Self { bytes: metadata.len(), modified: metadata.modified().ok() })
    }
}

impl Watch {
    /// Begins with `files`, which are looked at without this. What changes from here on is seen.
    pub(crate) fn begin(roots: &[PathBuf], files: &[PathBuf], own: Own, text: Text) -> Self {
        let told =
            tell(roots).inspect_err(|error| eprintln!("deepscreen: {}", text.not_told(error, NEVER_TOLD)));
        let known = |path: &PathBuf| {
            let stamp = Stamp::of(path)?;
            Some((path.clone(), Known { stamp, since: Instant::now(), is_given: true, look: 0 }))
        };
        eprintln!("deepscreen: {}", text.watching());
        Self {
            roots: roots.to_vec(),
            own,
            known: files.iter().filter_map(known).collect(),
            looks: 0,
            took: Duration::ZERO,
            told: told.ok(),
        }
    }

    /// Waits for files that are new or changed, and at rest; `None` once the user wants an end.
    pub(crate) fn next(&mut self) -> Option<Vec<PathBuf>> {
        while !interrupt::happened() {
            let (at_rest, is_moving) = self.look();
            if !at_rest.is_empty() {
                return Some(at_rest);
            }
            self.wait(is_moving);
        }
        None
    }

    /// The files that have come to rest, and whether there are others that have not.
    fn look(&mut self) -> (Vec<PathBuf>, bool) {
        let start = Instant::now();
        self.looks += 1;
        let (look, mut at_rest, mut is_moving) = (self.looks, Vec::new(), false);
        for path in inputs::files(self.roots.clone()) {
            let Some(stamp) = Stamp::of(&path).filter(|_| !self.own.holds(&path)) else { continue };
            let new = Known { stamp, since: start, is_given: false, look };
            let known = self.known.entry(path.clone()).or_insert(new);
            known.look = look;
            if known.stamp != stamp {
                (known.stamp, known.since, known.is_given) = (stamp, start, false);
            }
            if !known.is_given {
                known.is_given = known.since.elapsed() >= REST;
                if known.is_given { at_rest.push(path) } else { is_moving = true }
            }
        }
        self.known.retain(|_, known| known.look == look);
        self.took = start.elapsed();
        (at_rest, is_moving)
    }

    fn wait(&mut self, is_moving: bool) {
        let start = Instant::now();
        let least = (self.took * SHARE).max(REST / 4);
        let untold = if self.told.is_some() { UNTOLD } else { NEVER_TOLD };
        let most = if is_moving { least } else { untold.max(least) };
        while start.elapsed() < most && !interrupt::happened() {
            match &self.told {
                Some(told) if start.elapsed() >= least => {
                    if told.changes.recv_timeout(MOMENT).is_ok() {
                        return;
                    }
                }
                _ => std::thread::sleep(MOMENT),
            }
        }
    }
}

/// Has the system tell of changes.
fn tell(roots: &[PathBuf]) -> notify::Result<Told> {
    let (sender, changes) = sync_channel(1);
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // That a file is opened and read, as this program does, is no change. What goes wrong may hide one.
        let is_reading = event.is_ok_and(|event| {
            matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write))
        });
        if !is_reading {
            // One that waits says as much.
            let _ = sender.try_send(());
        }
    })?;
    for root in roots {
        watcher.watch(root, RecursiveMode::Recursive)?;
    }
    Ok(Told { changes, _watcher: watcher })
}
